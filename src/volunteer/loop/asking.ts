/** What goes up while work flows: results, the wish for more, what is too late, and the signed chain. */
import type { JobDescriptor, SlotWord } from '../../wire/volunteer.ts';
import { limits } from '../../wire/version.ts';
import { tendDoubts } from './awaiting.ts';
import { beginsWith } from './beginning.ts';
import { isProven } from './code.ts';
import {
  giveBack,
  heldOf,
  loseReplica,
  isLive,
  leasesOf,
  leasesPerSlotMax,
  mayAsk,
  noteFail,
  paceOf,
  returnLater,
  dropResults,
  stitch,
  unitsOf,
} from './state.ts';
import type { Unsent } from './outgoing.ts';
import type { Loop, Slot } from './state.ts';

/** A slot asks when what it holds lasts no longer than this. */
const leadMs = 5_000;
/** Commits go at most this often, so that many small chunks share a frame. The first goes at once. */
const commitEveryMs = 100;
/**
 * Results that may be on their way unacknowledged: few at first, since whoever comes back must not flood; as many more as were
 * acknowledged over this line, so that a fast card does not wait for answers.
 */
const [inFlightFirst, inFlightMax] = [256, 2_048];
const inFlightBytesMax = 8 * 1024 * 1024;
const chainEveryMs = 60_000;
/** A header's share of one item, and of each unit's length. */
const itemHeaderBytes = 48;
const lengthHeaderBytes = 4;

/** Sends what is ready: results, and in the same message the slots that want more. */
export function tendAsking(loop: Loop): void {
  expire(loop);
  if (loop.link.is !== 'open') return;
  // Waiting for company is for results alone: who would idle asks at once, and takes the results along; so does who goes.
  if (goesNow(loop) || loop.closing || hasWishes(loop)) {
    const batches = readyBatches(loop);
    const slots = wishes(loop);
    // Behind all results: what is asked for first may be a chunk whose answer comes in the next frame.
    batches.forEach((batch, i) => send(loop, batch, i === batches.length - 1 ? slots : []));
    if (batches.length > 0) loop.commitAfter = loop.at + commitEveryMs;
    else if (slots.length > 0)
      loop.out.push({ do: 'send', socket: loop.link.socket, word: { t: 'ask', slots } });
  }
  tendDoubts(loop);
  if (loop.unsigned > 0 && loop.at >= loop.chainAfter && !loop.closing) {
    loop.out.push({ do: 'signChain', socket: loop.link.socket });
    loop.unsigned = 0;
    loop.chainAfter = loop.at + chainEveryMs;
  }
}

/** Whether results have waited long enough for company, or have enough of it. */
function goesNow(loop: Loop): boolean {
  return loop.at >= loop.commitAfter || loop.unsent.ready >= limits.commitItemsMax;
}

/** Whether a slot would soon run dry, and may be given more once what it has computed is sent. */
function hasWishes(loop: Loop): boolean {
  if (!mayAsk(loop)) return false;
  for (const slot of loop.slots.values()) {
    if (leasesOf(loop, slot).length >= leasesPerSlotMax || !wantsMore(loop, slot)) continue;
    // A GPU that is slower than a core wants nothing.
    if (Object.keys(ratesOf(loop, slot)).length > 0) return true;
  }
  return false;
}

/** Slots that would soon run dry, marked as having asked. */
function wishes(loop: Loop): SlotWord[] {
  if (!mayAsk(loop)) return [];
  const words: SlotWord[] = [];
  for (const slot of loop.slots.values()) {
    if (openLeases(loop, slot) >= leasesPerSlotMax || !wantsMore(loop, slot)) continue;
    const rates = ratesOf(loop, slot);
    if (Object.keys(rates).length === 0) continue;
    slot.askedAt = loop.at;
    words.push({ slot: slot.slot, backend: slot.backend, rates });
  }
  return words;
}

function wantsMore(loop: Loop, slot: Slot): boolean {
  if (slot.stage.is !== 'ready' || slot.askedAt !== null || loop.at < slot.askAfter) return false;
  if (slot.backend === 'webgpu' && loop.gpu.state !== 'on') return false;
  return slot.queue.length <= 1 || waitsForBytes(loop, slot) || remainingMs(loop, slot) <= leadMs;
}

/** How many leases the coordinator counts as a slot's: also those of which results have still to go. */
function openLeases(loop: Loop, slot: Slot): number {
  const leases = new Set(leasesOf(loop, slot).map(({ lease }) => lease));
  for (const lease of loop.unsent.leasesOf(slot.slot)) leases.add(lease);
  return leases.size;
}

