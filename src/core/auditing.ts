/**
 * Who may recompute what somebody answered, and what follows: the claim was right, its author is disproved, or the auditor is. Parts of
 * `decide`: they read the state and give back events. Numbers in brackets are the rules of docs/SPEC.md.
 */
import { holds } from './batch-chunks.ts';
import { authorOf, tierNow } from './checking.ts';
import { batchWith, examinedWith } from './evolve-checks.ts';
import { has } from './intervals.ts';
import { escrowAccount, vestedAccount } from './keys.ts';
import { spareMicro } from './ledger.ts';
import { networksMin } from './placement.ts';
import { chunkCostMicro, identityKey } from './state.ts';
import type { Audit, Command, Decision, Device, Event, Identity, Job, State } from './state.ts';
import { awayFor, probationMicro, provenNow, verdictOn } from './trust.ts';

type CommandOf<K extends Command['c']> = Extract<Command, { c: K }>;
type Disproved = Extract<Event, { e: 'disproved' }>;

/** Whose answer is audited: none of these accounts recomputes it, and nobody of these groups [AU7]. */
export interface Parties {
  readonly accounts: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly networks: ReadonlySet<string>;
}

/** The accounts, groups and networks of all that gave the answer. */
export function partiesOf(state: State, audit: Audit): Parties {
  const authors = authorsOf(state, state.jobs.get(audit.job) as Job, audit);
  return {
    accounts: new Set(authors.map(({ account }) => account)),
    groups: new Set(authors.map(({ device }) => state.devices.get(device)?.group ?? '')),
    networks: new Set(authors.map(({ device }) => state.devices.get(device)?.network ?? '')),
  };
}

/**
 * Whether a device stands apart from the authors' networks, where people of `live` networks could make the audit [AU7]. It is asked when an
 * audit is given: who is there may be others when it is answered.
 */
export function isApart(state: State, device: string, { networks }: Parties, live: number): boolean {
  const own = state.devices.get(device)?.network ?? '';
  return own === '' || live < networksMin || !networks.has(own);
}

/** Whether a device may audit at all [AU7]: a volunteer's, whose cores are let in and no newcomers. */
export function isAuditor(state: State, device: string, at: number): boolean {
  if (state.devices.get(device)?.role !== 'volunteer') return false;
  const identity = state.identities.get(identityKey(device, 'wasm'));
  return identity?.phase === 'open' && tierNow(state, device, 'wasm', at) >= 1;
}

/** Whether a volunteer's device may make this audit [AU7]. `parties`: where it is asked of many devices. */
export function mayAudit(
  state: State,
  audit: Audit,
  device: string,
  at: number,
  { accounts, groups }: Parties = partiesOf(state, audit),
): boolean {
  if (audit.anchored === true || !isAuditor(state, device, at)) return false;
  const kernel = state.jobs.get(audit.job)?.spec.kernel;
  if (kernel === undefined || state.pausedKernels.has(kernel)) return false;
  const own = state.devices.get(device);
  if (own === undefined || accounts.has(own.account)) return false;
  return own.group === '' || !groups.has(own.group);
}

/** Whether somebody who answered so is suspended: what was drawn of it before opens its examination, which is the anchors' [TR5]. */
export function isOfSuspended({ identities }: State, { authors }: Audit): boolean {
  return authors.some((key) => identities.get(key)?.phase === 'suspended');
}

/**
 * Whether somebody had no record yet when it answered so [TR1]. Who brings a new key time after time costs others least where anchors
 * look: they go no further than a first wrong unit.
 */
export function isOfNewcomer(
  { identities, jobs }: State,
  { authors, job, chunk }: Audit,
  at: number,
): boolean {
  // Its record may hold this chunk by now.
  const work = chunkCostMicro((jobs.get(job) as Job).spec, chunk);
  return authors.some((key) => {
    const identity = identities.get(key);
    return identity === undefined || provenNow(identity, at) < probationMicro + work;
  });
}

/** Who may audit what, as those ask who draw lots; the simulator puts others in their place. */
export const whoMay = { isApart, isAuditor, mayAudit, partiesOf };

/** Somebody recomputed units: they were right, or their author is disproved. */
export function auditAnswered(state: State, command: CommandOf<'audit'>, at: number): Decision {
  const audit = state.audits.get(command.audit);
  if (audit === undefined) return { refused: 'unknown-audit' };
  const auditor = state.devices.get(command.device);
  if (auditor === undefined) return { refused: 'not-yours' };
  if (auditor.role !== 'anchor' && !mayAudit(state, audit, command.device, at))
    return { refused: 'not-yours' };
  const { canary } = command;
  if (canary !== undefined && state.devices.get(canary)?.role !== 'anchor')
    return { refused: 'unknown-device' };
  const job = state.jobs.get(audit.job) as Job;
  const { id, chunk } = audit;
  const units = lookedAt(audit, command, auditor);
  const wrong = units.filter((unit) => command.wrong.includes(unit));
  const right = rightOf(command);
  const amountMicro = units.length * job.spec.unitCostMicro;
  const from = spareMicro(state, job) >= amountMicro ? escrowAccount(job.id) : 'operator';
  const events: Event[] = [
    ...(canary === undefined ? [] : [recheckedBy(state, audit, canary, units, 'canary')]),
    {
      e: 'audited',
      audit: id,
      job: job.id,
      chunk,
      units,
      wrong,
      device: command.device,
      account: auditor.account,
      ...siteOf(auditor),
      entries: [{ from, to: vestedAccount(auditor.account), amountMicro }],
    },
  ];
  if (wrong.length === 0) return events;
  const authors = authorsOf(state, job, audit);
  const vouched = command.vouched === undefined ? null : voucherOf(state, command.vouched.device, authors);
  // Of another who gave it too the answer may be void by now. Where answers need only be close, another's was, and no more.
  const isShared = job.spec.agreement === 'exact' && (authors.length > 1 || has(job.disowned, chunk));
  const isKnownLie = isShared || vouched !== null;
  for (const identity of authors) {
    const after = examinedWith(identity, { units, wrong, chunk }, batchWith(identity, job.id, chunk));
    const consequence = verdictOn(identity, isKnownLie, after);
    // Who is suspended already is not suspended again for the same time.
    if (consequence === null) continue;
    events.push(disprovedOf(state, identity, audit, { wrong, right, at }, consequence));
  }
  // The very lie of somebody else, told by who was asked to look: no accident [AU8].
  if (vouched !== null && vouched.phase !== 'banned' && command.vouched !== undefined)
    events.push({
      ...disprovedOf(state, vouched, audit, { wrong: command.vouched.wrong, right, at }, 'ban'),
      audit: id,
    });
  return events;
}

