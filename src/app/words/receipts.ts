/** What the working page says of this browser's receipts, in both languages: loaded with the rest of the work, after Start. */
import type { Language } from '../consent.ts';
import { formatsFor } from '../format.ts';

export interface ReceiptWords {
  readonly save: string;
  readonly check: string;
  readonly none: string;
  readonly saved: (count: number) => string;
  readonly failed: string;
}

const en = formatsFor('en');
const zh = formatsFor('zh-CN');

export const receiptWords: Readonly<Record<Language, ReceiptWords>> = {
  en: {
    save: 'Save my receipts',
    check: 'Check receipts',
    none: 'No receipt is kept here yet: the first comes when a chunk of yours is accepted.',
    saved: (count) =>
      count === 1
        ? '1 receipt handed out as a file. Anybody can check it without asking the coordinator.'
        : `${en.whole(count)} receipts handed out as a file. Anybody can check them without asking the coordinator.`,
    failed: 'The browser did not hand its receipts out. They are still kept here; try again.',
  },
  zh: {
    save: '把我的收据存成文件',
    check: '查验收据',
    none: '这里还没有收据：你的第一块通过时才会有。',
    saved: (count) => `已把 ${zh.whole(count)} 张收据存成文件。不问协调端，任何人都能查验。`,
    failed: '浏览器没能交出收据。收据仍存在这里，请再试一次。',
  },
};
