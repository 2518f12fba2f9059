/** What a person may ask of the volunteer, and how each wish changes the loop: start, pause, resume, finish, settings, end. */
import type { Reason } from '../store.ts';
import { awaitVerdict } from './awaiting.ts';
import { giveBackAudits, loseAudits, sendAuditsBack } from './auditing.ts';
import { keepTold } from './remembering.ts';
import { dropSlot } from './slots.ts';
import { giveBack, gpuSlot, isLive, noteSeen, release } from './state.ts';
import type { Loop } from './state.ts';
import { toldSoFar } from './told.ts';
import type { Remembered, Settings } from './words.ts';

/** Finish waits this long for what is in work, and for the last acknowledgement. */
const finishMsMax = 30_000;
/** Workers at most, as many as there are slot numbers below the GPU's. */
const coresBound = gpuSlot;

/** Starts, or starts again after an end. Connecting waits for the identity, fetching and the workers do not. */
export function onStart(loop: Loop, proven: readonly string[] = []): void {
  if (isLive(loop)) return;
  for (const program of proven) loop.proofs.set(program, { is: 'passed' });
  loop.phase = 'starting';
  loop.stopped = null;
  loop.finishBy = null;
  loop.pausedAt = null;
  loop.closing = false;
  loop.welcomed = false;
  loop.attempts = 0;
  loop.startedAt = loop.at;
  loop.jobsKnown = false;
  loop.begins = null;
  loop.work.length = 0;
  loop.workSince = null;
  loop.device = null;
  loop.link = { is: 'none' };
  loop.out.push({ do: 'prepare' }, { do: 'fetchJobs' });
}

/** Who we are and what an earlier visit left: results to send, leases to go on with. */
export function onPrepared(loop: Loop, remembered: Remembered): void {
  if (!isLive(loop)) return;
  const { device, account, coordinator, head, results, leases } = remembered;
  loop.device = device;
  loop.account = account;
  loop.coordinator = coordinator;
  loop.head = head;
  loop.told = toldSoFar(remembered.told);
  loop.restores = remembered.restores ?? null;
  for (const result of results) {
    if (loop.unsent.has(result.replica)) continue;
    if (result.durable === true) {
      awaitVerdict(loop, result.replica, result.job, result.chunk);
      continue;
    }
    loop.unsent.add({ ...result, withBytes: result.bytes, tries: 0, of: null });
  }
  for (const lease of leases) {
    if (loop.leases.has(lease.lease)) continue;
    if (lease.deadlineAt <= loop.at) {
      loop.out.push({ do: 'dropLeases', leases: [lease.lease] });
      continue;
    }
    noteSeen(loop, lease.lease);
    loop.leases.set(lease.lease, lease);
  }
  for (const lease of loop.leases.values()) holdAgain(loop, lease.lease);
}

/** Puts a remembered lease's chunks back into their slot's queue. */
function holdAgain(loop: Loop, id: number): void {
  const lease = loop.leases.get(id);
  if (lease === undefined) return;
  for (let i = lease.done; i < lease.count; i++) {
    const replica = lease.lease + i;
    if (loop.held.has(replica) || loop.unsent.has(replica) || loop.awaited.has(replica)) continue;
    const { job, slot, bytes } = lease;
    loop.held.set(replica, {
      replica,
      lease: id,
      job,
      chunk: lease.chunk + i,
      slot,
      bytes,
      running: false,
      unitsDone: 0,
    });
    loop.slots.get(slot)?.queue.push(replica);
  }
}

/** The person has read of the restore that stopped us, and wants to go on from it. */
export function onAcceptRestore(loop: Loop): void {
  if (loop.stopped?.why === 'restored') loop.goesOn = loop.stopped.at;
}

/** Everything stops at the next unit; leases are kept for a while. */
export function onPause(loop: Loop): void {
  if (loop.phase !== 'starting' && loop.phase !== 'running') return;
  loop.phase = 'paused';
  loop.pausedAt = loop.at;
  giveBackAudits(loop);
  shareOut(loop, 0);
}

/** Goes on where the pause began. */
export function onResume(loop: Loop): void {
  if (loop.phase !== 'paused') return;
  loop.phase = loop.link.is === 'open' ? 'running' : 'starting';
  loop.pausedAt = null;
  // With what was given back in the pause the coordinator forgot what we had asked for.
  for (const slot of loop.slots.values()) slot.askedAt = null;
  shareOut(loop, loop.settings.share);
}

/** Completes what is being computed, gives the rest back. */
export function onFinish(loop: Loop): void {
  if (!isLive(loop) || loop.phase === 'finishing') return;
  if (loop.phase === 'paused') shareOut(loop, loop.settings.share);
  loop.phase = 'finishing';
  loop.pausedAt = null;
  loop.finishBy = loop.at + finishMsMax;
  giveBackAudits(loop);
  for (const slot of loop.slots.values()) {
    // An engine computes its runs in order: only the first is really in work.
    for (const replica of slot.queue.slice(1)) giveBack(loop, replica, 'finished');
    const first = slot.queue[0];
    if (first !== undefined && loop.held.get(first)?.running !== true) giveBack(loop, first, 'finished');
  }
  giveBackHomeless(loop);
}

