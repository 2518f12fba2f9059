/**
 * What follows from audits (their answers: `auditing.ts`): draws for those who leave, work that becomes final, work that is void.
 * Parts of `decide`: they read the state and give back events. Numbers in brackets are the rules of docs/SPEC.md.
 */
import { drawUnits, isFinal } from './audit.ts';
import { runsOf, sizeOf } from './batch-chunks.ts';
import { escrowAccount, pendingAccount, vestedAccount } from './keys.ts';
import type { Judgement } from './chunk.ts';
import { examination, isExamined, isUncheckable, lostOf, nextOf, undrawnOf } from './examining.ts';
import type { Upkeep } from './examining.ts';
import { count, has, numbersIn } from './intervals.ts';
import { authorOf, closeForLeaver, isGivenOut, leaverAfterMs } from './leaving.ts';
import { refund, spareMicro } from './ledger.ts';
import { chunkCostMicro, chunksOf, identityKey, unitsOf } from './state.ts';
import type {
  AuditedPolicy,
  Backend,
  Batch,
  Chunk,
  Command,
  Decision,
  Entry,
  Event,
  Identity,
  Job,
  Refusal,
  State,
} from './state.ts';
import { mayWork, tierOf } from './trust.ts';
import type { Tier } from './trust.ts';

type CommandOf<K extends Command['c']> = Extract<Command, { c: K }>;
type EventOf<K extends Event['e']> = Extract<Event, { e: K }>;
export { authorOf, isGivenOut, leaverAfterMs } from './leaving.ts';
export type { Upkeep } from './examining.ts';

/** The numbers of a job that is audited. */
function termsOf(job: Job): AuditedPolicy {
  return job.spec.policy as AuditedPolicy;
}

/** How closely an identity is looked at now [TR1], [TR2]. */
export function tierNow(state: State, device: string, backend: Backend, at: number): Tier {
  const identity = state.identities.get(identityKey(device, backend));
  return identity === undefined ? 0 : tierOf(identity, at);
}

/** Why an identity is given nothing now; null when it may work. */
export function sentAway(state: State, device: string, backend: Backend, at: number): Refusal | null {
  const identity = state.identities.get(identityKey(device, backend));
  if (identity === undefined || identity.phase === 'open') return null;
  // What it did before is put in order first.
  if (mayWork(identity, at) && identity.open.size === 0) return null;
  return { refused: identity.phase };
}

/** The units of an accepted chunk that will be recomputed [AU1]: as closely as its newest author is looked at, or who says otherwise. */
export function unitsDrawn(
  state: State,
  { spec }: Job,
  chunk: Chunk,
  { winners, losers }: Judgement,
  words: ArrayLike<number> | undefined,
  at: number,
): number[] {
  if (words === undefined) throw new Error('a commitment under audits comes with randomness');
  const [from, to] = unitsOf(spec, chunk.index);
  let tier: Tier = losers.length > 0 ? 1 : 2;
  for (const { device, backend } of winners) {
    const own = tierNow(state, device, backend, at);
    if (own < tier) tier = own;
  }
  return drawUnits(to - from, tier, words, from);
}

/** Draws for a batch of somebody who has left, or whose job is all given out [AU4], or who is suspended [TR5]. */
export function closeBatch(state: State, command: CommandOf<'close'>, at: number): Decision {
  const identity = state.identities.get(identityKey(command.device, command.backend));
  const job = state.jobs.get(command.job);
  const batches = identity?.open.get(command.job);
  if (identity === undefined || job === undefined || batches === undefined) return { refused: 'already-so' };
  switch (identity.phase) {
    case 'open':
      return closeForLeaver(state, identity, job, batches, command.words, at);
    case 'suspended':
      return examineNext(state, identity, job, batches);
    case 'banned':
      return { refused: 'already-so' };
    default:
      return identity.phase satisfies never;
  }
}

/** The next batch of somebody who is suspended: all of it that was not drawn yet. */
function examineNext(state: State, identity: Identity, job: Job, batches: readonly Batch[]): Decision {
  const batch = nextOf(batches);
  if (batch === undefined) return { refused: 'already-so' };
  const chunk = runsOf(batch)[0] as number;
  const drawn = undrawnOf(job, batch);
  // A gang must not look through its own.
  return [{ e: 'drawn', ...authorOf(state, identity), job: job.id, chunk, drawn, anchored: true }];
}

/**
 * The batches that have become final: those whose window is over [AU3], and of somebody who has left all together [AU4]; of
 * somebody who is suspended those that were examined to the last unit [TR5]; and what nobody can check any more [LG6].
 */
