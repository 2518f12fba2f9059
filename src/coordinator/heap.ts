/** Deadlines in order: a binary heap of (time, id), so that finding what is due costs nothing while nothing is. */
export class DeadlineHeap {
  readonly #times: number[] = [];
  readonly #ids: number[] = [];

  get size(): number {
    return this.#times.length;
  }

  /** The earliest time; Infinity when there is none. */
  get next(): number {
    return this.#times[0] ?? Infinity;
  }

  push(time: number, id: number): void {
    let at = this.#times.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((this.#times[above] as number) <= time) break;
      this.#put(at, this.#times[above] as number, this.#ids[above] as number);
      at = above;
    }
    this.#put(at, time, id);
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
    this.#times.length = 0;
    this.#ids.length = 0;
  }

  #put(at: number, time: number, id: number): void {
    this.#times[at] = time;
    this.#ids[at] = id;
  }
}
