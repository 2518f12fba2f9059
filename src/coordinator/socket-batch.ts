/**
 * What two threads say to each other about many sockets, in one piece of memory: a message of its own for each frame would
 * cost more than the frame. Layout, in 32-bit words of this machine: how many entries; of each the socket, what it is and a
 * number; then, one behind the other, the bytes of those entries that have some, of which their number is the length.
 */

/** What an entry is. Up to `refuse` the number is a length, and so many bytes belong to it. */
export const entries = {
  /** To the loop: a whole message. */
  text: 0,
  binary: 1,
  /** To the loop: a whole commitment whose bytes make its digests, and these its roots (`frame-checks.ts`). */
  checked: 2,
  /** To the sockets: a frame that is to be said. */
  frame: 3,
  /** To the sockets: the close frame to end with. */
  close: 4,
  /** To the sockets: a lease, whose commitments can be checked. */
  expect: 5,
  /** To the sockets: who knocked gets none; the status line's end. */
  refuse: 6,
  /** To the sockets: who knocked gets one. */
  admit: 7,
  ping: 8,
  known: 9,
  pause: 10,
  resume: 11,
  /** To the sockets: so many batches (in the socket's place) have been heard, of so many bytes. */
  took: 12,
  /** To the loop: a sign of life of so many bytes. */
  sign: 13,
  tooLong: 14,
  tooMuch: 15,
  /** To the loop: so many bytes wait for the network. */
  waits: 16,
  closed: 17,
} as const;

export type Entry = (typeof entries)[keyof typeof entries];

const entryWords = 3;
const firstRoom = 1 << 16;
/** Memory beyond this is given back when it is not needed any more. */
const keptRoom = 1 << 22;

/** Gathers entries until they are taken. */
export class BatchWriter {
  #words = new Int32Array(entryWords * 1024);
  #count = 0;
  #bytes = Buffer.allocUnsafeSlow(firstRoom);
  #at = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** How many bytes its entries have. */
  get bytes(): number {
    return this.#at;
  }

  /** An entry with a number and no bytes. */
  note(socket: number, entry: Entry, value = 0): void {
    const at = entryWords * this.#count++;
    if (at + entryWords > this.#words.length) {
      const larger = new Int32Array(2 * this.#words.length);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[at] = socket;
    this.#words[at + 1] = entry;
    this.#words[at + 2] = value;
  }

  /** An entry with bytes, which are copied. */
  add(socket: number, entry: Entry, bytes: Uint8Array): void {
    const { length } = bytes;
    this.note(socket, entry, length);
    if (this.#at + length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#at + length));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#at);
    this.#at += length;
  }

  /** All that was gathered, to be handed over; then it is empty. */
  take(): ArrayBuffer {
    const wordCount = entryWords * this.#count;
    const from = 4 * (1 + wordCount);
    const batch = new ArrayBuffer(from + this.#at);
    const words = new Int32Array(batch, 0, 1 + wordCount);
    words[0] = this.#count;
    words.set(this.#words.subarray(0, wordCount), 1);
    new Uint8Array(batch, from).set(this.#bytes.subarray(0, this.#at));
    this.#count = this.#at = 0;
    if (this.#bytes.length > keptRoom) this.#bytes = Buffer.allocUnsafeSlow(firstRoom);
    return batch;
  }
}

const nothing = Buffer.alloc(0);

/** Hands out each entry in turn; its bytes are a view, valid as long as they are held. */
export function readBatch(
  batch: ArrayBuffer,
  hear: (socket: number, entry: number, value: number, bytes: Buffer) => void,
): void {
  const words = new Int32Array(batch, 0, (new Int32Array(batch, 0, 1)[0] as number) * entryWords + 1);
  let from = 4 * words.length;
  for (let at = 1; at < words.length; at += entryWords) {
    const entry = words[at + 1] as number;
    const value = words[at + 2] as number;
    let bytes = nothing;
    if (entry <= entries.refuse) {
      bytes = Buffer.from(batch, from, value);
      from += value;
    }
    hear(words[at] as number, entry, value, bytes);
  }
}
