/** What follows once a chunk has changed: a verdict, who is paid what for it, perhaps the end of its job. Part of `decide`: only reads. */
import { auditorsOf } from './audit.ts';
import { unitsDrawn } from './checking.ts';
import { judge } from './chunk.ts';
import type { Judgement } from './chunk.ts';
import { isAudited } from './job.ts';
import { escrowAccount, pendingAccount, vestedAccount } from './keys.ts';
import { refund, spareMicro } from './ledger.ts';
import { chunkCostMicro, chunksOf, unitsOf } from './state.ts';
import type { Chunk, Entry, Event, Job, JobSummary, Replica, State, Winner } from './state.ts';

/** What follows once a chunk has changed: a verdict, payment, perhaps the end of the job. */
export function conclude(
  state: State,
  job: Job,
  chunk: Chunk,
  words: ArrayLike<number> | undefined,
  at: number,
): Event[] {
  const verdict = judge(chunk, job.spec);
  if (verdict === null) return [];
  const isAnchors = verdict.winners.some((winner) => state.devices.get(winner.device)?.role === 'anchor');
  // What an anchor computed too is known to be right.
  const final = !isAudited(job.spec) || isAnchors;
  const drawn = final ? [] : unitsDrawn(state, job, chunk, verdict, words, at);
  const entries = paymentsOf(state, job, chunk, verdict, final);
  const [from, to] = unitsOf(job.spec, chunk.index);
  const auditors = Math.min(drawn.length, auditorsOf(to - from));
  const events = [acceptedOf(job.id, chunk.index, verdict, final, drawn, auditors, entries)];
  if (!final || job.finalChunks + 1 < chunksOf(job.spec) || job.batches > 0) return events;
  const withAnchor = isAnchors ? 1 : 0;
  const summary: JobSummary = {
    submittedAt: job.submittedAt,
    finalChunks: job.finalChunks + 1,
    settledByPeople: job.settledByPeople + 1 - withAnchor,
    settledWithAnchor: job.settledWithAnchor + withAnchor,
    disputes: job.disputes + (verdict.losers.length > 0 ? 1 : 0),
  };
  let paidNow = 0n;
  for (const entry of entries) if (entry.from !== 'operator') paidNow += BigInt(entry.amountMicro);
  events.push({
    e: 'finished',
    job: job.id,
    summary,
    entries: refund(state, job.id, job.requester, paidNow),
  });
  return events;
}

/** Whoever is among the losers is none for nearly every chunk. */
const nobody: readonly number[] = Object.freeze([]);

/** A verdict as an event. Its fields stand in one order, which is the log's; it has no `drawn` where nothing was. */
function acceptedOf(
  job: string,
  chunk: number,
  { root, canonical: { id: replica }, winners: by, losers: others }: Judgement,
  final: boolean,
  drawn: readonly number[],
  auditors: number,
  entries: readonly Entry[],
): Event {
  const winners = by.map(winnerOf);
  const losers = others.length === 0 ? nobody : others.map(({ id }) => id);
  if (drawn.length === 0)
    return { e: 'accepted', job, chunk, root, replica, winners, losers, final, entries };
  const shared = { e: 'accepted', job, chunk, root, replica, winners, losers, final, drawn } as const;
  return auditors > 1 ? { ...shared, auditors, entries } : { ...shared, entries };
}

function winnerOf({ id: replica, device, account, site }: Replica): Winner {
  return { replica, device, account, site };
}

/** Who is paid what [LG3]: the first `quorum` by right, further ones while something is set aside for them, then by the operator. */
function paymentsOf(state: State, job: Job, chunk: Chunk, { winners }: Judgement, final: boolean): Entry[] {
  const amountMicro = chunkCostMicro(job.spec, chunk.index);
  const { quorum } = job.spec.policy;
  const pay = ({ account }: Replica, from: Entry['from']): Entry => ({
    from,
    to: final ? vestedAccount(account) : pendingAccount(account),
    amountMicro,
  });
  const escrow = escrowAccount(job.id);
  const byRight = winners.length <= quorum ? winners : winners.slice(0, quorum);
  const entries = byRight.map((winner) => pay(winner, escrow));
  if (byRight === winners) return entries;
  let spare = spareMicro(state, job);
  for (const winner of winners.slice(quorum)) {
    const isSetAside = spare >= amountMicro;
    if (isSetAside) spare -= amountMicro;
    entries.push(pay(winner, isSetAside ? escrow : 'operator'));
  }
  return entries;
}
