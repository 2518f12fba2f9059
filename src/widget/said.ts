/** What each language must say from the consent on, and what a consent is made of. */

/** Why work rests, or how it stands, in one line each. */
export type Standing =
  | 'preparing'
  | 'working'
  | 'paused'
  | 'page-paused'
  | 'unseen'
  | 'no-job'
  | 'waiting'
  | 'unreachable'
  | 'elsewhere'
  | 'found-wrong'
  | 'cannot';

export interface LaterWords {
  readonly consent: {
    readonly title: string;
    readonly terms: readonly [forWhom: string, what: string, cost: string];
    readonly agree: string;
    readonly decline: string;
    readonly waiting: string;
    readonly covered: string;
    readonly openWindow: string;
    readonly blocked: string;
    readonly inWindow: string;
    readonly orphan: string;
    readonly done: string;
  };
  readonly standing: Readonly<Record<Standing, string>>;
  readonly busy: (cores: number) => string;
  readonly working: (site: string) => string;
  readonly chunks: (count: number) => string;
  readonly credit: (micro: number) => string;
  readonly pause: string;
  readonly resume: string;
  readonly stop: string;
  readonly here: string;
  readonly stopped: (site: string, told: boolean) => readonly [title: string, text: string];
  readonly unkept: string;
  readonly terms: (terms: Terms) => ConsentText;
}

/** What a person reads before agreeing: for whom, what, at what cost, and the agreement itself. */
export interface ConsentText {
  readonly forWhom: string;
  readonly what: string;
  readonly cost: string;
  readonly agreement: string;
}

/** What the terms are made of. `megabytes`: of results an hour, in two digits; null where that is not known. */
export interface Terms {
  readonly site: string;
  /** Its host. */
  readonly coordinator: string;
  readonly title: string;
  readonly cause: string;
  readonly further: number;
  readonly cores: number;
  readonly megabytes: number | null;
}
