/** What each of the coordinator's words changes. */
import type {
  Bye,
  CreditWord,
  FromCoordinator,
  JobDescriptor,
  Judged,
  ReceiptWord,
  RefusalWord,
  Welcome,
} from '../../wire/volunteer.ts';
import type { Reason } from '../store.ts';
import { onAudit, onAudited } from './auditing.ts';
import { awaitVerdict, doubtAll, doubtRefused, endAwaiting } from './awaiting.ts';
import { onLease, refusalWaitMsMax } from './leases.ts';
import { lostLink, onChallenge, socketOf, waitCapMs } from './link.ts';
import { restWork, stopLoop } from './phases.ts';
import { keepTold } from './remembering.ts';
import { dropResults, failsMaxOfChunk, isLive, noteFail, release, stitch } from './state.ts';
import type { Unsent } from './outgoing.ts';
import type { Loop } from './state.ts';

const refusalWaitMs = 1_000;
/** Byes of a kind that a second try may heal, in a row, before it is our own fault. */
const attemptsBeforeRefused = 6;

type Settled = ReceiptWord['settled'][number];

/** One word of the coordinator. */
export function onWord(loop: Loop, socket: number, word: FromCoordinator): void {
  if (socketOf(loop.link) !== socket || !isLive(loop)) return;
  switch (word.t) {
    case 'challenge':
      return onChallenge(loop, socket, word);
    case 'welcome':
      return onWelcome(loop, socket, word);
    case 'news':
      return setJobs(loop, word.jobs);
    case 'lease':
      return onLease(loop, word);
    case 'receipt':
      return onReceipt(loop, word);
    case 'credit':
      return hearBalance(loop, word);
    case 'audit':
      return onAudit(loop, word);
    case 'audited':
      return onAudited(loop, word);
    case 'judged':
      return onJudged(loop, word);
    case 'refusal':
      return onRefusal(loop, word);
    case 'bye':
      return onBye(loop, word);
    default:
      return word satisfies never;
  }
}

function onWelcome(loop: Loop, socket: number, word: Welcome): void {
  if (loop.link.is !== 'greeting') return;
  const still = new Set(word.holding);
  const over = [...loop.link.listed].filter((replica) => !still.has(replica));
  loop.link = { is: 'open', socket, since: loop.at };
  loop.attempts = 0;
  loop.unsent.lineIsNew();
  loop.ackedHere = 0;
  loop.welcomed = true;
  loop.chainAfter = loop.at + 60_000;
  loop.account = word.account;
  hearBalance(loop, word);
  setJobs(loop, word.jobs);
  for (const replica of over) endReplica(loop, replica);
  doubtAll(loop);
  if (loop.phase === 'starting') loop.phase = 'running';
}

/** What the account has, all ticks up to one of them counted. */
function hearBalance(loop: Loop, { creditMicro }: Pick<CreditWord, 'creditMicro'>): void {
  loop.creditAsOf = creditMicro.asOf;
  loop.credit = {
    ...loop.credit,
    pendingMicro: creditMicro.pending,
    vestedMicro: creditMicro.vested,
  };
}

/** Audits found an answer of ours wrong: whoever computed it rests, and its person is told which and why. */
function onJudged(loop: Loop, word: Judged): void {
  const { backend, consequence, job, chunk, wrong, right, untilMs } = word;
  loop.judged = { backend, consequence, job, chunk, wrong, right, untilMs };
  loop.out.push({ do: 'dropProofs' });
  if (consequence !== 'ban') return;
  // Who was told to wait, and has no more to wait for.
  for (const slot of loop.slots.values())
    if (slot.backend === backend && slot.reason?.why === 'suspended') slot.reason = { why: 'banned' };
}

/** The coordinator no longer counts a replica as ours: whatever we have of it is worthless. */
function endReplica(loop: Loop, replica: number): void {
  const held = release(loop, replica);
  const result = loop.unsent.get(replica);
  const gone = held ?? result;
  if (gone === undefined || gone === null) return;
  dropResults(loop, [replica]);
  loop.counts.lost += 1;
  stitch(loop, gone.job, gone.chunk, 'lost');
}

