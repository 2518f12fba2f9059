/** The loop's side of the connection: when to connect, what each of the coordinator's words changes, when to doubt it. */
import type {
  Bye,
  Challenge,
  JobDescriptor,
  LeaseWord,
  ReceiptWord,
  RefusalWord,
  TreeHead,
  Welcome,
} from '../../wire/volunteer.ts';
import type { FromCoordinator } from '../../wire/volunteer.ts';
import { limits } from '../../wire/version.ts';
import type { Reason } from '../store.ts';
import { restWork, stopLoop } from './phases.ts';
import {
  awaitVerdict,
  dropLeaseIfDone,
  dropResults,
  isLive,
  noteFail,
  noteSeen,
  release,
  restartPatienceMs,
  returnLater,
  stitch,
} from './state.ts';
import type { Link, Loop, Slot, Unsent } from './state.ts';

/** Full jitter: a random wait up to `base × 2^attempts`, at most `cap`. */
const waitBaseMs = 500;
const waitCapMs = 60_000;
const connectMsMax = 20_000;
const greetMsMax = 15_000;
/** An answer that takes longer than this is overdue; after the grace the connection is taken for dead. */
const answerMsMax = 20_000;
const graceMs = 3_000;
/** Byes of a kind that a second try may heal, in a row, before it is our own fault. */
const attemptsBeforeRefused = 6;
const refusalWaitMs = 1_000;
const refusalWaitMsMax = 15_000;
/** A chunk that failed this often here is not taken again. */
export const failsMaxOfChunk = 2;
const logCheckEveryMs = 600_000;

/** Connects when it is time, and gives up on a connection from which nothing comes. */
export function tendLink(loop: Loop): void {
  if (!isLive(loop)) return;
  const { link } = loop;
  // The socket opens while the identity is still being found.
  if (link.is === 'none' && loop.online) return connect(loop);
  if (link.is === 'waiting' && loop.at >= link.until && loop.online) return connect(loop);
  if (link.is === 'connecting' && link.challenge !== null && loop.device !== null)
    return greet(loop, link.socket, link.challenge);
  if (link.is === 'connecting' && loop.at >= link.since + connectMsMax) return hangUp(loop);
  if (link.is === 'greeting' && loop.at >= link.since + greetMsMax) return hangUp(loop);
  if (link.is === 'open') {
    doubt(loop);
    checkLog(loop);
  }
}

function connect(loop: Loop): void {
  const socket = ++loop.sockets;
  loop.link = { is: 'connecting', socket, since: loop.at, challenge: null };
  loop.out.push({ do: 'connect', socket });
}

/** Ends a connection of our own accord and waits before the next. */
function hangUp(loop: Loop): void {
  if (loop.link.is === 'none' || loop.link.is === 'waiting') return;
  loop.out.push({ do: 'disconnect', socket: loop.link.socket });
  lostLink(loop, 0);
}

/**
 * When the oldest unanswered word is overdue, the connection is half open. One more look after a pause, since
 * answers may lie in the queue behind this very timer when the machine slept.
 */
function doubt(loop: Loop): void {
  const due = oldestUnanswered(loop);
  if (due === null || loop.at < due + answerMsMax) {
    loop.suspectAt = null;
    return;
  }
  loop.suspectAt ??= loop.at;
  if (loop.at >= loop.suspectAt + graceMs) hangUp(loop);
}

/** When the longest unanswered word was sent; null when every answer is there. */
function oldestUnanswered(loop: Loop): number | null {
  if (loop.link.is !== 'open') return null;
  let oldest: number | null = null;
  for (const { askedAt } of loop.slots.values())
    if (askedAt !== null && (oldest === null || askedAt < oldest)) oldest = askedAt;
  for (const { sentOn, sentAt } of loop.unsent.values()) {
    if (sentOn === loop.link.socket && (oldest === null || sentAt < oldest)) oldest = sentAt;
  }
  return oldest;
}

/** When the link wants to be looked at again; null when only news from outside can change it. */
export function linkDue(loop: Loop): number | null {
  const { link } = loop;
  if (!isLive(loop)) return null;
  if (link.is === 'waiting') return loop.online ? link.until : null;
  if (link.is === 'connecting') return link.since + connectMsMax;
  if (link.is === 'greeting') return link.since + greetMsMax;
  if (link.is !== 'open') return null;
  if (loop.suspectAt !== null) return loop.suspectAt + graceMs;
  const oldest = oldestUnanswered(loop);
  return oldest === null ? null : oldest + answerMsMax;
}

