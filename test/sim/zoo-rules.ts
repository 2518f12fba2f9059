/** What is asked of a member's day at its end, as rules over the story that it was. */
import type { Event } from '../../src/core/state.ts';
import type { Day } from './day.ts';

/** What came of a day for its member and for the honest. */
export interface Story {
  readonly day: Day;
  readonly events: readonly Event[];
  /** Earned for good by the member, all its keys together, ÷ the mean of the honest: all have the same machine. */
  readonly earns: number;
  /** Chunks that are final and wrong. */
  readonly wrongFinal: number;
}

export const earnsLess =
  (most: number) =>
  ({ earns, wrongFinal }: Story) =>
    wrongFinal === 0 && earns <= most;
/** What the first fault of each member meant for it. */
export const firstConsequences = ({ events }: Story): string[] => {
  const first = new Map<string, string>();
  for (const event of events)
    if (event.e === 'disproved' && event.device.startsWith('m') && !first.has(event.device))
      first.set(event.device, event.consequence);
  return [...first.values()];
};
export const blamed = ({ events }: Story): string[] =>
  events.flatMap((event) => (event.e === 'disproved' || event.e === 'misdeed' ? [event.device] : []));
export const leasesOf = ({ events }: Story): number => events.filter(({ e }) => e === 'leased').length;
/** Those who were banned for an audit that called right what an author had made up, and that author with them. */
export const bannedVouchers = ({ events }: Story): number =>
  events.filter(
    (event) => event.e === 'disproved' && event.audit !== undefined && event.consequence === 'ban',
  ).length;
export const auditsBy = ({ events }: Story, prefix: string): number =>
  events.filter(({ e, ...event }) => e === 'audited' && 'device' in event && event.device.startsWith(prefix))
    .length;