/** The open jobs, as told. Refusals for want of work are forgotten when there is a new job. */
export function setJobs(loop: Loop, jobs: readonly JobDescriptor[]): void {
  const fresh = jobs.some(({ job }) => !loop.jobs.has(job));
  loop.jobs = new Map(jobs.map((job) => [job.job, job]));
  loop.jobsKnown = true;
  if (!fresh) return;
  for (const slot of loop.slots.values()) {
    slot.refusals = 0;
    slot.askAfter = Math.min(slot.askAfter, loop.at + Math.floor(1000 * loop.entropy));
  }
}

function onReceipt(loop: Loop, word: ReceiptWord): void {
  const durable = new Set(word.acks.filter((replica) => acked(loop, replica)));
  if (durable.size > 0) askAgain(loop);
  // A receipt that is told again names all that its tick paid us: what was counted is not counted twice.
  // (The simulator's receipts have no tick; a real one that pays without one is refused by its check.)
  const isNews = word.tick === null || word.tick.tick > loop.creditAsOf;
  for (const one of word.settled) {
    acked(loop, one.replica);
    settled(loop, one, isNews);
    durable.delete(one.replica);
  }
  for (const replica of word.lost) {
    durable.delete(replica);
    lost(loop, replica);
  }
  if (durable.size > 0) loop.out.push({ do: 'keepDurable', replicas: [...durable] });
  if (word.tick === null) {
    if (word.settled.length > 0)
      loop.out.push({ do: 'dropResults', replicas: word.settled.map(({ replica }) => replica) });
    return;
  }
  loop.creditAsOf = Math.max(loop.creditAsOf, word.tick.tick);
  // One that is told again is of a log that was.
  if (isNews) {
    loop.told.newest = { size: word.tick.size, root: word.tick.root };
    keepTold(loop);
  }
  loop.out.push({ do: 'keepReceipt', receipt: word });
}

/** Whoever was told that they hold enough holds less now. */
function askAgain(loop: Loop): void {
  for (const slot of loop.slots.values())
    if (slot.reason?.why === 'delivering')
      slot.askAfter = Math.min(slot.askAfter, loop.at + Math.floor(1_000 * loop.entropy));
}

/** A commitment is durable. Whether that is new. */
function acked(loop: Loop, replica: number): boolean {
  loop.doubts.asked.delete(replica);
  const result = loop.unsent.get(replica);
  if (result === undefined) return false;
  loop.unsent.delete(replica);
  loop.ackedHere += 1;
  loop.counts.committed += 1;
  awaitVerdict(loop, replica, result.job, result.chunk);
  stitch(loop, result.job, result.chunk, 'committed');
  return true;
}

/** A chunk is paid: now, or in a tick that is told again. What asks for its receipt is kept until that is. */
function settled(loop: Loop, { replica, amountMicro, withAnchor, final }: Settled, isNews: boolean): void {
  const known = loop.awaited.get(replica);
  if (known === undefined && !isNews) return;
  loop.awaited.delete(replica);
  loop.counts.final += 1;
  if (!final) loop.counts.provisional += 1;
  if (withAnchor) loop.finalWithAnchor += 1;
  const { pendingMicro, vestedMicro, sessionMicro } = loop.credit;
  loop.credit = {
    pendingMicro: pendingMicro + (isNews && !final ? amountMicro : 0),
    vestedMicro: vestedMicro + (isNews && final ? amountMicro : 0),
    sessionMicro: sessionMicro + amountMicro,
  };
  if (known !== undefined) stitch(loop, known.job, known.chunk, final ? 'final' : 'accepted');
}

/** Settled against our answer, or without it. */
function lost(loop: Loop, replica: number): void {
  const known = loop.awaited.get(replica);
  if (known === undefined) return endReplica(loop, replica);
  endAwaiting(loop, [replica]);
  loop.counts.lost += 1;
  stitch(loop, known.job, known.chunk, 'lost');
}