/** The operator's engines settled a dispute [LG7]. Before what they found: that ends the audit, or leaves it to be made. */
export function recheck(state: State, { audit: id, device, units }: CommandOf<'recheck'>): Decision {
  const audit = state.audits.get(id);
  if (audit === undefined) return { refused: 'unknown-audit' };
  if (state.devices.get(device)?.role !== 'anchor') return { refused: 'not-yours' };
  const own = audit.units.filter((unit) => units.includes(unit));
  return own.length === 0 ? { refused: 'already-so' } : [recheckedBy(state, audit, device, own, 'dispute')];
}

/** How often a recheck computes each unit: an anchor once, and each of two engines once. */
export const recheckTimes = { canary: 1, dispute: 2 } as const;

function recheckedBy(
  state: State,
  { id, job, chunk }: Audit,
  device: string,
  units: readonly number[],
  why: 'canary' | 'dispute',
): Event {
  const { account } = state.devices.get(device) as Device;
  const { unitCostMicro } = (state.jobs.get(job) as Job).spec;
  const amountMicro = units.length * unitCostMicro * recheckTimes[why];
  const entries = [{ from: 'operator', to: vestedAccount(account), amountMicro }] as const;
  return { e: 'rechecked', audit: id, job, chunk, units, why, device, account, entries };
}

/** The units that were recomputed: all, or no more than an anchor needed to find one wrong [AU2]. */
function lookedAt(
  { units }: Audit,
  { units: looked, wrong }: CommandOf<'audit'>,
  { role }: Device,
): readonly number[] {
  if (looked === undefined) return units;
  const isEnough =
    looked.every((unit) => units.includes(unit)) && looked.some((unit) => wrong.includes(unit));
  if (role !== 'anchor' || !isEnough)
    throw new Error('an audit ends early only where an anchor has found a unit wrong');
  return looked;
}

/** The record of somebody who vouched for what was wrong, even if it is banned by now; null where it is an author too. */
function voucherOf(state: State, device: string, authors: readonly Identity[]): Identity | null {
  const identity = state.identities.get(identityKey(device, 'wasm'));
  return identity === undefined || authors.includes(identity) ? null : identity;
}

/** The auditor itself was wrong: it is disproved like any author, and the audit is still to be made [AU7]. */
export function refute(state: State, command: CommandOf<'refute'>, at: number): Decision {
  const audit = state.audits.get(command.audit);
  if (audit === undefined) return { refused: 'unknown-audit' };
  if (!mayAudit(state, audit, command.device, at)) return { refused: 'not-yours' };
  const identity = state.identities.get(identityKey(command.device, 'wasm')) as Identity;
  const wrong = audit.units.filter((unit) => command.wrong.includes(unit));
  if (wrong.length === 0) return { refused: 'already-so' };
  const found = { wrong, right: rightOf(command), at };
  const { claimed } = command;
  const answered = claimed && wrong.map((unit) => claimed[command.wrong.indexOf(unit)] ?? '');
  return [
    {
      ...disprovedOf(state, identity, audit, found, 'suspend'),
      audit: command.audit,
      ...(answered === undefined ? {} : { claimed: answered }),
    },
  ];
}

/** The right digests that a command brings, by their units. */
function rightOf({ wrong, right }: CommandOf<'audit' | 'refute'>): ReadonlyMap<number, string> {
  return new Map(wrong.map((unit, i) => [unit, right[i] ?? '']));
}

/** What was found wrong, by its units, what would have been right, and when. */
interface Found {
  readonly wrong: readonly number[];
  readonly right: ReadonlyMap<number, string>;
  readonly at: number;
}

function disprovedOf(
  state: State,
  identity: Identity,
  { job, chunk }: Audit,
  { wrong, right, at }: Found,
  consequence: Disproved['consequence'],
): Disproved {
  return {
    e: 'disproved',
    ...authorOf(state, identity),
    job,
    chunk,
    wrong,
    right: wrong.map((unit) => right.get(unit) ?? ''),
    consequence,
    ...(consequence === 'suspend' ? { awayMs: awayFor(identity, at) } : {}),
  };
}

/** A volunteer's site, by which its audits are receipted; nothing of an anchor. */
function siteOf({ role, site }: Device): { readonly site?: string | null } {
  return role === 'volunteer' ? { site } : {};
}

/** All that gave the answer which was audited: who is drawn for it, and who agreed with it beside them. */
function authorsOf(state: State, job: Job, { authors, chunk }: Audit): Identity[] {
  const known = authors.map((key) => state.identities.get(key) as Identity);
  if (!job.authors.has(chunk)) return known;
  for (const identity of state.identities.values()) {
    const answers = identity.open.get(job.id)?.some((batch) => holds(batch, chunk)) === true;
    if (answers && !known.includes(identity)) known.push(identity);
  }
  return known;
}
