/** How a stranger becomes a device: the challenge it is met with, the check of its hello, and the welcome. */
import { parse, isMalformed } from '../wire/schema.ts';
import { limits, protocol } from '../wire/version.ts';
import type { ByeReason } from '../wire/version.ts';
import { hello as helloSchema } from '../wire/volunteer.ts';
import type { Challenge, Hello, JobDescriptor, Welcome } from '../wire/volunteer.ts';
import { signIn } from './auth.ts';
import { balancesOf, toldLease } from './batch.ts';
import { leaseWord } from './telling.ts';
import { emptyRoot, isOtherVersion, whereIs } from './hearing.ts';
import type { SigningKey } from './keys.ts';
import { unheardOf } from './leases.ts';
import type { Log } from './log.ts';
import type { Misdeeds } from './misdeeds.ts';
import type { Outcome } from './order.ts';
import { restoredWordOf } from './restored.ts';
import type { Place } from './placing.ts';
import type { Runtime } from './runtime.ts';
import type { SideTables } from './side.ts';

/** A list of held replicas that is shorter than this is whole: 8 KiB take more. */
const holdingListMax = 400;

/** What letting somebody in needs of the house. */
export interface ArrivalHouse {
  readonly runtime: Runtime;
  readonly log: Log;
  readonly key: SigningKey;
  readonly misdeeds: Misdeeds;
  readonly side: SideTables;
  now(): number;
  /** Where an address stands for placement. */
  placeOf(address: string): Place;
  isOwnOrigin(origin: string): boolean;
  /** The open jobs. */
  jobs(): readonly JobDescriptor[];
}

/** Where a socket came from, as its handshake said. */
export interface Whence {
  readonly address: string;
  readonly origin: string;
  /** Where a widget stands: the origin of the partner's page, as the frame in it says. */
  readonly from?: string;
}

/** Why somebody is not let in. */
export interface TurnedAway {
  readonly bye: ByeReason;
  readonly detail: string;
  readonly retryMs?: number;
}

/** Somebody whose signatures are right, and from where. */
export interface Arrived extends Place {
  readonly word: Hello;
  readonly device: string;
  readonly account: string;
  readonly consentUntil: number;
}

/** What every socket is met with, so that signing in costs no round trip of its own. */
export function challengeOf({ key, runtime }: ArrivalHouse, nonce: string): Challenge {
  const { size, root } = runtime.head ?? { size: 0, root: emptyRoot };
  const restored = restoredWordOf(key, runtime.state.restored);
  const challenge: Challenge = {
    t: 'challenge',
    protocol,
    nonce,
    coordinator: key.publicText,
    head: { size, root },
  };
  return restored === null ? challenge : { ...challenge, restored };
}

/** Checks a stranger's first message. */
export function arrive(
  house: ArrivalHouse,
  data: Buffer,
  nonce: string,
  whence: Whence,
): Arrived | TurnedAway {
  if (data.length > limits.strangerBytesMax)
    return { bye: 'limits', detail: 'too much was said before signing in' };
  const word = parse(helloSchema, data.toString(), limits.strangerBytesMax);
  if (isMalformed(word))
    return { bye: isOtherVersion(data) ? 'protocol' : 'malformed', detail: word.malformed };
  const now = house.now();
  const who = signIn(word, nonce, whence.origin, (origin) => house.isOwnOrigin(origin), now);
  if ('bye' in who) return who;
  const unwelcome = siteFault(house.side, word, who.device, whence.from ?? null);
  if (unwelcome !== null) return unwelcome;
  const retryMs = house.misdeeds.suspendedMs(who.device, now);
  if (retryMs > 0) return { bye: 'suspended', detail: 'too many impossible messages', retryMs };
  return { word, ...who, ...house.placeOf(whence.address) };
}

/** Whoever comes by a partner's site needs one that is known and not suspended, and a consent that was not taken back [WG3]. */
function siteFault(
  { sites }: SideTables,
  { site, consent }: Hello,
  device: string,
  from: string | null,
): TurnedAway | null {
  if (site === null) return null;
  const detail = sites.faultOf(site, from);
  if (detail !== null) return { bye: 'site', detail };
  const revokedAt = sites.revokedAt(device, site);
  return revokedAt !== null && consent.at <= revokedAt
    ? { bye: 'consent', detail: 'this consent was taken back' }
    : null;
}

/** What the rules said to its joining: null when it is in. */
export function refusedEntry(outcome: Outcome): TurnedAway | null {
  if (outcome.refused === null || outcome.refused === 'already-so') return null;
  const { refused, detail = refused, retryMs } = outcome;
  const bye = refused === 'not-yours' ? 'signature' : refused === 'stopping' ? 'shutting-down' : 'store';
  return { bye, detail, ...(retryMs === undefined ? {} : { retryMs }) };
}

/** The welcome of a device that has joined, once its consent is kept. Throws StoreFault when it cannot be, or the log cannot be read. */
export async function welcomeOf(
  house: ArrivalHouse,
  { word, device, account, group }: Arrived,
): Promise<Welcome> {
  const { runtime, log, side } = house;
  side.keepConsent({ ...word.consent, device, account, publicKey: word.publicKey });
  const holding: number[] = [];
  for (const replica of word.holding) {
    const found = whereIs(runtime.state, device, account, group, replica);
    // Leased, committed, or settled with a receipt that can be had again: all of them are worth keeping.
    const kept = found === 'unknown' ? (await log.answer(replica)) !== null : found === 'yours';
    if (kept) holding.push(replica);
  }
  // What it is told next is what came after.
  await runtime.durable();
  const creditMicro = { ...balancesOf(runtime.state, account), asOf: runtime.ticks };
  return { t: 'welcome', device, account, jobs: [...house.jobs()], holding, creditMicro };
}

/** Lease messages, as JSON text, for what it was leased and does not know: their messages were lost on the way. */
export function repeatedLeases({ runtime, now }: ArrivalHouse, { word, device }: Arrived): string[] {
  // A list that is as long as a stranger's message may not be whole.
  if (word.holding.length > holdingListMax) return [];
  const { state } = runtime;
  const unheard = unheardOf(state, runtime.leasesOf(device), new Set(word.holding));
  return unheard.map((run) => leaseWord(toldLease(state, run, Math.max(0, run.deadline - now()))));
}
