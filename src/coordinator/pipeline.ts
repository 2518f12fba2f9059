/**
 * Ticks in two stages: while the disk makes one durable, what comes meanwhile is decided into the next, on top of it. Each is
 * told when it is durable itself; where one cannot be, the next is thrown away with it, for it rests on what never was.
 */

/** What the stages do with a tick. */
export interface Stages<T> {
  /** Whether there is something to decide. */
  hasWork(): boolean;
  /** Decides some of it, into the tick that is open or a new one. */
  decide(open: T | null): T;
  isFull(open: T): boolean;
  /** Makes it durable. False: it could not be. */
  store(tick: T): Promise<boolean>;
  /** It is durable: whom it concerns hears of it. */
  tell(tick: T): void;
  /** These will never be: when this resolves, the state is what is durable. */
  lose(ticks: readonly T[]): Promise<void>;
  /** Whether something waits for the state to be what is durable, and nothing more. */
  wantsRest(): boolean;
  /** It is, until this returns. */
  atRest(): void;
  /** We are wrong. */
  onFatal(error: unknown): void;
}

export class Pipeline<T> {
  readonly #stages: Stages<T>;
  #open: T | null = null;
  /** Being made durable, or lost and the state not true again yet. */
  #storing: T | null = null;
  #isWoken = false;
  #waiting: (() => void)[] = [];

  constructor(stages: Stages<T>) {
    this.#stages = stages;
  }

  /** The tick that is being decided. */
  get open(): T | null {
    return this.#open;
  }

  /** Whether nothing is in the state that is not durable. */
  get isAtRest(): boolean {
    return this.#open === null && this.#storing === null;
  }

  /** There may be work. Waiting one turn of the event loop lets every message that has arrived into the same tick. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      try {
        this.#turn();
      } catch (error) {
        this.#stages.onFatal(error);
      }
    });
  }

  /** Resolves when the state is what is durable; it stays so until whoever waits has had a turn. */
  rest(): Promise<void> {
    if (this.isAtRest) return Promise.resolve();
    return new Promise((done) => void this.#waiting.push(done));
  }

  #turn(): void {
    if (this.isAtRest) this.#rest();
    if (this.#mayDecide()) this.#open = this.#stages.decide(this.#open);
    if (this.#storing === null && this.#open !== null) this.#store(this.#open);
    if (this.#mayDecide()) this.wake();
  }

  #mayDecide(): boolean {
    const stages = this.#stages;
    if (!stages.hasWork() || (this.#open !== null && stages.isFull(this.#open))) return false;
    // Whoever waits for a rest is not kept waiting by what comes after.
    return this.isAtRest || (this.#waiting.length === 0 && !stages.wantsRest());
  }

  #store(tick: T): void {
    this.#open = null;
    this.#storing = tick;
    this.#stages
      .store(tick)
      .then((isStored) => (isStored ? this.#stored(tick) : this.#lost(tick)))
      .catch((error: unknown) => this.#stages.onFatal(error));
  }

  #stored(tick: T): void {
    this.#storing = null;
    // The disk goes on before anything else.
    if (this.#open !== null) this.#store(this.#open);
    this.#stages.tell(tick);
    this.#goOn();
  }

  async #lost(tick: T): Promise<void> {
    const next = this.#open;
    this.#open = null;
    await this.#stages.lose(next === null ? [tick] : [tick, next]);
    this.#storing = null;
    this.#goOn();
  }

  #goOn(): void {
    if (this.isAtRest) this.#rest();
    if (this.#mayDecide() || this.#open !== null) this.wake();
  }

  #rest(): void {
    if (this.#stages.wantsRest()) this.#stages.atRest();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
