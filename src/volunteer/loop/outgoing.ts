/**
 * Results that are computed and not yet known to be durable on the other side: which of them wait and which are on their way. What
 * every step asks is counted as it changes, since a fast device has thousands of them.
 */
import type { ResultName } from './words.ts';

/** One of them. */
export interface Unsent extends ResultName {
  withBytes: boolean;
  tries: number;
  /** The lease it came with, and whose; an earlier visit's are not known. */
  readonly of: { readonly lease: number; readonly slot: number } | null;
}

/** So many, or so many bytes, wait for a coordinator at most while more is computed. */
const [enough, enoughBytes] = [2_000, 64 * 1024 * 1024];

export class Outgoing {
  /** All, in the order in which they were computed. */
  readonly #all = new Map<number, Unsent>();
  readonly #waiting = new Map<number, Unsent>();
  /** Not to be sent before a time. */
  readonly #later = new Map<number, number>();
  /** Sent over the present line, oldest first: when, and how many bytes. */
  readonly #flying = new Map<number, { readonly at: number; readonly bytes: number }>();
  /** Of each slot's leases, how many results wait. */
  readonly #leases = new Map<number, Map<number, number>>();
  #bytes = 0;
  #flyingBytes = 0;
  #fromBefore = 0;

  get size(): number {
    return this.#all.size;
  }

  /** Of all of them, outputs and digests. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many an earlier visit left. */
  get fromBefore(): number {
    return this.#fromBefore;
  }

  /** On their way and not acknowledged. */
  get flying(): { readonly items: number; readonly bytes: number } {
    return { items: this.#flying.size, bytes: this.#flyingBytes };
  }

  /** When the longest unanswered one was sent; null when none is on its way. */
  get oldestSentAt(): number | null {
    return this.#flying.values().next().value?.at ?? null;
  }

  /** How many wait to be sent and may be. */
  get ready(): number {
    return this.#waiting.size;
  }

  /** Whether more results would only lie here. */
  get isFull(): boolean {
    return this.#all.size >= enough || this.#bytes >= enoughBytes;
  }

  has(replica: number): boolean {
    return this.#all.has(replica);
  }

  get(replica: number): Unsent | undefined {
    return this.#all.get(replica);
  }

  keys(): IterableIterator<number> {
    return this.#all.keys();
  }

  values(): IterableIterator<Unsent> {
    return this.#all.values();
  }

  /** Those that may be sent at that time, in their order. */
  *sendable(at: number): Generator<Unsent> {
    for (const [replica, notBefore] of this.#later) {
      const result = this.#all.get(replica);
      if (notBefore > at || result === undefined) continue;
      this.#later.delete(replica);
      this.#waiting.set(replica, result);
    }
    yield* this.#waiting.values();
  }

  /** When the next of those that have to wait may be sent; null where there is none. */
  get nextAt(): number | null {
    let next: number | null = null;
    for (const notBefore of this.#later.values()) if (next === null || notBefore < next) next = notBefore;
    return next;
  }

  /** Leases of a slot of which results wait: the coordinator counts them as held. */
  leasesOf(slot: number): IterableIterator<number> {
    return (this.#leases.get(slot) ?? new Map<number, number>()).keys();
  }

  add(result: Unsent): void {
    this.#all.set(result.replica, result);
    this.#waiting.set(result.replica, result);
    this.#bytes += bytesOf(result);
    if (result.of === null) this.#fromBefore += 1;
    this.#count(result, 1);
  }

  /** Whether it was there. */
  delete(replica: number): boolean {
    const result = this.#all.get(replica);
    if (result === undefined) return false;
    if (!this.#land(result)) this.#count(result, -1);
    this.#all.delete(replica);
    this.#waiting.delete(replica);
    this.#later.delete(replica);
    this.#bytes -= bytesOf(result);
    if (result.of === null) this.#fromBefore -= 1;
    return true;
  }

  /** It went out over the present line. */
  sent(result: Unsent, at: number): void {
    if (!this.#waiting.delete(result.replica)) return;
    const bytes = result.digestBytes + (result.withBytes ? result.outputBytes : 0);
    this.#flying.set(result.replica, { at, bytes });
    this.#flyingBytes += bytes;
    this.#count(result, -1);
  }

  /** It was not taken: again, but not before that time. */
  again(result: Unsent, notBefore: number): void {
    if (this.#land(result)) this.#count(result, 1);
    this.#waiting.delete(result.replica);
    this.#later.set(result.replica, notBefore);
  }

  /** Another line is open: what was on its way over the one before waits again. */
  lineIsNew(): void {
    for (const replica of [...this.#flying.keys()]) {
      const result = this.#all.get(replica);
      if (result !== undefined && this.#land(result)) this.#count(result, 1);
    }
    this.#waiting.clear();
    for (const [replica, result] of this.#all)
      if (!this.#later.has(replica)) this.#waiting.set(replica, result);
  }

  /** Whether it was on its way. */
  #land(result: Unsent): boolean {
    const sent = this.#flying.get(result.replica);
    if (sent === undefined) return false;
    this.#flying.delete(result.replica);
    this.#flyingBytes -= sent.bytes;
    return true;
  }

  #count({ of }: Unsent, by: 1 | -1): void {
    if (of === null) return;
    const leases = this.#leases.get(of.slot) ?? new Map<number, number>();
    this.#leases.set(of.slot, leases);
    const now = (leases.get(of.lease) ?? 0) + by;
    if (now > 0) leases.set(of.lease, now);
    else leases.delete(of.lease);
  }
}

/** What one takes here. */
function bytesOf({ digestBytes, outputBytes }: Unsent): number {
  return digestBytes + outputBytes;
}