function onRefusal(loop: Loop, word: RefusalWord): void {
  if (word.about === 'ask') return askRefused(loop, word);
  if (word.about === 'commit') return commitRefused(loop, word);
  // Returned replicas that were over anyway, chain heads, and answers to audits that others are given now, need nothing.
}

function askRefused(loop: Loop, word: RefusalWord): void {
  for (const slot of loop.slots.values()) {
    if (slot.askedAt === null || (word.slot !== undefined && word.slot !== slot.slot)) continue;
    slot.askedAt = null;
    slot.reason = reasonOfRefusal(word);
    const span = Math.min(refusalWaitMsMax, refusalWaitMs * 2 ** Math.min(slot.refusals, 6));
    slot.refusals += 1;
    slot.askAfter = loop.at + (word.retryMs ?? 0) + Math.floor(span * (0.5 + loop.entropy / 2));
  }
}

function reasonOfRefusal({ reason, detail }: RefusalWord): Reason {
  switch (reason) {
    case 'no-job-open':
    case 'waiting-for-others':
    case 'nothing-for-this-device':
    case 'kernel-paused':
    case 'suspended':
    case 'banned':
      return { why: reason };
    case 'store':
      return { why: 'store-full' };
    case 'no-work':
      return { why: 'waiting-for-others' };
    // What it holds there is computed here, or on its other slots: nothing is wrong, and more comes as that is taken.
    case 'holding-enough':
      return { why: 'delivering' };
    default:
      return { why: 'refused', code: 'ask', detail: detail ?? reason };
  }
}

function commitRefused(loop: Loop, word: RefusalWord): void {
  if (word.replica === undefined) return;
  const result = loop.unsent.get(word.replica);
  if (result === undefined) return doubtRefused(loop, word.replica, word);
  switch (word.reason) {
    case 'same-commitment':
      if (acked(loop, word.replica)) loop.out.push({ do: 'keepDurable', replicas: [word.replica] });
      return;
    case 'no-bytes':
      result.withBytes = true;
      return loop.unsent.again(result, loop.at);
    case 'store':
    case 'busy':
    case 'stopping':
    case 'internal':
      return commitRetry(loop, result, word.retryMs);
    case 'unknown-replica':
    case 'not-yours':
    case 'already-committed':
      return endReplica(loop, word.replica);
    default:
      // The same bytes would be refused again, and counted against us: this chunk is for somebody else.
      noteFail(loop, result.job, result.chunk, failsMaxOfChunk);
      return endReplica(loop, word.replica);
  }
}

/** A refusal that passes: again later, and later each time. */
function commitRetry(loop: Loop, result: Unsent, retryMs: number | undefined): void {
  result.tries += 1;
  const waitMs = retryMs ?? Math.min(waitCapMs, refusalWaitMs * 2 ** Math.min(result.tries, 10));
  loop.unsent.again(result, loop.at + waitMs);
}

function onBye(loop: Loop, word: Bye): void {
  const refused: Reason = { why: 'refused', code: word.reason, detail: word.detail ?? null };
  switch (word.reason) {
    case 'protocol':
      return stopLoop(loop, { why: 'reload-needed' });
    case 'elsewhere':
      return stopLoop(loop, { why: 'elsewhere' });
    case 'origin':
    case 'consent':
    case 'site':
    case 'signature':
    case 'suspended':
      return stopLoop(loop, refused);
    case 'store':
    case 'shutting-down':
    case 'limits':
    case 'malformed':
    case 'slow':
    case 'internal':
      break;
    default:
      return word.reason satisfies never;
  }
  if (word.reason !== 'store' && word.reason !== 'shutting-down' && loop.attempts >= attemptsBeforeRefused) {
    return stopLoop(loop, refused);
  }
  restWork(loop, word.reason === 'store' ? { why: 'store-full' } : null);
  if (loop.link.is !== 'none' && loop.link.is !== 'waiting')
    loop.out.push({ do: 'disconnect', socket: loop.link.socket });
  lostLink(loop, word.retryMs ?? 0);
}