/** The socket is gone: what was asked is unanswered, what was sent must be sent again. */
export function lostLink(loop: Loop, retryMs: number): void {
  for (const slot of loop.slots.values()) slot.askedAt = null;
  for (const result of loop.unsent.values()) result.sentOn = null;
  loop.suspectAt = null;
  loop.unsigned = 0;
  const span = Math.min(waitCapMs, waitBaseMs * 2 ** Math.min(loop.attempts, 10));
  loop.attempts += 1;
  const notBefore = loop.at + retryMs;
  loop.link = isLive(loop)
    ? { is: 'waiting', until: notBefore + Math.floor(span * loop.entropy), notBefore }
    : { is: 'none' };
}

/** The socket closed by itself. */
export function onSocketClosed(loop: Loop, socket: number): void {
  if (socketOf(loop.link) === socket) lostLink(loop, 0);
}

function socketOf(link: Link): number | null {
  return link.is === 'none' || link.is === 'waiting' ? null : link.socket;
}

/** The network came or went. */
export function onOnline(loop: Loop, online: boolean): void {
  loop.online = online;
  // A little jitter: a whole building may come back in the same second.
  if (online && loop.link.is === 'waiting') {
    const { until, notBefore } = loop.link;
    const soon = Math.max(notBefore, loop.at + Math.floor(1000 * loop.entropy));
    loop.link = { is: 'waiting', until: Math.min(until, soon), notBefore };
  }
  if (!online) hangUp(loop);
}

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
    case 'refusal':
      return onRefusal(loop, word);
    case 'bye':
      return onBye(loop, word);
    default:
      return word satisfies never;
  }
}

/** The coordinator speaks first; it is answered as soon as we know who we are. */
function onChallenge(loop: Loop, socket: number, word: Challenge): void {
  if (loop.link.is === 'connecting')
    loop.link = { is: 'connecting', socket, since: loop.link.since, challenge: word };
}

function greet(loop: Loop, socket: number, word: Challenge): void {
  if (loop.coordinator !== word.coordinator) otherCoordinator(loop, word.coordinator);
  const fault = headFault(loop.head, word.head);
  if (fault !== null) return stopLoop(loop, { why: 'refused', detail: fault });
  loop.newestHead = word.head;
  const holding = holdingThatFits(loop);
  loop.link = { is: 'greeting', socket, since: loop.at, listed: new Set(holding) };
  const { cores, gpu } = loop.settings;
  loop.out.push({
    do: 'hello',
    socket,
    nonce: word.nonce,
    holding,
    head: loop.head,
    cores,
    gpu: gpu && loop.gpu.state === 'on',
  });
  checkLog(loop);
}

/** What we remember of another coordinator means nothing here. */
function otherCoordinator(loop: Loop, coordinator: string): void {
  if (loop.coordinator !== null) {
    for (const replica of [...loop.held.keys()]) release(loop, replica);
    dropResults(loop, [...loop.unsent.keys()]);
    loop.returning.clear();
    loop.awaited.clear();
    loop.seen.clear();
    loop.fails.clear();
  }
  loop.coordinator = coordinator;
  loop.head = null;
  loop.headCheckedAt = null;
}

/** A log never shrinks, and never has two roots for one size. */
function headFault(known: TreeHead | null, told: TreeHead): string | null {
  if (known === null) return null;
  if (told.size < known.size) return 'log-shrunk';
  return told.size === known.size && told.root !== known.root ? 'log-rewritten' : null;
}

/** Has the newest head compared with the one we remember, now and then. */
export function checkLog(loop: Loop): void {
  const { head, newestHead, coordinator } = loop;
  if (newestHead === null || coordinator === null) return;
  if (loop.headCheckedAt !== null && loop.at < loop.headCheckedAt + logCheckEveryMs) return;
  loop.headCheckedAt = loop.at;
  // Every log extends the empty one, so there is nothing to prove the first time.
  if (head === null || head.size === 0) return rememberHead(loop, coordinator, newestHead);
  if (newestHead.size > head.size) loop.out.push({ do: 'checkLog', from: head, to: newestHead });
}

