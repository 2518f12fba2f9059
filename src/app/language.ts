/** Which language the page speaks: the address says it (`?lang=zh`), else the browser. Nothing is stored for it. */
import { signal } from '@preact/signals';
import type { Language } from './consent.ts';
import type { Words } from './words/words.ts';

const loaders: Readonly<Record<Language, () => Promise<{ readonly words: Words }>>> = {
  en: () => import('./words/en.ts'),
  zh: () => import('./words/zh.ts'),
};

/** Each language as its own speakers write it. */
export const languages: readonly {
  readonly language: Language;
  readonly name: string;
  readonly lang: string;
}[] = [
  { language: 'en', name: 'English', lang: 'en' },
  { language: 'zh', name: '中文', lang: 'zh-Hans' },
];

/** The words now shown; null until the first file has arrived. */
export const words = signal<Words | null>(null);

/** The first language of the list that we speak; English otherwise. */
export function preferred(search: string, wanted: readonly string[]): Language {
  const asked = new URLSearchParams(search).get('lang');
  for (const tag of asked === null ? wanted : [asked, ...wanted]) {
    const found = languages.find(({ language }) => tag.toLowerCase().split('-')[0] === language);
    if (found !== undefined) return found.language;
  }
  return 'en';
}

/** The pages of this site. */
export type PageName = 'contribute' | 'leaderboard' | 'verify' | 'checks' | 'rewards';

/** Loads a language and shows it; `document` gets its `lang` and, on the page for lending, its title: other pages bring theirs. */
export async function speak(language: Language, page: PageName): Promise<void> {
  const loaded = await loaders[language]();
  document.documentElement.lang = languages.find((each) => each.language === language)?.lang ?? language;
  if (page === 'contribute') document.title = loaded.words.page.title;
  words.value = loaded.words;
}

/** The address of a page of this site that keeps the language chosen in this one's address. */
export function addressWith(path: string, search: string): string {
  const asked = new URLSearchParams(search).get('lang');
  return asked === null ? path : `${path}?lang=${encodeURIComponent(asked)}`;
}
