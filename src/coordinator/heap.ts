/** Deadlines in order: a binary heap of (time, id), so that finding what is due costs nothing while nothing is. */
/** Fewer are not worth looking through. */
const prunedMin = 4_096;

export class DeadlineHeap {
  readonly #isOpen: (id: number) => boolean;
  #times: number[] = [];
  #ids: number[] = [];
  /** At so many, those that matter no more are left out: most leases are over long before their deadline. */
  #pruneAt = prunedMin;

  /** `isOpen`: whether anything is to happen at an id's deadline. */
  constructor(isOpen: (id: number) => boolean) {
    this.#isOpen = isOpen;
  }

  get size(): number {
    return this.#times.length;
  }

  /** The earliest time; Infinity when there is none. */
  get next(): number {
    return this.#times[0] ?? Infinity;
  }

  push(time: number, id: number): void {
    this.#add(time, id);
    if (this.#times.length >= this.#pruneAt) this.#prune();
  }

  /** Takes the id with the earliest time out; undefined when there is none. */
  pop(): number | undefined {
    const first = this.#ids[0];
    const time = this.#times.pop();
    const id = this.#ids.pop();
    if (time === undefined || id === undefined || this.#times.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.#times.length) break;
      if ((this.#times[below + 1] ?? Infinity) < (this.#times[below] as number)) below++;
      if ((this.#times[below] as number) >= time) break;
      this.#put(at, this.#times[below] as number, this.#ids[below] as number);
      at = below;
    }
    this.#put(at, time, id);
    return first;
  }

  clear(): void {
    this.#times = [];
    this.#ids = [];
  }

  /** Adds again what is still open; to be looked through once more at twice as many. */
  #prune(): void {
    const [times, ids] = [this.#times, this.#ids];
    this.clear();
    for (let i = 0; i < ids.length; i++)
      if (this.#isOpen(ids[i] as number)) this.#add(times[i] as number, ids[i] as number);
    this.#pruneAt = Math.max(prunedMin, 2 * this.#times.length);
  }

  #add(time: number, id: number): void {
    let at = this.#times.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((this.#times[above] as number) <= time) break;
      this.#put(at, this.#times[above] as number, this.#ids[above] as number);
      at = above;
    }
    this.#put(at, time, id);
  }

  #put(at: number, time: number, id: number): void {
    this.#times[at] = time;
    this.#ids[at] = id;
  }
}