function ripeOf(state: State, identity: Identity, batches: readonly Batch[], job: Job): Batch[] {
  if (isUncheckable(state, job)) return batches.filter(({ wrong }) => wrong.length === 0);
  if (identity.phase === 'suspended') return batches.filter(isExamined);
  const together = isSeenOff(batches);
  return batches.filter((batch) => {
    if (batch.closed && together) return true;
    return isFinal(batch, identity.auditedUnits, termsOf(job));
  });
}

/** Whether all that somebody left was closed and found right. One batch after another, most of a gang's would get away before the first is caught. */
function isSeenOff(batches: readonly Batch[]): boolean {
  const last = batches.findLastIndex(({ closed }) => closed);
  for (let i = 0; i <= last; i++) {
    const { closed, passed, drawn } = batches[i] as Batch;
    if (!closed || passed < drawn) return false;
  }
  return last >= 0;
}

/** All batches of an identity in one job that have become final do so; the last of them ends the job. */
export function vest(state: State, { job: id, device, backend }: CommandOf<'vest'>): Decision {
  const identity = state.identities.get(identityKey(device, backend));
  const job = state.jobs.get(id);
  if (identity === undefined || job === undefined || identity.phase === 'banned')
    return { refused: 'already-so' };
  const ripe = ripeOf(state, identity, identity.open.get(id) ?? [], job);
  if (ripe.length === 0) return { refused: 'already-so' };
  const events = ripe.map((batch): Event => vestedOf(state, identity, job, batch));
  let newlyFinal = 0;
  for (const batch of ripe) newlyFinal += sizeOf(batch) - finalIn(job, runsOf(batch));
  const change = { batches: ripe.length, final: newlyFinal, reopened: 0, backMicro: 0 };
  return [...events, ...endedBy(state, job, change)];
}

function vestedOf(state: State, identity: Identity, job: Job, batch: Batch): EventOf<'vested'> {
  const { account } = identity;
  const amountMicro = batch.escrowMicro + batch.operatorMicro;
  const entries: Entry[] = [{ from: pendingAccount(account), to: vestedAccount(account), amountMicro }];
  return { e: 'vested', ...authorOf(state, identity), job: job.id, chunks: [...runsOf(batch)], entries };
}

/**
 * The next batch of somebody who is banned, or of somebody suspended those chunks of a batch that are not kept: what they were to
 * be paid goes back, and what nobody else answers for is free again.
 */
export function voidBatch(state: State, { device, backend }: CommandOf<'void'>): Decision {
  const identity = state.identities.get(identityKey(device, backend));
  if (identity === undefined || identity.phase === 'open') return { refused: 'already-so' };
  const isBanned = identity.phase === 'banned';
  for (const [id, batches] of identity.open) {
    const job = state.jobs.get(id) as Job;
    const batch = isBanned ? batches[0] : batches.find((one) => lostOf(job, one).length > 0);
    if (batch === undefined) continue;
    const chunks = isBanned ? runsOf(batch) : lostOf(job, batch);
    const voided = voidedOf(state, identity, job, batch, chunks);
    const change = {
      batches: count(chunks) === sizeOf(batch) ? 1 : 0,
      final: 0,
      reopened: count(voided.reopened),
      backMicro: paidFor(job, batch, chunks).escrowMicro,
    };
    return [voided, ...endedBy(state, job, change)];
  }
  return { refused: 'already-so' };
}

/** The operator lets somebody in again who was disproved [TR8], once what it did before is in order. */
export function readmit(state: State, { device, backend, reason }: CommandOf<'readmit'>): Decision {
  const identity = state.identities.get(identityKey(device, backend));
  if (identity === undefined) return { refused: 'unknown-device' };
  const { phase, faultAt, open } = identity;
  if (phase === 'open' && faultAt === null) return { refused: 'already-so' };
  if (phase !== 'open' && open.size > 0)
    return { refused: 'not-due', detail: 'unvested work of it is still to be examined or voided' };
  return [{ e: 'readmitted', ...authorOf(state, identity), reason }];
}

function voidedOf(
  state: State,
  identity: Identity,
  job: Job,
  batch: Batch,
  chunks: readonly number[],
): EventOf<'voided'> {
  const reopened = reopenedOf(job, chunks);
  const pending = pendingAccount(identity.account);
  const escrow = escrowAccount(job.id);
  const { escrowMicro, operatorMicro } = paidFor(job, batch, chunks);
  let shortMicro = -spareMicro(state, job) - escrowMicro;
  for (const chunk of numbersIn(reopened)) shortMicro += chunkCostMicro(job.spec, chunk);
  const entries: Entry[] = [];
  if (escrowMicro > 0) entries.push({ from: pending, to: escrow, amountMicro: escrowMicro });
  if (operatorMicro > 0) entries.push({ from: pending, to: 'operator', amountMicro: operatorMicro });
  // A second person whom the operator paid may be the last to answer for a chunk: its price must be there once more.
  if (shortMicro > 0 && job.closingAt === null)
    entries.push({ from: 'operator', to: escrow, amountMicro: shortMicro });
  return {
    e: 'voided',
    ...authorOf(state, identity),
    job: job.id,
    chunks: [...chunks],
    reopened,
    entries,
  };
}