function rememberHead(loop: Loop, coordinator: string, head: TreeHead): void {
  loop.head = head;
  loop.out.push({ do: 'keepHead', coordinator, head });
}

/** The proof came, failed to come, or shows that the log was rewritten. */
export function onLogChecked(
  loop: Loop,
  head: TreeHead,
  verdict: 'extends' | 'contradicts' | 'unknown',
): void {
  if (verdict === 'contradicts') return stopLoop(loop, { why: 'refused', detail: 'log-rewritten' });
  if (
    verdict === 'extends' &&
    loop.coordinator !== null &&
    (loop.head === null || head.size > loop.head.size)
  ) {
    rememberHead(loop, loop.coordinator, head);
  }
}

/** A `hello` without its replicas is shorter than this. */
const helloBytesMax = 1_500;

/** Our replicas, the most precious first, as many as a stranger's first message may hold. */
function holdingThatFits(loop: Loop): number[] {
  let room = limits.strangerBytesMax - helloBytesMax;
  const holding: number[] = [];
  for (const replica of [...loop.unsent.keys(), ...runningFirst(loop)]) {
    room -= String(replica).length + 1;
    if (room < 0) break;
    holding.push(replica);
  }
  return holding;
}

function runningFirst(loop: Loop): number[] {
  const all = [...loop.held.values()];
  return [...all.filter((held) => held.running), ...all.filter((held) => !held.running)].map(
    (held) => held.replica,
  );
}

function onWelcome(loop: Loop, socket: number, word: Welcome): void {
  if (loop.link.is !== 'greeting') return;
  const still = new Set(word.holding);
  const over = [...loop.link.listed].filter((replica) => !still.has(replica));
  loop.link = { is: 'open', socket, since: loop.at };
  loop.attempts = 0;
  loop.welcomed = true;
  loop.chainAfter = loop.at + 60_000;
  loop.account = word.account;
  loop.credit = {
    ...loop.credit,
    pendingMicro: word.creditMicro.pending,
    vestedMicro: word.creditMicro.vested,
  };
  setJobs(loop, word.jobs);
  for (const replica of over) endReplica(loop, replica);
  if (loop.phase === 'starting') loop.phase = 'running';
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

/** Chunks to compute. A lease that is told twice is taken once; what we will not compute goes back. */
function onLease(loop: Loop, word: LeaseWord): void {
  const slot = loop.slots.get(word.slot);
  if (slot !== undefined) {
    slot.askedAt = null;
    slot.refusals = 0;
    slot.reason = null;
  }
  if (loop.link.is !== 'open' || loop.seen.has(word.lease)) return;
  noteSeen(loop, word.lease);
  const { lease, job, chunk, count, bytes } = word;
  const why = whyNot(loop, slot, job);
  if (why !== null || slot === undefined) {
    for (let i = 0; i < count; i++) returnLater(loop, lease + i, why ?? 'settings');
    return;
  }
  const record = {
    lease,
    slot: slot.slot,
    job,
    chunk,
    count,
    done: 0,
    bytes,
    grantedAt: loop.at,
    deadlineAt: loop.at + word.deadlineMs,
  };
  loop.leases.set(lease, record);
  loop.out.push({ do: 'keepLease', lease: record });
  for (let i = 0; i < count; i++) take(loop, slot, record, chunk + i);
  dropLeaseIfDone(loop, lease);
}

/** Why a lease cannot be used at all; null when it can. */
function whyNot(
  loop: Loop,
  slot: Slot | undefined,
  job: string,
): 'finished' | 'closing' | 'settings' | 'failed' | null {
  if (loop.closing) return 'closing';
  if (loop.phase === 'finishing') return 'finished';
  if (slot === undefined || slot.stage.is === 'off') return 'settings';
  if (slot.stage.is === 'lost' && slot.stage.until > loop.at + restartPatienceMs) return 'failed';
  if (loop.jobs.has(job) && !loop.broken.has(`${slot.backend} ${job}`)) return null;
  // Asking again at once would bring the same chunks.
  slot.askAfter = loop.at + refusalWaitMsMax;
  return 'failed';
}

/** Puts one chunk of a lease into its slot's queue, unless it has failed here too often. */
function take(
  loop: Loop,
  slot: Slot,
  lease: { readonly lease: number; readonly job: string; readonly chunk: number; readonly bytes: boolean },
  chunk: number,
): void {
  const replica = lease.lease + (chunk - lease.chunk);
  if ((loop.fails.get(`${lease.job}/${chunk}`) ?? 0) >= failsMaxOfChunk) {
    slot.askAfter = loop.at + refusalWaitMsMax;
    return returnLater(loop, replica, 'failed');
  }
  loop.held.set(replica, {
    replica,
    lease: lease.lease,
    job: lease.job,
    chunk,
    slot: slot.slot,
    bytes: lease.bytes,
    running: false,
    unitsDone: 0,
  });
  slot.queue.push(replica);
}

function onReceipt(loop: Loop, word: ReceiptWord): void {
  for (const replica of word.acks) acked(loop, replica);
  for (const { replica, amountMicro, withAnchor, final } of word.settled) {
    acked(loop, replica);
    const known = loop.awaited.get(replica);
    loop.awaited.delete(replica);
    loop.counts.final += 1;
    if (withAnchor) loop.finalWithAnchor += 1;
    const { pendingMicro, vestedMicro, sessionMicro } = loop.credit;
    loop.credit = {
      pendingMicro: pendingMicro + (final ? 0 : amountMicro),
      vestedMicro: vestedMicro + (final ? amountMicro : 0),
      sessionMicro: sessionMicro + amountMicro,
    };
    if (known !== undefined) stitch(loop, known.job, known.chunk, 'final');
  }
  for (const replica of word.lost) {
    const known = loop.awaited.get(replica);
    if (known === undefined) {
      endReplica(loop, replica);
      continue;
    }
    loop.awaited.delete(replica);
    loop.counts.lost += 1;
    stitch(loop, known.job, known.chunk, 'lost');
  }
  if (word.tick !== null) loop.newestHead = { size: word.tick.size, root: word.tick.root };
  if (word.settled.length > 0) loop.out.push({ do: 'keepReceipt', receipt: word });
}

/** A commitment is durable: its bytes need not be kept any longer. */
function acked(loop: Loop, replica: number): void {
  const result = loop.unsent.get(replica);
  if (result === undefined) return;
  dropResults(loop, [replica]);
  loop.counts.committed += 1;
  awaitVerdict(loop, replica, result.job, result.chunk);
  stitch(loop, result.job, result.chunk, 'committed');
}

function onRefusal(loop: Loop, word: RefusalWord): void {
  if (word.about === 'ask') return askRefused(loop, word);
  if (word.about === 'commit') return commitRefused(loop, word);
  // Returned replicas that were over anyway, and chain heads, need nothing.
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
      return { why: reason };
    case 'store':
      return { why: 'store-full' };
    case 'no-work':
      return { why: 'waiting-for-others' };
    default:
      return { why: 'refused', detail: detail ?? reason };
  }
}

