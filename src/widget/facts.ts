/** What the coordinator wrote into our page: which site this is for, whether this page may show it, and what would be computed. */
import type { EmbedFacts } from '../wire/views.ts';

/** Reads the facts; a page that was not served with any is shown as one that names no site. */
export function factsHere(): EmbedFacts {
  try {
    // Written by the coordinator that this page comes from, into the page itself.
    return JSON.parse(document.querySelector('#facts')?.textContent ?? '') as EmbedFacts;
  } catch {
    return { state: 'unknown', site: null, from: null, job: null, further: 0 };
  }
}

export type Language = 'en' | 'zh';

/** What was asked for in the address, else what the browser speaks. */
export function languageHere(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? '';
  const found = [asked, ...navigator.languages].find((tag) => /^(en|zh)\b/i.test(tag));
  return found?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** A job's words in that language, where its requester gave them. */
export function jobWords(job: NonNullable<EmbedFacts['job']>, language: Language) {
  return job.texts?.[language] ?? job;
}

/** So long it goes on by itself in the tab in which its person pressed: no browser tells all that a page may hide our frame by. */
const tabMs = 12 * 3_600_000;

/** Whether a person agreed, or went on, in this very tab, and not long ago. Throws where storage is forbidden. */
export function agreedInThisTab(site: string): boolean {
  return Date.now() - Number(sessionStorage.getItem(`talka.agreed.${site}`)) < tabMs;
}

/** Notes for this tab that a person agreed just now. */
export function noteAgreed(site: string): void {
  try {
    sessionStorage.setItem(`talka.agreed.${site}`, String(Date.now()));
  } catch {
    // Nothing is kept here: the next page asks again.
  }
}

/** How many cores a guest of a site lends: a quarter, since they came for something else. */
export function coresLent(): number {
  return Math.max(1, Math.floor((navigator.hardwareConcurrency || 1) / 4));
}
