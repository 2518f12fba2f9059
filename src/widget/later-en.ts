/** What is said at work, in English. */
import type { LaterWords } from './said.ts';

const whole = new Intl.NumberFormat('en');
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const words: LaterWords = {
  standing: {
    working: 'At work.',
    paused: 'Paused by you.',
    'page-paused': 'Paused by the page.',
    unseen: 'Resting: it works only while you can see it.',
    'no-job': 'Waiting: no job is open just now.',
    waiting: 'Waiting for others’ answers.',
    unreachable: 'The coordinator does not answer. Results are kept; it tries again by itself.',
    elsewhere: 'This browser computes for this site in another tab.',
    'found-wrong': 'An answer of this machine was recomputed and was not right. Nothing runs here any more.',
    cannot: 'It cannot go on here, so nothing runs. On Talka’s own page it may.',
  },
  chunks: (count) => `${whole.format(count)} ${count === 1 ? 'chunk' : 'chunks'}`,
  credit: (micro) => `${tenths.format(micro / 1e6)} credits`,
  pause: 'Pause',
  resume: 'Continue',
  here: 'Work here',
  stopped: (site, told) => [
    'Stopped',
    told
      ? `What you agreed to on ${site} is taken back, and the coordinator knows. Nothing runs.`
      : `What you agreed to on ${site} is forgotten here. The coordinator could not be told, but nothing runs.`,
  ],
  lapsed:
    'What was agreed to here counts no more: it is older than 30 days, or this machine’s clock is wrong. Nothing runs.',
  rewards: 'What your credit comes to',
  unkept: 'This browser keeps nothing for this page: results and key last as long as the page is open.',
};