/** Whether it could compute nothing that it holds: whatever else there is may be quicker to begin with. */
function waitsForBytes(loop: Loop, slot: Slot): boolean {
  return !slot.queue.some((replica) => slot.jobs.get(loop.held.get(replica)?.job ?? '') === 'loaded');
}

/**
 * How long a slot's queue lasts, at the speed it has shown. From its leases and from what runs, since every step asks this and a
 * fast slot holds thousands of chunks; what was given back from the middle of a lease still counts.
 */
function remainingMs(loop: Loop, slot: Slot): number {
  let ms = 0;
  const add = (job: JobDescriptor, units: number): void => {
    ms += (units * job.unitCostMicro) / paceOf(loop, slot, job.kernel);
  };
  for (const { job: id, chunk, done, count } of leasesOf(loop, slot)) {
    const job = loop.jobs.get(id);
    if (job !== undefined) add(job, unitsOf(job, chunk + count - 1)[1] - unitsOf(job, chunk + done)[0]);
  }
  for (const replica of slot.queue) {
    const held = loop.held.get(replica);
    if (held?.running !== true) break;
    const job = loop.jobs.get(held.job);
    if (job !== undefined) add(job, -held.unitsDone);
  }
  return ms;
}

/**
 * The kernels a slot asks for, with its speed: of what was proven in an earlier visit only what this one begins with, since only that is
 * fetched. A GPU asks only for what it computes faster than a core.
 */
function ratesOf(loop: Loop, slot: Slot): Record<string, number> {
  const rates: Record<string, number> = {};
  let count = 0;
  const only = beginsWith(loop);
  for (const job of only === null ? loop.jobs.values() : [only]) {
    if (job.kernel in rates || count >= limits.ratesMax || !isProven(loop, slot.backend, job)) continue;
    if (slot.backend === 'webgpu' && !isWorthIt(loop, job.kernel)) continue;
    rates[job.kernel] = Math.min(1e9, rounded(paceOf(loop, slot, job.kernel)));
    count += 1;
  }
  return loop.options.gpuUse === 'always' && slot.backend === 'webgpu' ? newFirst(loop, slot, rates) : rates;
}

/**
 * Tests and demonstrations, which use a GPU always, want to see it at every kernel: of those that it has had nothing of yet it
 * asks first, unless there was no work.
 */
function newFirst(loop: Loop, slot: Slot, rates: Record<string, number>): Record<string, number> {
  if (slot.refusals > 0) return rates;
  const had = new Set([
    ...slot.kernelsHad,
    ...leasesOf(loop, slot).map(({ job }) => loop.jobs.get(job)?.kernel),
  ]);
  const fresh = Object.entries(rates).filter(([kernel]) => !had.has(kernel));
  return fresh.length === 0 ? rates : Object.fromEntries(fresh);
}

/** Two digits are what a measured speed is worth; and words that stay the same need not be read anew each time. */
function rounded(rateMilli: number): number {
  let step = 1;
  while (rateMilli >= 100 * step) step *= 10;
  return Math.max(1, Math.round(rateMilli / step) * step);
}

function isWorthIt(loop: Loop, kernel: string): boolean {
  const gpu = loop.speedMilli.get(`webgpu ${kernel}`);
  if (gpu === undefined) return false;
  if (loop.options.gpuUse === 'always') return true;
  // Against a guess a GPU would win or lose by chance: a core has to have computed this very kernel.
  const core = loop.speedMilli.get(`wasm ${kernel}`);
  return core !== undefined && gpu > core;
}

/** Results that go now, in frames that keep every limit, oldest first. */
function readyBatches(loop: Loop): Unsent[][] {
  if (loop.link.is !== 'open') return [];
  let { items: flying, bytes: flyingBytes } = loop.unsent.flying;
  const flyingMax = Math.min(inFlightMax, inFlightFirst + loop.ackedHere);
  const batches: Unsent[][] = [];
  let room = { items: 0, header: 0, bytes: 0 };
  for (const result of loop.unsent.sendable(loop.at)) {
    const size = sizeOf(result);
    if (size.bytes + size.header + 64 > limits.frameBytesMax) {
      giveUpOn(loop, result);
      continue;
    }
    if (flying > 0 && (flying >= flyingMax || flyingBytes + size.bytes > inFlightBytesMax)) break;
    if (
      batches.length === 0 ||
      room.items < 1 ||
      room.header < size.header ||
      room.bytes < size.bytes + size.header
    ) {
      batches.push([]);
      // The header also carries the slots' wishes: half of it is theirs.
      room = {
        items: limits.commitItemsMax,
        header: limits.headerBytesMax / 2,
        bytes: limits.frameBytesMax - limits.headerBytesMax,
      };
    }
    batches.at(-1)?.push(result);
    loop.unsent.sent(result, loop.at);
    room = { items: room.items - 1, header: room.header - size.header, bytes: room.bytes - size.bytes };
    flying += 1;
    flyingBytes += size.bytes;
  }
  return batches;
}

