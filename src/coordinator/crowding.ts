/**
 * Whether one prefix or one network does too much of what is computed now: whoever conspires there could vouch for itself. Counted from the
 * state when somebody asks, and told to the operator's log when it begins and ends; nothing of it decides anything.
 */
import type { State } from '../core/state.ts';

/** One prefix (/24 or /48), and one network, that does more than this is an alarm, where so many people compute. */
const prefixShareMax = 0.1;
const networkShareMax = 0.25;
const peopleMin = 20;
/** Who computes alone in a prefix conspires with nobody, however fast it is. */
const togetherMin = 2;
const lookMs = 60_000;

/** Shares of what is computed now by volunteers whose place is known: not on the coordinator's own machine, where that is exempt. */
export interface Crowding {
  readonly people: number;
  /** Of the prefix, and of the network, that does most and in which two people or more compute; 0 where there is none. */
  readonly prefixShare: number;
  readonly networkShare: number;
  readonly alarm: boolean;
}

/** What those of one place do, and who they are. */
interface Together {
  rateMilli: number;
  readonly accounts: Set<string>;
}

export function crowdingOf(state: State): Crowding {
  const prefixes = new Map<string, Together>();
  const networks = new Map<string, Together>();
  const people = new Set<string>();
  let allMilli = 0;
  for (const [slot, { rateMilli }] of state.busy) {
    const device = state.devices.get(slot.slice(0, slot.lastIndexOf('/')));
    if (device === undefined || device.role === 'anchor' || device.group === '') continue;
    allMilli += rateMilli;
    people.add(device.account);
    count(prefixes, device.group, device.account, rateMilli);
    if (device.network !== '') count(networks, device.network, device.account, rateMilli);
  }
  const prefixShare = largestOf(prefixes, allMilli);
  const networkShare = largestOf(networks, allMilli);
  const isMuch = prefixShare > prefixShareMax || networkShare > networkShareMax;
  return { people: people.size, prefixShare, networkShare, alarm: people.size >= peopleMin && isMuch };
}

function count(places: Map<string, Together>, place: string, account: string, rateMilli: number): void {
  const together = places.get(place) ?? { rateMilli: 0, accounts: new Set() };
  together.rateMilli += rateMilli;
  together.accounts.add(account);
  places.set(place, together);
}

function largestOf(places: ReadonlyMap<string, Together>, allMilli: number): number {
  let largest = 0;
  for (const { rateMilli, accounts } of places.values())
    if (accounts.size >= togetherMin) largest = Math.max(largest, rateMilli);
  return largest === 0 ? 0 : largest / allMilli;
}

/** Looks once a minute, and notes when there begins to be too much in one place and when that ends. */
export class CrowdWatch {
  readonly #timer: NodeJS.Timeout;
  #alarmed = false;

  constructor(
    runtime: { readonly state: State },
    onNote: (note: string, about: Readonly<Record<string, unknown>>) => void,
    everyMs = lookMs,
  ) {
    this.#timer = setInterval(() => {
      const { alarm, ...shares } = crowdingOf(runtime.state);
      if (alarm === this.#alarmed) return;
      this.#alarmed = alarm;
      onNote(
        alarm
          ? 'one prefix or network does a large part of what is computed now'
          : 'no prefix and no network does too large a part any more',
        shares,
      );
    }, everyMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
