/** What the working page says when an answer of this machine was found wrong, in both languages: loaded with the rest of the work, after Start. */
import type { Language } from '../consent.ts';
import { formatsFor } from '../format.ts';

export interface JudgedWords {
  readonly heading: string;
  /** `job` is its id; `gpu`: not a core. */
  readonly what: (units: number, chunk: number, job: string, gpu: boolean) => string;
  /** What becomes of its work: after an accident, and when it gets no more. */
  readonly meanwhile: string;
  readonly lost: string;
  /** An accident: when it may begin anew. */
  readonly again: (until: number) => string;
  readonly never: string;
  /** It is let in: that time is over, or the operator said so. */
  readonly open: string;
  readonly causes: string;
  /** What is listed then: what was claimed and what is right, or only that; and why so. */
  readonly digests: string;
  readonly right: string;
  readonly unclaimed: string;
  /** Before a digest. */
  readonly wasClaimed: string;
  readonly isRight: string;
  /** The way to object: what opens it, its field, what happens with it, its button, and what came of it. */
  readonly object: string;
  readonly label: string;
  readonly note: string;
  readonly send: string;
  readonly sending: string;
  readonly sent: string;
  readonly failed: string;
  readonly full: string;
  readonly yours: string;
  readonly answer: string;
  readonly readmitted: string;
  readonly reload: string;
}

const en = formatsFor('en');
const zh = formatsFor('zh-CN');

export const judgedWords: Readonly<Record<Language, JudgedWords>> = {
  en: {
    heading: 'An answer was not right',
    what: (units, chunk, job, gpu) =>
      `${gpu ? 'The graphics processor' : 'A core'} of this machine gave ${units === 1 ? 'one unit' : `${en.whole(units)} units`} of chunk ${en.whole(chunk)} (${job}) differently from two independent engines of the operator.`,
    meanwhile:
      'If the chunk was its own work, it is void; if it was checking somebody else’s, the check does not count. What else of its work was not verified yet is now computed again by the operator: what is right is credited to you, and what was verified stays yours.',
    lost: 'What was not verified yet is computed again by others, and its credit is void; what was verified stays yours.',
    again: (until) =>
      `It is taken for an accident: this machine may begin anew at ${en.moment(until)}, or once all of that is computed. Each further fault within thirty days keeps it away twice as long.`,
    never:
      'Too much of its work was wrong, or it was wrong exactly as another machine was, so this machine gets no more work here.',
    open: 'This machine is let in again.',
    causes: 'Overclocking, overheating and failing memory are the usual causes.',
    digests:
      'For you to check, the digests of each of these units: what this machine claimed, as long as it was sent, and what is right:',
    right: 'The right digests, for you to check:',
    unclaimed: 'What this machine claimed was not found: the log is not looked through without end.',
    wasClaimed: 'claimed',
    isRight: 'right',
    object: 'I think this is wrong',
    label: 'Why you think so',
    note: 'The operator reads it beside the evidence: which units, what was claimed, what two engines found. It goes to nobody else, can be sent once, and is erased when you have this browser forgotten.',
    send: 'Send to the operator',
    sending: 'Sending',
    sent: 'Sent. The operator will look at it; the answer will stand here, also when you come back another day.',
    failed: 'It could not be sent. Your words are still here: please try again in a minute.',
    full: 'So many objections wait for the operator, in all or from your network, that no more fit. Your words are still here: please try again another day.',
    yours: 'You objected:',
    answer: 'The operator answered:',
    readmitted: 'The operator lets this machine in again: it begins anew, and what was void stays void.',
    reload: 'Reload and go on',
  },
  zh: {
    heading: '有一个答案对不上',
    what: (units, chunk, job, gpu) =>
      `这台电脑的${gpu ? '显卡' : '一个核心'}算的第 ${zh.whole(chunk)} 块（${job}）里，有 ${zh.whole(units)} 个单元与运营方两个独立引擎的结果不同。`,
    meanwhile:
      '如果是它自己的工作，这一块作废；如果是在核对别人的，那次核对不算。其余还没确认的部分，现在由运营方重算：算对的积分照给，已确认的仍归你。',
    lost: '还没确认的部分由别人重算，其积分作废；已确认的仍归你。',
    again: (until) =>
      `这样的差错视为意外：${zh.moment(until)} 起，等上面的部分重算完，这台电脑就可以重新开始。三十天内再有差错，每次停得比上次久一倍。`,
    never: '它错得太多，或者和另一台机器错得一模一样，所以这里不再给这台电脑派活。',
    open: '这台电脑可以继续参加。',
    causes: '常见原因是超频、过热或内存老化。',
    digests: '供你核对，每个单元的摘要：这台电脑交的（当时发送多长就是多长）和正确的：',
    right: '正确的摘要，供你核对：',
    unclaimed: '没有找到这台电脑当时交的内容：日志不会无止境地往回找。',
    wasClaimed: '所交',
    isRight: '正确',
    object: '我认为这不对',
    label: '你这样认为的理由',
    note: '运营方会对照证据来读：是哪些单元、你交的是什么、两个引擎算出的是什么。别人看不到；只能发一次；你让这个浏览器忘记一切时，它也一并删除。',
    send: '发给运营方',
    sending: '正在发送',
    sent: '已发出。运营方会看的；答复会显示在这里，改天再来也看得到。',
    failed: '没能发出去。你写的还在：请过一分钟再试。',
    full: '等待运营方处理的申诉太多（总数，或来自你所在的网络），已放不下。你写的还在：请改天再试。',
    yours: '你的申诉：',
    answer: '运营方的答复：',
    readmitted: '运营方让这台电脑重新加入：从头开始，已作废的仍然作废。',
    reload: '重新载入并继续',
  },
};
