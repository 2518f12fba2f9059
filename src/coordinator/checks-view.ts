/** What the page "How results are checked" shows: counted from the state and from who is here, nothing of it decides anything. */
import { auditShare, priceMultiplier, strictTerms, wrongShareMax } from '../core/audit.ts';
import { leaverAfterMs } from '../core/checking.ts';
import type { JobSpec, Policy } from '../core/job.ts';
import { anchorAfterMs } from '../core/schedule.ts';
import { networksMin } from '../core/placement.ts';
import type { Job, LiveNetworks, LivePeople, State } from '../core/state.ts';
import { chunksOf } from '../core/state.ts';
import { faultMemoryMs, probationMicro, suspendedMs, tier1Micro, tierOf } from '../core/trust.ts';
import type { Tier } from '../core/trust.ts';
import type {
  CheckedJobView,
  ChecksView,
  NetworksView,
  PolicyView,
  ProvidersView,
  RiskView,
} from '../wire/views.ts';

/** Shares of hostile compute for which a risk is shown. */
const hostileShares = [0.05, 0.2, 0.4] as const;
/** Reference work that a volunteer gives before it leaves, for which prices are shown: a minute, 35 minutes, four hours of a core. */
const stays = [60, 2_100, 14_400] as const;
/** Units of this price stand for a kernel's own where no job is meant: 5 ms of the reference core. */
const usualUnitMicro = 5_000;
/** Share of audits that anchors make at least, which is what the bounds stand on; all while volunteers make none [AU2] [AU7]. */
const anchorsShare = 1 / 4;
/** More than this share of at least so many people in one network is an alarm: one household, or one who plays many. */
const alarmShare = 0.5;
const alarmPeopleMin = 8;
/** The view is made at most so often, however many look: it counts every identity. */
const freshMs = 2_000;

export interface ChecksParts {
  state(): State;
  readonly live: LivePeople;
  /** Absent: the operator gave no table of networks. */
  readonly networks?: LiveNetworks | null;
  /** Whether volunteers are given audits now [AU7]. */
  isShared(): boolean;
  /** Whether an anchor audits now, here or elsewhere. */
  isAnchored(): boolean;
  now(): number;
}

/** Makes the view, and keeps it for a moment. */
export class ChecksBoard {
  readonly #parts: ChecksParts;
  #kept: ChecksView | null = null;

  constructor(parts: ChecksParts) {
    this.#parts = parts;
  }

