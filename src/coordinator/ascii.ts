/**
 * Writes text into one growing buffer, piece by piece, without making strings of it on the way: what comes with every chunk
 * would otherwise be put together, gone through and thrown away twice for every answer.
 */

/** Shorter pieces are written faster character by character than by a call to the platform. */
const shortText = 32;
const zero = 0x30;

const small = 1 << 12;
let rare: AsciiWriter | null = null;

/** What `put` writes, as a string: for what does not come with every chunk. */
export function asciiOf(put: (to: AsciiWriter) => void): string {
  rare ??= new AsciiWriter(small);
  rare.restart();
  put(rare);
  return rare.bytes.toString('utf8', 0, rare.at);
}

/** A piece of text that is always the same, as bytes: they are copied in half the time that its characters take. */
export function literal(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export class AsciiWriter {
  #bytes: Buffer<ArrayBuffer>;
  /** Where the next piece goes. */
  at = 0;

  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafeSlow(room);
  }

  /** All of the memory that is written to; it is another once it had to grow. */
  get bytes(): Buffer<ArrayBuffer> {
    return this.#bytes;
  }

  /** Forgets what was written. */
  restart(): void {
    this.at = 0;
  }

  /** Leaves room for what is known later. */
  skip(bytes: number): void {
    this.at = this.#reserve(bytes) + bytes;
  }

  /** Text that is ASCII for certain. */
  ascii(text: string): void {
    const { length } = text;
    const at = this.#reserve(length);
    const bytes = this.#bytes;
    if (length >= shortText) bytes.write(text, at, length, 'latin1');
    else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    this.at = at + length;
  }

  /** A literal. */
  put(piece: Uint8Array): void {
    const { length } = piece;
    const at = this.#reserve(length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) bytes[at + i] = piece[i] as number;
    this.at = at + length;
  }

  /** A part of what is ASCII already. */
  part(bytes: Uint8Array, from: number, length: number): void {
    const at = this.#reserve(length);
    const to = this.#bytes;
    for (let i = 0; i < length; i++) to[at + i] = bytes[from + i] as number;
    this.at = at + length;
  }

  /** Any text, in UTF-8. */
  text(text: string): void {
    const at = this.#reserve(3 * text.length);
    this.at = at + this.#bytes.write(text, at);
  }

  /** A number as JSON writes it. */
  number(value: number): void {
    if (value >= 0 && value < 1e9 && Number.isInteger(value)) this.#digits(value, 1);
    else if (value >= 1e9 && value < 1e18 && Number.isSafeInteger(value)) {
      const high = Math.floor(value / 1e9);
      this.number(high);
      this.#digits(value - high * 1e9, 9);
    } else this.ascii(String(value));
  }

  /** Numbers, comma separated. */
  numbers(values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) {
      if (i > 0) this.ascii(',');
      this.number(values[i] as number);
    }
  }

  /** What was written, as a view: valid until something else is. */
  view(): Buffer<ArrayBuffer> {
    return this.#bytes.subarray(0, this.at);
  }

  /** What was written, in memory of its own. */
  copy(): Buffer<ArrayBuffer> {
    const copy = Buffer.allocUnsafeSlow(this.at);
    this.#bytes.copy(copy, 0, 0, this.at);
    return copy;
  }

  /** A whole number below 10^9, with at least so many digits. */
  #digits(value: number, atLeast: number): void {
    let digits = atLeast;
    for (let bound = 10 ** atLeast; value >= bound; bound *= 10) digits++;
    const at = this.#reserve(digits);
    const bytes = this.#bytes;
    let rest = value | 0;
    for (let i = at + digits - 1; i >= at; i--) {
      const tenth = (rest / 10) | 0;
      bytes[i] = zero + rest - tenth * 10;
      rest = tenth;
    }
    this.at = at + digits;
  }

  #reserve(bytes: number): number {
    const { at } = this;
    const needed = at + bytes;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed);
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    return at;
  }
}