function sizeOf(result: Unsent): { header: number; bytes: number } {
  return {
    header: itemHeaderBytes + (result.withBytes ? result.units * lengthHeaderBytes : 0),
    bytes: result.digestBytes + (result.withBytes ? result.outputBytes : 0),
  };
}

/** A result that no frame can carry: somebody with another version may do better. */
function giveUpOn(loop: Loop, result: Unsent): void {
  dropResults(loop, [result.replica]);
  noteFail(loop, result.job, result.chunk, 2);
  loop.counts.lost += 1;
  stitch(loop, result.job, result.chunk, 'lost');
  returnLater(loop, result.replica, 'failed');
}

function send(loop: Loop, batch: readonly Unsent[], slots: readonly SlotWord[]): void {
  if (loop.link.is !== 'open') return;
  const { socket } = loop.link;
  loop.unsigned += batch.length;
  const items = batch.map(({ replica, withBytes }) => ({ replica, bytes: withBytes }));
  loop.out.push({ do: 'commit', socket, items, slots });
}

/** Drops what is too late to begin, and after half of a lease's time in a pause gives it back. */
function expire(loop: Loop): void {
  for (const lease of [...loop.leases.values()]) {
    const pausedOut = loop.pausedAt !== null && loop.at >= pauseEndsAt(lease);
    if (!pausedOut && loop.at < lease.deadlineAt) continue;
    for (const held of heldOf(loop, lease)) {
      if (pausedOut) giveBack(loop, held.replica, 'paused');
      // One that runs may still be in time: who was late is only shut out once another took the place.
      else if (!held.running) loseReplica(loop, held);
    }
  }
}

function pauseEndsAt({
  grantedAt,
  deadlineAt,
}: {
  readonly grantedAt: number;
  readonly deadlineAt: number;
}): number {
  return grantedAt + (deadlineAt - grantedAt) / 2;
}

/** When something up here wants to be looked at again. */
export function askingDue(loop: Loop): number | null {
  if (!isLive(loop)) return null;
  let due = Number.POSITIVE_INFINITY;
  for (const lease of loop.leases.values())
    due = Math.min(due, loop.pausedAt === null ? leaseDue(loop, lease.deadlineAt) : pauseEndsAt(lease));
  if (loop.link.is === 'open') {
    if (loop.unsent.ready > 0) due = Math.min(due, sendDue(loop, loop.at));
    const { nextAt } = loop.unsent;
    if (nextAt !== null) due = Math.min(due, sendDue(loop, nextAt));
    if (loop.unsigned > 0) due = Math.min(due, loop.chainAfter);
    if (loop.doubts.next.length > 0) due = Math.min(due, sendDue(loop, loop.doubts.after));
    if (mayAsk(loop)) for (const slot of loop.slots.values()) due = Math.min(due, slotDue(loop, slot));
  }
  return due === Number.POSITIVE_INFINITY ? null : due;
}

/** What could have gone and did not is waiting for acknowledgements, which bring the next step. */
function sendDue(loop: Loop, notBefore: number): number {
  const due = Math.max(loop.commitAfter, notBefore);
  return due > loop.at ? due : Number.POSITIVE_INFINITY;
}

/** A deadline that has passed is waited for no longer: what is left of that lease is running. */
function leaseDue(loop: Loop, deadlineAt: number): number {
  return deadlineAt > loop.at ? deadlineAt : Number.POSITIVE_INFINITY;
}

/** When a slot will want to ask: when a refusal has been waited out, or its queue has run down. */
function slotDue(loop: Loop, slot: Slot): number {
  if (slot.stage.is !== 'ready' || slot.askedAt !== null) return Number.POSITIVE_INFINITY;
  if (loop.at < slot.askAfter) return slot.askAfter;
  if (openLeases(loop, slot) >= leasesPerSlotMax || slot.queue.length <= 1) return Number.POSITIVE_INFINITY;
  return loop.at + Math.max(1, Math.ceil(remainingMs(loop, slot) - leadMs));
}
