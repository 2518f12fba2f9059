/** Turns the loop's state into what a human may see. */
import type { Reason, VolunteerView, WorkerView } from '../store.ts';
import { auditsAt } from './auditing.ts';
import { codeOf, proofKey } from './code.ts';
import { rateOf } from './rate.ts';
import { unitsOf } from './state.ts';
import type { Loop, Slot } from './state.ts';

/** The whole view at this moment. */
export function viewOf(loop: Loop): VolunteerView {
  return {
    phase: loop.phase,
    reason: reasonOf(loop),
    connection: connectionOf(loop),
    account: loop.account,
    device: loop.device,
    secure: loop.options.secure,
    settings: { ...loop.settings, coresMax: loop.options.coresMax },
    workers: [...loop.slots.values()].map((slot) => workerOf(loop, slot)),
    gpu: loop.gpu,
    units: loop.units,
    chunks: { ...loop.counts },
    finalWithAnchor: loop.finalWithAnchor,
    judged: loop.judged,
    checked: { ...loop.audits.checked },
    credit: { ...loop.credit },
    rateMilli: rateOf(loop),
    outbox: loop.unsent.size,
    stitches: [...loop.stitches.values()],
    startedAt: loop.startedAt,
  };
}

function connectionOf(loop: Loop): VolunteerView['connection'] {
  switch (loop.link.is) {
    case 'none':
      return 'none';
    case 'waiting':
      return 'waiting';
    case 'connecting':
    case 'greeting':
      return 'connecting';
    case 'open':
      return 'open';
    default:
      return loop.link satisfies never;
  }
}

function workerOf(loop: Loop, slot: Slot): WorkerView {
  const held = loop.held.get(slot.queue[0] ?? -1);
  const job = held?.running === true ? loop.jobs.get(held.job) : undefined;
  const units = held !== undefined && job !== undefined ? unitsOf(job, held.chunk) : [0, 0];
  const pace = job === undefined ? undefined : slot.paceMilli.get(job.kernel);
  return {
    slot: slot.slot,
    backend: slot.backend,
    state: stateOf(loop, slot),
    job: job?.job ?? null,
    kernel: job?.kernel ?? null,
    chunk: job === undefined ? null : (held?.chunk ?? null),
    unitsDone: job === undefined ? 0 : (held?.unitsDone ?? 0),
    unitsTotal: (units[1] ?? 0) - (units[0] ?? 0),
    unitMs: job === undefined || pace === undefined || pace <= 0 ? null : job.unitCostMicro / pace,
    queued: slot.queue.length,
    auditing: auditedUnits(loop, slot),
  };
}

function stateOf(loop: Loop, slot: Slot): WorkerView['state'] {
  if (slot.stage.is === 'starting') return 'loading';
  if (slot.stage.is !== 'ready') return 'lost';
  if (loop.phase === 'paused') return 'paused';
  // A test waits for its turn behind chunks: while there is one, that is what it is at.
  if (isComputing(loop, slot)) return 'computing';
  if (slot.errand === 'testing') return 'testing';
  return [...slot.jobs.values()].includes('loading') ? 'loading' : 'waiting';
}

function isComputing(loop: Loop, slot: Slot): boolean {
  return loop.held.get(slot.queue[0] ?? -1)?.running === true || auditedUnits(loop, slot) > 0;
}

/** Units of others that it recomputes just now. */
function auditedUnits(loop: Loop, slot: Slot): number {
  let units = 0;
  for (const held of auditsAt(loop, slot)) if (held.running) units += held.units.length;
  return units;
}

type Step = Extract<Reason, { readonly why: 'preparing' }>['step'];

/** Why nothing is being computed just now; null while something is. */
function reasonOf(loop: Loop): Reason | null {
  switch (loop.phase) {
    case 'idle':
      return { why: 'not-started' };
    case 'stopped':
      return loop.stopped;
    case 'paused':
      return { why: 'paused-by-you' };
    case 'finishing':
      return computes(loop) ? null : { why: 'delivering' };
    case 'finished':
      return { why: 'finished-by-you' };
    case 'starting':
    case 'running':
      return computes(loop) ? null : idleReason(loop);
    default:
      return loop.phase satisfies never;
  }
}

