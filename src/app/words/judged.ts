/** What the working page says when an answer of this machine was found wrong, in both languages: loaded with the rest of the work, after Start. */
import type { Language } from '../consent.ts';
import { formatsFor } from '../format.ts';

export interface JudgedWords {
  readonly heading: string;
  /** `job` is its id; `gpu`: not a core. */
  readonly what: (units: number, chunk: number, job: string, gpu: boolean) => string;
  readonly meanwhile: string;
  /** A first fault: when it may begin anew. */
  readonly again: (until: number) => string;
  readonly never: string;
  readonly causes: string;
  readonly right: string;
}

const en = formatsFor('en');
const zh = formatsFor('zh-CN');

export const judgedWords: Readonly<Record<Language, JudgedWords>> = {
  en: {
    heading: 'An answer was not right',
    what: (units, chunk, job, gpu) =>
      `${gpu ? 'The graphics processor' : 'A core'} of this machine gave ${units === 1 ? 'one unit' : `${en.whole(units)} units`} of chunk ${en.whole(chunk)} (${job}) differently from two independent engines of the operator.`,
    meanwhile:
      'What was not verified yet is computed again by others, and its credit is void; what was verified stays yours.',
    again: (until) =>
      `One such fault is taken for an accident: this machine may begin anew at ${en.moment(until)}.`,
    never: 'It was not the first time, so this machine gets no more work here.',
    causes:
      'Overclocking, overheating and failing memory are the usual causes. If you think that we are wrong, write to the operator with these lines.',
    right: 'The right digests, for you to check:',
  },
  zh: {
    heading: '有一个答案对不上',
    what: (units, chunk, job, gpu) =>
      `这台电脑的${gpu ? '显卡' : '一个核心'}算的第 ${zh.whole(chunk)} 块（${job}）里，有 ${zh.whole(units)} 个单元与运营方两个独立引擎的结果不同。`,
    meanwhile: '还没确认的部分由别人重算，其积分作废；已确认的仍归你。',
    again: (until) => `一次这样的差错视为意外：${zh.moment(until)} 起，这台电脑可以重新开始。`,
    never: '这不是第一次，所以这里不再给这台电脑派活。',
    causes: '常见原因是超频、过热或内存老化。如果你认为是我们错了，请把下面几行发给运营方。',
    right: '正确的摘要，供你核对：',
  },
};
