/** Asks of every lease whether people are placed by networks [CH2]; counts by itself who is live from where, and never asks the rules. */
import type { Command, Event, LivePeople, State } from '../../src/core/state.ts';
import { demand } from './verdicts.ts';
import { networkOf } from './where.ts';

/** Networks that must be live, and how long a chunk is kept from somebody's network, as docs/SPEC.md has it. */
const networksMin = 4;
const apartMsMax = 30 * 60_000;

/** The networks of people who want this, from the live people's groups. */
function liveFor(wish: string, live: LivePeople): Set<string> {
  const found = new Set<string>();
  for (const groups of live.values())
    for (const [group, able] of groups) if (able.has(wish)) found.add(networkOf(group));
  found.delete('');
  return found;
}

/** `groupOf`: the group of a device by the day's own list. */
export function judgePlaces(
  state: State,
  command: Command,
  events: readonly Event[],
  groupOf: (device: string) => string,
): void {
  if (command.c !== 'ask') return;
  for (const event of events) {
    if (event.e !== 'leased') continue;
    const own = networkOf(groupOf(event.device));
    const job = state.jobs.get(event.job);
    if (own === '' || job === undefined) continue;
    const live = liveFor(`${event.backend} ${job.spec.kernel}`, command.live);
    if (live.size < networksMin) continue;
    for (let i = 0; i < event.count; i++) {
      const chunk = job.chunks.get(event.chunk + i);
      const beside = (chunk?.replicas ?? []).filter(
        ({ id, phase }) => id !== event.lease + i && phase.is !== 'closed',
      );
      const held = new Set(beside.map(({ device }) => networkOf(groupOf(device))));
      const isOpen = [...live].every((network) => held.has(network));
      const waitedMs = state.at - (chunk?.since ?? 0);
      demand(
        !held.has(own) || isOpen || waitedMs >= apartMsMax,
        'safe',
        () =>
          `${event.device} of ${own} stands beside its own network in chunk ${event.chunk + i} of ${event.job}, though ${[...live].join(', ')} are there`,
      );
    }
  }
}