/** What these chunks of a batch are to be paid, by who pays. */
function paidFor(
  { spec }: Job,
  batch: Batch,
  chunks: readonly number[],
): Pick<Batch, 'escrowMicro' | 'operatorMicro'> {
  let [escrowMicro, operatorMicro] = [0, 0];
  for (const chunk of numbersIn(chunks)) {
    if (has(batch.byOperator, chunk)) operatorMicro += chunkCostMicro(spec, chunk);
    else escrowMicro += chunkCostMicro(spec, chunk);
  }
  return { escrowMicro, operatorMicro };
}

/** Of these chunks those that nobody else answers for and that are not final: as half-open runs. */
function reopenedOf(job: Job, chunks: readonly number[]): number[] {
  const runs: number[] = [];
  for (const chunk of numbersIn(chunks)) {
    if (job.authors.has(chunk) || !has(job.accepted, chunk)) continue;
    if (runs.at(-1) === chunk) runs[runs.length - 1] = chunk + 1;
    else runs.push(chunk, chunk + 1);
  }
  return runs;
}

/** How many of these chunks are final already. */
function finalIn(job: Job, chunks: readonly number[]): number {
  let final = 0;
  for (const chunk of numbersIn(chunks)) if (has(job.final, chunk)) final++;
  return final;
}

/** What a decision changes of a job: batches that are gone, chunks that are final or free again, and what comes back into its escrow. */
interface Change {
  readonly batches: number;
  readonly final: number;
  readonly reopened: number;
  readonly backMicro: number;
}

/** The job's end, where these batches were its last and all is final, or it is cancelled; what comes back into its escrow goes on to its requester. */
function endedBy(state: State, job: Job, { batches, final, reopened, backMicro }: Change): Event[] {
  const isCancelled = job.closingAt !== null;
  const finalChunks = job.finalChunks + final;
  if (job.batches > batches || (!isCancelled && finalChunks < chunksOf(job.spec))) return [];
  const { submittedAt, settledWithAnchor, disputes } = job;
  const settledByPeople = job.settledByPeople - reopened;
  return [
    {
      e: isCancelled ? 'cancelled' : 'finished',
      job: job.id,
      summary: { submittedAt, finalChunks, settledByPeople, settledWithAnchor, disputes },
      entries: refund(state, job.id, job.requester, -BigInt(backMicro)),
    },
  ];
}

/** A job is cancelled while work of it is pending [LG6]: all goes back to its requester at once but what its audits may still cost. */
export function closingOf(state: State, job: Job): EventOf<'closing'> {
  let units = 0;
  for (const key of state.owing) {
    const { phase, open } = state.identities.get(key) as Identity;
    if (phase !== 'banned') for (const batch of open.get(job.id) ?? []) units += batch.units - batch.passed;
  }
  const keptMicro = Math.min(spareMicro(state, job), units * job.spec.unitCostMicro);
  return { e: 'closing', job: job.id, entries: refund(state, job.id, job.requester, BigInt(keptMicro)) };
}

/** What the passing of time and of audits makes due, as commands; `words` are thrown by the shell. At most `max` of them. */
export function upkeep(state: State, at: number, max: number): Upkeep[] {
  const due: Upkeep[] = [];
  for (const key of state.owing) {
    if (due.length >= max) break;
    due.push(...upkeepOf(state, key, at));
  }
  return due.slice(0, max);
}

/** The same of one identity; nothing where it has no unvested work. */
export function upkeepOf(state: State, key: string, at: number): Upkeep[] {
  const identity = state.identities.get(key);
  if (identity === undefined || identity.open.size === 0) return [];
  const { device, backend } = identity;
  if (identity.phase === 'banned') return [{ c: 'void', device, backend }];
  if (identity.phase === 'suspended') return examination(state, identity);
  const due: Upkeep[] = [];
  for (const [id, batches] of identity.open) {
    const job = state.jobs.get(id) as Job;
    const open = batches.findLast(({ closed }) => !closed);
    const hasLeft = isGivenOut(job) || at - identity.lastAt >= leaverAfterMs;
    if (open !== undefined && hasLeft && !isUncheckable(state, job))
      due.push({ c: 'close', job: id, device, backend, units: open.units });
    if (ripeOf(state, identity, batches, job).length > 0) due.push({ c: 'vest', job: id, device, backend });
  }
  return due;
}