/** Leases of slots that this visit does not have. */
function giveBackHomeless(loop: Loop): void {
  for (const held of [...loop.held.values()])
    if (!loop.slots.has(held.slot)) giveBack(loop, held.replica, 'finished');
}

/**
 * The page goes away: everything that is not computed goes back now, as long as there is a socket. Without one
 * nobody would hear it, and the leases are left for the next visit.
 */
export function onClosing(loop: Loop): void {
  if (!isLive(loop)) return;
  loop.closing = true;
  if (loop.link.is !== 'open') return;
  leaveAll(loop, 'closing');
  giveBackAudits(loop);
  keepTold(loop, true);
}

/**
 * Gives back all that is not computed, and what was never heard of: an ask may be on its way, or a lease that nobody asked for. What
 * is computed and not acknowledged is kept, and sent when we are back.
 */
function leaveAll(loop: Loop, why: 'closing' | 'finished'): void {
  for (const replica of [...loop.held.keys()]) release(loop, replica);
  if (loop.link.is !== 'open') return;
  const keeps = [...loop.unsent.keys()].slice(0, returnsPerWordMax);
  loop.out.push({ do: 'send', socket: loop.link.socket, word: { t: 'giveBack', replicas: [], why, keeps } });
}

/** The page is back from the browser's cache. */
export function onShown(loop: Loop): void {
  loop.closing = false;
}

/** Settings, brought within their bounds. */
export function onConfigure(loop: Loop, { cores, gpu, share }: Partial<Settings>): void {
  const coresMax = Math.min(loop.options.coresMax, coresBound);
  loop.settings = {
    cores: cores === undefined ? loop.settings.cores : Math.max(1, Math.min(coresMax, Math.floor(cores))),
    gpu: gpu ?? loop.settings.gpu,
    share: share === undefined ? loop.settings.share : Math.max(0.1, Math.min(1, share)),
  };
  if (share !== undefined && loop.phase !== 'paused') shareOut(loop, loop.settings.share);
}

function shareOut(loop: Loop, share: number): void {
  for (const { slot, engine, stage } of loop.slots.values()) {
    if (stage.is === 'starting' || stage.is === 'ready') loop.out.push({ do: 'share', slot, engine, share });
  }
}

/** Ends everything for a reason that trying again would not change. What can be given back is given back. */
export function stopLoop(loop: Loop, reason: Reason): void {
  if (!isLive(loop)) return;
  loop.stopped = reason;
  end(loop, 'stopped');
}

/** The one end of a visit: workers go, the socket closes, the outbox stays. */
export function end(loop: Loop, phase: 'finished' | 'stopped'): void {
  // Another tab of ours goes on with the very same leases.
  const keep = loop.stopped?.why === 'elsewhere';
  if (keep) {
    loop.held.clear();
    loop.leases.clear();
  } else leaveAll(loop, 'finished');
  giveBackAudits(loop);
  sendReturns(loop);
  loseAudits(loop);
  keepTold(loop, true);
  loop.phase = phase;
  for (const slot of [...loop.slots.values()]) dropSlot(loop, slot);
  if (loop.link.is !== 'none' && loop.link.is !== 'waiting') {
    if (loop.unsigned > 0) loop.out.push({ do: 'signChain', socket: loop.link.socket });
    loop.unsigned = 0;
    loop.out.push({ do: 'disconnect', socket: loop.link.socket });
  }
  loop.link = { is: 'none' };
  loop.finishBy = null;
  loop.returning.clear();
}

/** Ids in one `giveBack`: far below what a text frame holds. */
const returnsPerWordMax = 4_000;

/** Sends what is on its way back, when there is a connection. */
export function sendReturns(loop: Loop): void {
  if (loop.link.is !== 'open') return;
  for (const [why, replicas] of loop.returning) {
    for (let i = 0; i < replicas.length; i += returnsPerWordMax) {
      const some = replicas.slice(i, i + returnsPerWordMax);
      loop.out.push({ do: 'send', socket: loop.link.socket, word: { t: 'giveBack', replicas: some, why } });
    }
  }
  loop.returning.clear();
  sendAuditsBack(loop);
}

/** Notes on every slot why there is nothing to do just now. */
export function restWork(loop: Loop, reason: Reason | null): void {
  for (const slot of loop.slots.values()) slot.reason = reason;
}

/** Ends a visit that is finishing, once nothing is left to compute, return or send, or time is up. */
export function tendFinish(loop: Loop): void {
  if (loop.phase !== 'finishing' || loop.finishBy === null) return;
  const busy = loop.held.size > 0;
  const talking = loop.link.is === 'open' && (loop.unsent.size > 0 || loop.returning.size > 0);
  // Offline there is nobody to wait for: results stay in the outbox for the next visit.
  if (loop.at >= loop.finishBy || (!busy && !talking)) end(loop, 'finished');
}
