/** The slots and their engines: how many there are, and what each is told to do next. */
import type { Backend } from '../../core/state.ts';
import type { JobDescriptor } from '../../wire/volunteer.ts';
import { auditsAt, recompute, tendAudits } from './auditing.ts';
import { beginningDue, beginsWith, chooseBeginning, hasBegun } from './beginning.ts';
import { codeOf, fetchCode, isHere, isProven, jobsAheadMax, proofKey } from './code.ts';
import { forgetErrands } from './failures.ts';
import {
  giveBack,
  gpuSlot,
  heldOf,
  isLive,
  leasesOf,
  loseReplica,
  paceOf,
  stitch,
  unitsOf,
} from './state.ts';
import type { Loop, Slot } from './state.ts';
import type { CodeName } from './words.ts';

/** Runs that an engine is given at once, so that it never waits for this thread between two chunks. */
const runsAheadMin: Readonly<Record<Backend, number>> = { wasm: 2, webgpu: 4 };
/**
 * A fast GPU is through with a chunk in less than a millisecond: it is given as many as last so long, up to so many. Those that
 * wait beside one another are computed together (`workers/joint.ts`).
 */
const runsAheadMs = 150;
const runsAheadMax = 256;

/** The GPU is looked for once a core's first chunk is acknowledged, or this long after a core was ready. */
const gpuPatienceMs = 5_000;

/** Makes the slots what the settings say, starts engines that are due, and gives each something to do. */
export function tendSlots(loop: Loop): void {
  if (!isLive(loop)) return;
  if (loop.phase !== 'finishing') matchSettings(loop);
  dropConcluded(loop);
  tendAudits(loop);
  chooseBeginning(loop);
  const only = beginsWith(loop);
  fetchCode(loop, only);
  for (const slot of loop.slots.values()) {
    if (slot.stage.is === 'lost' && loop.at >= slot.stage.until) startEngine(loop, slot);
    if (slot.stage.is === 'ready') tendReady(loop, slot, only);
  }
}

function matchSettings(loop: Loop): void {
  const { cores, gpu } = loop.settings;
  for (let i = 0; i < cores; i++) if (!loop.slots.has(i)) addSlot(loop, i, 'wasm');
  for (const slot of [...loop.slots.values()]) {
    if (slot.backend === 'wasm' ? slot.slot < cores : gpu) continue;
    dropSlot(loop, slot);
  }
  if (!gpu) {
    if (loop.gpu.state !== 'failed' && loop.gpu.state !== 'absent') loop.gpu = { state: 'off' };
  } else if (!loop.slots.has(gpuSlot)) lookForGpu(loop);
}

/** The first unit is always a core's: the GPU is not even looked for before it is acknowledged, since its start costs time. */
function lookForGpu(loop: Loop): void {
  if (loop.gpu.state !== 'unknown' && loop.gpu.state !== 'off') return;
  if (!loop.options.webgpu) {
    loop.gpu = { state: 'absent', why: loop.options.secure ? 'no-webgpu' : 'insecure-origin' };
    return;
  }
  const ready = [...loop.slots.values()].some(({ stage }) => stage.is === 'ready');
  if (loop.gpuAfter === null && ready) loop.gpuAfter = loop.at + gpuPatienceMs;
  if (!hasBegun(loop) && (loop.gpuAfter === null || loop.at < loop.gpuAfter)) return;
  loop.gpu = { state: 'unknown' };
  addSlot(loop, gpuSlot, 'webgpu');
}

function addSlot(loop: Loop, number: number, backend: Backend): void {
  const slot: Slot = {
    slot: number,
    backend,
    engine: 0,
    stage: { is: 'starting' },
    jobs: new Map(),
    queue: [],
    errand: null,
    askedAt: null,
    askAfter: 0,
    refusals: 0,
    reason: null,
    losses: [],
    paceMilli: new Map(),
    kernelsHad: new Set(),
  };
  loop.slots.set(number, slot);
  // What an earlier visit left for a slot of this number.
  for (const held of loop.held.values()) if (held.slot === number) slot.queue.push(held.replica);
  startEngine(loop, slot);
}