function computes(loop: Loop): boolean {
  return [...loop.slots.values()].some((slot) => isComputing(loop, slot));
}

/** The most basic thing that is missing comes first. */
function idleReason(loop: Loop): Reason {
  if (loop.device === null) return { why: 'preparing', step: 'identity' };
  if (!loop.online) return { why: 'offline' };
  if (loop.link.is === 'waiting') return waitingReason(loop, loop.link.until);
  const broken = nothingWorks(loop);
  if (broken !== null) return { why: 'no-worker-works', detail: broken };
  if (loop.jobsKnown && loop.jobs.size === 0) return { why: 'no-job-open' };
  const restarting = restartingReason(loop);
  if (restarting !== null) return restarting;
  if (loop.unsent.isFull) return { why: 'delivering' };
  const preparing = preparingStep(loop);
  if (preparing !== null) return { why: 'preparing', step: preparing };
  for (const slot of loop.slots.values()) if (slot.reason !== null) return slot.reason;
  return { why: 'preparing', step: lastStep(loop) };
}

/** When no worker is left but lost ones, the one that comes back first is what is waited for. */
function restartingReason(loop: Loop): Reason | null {
  let next: Extract<Slot['stage'], { readonly is: 'lost' }> | null = null;
  for (const { backend, stage, queue, askedAt } of loop.slots.values()) {
    // A GPU that is slower than a core is there and asks for nothing.
    const counts = backend === 'wasm' || queue.length > 0 || askedAt !== null;
    if (counts && (stage.is === 'starting' || stage.is === 'ready')) return null;
    if (stage.is === 'lost' && (next === null || stage.until < next.until)) next = stage;
  }
  return next === null ? null : { why: 'worker-restarting', retryAt: next.until, detail: next.detail };
}

/** A store that is full says so with its bye; any other wait means that nobody answers. */
function waitingReason(loop: Loop, retryAt: number): Reason {
  for (const { reason } of loop.slots.values()) if (reason?.why === 'store-full') return reason;
  return { why: 'unreachable', retryAt };
}

/** Why no core can compute anything; null while one can, or may still turn out to. */
function nothingWorks(loop: Loop): string | null {
  let detail: string | null = null;
  for (const { backend, stage } of loop.slots.values()) {
    if (backend !== 'wasm') continue;
    if (stage.is !== 'off') return faultOfAll(loop);
    detail = stage.detail;
  }
  return detail;
}

/** What is wrong with every open job on this device's cores. */
function faultOfAll(loop: Loop): string | null {
  let detail: string | null = null;
  for (const job of loop.jobs.values()) {
    const code = codeOf(job, 'wasm');
    const proof = code === null ? undefined : loop.proofs.get(proofKey('wasm', code));
    detail = loop.broken.get(`wasm ${job.job}`) ?? (proof?.is === 'failed' ? proof.detail : null);
    if (detail === null) return null;
  }
  return detail;
}

function preparingStep(loop: Loop): Step | null {
  const blobs = [...loop.blobs.values()];
  if (blobs.some((blob) => blob.is === 'failed')) return 'fetching';
  if (loop.link.is !== 'open') return 'connecting';
  if (blobs.some((blob) => blob.is === 'fetching')) return 'fetching';
  const untested = [...loop.jobs.values()].some((job) => {
    const code = codeOf(job, 'wasm');
    const proof = code === null ? undefined : loop.proofs.get(proofKey('wasm', code));
    return proof === undefined || proof.is === 'testing' || proof.is === 'untested';
  });
  return untested ? 'testing' : null;
}

/** What stands between a visit that has everything and its next chunk: a worker, its answer, or the coordinator's. */
function lastStep(loop: Loop): Step {
  const slots = [...loop.slots.values()];
  if (!slots.some(({ stage }) => stage.is === 'ready')) return 'starting';
  return slots.some(({ queue }) => queue.length > 0) ? 'loading' : 'asking';
}
