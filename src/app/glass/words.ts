/** What the cloth says from close by, in both languages: loaded with the glass, because nobody needs it before. */
import type { Language } from '../consent.ts';
import { formatsFor } from '../format.ts';

export interface GlassWords {
  readonly group: string;
  readonly canvas: string;
  readonly closer: string;
  readonly further: string;
  readonly whole: string;
  readonly place: string;
  readonly number: string;
  /** `state` as docs/SPEC.md calls it; null while it is being looked up. */
  readonly chunk: (number: number, state: string | null, here: boolean) => string;
  readonly inView: (from: number, to: number, of: number) => string;
  readonly each: (chunks: number) => string;
  readonly table: string;
  readonly caption: (from: number, to: number) => string;
  readonly chunks: string;
  readonly state: string;
  readonly range: (from: number, to: number) => string;
  readonly lookingUp: string;
  readonly unanswered: string;
  /** How to move with fingers, and with mouse and keys. */
  readonly how: Readonly<Record<'fingers' | 'keys', string>>;
}

const en = formatsFor('en');
const zh = formatsFor('zh-CN');

export const glassWords: Readonly<Record<Language, GlassWords>> = {
  en: {
    group: 'The cloth from close by',
    canvas: 'Stitches from close by; the words below say what they show.',
    closer: 'Closer',
    further: 'Further away',
    whole: 'Whole cloth',
    place: 'Place in the cloth',
    number: 'Chunk number',
    chunk: (number, state, here) =>
      `Chunk ${en.whole(number)}: ${state ?? 'being looked up'}${here ? ', computed here' : ''}.`,
    inView: (from, to, of) => `In view: chunks ${en.whole(from)} to ${en.whole(to)} of ${en.whole(of)}.`,
    each: (chunks) => `Each stitch stands for ${en.whole(chunks)} chunks.`,
    table: 'What is in view, as a table',
    caption: (from, to) => `Chunks ${en.whole(from)} to ${en.whole(to)}`,
    chunks: 'Chunks',
    state: 'State',
    range: (from, to) => `${en.whole(from)} to ${en.whole(to)}`,
    lookingUp: 'being looked up',
    unanswered:
      'The coordinator did not say how these chunks stand. What is shown is what was last known; the page asks again by itself.',
    how: {
      fingers: 'Drag to move, spread two fingers to look closer, tap a stitch to hear of its chunk.',
      keys: 'Drag to move; hold Ctrl and turn the wheel to look closer; click a stitch to hear of its chunk. Keys: + and − for closer and further away, arrows for the next chunk and row, Escape for the whole cloth.',
    },
  },
  zh: {
    group: '凑近看这匹布',
    canvas: '凑近看到的针脚；下面的文字说明它们的状态。',
    closer: '凑近些',
    further: '退远些',
    whole: '看整匹布',
    place: '在布上的位置',
    number: '块的编号',
    chunk: (number, state, here) =>
      `第 ${zh.whole(number)} 块：${state ?? '正在查'}${here ? '，在这里算出' : ''}。`,
    inView: (from, to, of) => `眼前是第 ${zh.whole(from)} 到第 ${zh.whole(to)} 块，共 ${zh.whole(of)} 块。`,
    each: (chunks) => `每一针代表 ${zh.whole(chunks)} 块。`,
    table: '用表格看眼前这一段',
    caption: (from, to) => `第 ${zh.whole(from)} 到第 ${zh.whole(to)} 块`,
    chunks: '块',
    state: '状态',
    range: (from, to) => `第 ${zh.whole(from)}～${zh.whole(to)} 块`,
    lookingUp: '正在查',
    unanswered: '协调端没说这些块现在怎样。这里显示的是上次知道的样子，网页会自己再问。',
    how: {
      fingers: '拖动可以移动，两指张开可以凑近，点一针就知道那一块怎样了。',
      keys: '拖动可以移动；按住控制键滚动滚轮可以凑近；点一针就知道那一块怎样了。键盘：加号、减号凑近和退远，方向键换块换行，退出键看整匹布。',
    },
  },
};
