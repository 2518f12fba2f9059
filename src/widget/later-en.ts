/** What is said from the consent on, in English. */
import type { LaterWords } from './said.ts';

const whole = new Intl.NumberFormat('en');
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const words: LaterWords = {
  consent: {
    title: 'What you would agree to',
    terms: ['For', 'What', 'Cost'],
    agree: 'I agree: start',
    decline: 'Not now',
    waiting: 'You can agree once this has been in plain view for a second.',
    covered: 'The page covers or changes this frame. In a window of its own nothing can.',
    openWindow: 'Read it in a window',
    blocked: 'Your browser did not open the window. Allow it for this page, or work on Talka’s own page.',
    inWindow:
      'It is open in a window of Talka’s own, which no page can cover. Nothing runs until you agree there.',
    orphan:
      'The page that opened this window cannot be reached. Close it and try again, or use Talka’s own page.',
    done: 'Agreed. You can close this window: the work is on the page you came from.',
  },
  standing: {
    preparing: 'Getting ready.',
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
  busy: (cores) => (cores === 1 ? 'At work on one core.' : `At work on ${cores} cores.`),
  working: (site) => `Computing by way of ${site}`,
  chunks: (count) => `${whole.format(count)} ${count === 1 ? 'chunk' : 'chunks'}`,
  credit: (micro) => `${tenths.format(micro / 1e6)} credits`,
  pause: 'Pause',
  resume: 'Continue',
  stop: 'Stop',
  here: 'Work here',
  stopped: (site, told) => [
    'Stopped',
    told
      ? `What you agreed to on ${site} is taken back, and the coordinator knows. Nothing runs.`
      : `What you agreed to on ${site} is forgotten here. The coordinator could not be told, but nothing runs.`,
  ],
  unkept: 'This browser keeps nothing for this page: results and key last as long as the page is open.',
  terms: ({ site, coordinator, title, cause, further, cores, megabytes }) => ({
    forWhom: `Brought by ${site}, computed for the coordinator ${coordinator}. Your credit is yours; the log says that this site brought you.`,
    what: `${title}. ${cause}${further === 0 ? '' : ` Also ${further} further open job${further === 1 ? '' : 's'}.`}`,
    cost:
      `${cores === 1 ? 'One core' : `${cores} cores`} of this machine, in full, while you can see this frame; ` +
      'no graphics processor. It gets warmer, and a battery runs down sooner. ' +
      (megabytes === null ? '' : `About ${whole.format(megabytes)} MB of results an hour on ordinary cores.`),
    agreement:
      `I let this frame compute parts of the jobs that ${coordinator} has open, and check parts that others computed, as said above, until I press ` +
      `Stop; and go on by itself when I come back to ${site} within 30 days. From now on this browser keeps, where it lets a frame keep anything, a device key ` +
      'for this site, and results on their way. The coordinator receives my public key and my results, learns how ' +
      'many cores there are, how fast they are, when work is done and by way of which site, and sees my network address. ' +
      `${site} learns that I compute and how much, not which account is mine. The account’s number and credit are public, and so, with my ` +
      'public key, is this browser’s signature now and then that it saw the coordinator’s log. ' +
      'Account, device key, site, what was computed, when and how fast, and who shares a network with whom stay in ' +
      'the log for ever, which everybody may read; without name or address. Stop takes this agreement back at once.',
  }),
};