  view(): ChecksView {
    const { state, live, networks = null, isShared, isAnchored, now } = this.#parts;
    const at = now();
    if (this.#kept === null || Math.abs(at - this.#kept.at) >= freshMs)
      this.#kept = checksOf(state(), live, { shared: isShared(), anchored: isAnchored() }, at, networks);
    return this.#kept;
  }
}

/** The whole view of one moment. */
export function checksOf(
  state: State,
  live: LivePeople,
  { shared, anchored }: { readonly shared: boolean; readonly anchored: boolean },
  at: number,
  networks: LiveNetworks | null = null,
): ChecksView {
  const { audits, units, mismatches, secondCopies, voidedChunks, suspended, banned } = state.checks;
  const { workMicro, secondMicro, auditMicro, recheckMicro } = state.checks;
  const besideMicro = secondMicro + auditMicro + recheckMicro;
  const jobs = [...state.jobs.values()];
  const [oldest] = state.audits.values();
  const sum = (read: (job: Job) => number): number => jobs.reduce((total, job) => total + read(job), 0);
  return {
    at,
    made: { audits, units, mismatches, secondCopies, voidedChunks, suspended, banned },
    auditsByPeople: state.checks.byPeople,
    sharedWithPeople: shared,
    anchored,
    waiting: { audits: state.audits.size, since: oldest?.at ?? null },
    paid: {
      workMicro,
      secondMicro,
      auditMicro,
      recheckMicro,
      redundancy: workMicro === 0 ? null : (workMicro + besideMicro) / workMicro,
    },
    chunks: { provisional: sum((job) => job.acceptedChunks), final: sum((job) => job.finalChunks) },
    identities: identitiesOf(state, at),
    live: networksOf(live, neededBy(jobs), networks),
    jobs: jobs.filter(({ closingAt }) => closingAt === null).map(checkedJobOf),
    offers: offered.map((policy) => policyOf(policy, usualUnitMicro)),
    unitMicro: usualUnitMicro,
    rules: {
      oneIn: [oneIn(0), oneIn(1), oneIn(2)],
      probationMicro,
      tier1Micro,
      suspendedMs,
      faultMemoryMs,
      leaverAfterMs,
      anchorAfterMs,
    },
  };
}

const oneIn = (tier: Tier): number => 1 / auditShare(tier);

/** The policies as they are told of where no job is meant. */
const offered: readonly Policy[] = [
  { kind: 'none', quorum: 1 },
  { kind: 'certify', quorum: 1, certificate: '', ...strictTerms, verifyMilli: 0 },
  { kind: 'audit', quorum: 1, ...strictTerms, verifyMilli: 0 },
  { kind: 'adaptive', quorum: 1, ...strictTerms, verifyMilli: 0 },
  { kind: 'replicate', quorum: 2 },
];

function checkedJobOf({ id, spec, acceptedChunks, finalChunks }: Job): CheckedJobView {
  return {
    job: id,
    title: spec.title,
    ...(spec.texts === undefined ? {} : { texts: spec.texts }),
    units: spec.units,
    chunks: chunksOf(spec),
    provisional: acceptedChunks,
    final: finalChunks,
    policy: policyOf(spec.policy, spec.unitCostMicro),
  };
}

/** A policy with its price and what it leaves open, for units of this price. */
export function policyOf(policy: Policy, unitMicro: number): PolicyView {
  const { kind, quorum } = policy;
  if (!('windowUnits' in policy))
    return {
      kind,
      quorum,
      terms: null,
      prices: stays.map((staySeconds) => ({ staySeconds, times: quorum })),
      // What is certified is never wrong, and of what is not checked nothing is known: neither is a share.
      risks: policy.kind !== 'replicate' ? [] : risksOf((hostile) => outvotedShare(hostile, quorum)),
    };
  const { windowUnits, leaverUnits } = policy;
  const auditedMin = Math.min(windowUnits, leaverUnits);
  // Only `adaptive` has newcomers' chunks computed by a second person.
  const besideMicro = policy.kind === 'adaptive' ? probationMicro : 0;
  return {
    kind,
    quorum,
    terms: { windowUnits, leaverUnits, auditedMin, anchors: anchorsShare },
    prices: stays.map((staySeconds) => ({
      staySeconds,
      times: priceMultiplier(policy, staySeconds, unitMicro, besideMicro, tier1Micro),
    })),
    risks: risksOf((hostile) => wrongShareMax({ hostile, anchors: anchorsShare }, auditedMin)),
  };
}

const risksOf = (shareOf: (hostile: number) => number): RiskView[] =>
  hostileShares.map((hostile) => ({ hostile, share: shareOf(hostile) }));

/**
 * How often liars who all tell the same lie are the first `quorum` to agree, where each answer comes from one of them with
 * probability `hostile` (m-first voting: Sarmenta 2001).
 */
export function outvotedShare(hostile: number, quorum: number): number {
  let share = 0;
  let ways = 1;
  for (let honest = 0; honest < quorum; honest++) {
    share += ways * hostile ** quorum * (1 - hostile) ** honest;
    ways = (ways * (quorum + honest)) / (honest + 1);
  }
  return share;
}

/** Who is looked at how closely; who may not work is in no tier. */
function identitiesOf(state: State, at: number): ChecksView['identities'] {
  const tiers: [number, number, number] = [0, 0, 0];
  let suspended = 0;
  let banned = 0;
  for (const identity of state.identities.values()) {
    if (identity.phase === 'banned') banned++;
    else if (identity.phase === 'suspended') suspended++;
    else tiers[tierOf(identity, at)]++;
  }
  return { tiers, suspended, banned };
}

/** How many people the open job that asks most wants for one chunk: a newcomer's under `adaptive` counts as two. */
function neededBy(jobs: readonly Pick<Job, 'spec'>[]): number {
  const peopleOf = ({ policy }: JobSpec): number => (policy.kind === 'adaptive' ? 2 : policy.quorum);
  return jobs.reduce((most, { spec }) => Math.max(most, peopleOf(spec)), 0);
}

/** Counts who wants work by network, and says where one network holds too much or there are too few of them. */
export function networksOf(
  live: LivePeople,
  needed: number,
  known: LiveNetworks | null = null,
): NetworksView {
  const peopleIn = new Map<string, number>();
  let exempt = 0;
  for (const groups of live.values())
    for (const group of groups.keys()) {
      if (group === '') exempt++;
      else peopleIn.set(group, (peopleIn.get(group) ?? 0) + 1);
    }
  const people = live.size;
  const networks = peopleIn.size;
  // Who is here with several devices may be in several networks, and is one person all the same.
  const places = Math.min(people, networks + exempt);
  let largest = 0;
  for (const together of peopleIn.values()) largest = Math.max(largest, together);
  const largestShare = networks === 0 ? null : largest / people;
  return {
    people,
    networks,
    exempt,
    places,
    needed,
    tooFew: places < needed,
    largestShare,
    alarm: people >= alarmPeopleMin && (largestShare ?? 0) > alarmShare,
    providers: known === null ? null : providersOf(live, known),
  };
}

/** The same people by their networks, as far as the operator's table knows them. */
function providersOf(live: LivePeople, { wanting, ofGroup }: LiveNetworks): ProvidersView {
  const providers = new Set<string>();
  let known = 0;
  for (const groups of live.values()) {
    let isKnown = false;
    for (const group of groups.keys()) {
      const network = ofGroup.get(group);
      if (network === undefined) continue;
      providers.add(network);
      isKnown = true;
    }
    if (isKnown) known++;
  }
  const places = [...wanting.values()].some((networks) => networks.size >= networksMin);
  return { known, providers: providers.size, needed: networksMin, places };
}
