/** A lease as the sockets' thread is told of it: what it takes to tell whether a commitment's bytes make its digests, and these its root. */

export interface Expected {
  readonly lease: number;
  readonly count: number;
  readonly job: string;
  readonly chunk: number;
  readonly unitsPerChunk: number;
}

/** A lease as its device is told of it. */
export interface Told {
  readonly run: Omit<Expected, 'unitsPerChunk'>;
  readonly unitsPerChunk: number;
}

const headBytes = 24;
const scratch = Buffer.alloc(1024);

/** Its bytes, valid until the next call. Ids of jobs are short and ASCII. */
export function expectedBytes({ run, unitsPerChunk }: Told): Buffer {
  scratch.writeDoubleLE(run.lease, 0);
  scratch.writeDoubleLE(run.chunk, 8);
  scratch.writeUInt32LE(run.count, 16);
  scratch.writeUInt32LE(unitsPerChunk, 20);
  return scratch.subarray(0, headBytes + scratch.write(run.job, headBytes, 'latin1'));
}

export function readExpected(bytes: Buffer): Expected {
  return {
    lease: bytes.readDoubleLE(0),
    chunk: bytes.readDoubleLE(8),
    count: bytes.readUInt32LE(16),
    unitsPerChunk: bytes.readUInt32LE(20),
    job: bytes.toString('latin1', headBytes),
  };
}
