/** What is said at work: the words of a language. Loaded with the work itself. */
import type { Language } from './facts.ts';
import type { LaterWords } from './said.ts';

const loaders: Readonly<Record<Language, () => Promise<{ readonly words: LaterWords }>>> = {
  en: () => import('./later-en.ts'),
  zh: () => import('./later-zh.ts'),
};

/** The words of a language. */
export async function laterWords(language: Language): Promise<LaterWords> {
  return (await loaders[language]()).words;
}
