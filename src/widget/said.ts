/** What each language must say of the consent and at work, and what a consent is made of. */

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

/** What the window says in which a person agrees. */
export interface ConsentWords {
  readonly lang: string;
  readonly home: string;
  readonly title: string;
  readonly heads: readonly [forWhom: string, what: string, cost: string];
  readonly agree: string;
  readonly decline: string;
  readonly waiting: string;
  readonly orphan: string;
  readonly done: string;
  readonly terms: (terms: Terms) => ConsentText;
}

/** What is said at work. */
export interface LaterWords {
  /** What is said before the rest is here stands on the card's side (`words.ts`). */
  readonly standing: Readonly<Record<Exclude<Standing, 'preparing'>, string>>;
  readonly chunks: (count: number) => string;
  readonly credit: (micro: number) => string;
  readonly pause: string;
  readonly resume: string;
  readonly here: string;
  readonly stopped: (site: string, told: boolean) => readonly [title: string, text: string];
  readonly lapsed: string;
  /** Where the credits lead. */
  readonly rewards: string;
  readonly unkept: string;
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
