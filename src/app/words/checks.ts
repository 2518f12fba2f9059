/** What the page about checks says, by language: a page of its own, so that no other one waits for it. */
import type { ChecksWords } from '../checks/catalogue.ts';
import type { Language } from '../consent.ts';
import { english } from './checks-en.ts';
import { chinese } from './checks-zh.ts';

export const checksWords: Readonly<Record<Language, ChecksWords>> = { en: english, zh: chinese };
