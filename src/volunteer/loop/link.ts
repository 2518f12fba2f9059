/** The connection: when to connect, how to sign in, when to doubt it, how long to wait before the next. */
import type { Challenge } from '../../wire/volunteer.ts';
import { limits } from '../../wire/version.ts';
import { loseAudits } from './auditing.ts';
import { endAwaiting } from './awaiting.ts';
import { beginLog, checkLog, headFault, logCheckWaitsUntil, lossReason, wentOn } from './head.ts';
import { lastHead } from './remembering.ts';
import { stopLoop } from './phases.ts';
import { dropResults, isLive, release } from './state.ts';
import type { Link, Loop } from './state.ts';
import { toldSoFar } from './told.ts';

/** Full jitter: a random wait up to `base × 2^attempts`, at most `cap`. */
const waitBaseMs = 500;
export const waitCapMs = 60_000;
const connectMsMax = 20_000;
const greetMsMax = 15_000;
/** An answer that takes longer than this is overdue; after the grace the connection is taken for dead. */
const answerMsMax = 20_000;
const graceMs = 3_000;

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
  const { oldestSentAt } = loop.unsent;
  if (oldestSentAt !== null && (oldest === null || oldestSentAt < oldest)) oldest = oldestSentAt;
  for (const askedAt of loop.doubts.asked.values()) if (oldest === null || askedAt < oldest) oldest = askedAt;
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
  const compare = logCheckWaitsUntil(loop);
  if (oldest === null) return compare;
  return compare === null ? oldest + answerMsMax : Math.min(compare, oldest + answerMsMax);
}

/** The socket is gone: what was asked is unanswered. (What was sent over it and not acknowledged is sent again, as over any other.) */
export function lostLink(loop: Loop, retryMs: number): void {
  for (const slot of loop.slots.values()) slot.askedAt = null;
  loop.doubts.asked.clear();
  loseAudits(loop);
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

/** The socket's serial number; null when there is none. */
export function socketOf(link: Link): number | null {
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

/** The coordinator speaks first; it is answered as soon as we know who we are. */
export function onChallenge(loop: Loop, socket: number, word: Challenge): void {
  if (loop.link.is === 'connecting')
    loop.link = { is: 'connecting', socket, since: loop.link.since, challenge: word };
}

function greet(loop: Loop, socket: number, word: Challenge): void {
  if (loop.coordinator !== word.coordinator) otherCoordinator(loop, word.coordinator);
  loop.stated = word.restored ?? null;
  const fault = wentOn(loop, word.head) ? null : headFault(lastHead(loop), word.head);
  if (fault !== null) return stopLoop(loop, lossReason(loop, fault));
  beginLog(loop, word.head);
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
    endAwaiting(loop, [...loop.awaited.keys()]);
    loop.seen.clear();
    loop.fails.clear();
  }
  loop.coordinator = coordinator;
  loop.head = null;
  loop.told = toldSoFar();
  loop.restores = null;
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
