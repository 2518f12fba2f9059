/** Digests one chunk with the platform's SHA-256: the same bytes as `src/volunteer/digest.ts`, which brings its own and need not wait. */

/** What is digested, and how long a digest is on the wire. */
export interface Digested {
  readonly job: string;
  readonly agreement: 'exact' | 'tolerance';
  readonly unitFrom: number;
}

/** A chunk's wire digests, root, and outputs end to end with their lengths. */
export async function firstDigests({ job, agreement, unitFrom }: Digested, outputs: readonly Uint8Array[]) {
  const width = agreement === 'exact' ? 8 : 32;
  const digests = new Uint8Array(outputs.length * width);
  for (const [index, output] of outputs.entries()) {
    const digest = await sha256(`talka/unit/1\0${job}\0`, u64(unitFrom + index), output);
    digests.set(digest.subarray(0, width), index * width);
  }
  return {
    digests,
    root: await sha256(`talka/root/1\0${job}\0`, u64(unitFrom), digests),
    outputs: joined(outputs),
    lengths: Uint32Array.from(outputs, ({ length }) => length),
  };
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function sha256(tag: string, ...parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await crypto.subtle.digest('SHA-256', joined([new TextEncoder().encode(tag), ...parts])),
  );
}
