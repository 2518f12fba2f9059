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
  /** To who agreed on this site earlier, in another tab. */
  readonly goOn: string;
  readonly stillHolds: string;
  readonly resume: string;
  /** While the consent is in its window. */
  readonly inWindow: string;
  readonly blocked: string;
  readonly openWindow: string;
  readonly reopen: string;
  readonly decline: string;
  /** Before the rest is here. */
  readonly preparing: string;
  readonly working: (site: string) => string;
  readonly busy: (cores: number) => string;
  readonly stop: string;
}

export const cardWords: Readonly<Record<Language, CardWords>> = {
  en: {
    lang: 'en',
    guest: (site) => `on ${site}`,
    invite: 'Lend a little of your computer?',
    task: (title) => `Neighbours are computing “${title}” together, in their browsers.`,
    still: 'Nothing runs, and nothing is stored, until you agree.',
    look: 'See what it would do',
    nothing: ['Nothing to do just now', 'No job is open. Nothing runs, and nothing is stored.'],
    refused: {
      unknown: [
        'No work on this page',
        'It shows the widget with a key that is not known here. Nothing runs; the page’s owner can put that right.',
      ],
      suspended: [
        'This site’s part rests',
        'Whoever runs Talka here has suspended it. Nothing runs on this page; Talka’s own page is open.',
      ],
      elsewhere: [
        'No work on this page',
        'It shows the widget with the key of another site. Nothing runs; the page’s owner can put that right.',
      ],
    },
    home: 'What is Talka?',
    failed: 'The rest did not arrive. Nothing runs.',
    again: 'Try again',
    goOn: 'Go on lending a little?',
    stillHolds:
      'You agreed on this site before, and that still holds. Nothing runs in this tab until you press.',
    resume: 'Go on',
    inWindow:
      'Read it in the window that has opened: no page can cover it. Nothing runs until you agree there.',
    blocked: 'Your browser did not open the window. Allow it for this page, or work on Talka’s own page.',
    openWindow: 'Read it in a window',
    reopen: 'Open it again',
    decline: 'Not now',
    preparing: 'Getting ready.',
    working: (site) => `Computing by way of ${site}`,
    busy: (cores) => (cores === 1 ? 'At work on one core.' : `At work on ${cores} cores.`),
    stop: 'Stop',
  },
  zh: {
    lang: 'zh-Hans',
    guest: (site) => `在 ${site}`,
    invite: '借一点电脑的力气？',
    task: (title) => `左邻右舍正用浏览器合力计算“${title}”。`,
    still: '你同意之前，什么都不运行，什么都不保存。',
    look: '看看要做什么',
    nothing: ['眼下没有活', '没有开放的任务。什么都不运行，什么都不保存。'],
    refused: {
      unknown: ['这个页面没有活', '它用的密钥这里不认识。什么都不运行；网站的主人可以改正。'],
      suspended: ['这个网站暂停参与', '这里的运营方已将它停用。本页什么都不运行；Talka 自己的页面照常开放。'],
      elsewhere: ['这个页面没有活', '它用的是别的网站的密钥。什么都不运行；网站的主人可以改正。'],
    },
    home: 'Talka 是什么？',
    failed: '其余部分没能载入。什么都没有运行。',
    again: '再试一次',
    goOn: '接着借一点力？',
    stillHolds: '你以前在本站同意过，至今有效。在这个标签页里，点了才会运行。',
    resume: '接着算',
    inWindow: '请在刚打开的窗口里看：别的页面遮不住它。你在那里同意之前，什么都不运行。',
    blocked: '浏览器没有打开窗口。请允许本页打开，或到 Talka 自己的页面去。',
    openWindow: '在窗口里看',
    reopen: '再打开一次',
    decline: '暂不',
    preparing: '正在准备。',
    working: (site) => `经由 ${site} 计算`,
    busy: (cores) => `正用 ${cores} 个核心计算。`,
    stop: '停止',
  },
};
