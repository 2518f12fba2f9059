/** How a consent is put together, and in which words. Loaded when somebody reads it, or goes on with what was agreed to earlier. */
import type { EmbedFacts } from '../wire/views.ts';
import { jobWords } from './facts.ts';
import type { Language } from './facts.ts';
import type { ConsentText, ConsentWords } from './said.ts';

const loaders: Readonly<Record<Language, () => Promise<{ readonly words: ConsentWords }>>> = {
  en: () => import('./consent-en.ts'),
  zh: () => import('./consent-zh.ts'),
};

/** The words of a language. */
export async function consentWords(language: Language): Promise<ConsentWords> {
  return (await loaders[language]()).words;
}

/** Bytes of digest and usual output for each unit that crosses the network, by kernel. */
const unitBytes: Readonly<Record<string, number>> = { 'mersenne-tf@1': 24, 'path-trace@1': 800 };

/** The consent for this site, these jobs and so many cores. The same facts make the same text wherever it is asked for. */
export function consentText(
  facts: EmbedFacts,
  language: Language,
  words: ConsentWords,
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