function startEngine(loop: Loop, slot: Slot): void {
  slot.engine = ++loop.engines;
  slot.stage = { is: 'starting' };
  slot.jobs.clear();
  slot.errand = null;
  loop.out.push({ do: 'startEngine', slot: slot.slot, engine: slot.engine, backend: slot.backend });
  const share = loop.phase === 'paused' ? 0 : loop.settings.share;
  if (share !== 1) loop.out.push({ do: 'share', slot: slot.slot, engine: slot.engine, share });
}

/** Ends a slot with its engine; its chunks go back. */
export function dropSlot(loop: Loop, slot: Slot): void {
  for (const replica of [...slot.queue]) giveBack(loop, replica, 'settings');
  forgetErrands(loop, slot);
  if (slot.stage.is === 'starting' || slot.stage.is === 'ready')
    loop.out.push({ do: 'endEngine', slot: slot.slot, engine: slot.engine });
  loop.slots.delete(slot.slot);
  if (
    slot.backend === 'webgpu' &&
    (loop.gpu.state === 'on' ||
      loop.gpu.state === 'testing' ||
      loop.gpu.state === 'lost' ||
      loop.gpu.state === 'software')
  ) {
    loop.gpu = { state: 'unknown' };
  }
}

/** Work of jobs that are over is over too; engines forget them. */
function dropConcluded(loop: Loop): void {
  if (loop.link.is !== 'open' || !loop.jobsKnown) return;
  for (const lease of [...loop.leases.values()]) {
    if (loop.jobs.has(lease.job)) continue;
    for (const held of heldOf(loop, lease)) loseReplica(loop, held);
  }
  for (const job of loop.measuredOnce) if (!loop.jobs.has(job)) loop.measuredOnce.delete(job);
  for (const slot of loop.slots.values()) {
    for (const job of slot.jobs.keys()) {
      if (loop.jobs.has(job)) continue;
      slot.jobs.delete(job);
      loop.out.push({ do: 'unload', slot: slot.slot, engine: slot.engine, job });
    }
  }
}

/** Tests, loads, measures and computes, whatever this slot's engine can do now: for `only` that job, or for all. */
function tendReady(loop: Loop, slot: Slot, only: JobDescriptor | null): void {
  const leased = new Set(leasesOf(loop, slot).map(({ job }) => job));
  for (const { job } of auditsAt(loop, slot)) leased.add(job);
  const wanted = only === null ? [...loop.jobs.values()] : [only];
  for (const job of wanted) {
    const code = codeOf(job, slot.backend);
    if (code === null) continue;
    test(loop, slot, code);
  }
  let ahead = 0;
  for (const job of wanted) {
    if (leased.has(job.job) || ahead++ < jobsAheadMax) load(loop, slot, job);
    if (slot.backend === 'webgpu' ? isCoreKnown(loop, job) : isWaitedFor(loop, slot, job))
      measure(loop, slot, job);
  }
  // Whether what an earlier visit left is still ours, only the coordinator knows.
  if (loop.phase === 'paused' || !loop.welcomed) return;
  recompute(loop, slot);
  run(loop, slot);
}

/** Proves a backend on a kernel's known answers, once for all its slots. */
function test(loop: Loop, slot: Slot, code: CodeName): void {
  if (slot.errand !== null || !isHere(loop, code.wasm) || !isHere(loop, code.wgsl)) return;
  const key = proofKey(slot.backend, code);
  const proof = loop.proofs.get(key) ?? { is: 'untested', tries: 0 };
  if (proof.is !== 'untested') return;
  loop.proofs.set(key, { is: 'testing', slot: slot.slot, tries: proof.tries + 1 });
  slot.errand = 'testing';
  loop.out.push({ do: 'selfTest', slot: slot.slot, engine: slot.engine, code });
}

function load(loop: Loop, slot: Slot, job: JobDescriptor): void {
  if (slot.jobs.has(job.job) || !isProven(loop, slot.backend, job)) return;
  const code = codeOf(job, slot.backend);
  if (code === null || !isHere(loop, code.wasm) || !isHere(loop, code.wgsl) || !isHere(loop, job.input))
    return;
  slot.jobs.set(job.job, 'loading');
  loop.out.push({ do: 'load', slot: slot.slot, engine: slot.engine, job });
}

