/** What the page that checks receipts says, in both languages at once: it goes on without a network, whatever is chosen then. */
import type { Language } from '../consent.ts';
import type { VerifyWords } from '../verify/catalogue.ts';
import { english } from './verify-en.ts';
import { chinese } from './verify-zh.ts';

export const verifyWords: Readonly<Record<Language, VerifyWords>> = { en: english, zh: chinese };
