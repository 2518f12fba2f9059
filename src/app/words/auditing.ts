/** What the working page says of others' units that this machine checked, in both languages: loaded with the rest of the work, after Start. */
import type { Language } from '../consent.ts';
import { formatsFor } from '../format.ts';

export interface AuditingWords {
  /** A worker's state while it recomputes so many units of others. */
  readonly now: (units: number) => string;
  /** Beside the units that it computed. */
  readonly checked: (units: number) => string;
  readonly note: string;
}

const en = formatsFor('en');
const zh = formatsFor('zh-CN');

export const auditingWords: Readonly<Record<Language, AuditingWords>> = {
  en: {
    now: (units) => `checking ${units === 1 ? 'one unit' : `${en.whole(units)} units`} of others`,
    checked: (units) => `and checked ${units === 1 ? 'one unit' : `${en.count(units)} units`} of others`,
    note: 'To check others’ answers, units of theirs, drawn in secret, were computed here again without seeing what they had sent. That counts as work, and its credit is yours at once.',
  },
  zh: {
    now: (units) => `正在核对别人的 ${zh.whole(units)} 个单元`,
    checked: (units) => `另核对别人的 ${zh.count(units)} 个`,
    note: '为核对别人的答案，这里重算了暗中抽出的单元，重算时看不到别人交了什么。这也算干活，积分当场归你。',
  },
};