/** The first unit of a kernel is a core's: the GPU is measured once there is a speed to compare it with. */
function isCoreKnown(loop: Loop, { kernel }: JobDescriptor): boolean {
  return loop.options.gpuUse === 'always' || loop.speedMilli.has(`wasm ${kernel}`);
}

/**
 * Whether the GPU waits for a core's speed with this job and no chunk will tell it soon: then one core is measured,
 * once a job, since what never ends is not to cost one worker after the other.
 */
function isWaitedFor(loop: Loop, { queue }: Slot, job: JobDescriptor): boolean {
  const gpu = loop.slots.get(gpuSlot);
  if (gpu === undefined || gpu.stage.is !== 'ready' || gpu.jobs.get(job.job) !== 'loaded') return false;
  if (isCoreKnown(loop, job) || loop.measuredOnce.has(job.job)) return false;
  return !queue.some((replica) => loop.held.get(replica)?.job === job.job);
}

/** A backend's speed is measured before the GPU asks, to compare it with a core's. */
function measure(loop: Loop, slot: Slot, job: JobDescriptor): void {
  if (
    slot.errand !== null ||
    slot.jobs.get(job.job) !== 'loaded' ||
    loop.speedMilli.has(`${slot.backend} ${job.kernel}`)
  )
    return;
  if (loop.phase === 'paused') return;
  if (slot.backend === 'wasm') loop.measuredOnce.add(job.job);
  slot.errand = 'measuring';
  loop.out.push({
    do: 'measure',
    slot: slot.slot,
    engine: slot.engine,
    job: job.job,
    unit: Math.floor(job.units / 2),
  });
}

/** Hands the engine the next chunks of its queue, in the order in which they were leased, as deadlines are. */
function run(loop: Loop, slot: Slot): void {
  // What cannot be sent as fast as it is computed would fill the memory of whoever lends it.
  if (loop.unsent.isFull) return;
  putOff(loop, slot);
  let running = 0;
  let aheadMs = 0;
  for (const replica of slot.queue) {
    const held = loop.held.get(replica);
    if (held === undefined) continue;
    const enough = slot.backend === 'wasm' || aheadMs >= runsAheadMs || running >= runsAheadMax;
    if (enough && running >= runsAheadMin[slot.backend]) return;
    const job = loop.jobs.get(held.job);
    if (job === undefined) return;
    const [unitFrom, unitTo] = unitsOf(job, held.chunk);
    running += 1;
    aheadMs += ((unitTo - unitFrom) * job.unitCostMicro) / paceOf(loop, slot, job.kernel);
    if (held.running) continue;
    if (slot.jobs.get(held.job) !== 'loaded') return;
    held.running = true;
    stitch(loop, held.job, held.chunk, 'leased');
    loop.out.push({
      do: 'run',
      slot: slot.slot,
      engine: slot.engine,
      replica,
      job: held.job,
      unitFrom,
      unitTo,
    });
  }
}

/** What cannot be computed yet, since its job is not here, does not keep the engine from what can. */
function putOff(loop: Loop, slot: Slot): void {
  const canRun = (replica: number): boolean => slot.jobs.get(loop.held.get(replica)?.job ?? '') === 'loaded';
  const first = slot.queue[0];
  if (first === undefined || canRun(first) || !slot.queue.some(canRun)) return;
  slot.queue = [...slot.queue.filter(canRun), ...slot.queue.filter((replica) => !canRun(replica))];
}

/** When a slot or a blob wants to be looked at again. */
export function slotsDue(loop: Loop): number | null {
  if (!isLive(loop)) return null;
  let due = Number.POSITIVE_INFINITY;
  for (const { stage } of loop.slots.values()) if (stage.is === 'lost') due = Math.min(due, stage.until);
  for (const blob of loop.blobs.values()) if (blob.is === 'failed') due = Math.min(due, blob.until);
  if (loop.gpuAfter !== null && !loop.slots.has(gpuSlot) && loop.gpu.state === 'unknown')
    due = Math.min(due, loop.gpuAfter);
  if (beginsWith(loop) !== null) due = Math.min(due, beginningDue(loop) ?? due);
  return due === Number.POSITIVE_INFINITY ? null : due;
}
