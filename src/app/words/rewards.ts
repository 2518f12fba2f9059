/** What the reward page says, in both languages at once: a page of its own, so that no other one waits for it. */
import type { Language } from '../consent.ts';
import type { RewardWords } from '../rewards/catalogue.ts';
import { english } from './rewards-en.ts';
import { chinese } from './rewards-zh.ts';

export const rewardWords: Readonly<Record<Language, RewardWords>> = { en: english, zh: chinese };
