/** What the consent says, in English: one text with `later-en.ts`, apart since its window needs no more. */
import type { ConsentWords } from './said.ts';

const whole = new Intl.NumberFormat('en');

export const words: ConsentWords = {
  lang: 'en',
  home: 'What is Talka?',
  title: 'What you would agree to',
  heads: ['For', 'What', 'Cost'],
  agree: 'I agree: start',
  decline: 'Not now',
  waiting: 'You can agree once this has been in plain view for a second.',
  orphan:
    'The page that opened this window cannot be reached. Close it and try again, or use Talka’s own page.',
  done: 'Agreed. You can close this window: the work is on the page you came from.',
  terms: ({ site, coordinator, title, cause, further, cores, megabytes }) => ({
    forWhom: `Brought by ${site}; computed for ${coordinator}, which coordinates the work and has it checked. What you compute is counted as your credit. Its log says that this site brought you.`,
    what: `${title}. ${cause}${further === 0 ? '' : ` Also ${further} further open job${further === 1 ? '' : 's'}.`}`,
    cost:
      `${cores === 1 ? 'One core' : `${cores} cores`} of this machine, in full, while you can see it; ` +
      'no graphics processor. It gets warmer, and a battery runs down sooner. ' +
      (megabytes === null ? '' : `About ${whole.format(megabytes)} MB of results an hour on ordinary cores.`),
    agreement:
      `I let Talka’s frame on ${site} compute parts of the jobs that ${coordinator} has open, and check parts that others computed, as said above, until I press ` +
      `Stop; and go on by itself when I come back to ${site} within 30 days: by itself in the same tab for 12 hours, in another once I press “Go on” there. From now on this browser keeps, where it lets a frame keep anything, a device key ` +
      'for this site, results on their way, and which programs it was found to compute right. The coordinator receives my public key and my results, learns how ' +
      'many cores there are, how fast they are, when work is done and by way of which site, and sees my network address. ' +
      `${site} learns that I compute and how much, not which account is mine. The account’s number and credit are public, and so, with my ` +
      'public key, is this browser’s signature now and then that it saw the coordinator’s log. ' +
      'Account, device key, site, what was computed, when and how fast, and who shares a network with whom stay in ' +
      'the log for ever, which everybody may read; without name or address. Stop takes this agreement back at once.',
  }),
};
