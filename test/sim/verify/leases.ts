/** Which chunks of somebody's were leased to it while it was a newcomer, so that a second person computes them too [TR1] [LS1]. */
import { leasesPerSlotMax, leaseTargetMs } from '../../../src/core/schedule.ts';

/** A worker asks when what it holds lasts no longer than this, as `volunteer/loop/asking.ts` does. */
const leadMs = 5_000;

interface Lease {
  left: number;
  readonly isBeside: boolean;
}

/**
 * The leases of a device whose workers take turns. Whether a chunk is computed twice is decided when it is leased, for all of a lease, and
 * no more are at a time than it takes to be known: what it is leased besides is looked at as under `audit`.
 */
export class Leases {
  readonly #slots: Lease[][];
  readonly #aheadMax: number;
  readonly #countMax: number;
  #committed = 0;
  #turn = 0;
  /** Leased while it was a newcomer, and not computed yet. */
  #beside = 0;

  constructor(workers: number, chunkMs: number) {
    this.#slots = Array.from({ length: workers }, () => []);
    this.#aheadMax = leadMs / chunkMs;
    this.#countMax = leaseTargetMs / chunkMs;
  }

  /**
   * Its next chunk: whether a second person computes it too. `lacks`: by so many chunks it is a newcomer now, when its last worker asks for
   * more, without those that wait for a second person's answer; negative where it is known.
   */
  next(lacks: number): boolean {
    const { length } = this.#slots;
    // Who is known, and holds nothing of before, is asked for no more.
    const isKnown = lacks <= 0 && this.#beside === 0;
    if (!isKnown && this.#slots.every((slot) => slot.length === 0))
      for (let turn = 0; turn < leasesPerSlotMax * length; turn++)
        this.#asks(this.#slots[turn % length] as Lease[], lacks);
    else if (!isKnown) this.#asks(this.#slots[(this.#turn + length - 1) % length] as Lease[], lacks);
    const slot = this.#slots[this.#turn] as Lease[];
    this.#turn = (this.#turn + 1) % length;
    this.#committed++;
    const [lease] = slot;
    if (isKnown || lease === undefined) return false;
    if (lease.isBeside) this.#beside--;
    if (--lease.left === 0) slot.shift();
    return lease.isBeside;
  }

  /** It is sent away, and what it held is given to others. */
  lost(): void {
    for (const slot of this.#slots) slot.length = 0;
    this.#beside = 0;
  }

  #asks(slot: Lease[], lacks: number): void {
    while (slot.length < leasesPerSlotMax) {
      let ahead = 0;
      for (const { left } of slot) ahead += left;
      if (ahead > this.#aheadMax) return;
      const most = Math.max(1, Math.min(2 * this.#committed, this.#countMax));
      const isBeside = lacks > this.#beside;
      const count = isBeside ? Math.min(most, lacks - this.#beside) : most;
      slot.push({ left: count, isBeside });
      if (isBeside) this.#beside += count;
      // All of a device that begins ask at once, and for one ahead when they hold one.
      if (this.#committed === 0) return;
    }
  }
}
