/** What the card says before anybody agrees, in both languages. What comes later is in `words-later.ts`. */
import type { Language } from './facts.ts';

export interface CardWords {
  readonly lang: string;
  readonly guest: (site: string) => string;
  readonly invite: string;
  readonly task: (title: string) => string;
  readonly still: string;
  readonly look: string;
  readonly nothing: readonly [title: string, text: string];
  readonly refused: Readonly<
    Record<'unknown' | 'suspended' | 'elsewhere', readonly [title: string, text: string]>
  >;
  readonly home: string;
  readonly failed: string;
  readonly again: string;
}

export const cardWords: Readonly<Record<Language, CardWords>> = {
  en: {
    lang: 'en',
    guest: (site) => `on ${site}`,
    invite: 'Lend a core to one big job?',
    task: (title) => `Neighbours are computing “${title}” together, in their browsers.`,
    still: 'Nothing runs, and nothing is stored, until you agree.',
    look: 'See what it would do',
    nothing: ['Nothing to do just now', 'No job is open. Nothing runs, and nothing is stored.'],
    refused: {
      unknown: [
        'No work on this page',
        'Its key is not one that this coordinator knows. Nothing runs here; the page’s owner can put that right.',
      ],
      suspended: [
        'This site’s part rests',
        'The coordinator has suspended it. Nothing runs here. Work goes on at the coordinator’s own page.',
      ],
      elsewhere: [
        'No work on this page',
        'The key it shows belongs to another site. Nothing runs here; the page’s owner can put that right.',
      ],
    },
    home: 'What is Talka?',
    failed: 'The rest did not arrive. Nothing runs.',
    again: 'Try again',
  },
  zh: {
    lang: 'zh-Hans',
    guest: (site) => `在 ${site}`,
    invite: '借一个核心，帮一把大忙？',
    task: (title) => `左邻右舍正用浏览器合力计算“${title}”。`,
    still: '您同意之前，什么都不运行，什么都不保存。',
    look: '看看要做什么',
    nothing: ['眼下没有活', '没有开放的任务。什么都不运行，什么都不保存。'],
    refused: {
      unknown: ['这个页面没有活', '协调端不认识它的密钥。这里什么都不运行；网站的主人可以改正。'],
      suspended: ['这个网站暂停参与', '协调端已将它停用。这里什么都不运行；协调端自己的页面照常开放。'],
      elsewhere: ['这个页面没有活', '它出示的密钥属于别的网站。这里什么都不运行；网站的主人可以改正。'],
    },
    home: 'Talka 是什么？',
    failed: '其余部分没能载入。什么都没有运行。',
    again: '再试一次',
  },
};
