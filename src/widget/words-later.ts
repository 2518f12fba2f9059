/** What is said from the consent on: what each language must say, and how a consent is put together. Loaded when somebody wants to read it. */
import type { EmbedFacts } from '../wire/views.ts';
import { jobWords } from './facts.ts';
import type { Language } from './facts.ts';

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
  readonly title: string;
  readonly cause: string;
  readonly further: number;
  readonly cores: number;
  readonly megabytes: number | null;
}

const loaders: Readonly<Record<Language, () => Promise<{ readonly words: LaterWords }>>> = {
  en: () => import('./later-en.ts'),
  zh: () => import('./later-zh.ts'),
};

/** The words of a language. */
export async function laterWords(language: Language): Promise<LaterWords> {
  return (await loaders[language]()).words;
}

/** Bytes of digest and usual output for each unit that crosses the network, by kernel. */
const unitBytes: Readonly<Record<string, number>> = { 'mersenne-tf@1': 24, 'path-trace@1': 800 };

/** The consent for this site, these jobs and so many cores. The same facts make the same text in the frame and in the window. */
export function consentText(
  facts: EmbedFacts,
  language: Language,
  words: LaterWords,
  cores: number,
): ConsentText {
  const { job, further } = facts;
  const { title, cause } = job === null ? { title: '–', cause: '' } : jobWords(job, language);
  const bytes = job === null ? undefined : unitBytes[job.kernel];
  const hourly = bytes === undefined || job === null ? null : (3_600 * cores * bytes) / job.unitCostMicro;
  const megabytes = hourly === null ? null : Number(Math.max(1, hourly).toPrecision(2));
  return words.terms({ site: facts.site?.name ?? '', title, cause, further, cores, megabytes });
}

/** All of it, as its digest goes into the signed record [WR2]. */
export function wholeText({ forWhom, what, cost, agreement }: ConsentText): string {
  return [forWhom, what, cost, agreement].join('\n');
}