function commitRefused(loop: Loop, word: RefusalWord): void {
  if (word.replica === undefined) return;
  const result = loop.unsent.get(word.replica);
  if (result === undefined) return;
  switch (word.reason) {
    case 'same-commitment':
      return acked(loop, word.replica);
    case 'no-bytes':
      result.withBytes = true;
      result.sentOn = null;
      return;
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
  result.sentOn = null;
  result.notBefore =
    loop.at + (retryMs ?? Math.min(waitCapMs, refusalWaitMs * 2 ** Math.min(result.tries, 10)));
}

function onBye(loop: Loop, word: Bye): void {
  const detail = word.detail ?? word.reason;
  switch (word.reason) {
    case 'protocol':
      return stopLoop(loop, { why: 'reload-needed' });
    case 'elsewhere':
      return stopLoop(loop, { why: 'elsewhere' });
    case 'origin':
    case 'consent':
    case 'signature':
    case 'suspended':
      return stopLoop(loop, { why: 'refused', detail });
    case 'store':
    case 'shutting-down':
    case 'limits':
    case 'malformed':
    case 'slow':
      break;
    default:
      return word.reason satisfies never;
  }
  if (word.reason !== 'store' && word.reason !== 'shutting-down' && loop.attempts >= attemptsBeforeRefused) {
    return stopLoop(loop, { why: 'refused', detail });
  }
  restWork(loop, word.reason === 'store' ? { why: 'store-full' } : null);
  if (loop.link.is !== 'none' && loop.link.is !== 'waiting')
    loop.out.push({ do: 'disconnect', socket: loop.link.socket });
  lostLink(loop, word.retryMs ?? 0);
}
