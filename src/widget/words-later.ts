/** What is said from the consent on: the words of a language, and how a consent is put together. Loaded when somebody wants to read it. */
import type { EmbedFacts } from '../wire/views.ts';
import { jobWords } from './facts.ts';
import type { Language } from './facts.ts';
import type { ConsentText, LaterWords } from './said.ts';

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
  const site = facts.site?.name ?? '';
  return words.terms({ site, coordinator: location.host, title, cause, further, cores, megabytes });
}

/** All of it, as its digest goes into the signed record [WR2]. */
export function wholeText({ forWhom, what, cost, agreement }: ConsentText): string {
  return [forWhom, what, cost, agreement].join('\n');
}
