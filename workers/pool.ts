/** Hands a fixed number of things out, first come, first served. */

export class Pool<T> {
  readonly #free: T[];
  readonly #waiting: ((thing: T) => void)[] = [];

  constructor(things: T[]) {
    this.#free = [...things];
  }

  /** Waits for a free one. Whoever takes it must give it back. */
  take(): Promise<T> {
    return new Promise((resolve) => {
      const thing = this.#free.pop();
      if (thing === undefined) this.#waiting.push(resolve);
      else resolve(thing);
    });
  }

  give(thing: T): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(thing);
    else next(thing);
  }

  /** The things that are free just now, which are then no longer handed out. */
  close(): T[] {
    return this.#free.splice(0);
  }
}
