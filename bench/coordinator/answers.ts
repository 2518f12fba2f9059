/**
 * Made-up answers of a job's first chunks, laid out as the wire wants them before anything is timed: what the driver
 * spends while the coordinator is measured is little more than copying.
 */
import { hash } from 'node:crypto';
import { limits } from '../../src/wire/version.ts';
import { headRoom, putHead } from './lean-socket.ts';
import type { JobDescriptor } from '../../src/wire/volunteer.ts';

/** How many chunks are prepared; a run that settles more makes the rest as it goes. */
const preparedMax = 200_000;
const preparedBytesMax = 400_000_000;
const headBytes = 6;
const itemBytes = 48;
const digestsOnly = 0xffffffff;

export class Answers {
  /** Runs after one another ask for the same job: its answers are made once. */
  static readonly #made = new Map<string, Answers>();
  readonly #job: JobDescriptor;
  readonly #output: (unit: number) => Uint8Array;
  readonly #width: number;
  readonly #outputBytes: number;
  /** For each chunk: root, digests, outputs. */
  readonly #stride: number;
  readonly #prepared: Buffer;
  readonly #chunks: number;
  readonly #prefix: Buffer;
  readonly #spare: Buffer;

  static of(job: JobDescriptor, { output }: { readonly output: (unit: number) => Uint8Array }): Answers {
    const key = `${job.job} ${job.units} ${job.unitsPerChunk}`;
    const known = Answers.#made.get(key) ?? new Answers(job, output);
    Answers.#made.set(key, known);
    return known;
  }

  private constructor(job: JobDescriptor, output: (unit: number) => Uint8Array) {
    this.#job = job;
    this.#output = output;
    this.#width = limits.digestBytes[job.agreement];
    this.#outputBytes = output(0).length;
    this.#stride = 32 + job.unitsPerChunk * (this.#width + this.#outputBytes);
    this.#prefix = Buffer.concat([
      Buffer.from(`talka/unit/1\0${job.job}`),
      Buffer.alloc(9 + this.#outputBytes),
    ]);
    this.#chunks = Math.min(
      preparedMax,
      Math.floor(preparedBytesMax / this.#stride),
      Math.floor(job.units / job.unitsPerChunk),
    );
    this.#prepared = Buffer.allocUnsafe(this.#chunks * this.#stride);
    this.#spare = Buffer.allocUnsafe(this.#stride);
    for (let chunk = 0; chunk < this.#chunks; chunk++)
      this.#make(chunk, this.#prepared.subarray(chunk * this.#stride, (chunk + 1) * this.#stride));
  }

  /** The frame, head included, that commits `count` chunks from `chunk` on, for replicas from `replica` on. `wishes`: what is asked for with it. */
  frame(replica: number, chunk: number, count: number, withBytes: boolean, wishes: Buffer | null): Buffer {
    const units = this.#job.unitsPerChunk;
    const digestBytes = units * this.#width;
    const bytes = withBytes ? units * this.#outputBytes : 0;
    const item = itemBytes + (withBytes ? 4 * units : 0);
    const wishBytes = wishes?.length ?? 0;
    const length = headBytes + wishBytes + count * (item + digestBytes + bytes);
    const room = headRoom(length);
    const frame = Buffer.allocUnsafe(room + length);
    putHead(frame, false);
    frame.writeUInt32BE(wishBytes, room);
    frame.writeUInt16BE(count, room + 4);
    let payload = room + headBytes + count * item;
    if (wishes !== null) frame.set(wishes, payload);
    payload += wishBytes;
    for (let i = 0; i < count; i++) {
      const answer = this.#answer(chunk + i);
      let at = room + headBytes + i * item;
      frame.writeUInt32BE(Math.floor((replica + i) / 2 ** 32), at);
      frame.writeUInt32BE((replica + i) % 2 ** 32, at + 4);
      answer.copy(frame, at + 8, 0, 32);
      frame.writeUInt32BE(digestBytes, at + 40);
      frame.writeUInt32BE(withBytes ? units : digestsOnly, at + 44);
      at += itemBytes;
      for (let unit = 0; withBytes && unit < units; unit++, at += 4)
        frame.writeUInt32BE(this.#outputBytes, at);
      answer.copy(frame, payload, 32, 32 + digestBytes + bytes);
      payload += digestBytes + bytes;
    }
    return frame;
  }

  #answer(chunk: number): Buffer {
    if (chunk < this.#chunks)
      return this.#prepared.subarray(chunk * this.#stride, (chunk + 1) * this.#stride);
    this.#make(chunk, this.#spare);
    return this.#spare;
  }

  /** Root, digests and outputs of one whole chunk. */
  #make(chunk: number, into: Buffer): void {
    const units = this.#job.unitsPerChunk;
    const from = chunk * units;
    const outputsAt = 32 + units * this.#width;
    const unitAt = this.#prefix.length - this.#outputBytes - 8;
    for (let i = 0; i < units; i++) {
      const output = this.#output(from + i);
      this.#prefix.writeBigUInt64BE(BigInt(from + i), unitAt);
      this.#prefix.set(output, unitAt + 8);
      into.set(hash('sha256', this.#prefix, 'buffer').subarray(0, this.#width), 32 + i * this.#width);
      into.set(output, outputsAt + i * this.#outputBytes);
    }
    const first = Buffer.alloc(8);
    first.writeBigUInt64BE(BigInt(from));
    const digests = into.subarray(32, outputsAt);
    into.set(
      hash(
        'sha256',
        Buffer.concat([Buffer.from(`talka/root/1\0${this.#job.job}\0`), first, digests]),
        'buffer',
      ),
      0,
    );
  }
}
