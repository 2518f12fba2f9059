/** The loop's side of the engines: how many there are, what each is told to do next, and what becomes of its failures. */
import type { Backend } from '../../core/state.ts';
import type { JobDescriptor } from '../../wire/volunteer.ts';
import {
  dropResults,
  giveBack,
  gpuSlot,
  isLive,
  noteFail,
  noteWork,
  release,
  restartPatienceMs,
  stitch,
  unitsOf,
} from './state.ts';
import type { Loop, Slot } from './state.ts';
import type { CodeName, EngineCall, EngineFault, EngineLoss, LoopEvent } from './words.ts';

/** Runs that an engine is given at once, so that it never waits for this thread between two chunks. */
const runsAheadMax: Readonly<Record<Backend, number>> = { wasm: 2, webgpu: 4 };
/** Of the jobs that are open, engines are given this many before a lease says which. */
const jobsAheadMax = 2;
const restartMs = [500, 5_000, 30_000, 300_000] as const;
const lossesPerHourMax = 5;
const gpuRestartMs = [5_000, 30_000, 300_000] as const;
const gpuLossesPerHourMax = 3;
const hourMs = 3_600_000;
const proofTriesMax = 3;
/** The GPU is looked for once a core has computed something, or after this long. */
const gpuPatienceMs = 5_000;
const blobRetryMsMax = 60_000;
/** How much a new measurement weighs against those before it. */
const freshness = 0.3;

/** Makes the slots what the settings say, starts engines that are due, and gives each something to do. */
export function tendSlots(loop: Loop): void {
  if (!isLive(loop)) return;
  if (loop.phase !== 'finishing') matchSettings(loop);
  dropConcluded(loop);
  fetchCode(loop);
  for (const slot of loop.slots.values()) {
    if (slot.stage.is === 'lost' && loop.at >= slot.stage.until) startEngine(loop, slot);
    if (slot.stage.is === 'ready') tendReady(loop, slot);
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

/** The first unit is always a core's: the GPU is not even looked for before, since its start costs time. */
function lookForGpu(loop: Loop): void {
  if (loop.gpu.state !== 'unknown' && loop.gpu.state !== 'off') return;
  if (!loop.options.webgpu) {
    loop.gpu = { state: 'absent', why: loop.options.secure ? 'no-webgpu' : 'insecure-origin' };
    return;
  }
  const ready = [...loop.slots.values()].some(({ stage }) => stage.is === 'ready');
  if (loop.gpuAfter === null && ready) loop.gpuAfter = loop.at + gpuPatienceMs;
  if (loop.counts.computed === 0 && (loop.gpuAfter === null || loop.at < loop.gpuAfter)) return;
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

/** A test that its engine will not finish is nobody's. */
function forgetErrands(loop: Loop, slot: Slot): void {
  slot.errand = null;
  for (const [key, proof] of loop.proofs) {
    if (proof.is === 'testing' && proof.slot === slot.slot)
      loop.proofs.set(key, { is: 'untested', tries: proof.tries });
  }
}

/** Work of jobs that are over is over too; engines forget them. */
function dropConcluded(loop: Loop): void {
  if (loop.link.is !== 'open' || !loop.jobsKnown) return;
  for (const held of [...loop.held.values()]) {
    if (loop.jobs.has(held.job)) continue;
    release(loop, held.replica);
    loop.counts.lost += 1;
    stitch(loop, held.job, held.chunk, 'lost');
  }
  for (const slot of loop.slots.values()) {
    for (const job of slot.jobs.keys()) {
      if (loop.jobs.has(job)) continue;
      slot.jobs.delete(job);
      loop.out.push({ do: 'unload', slot: slot.slot, engine: slot.engine, job });
    }
  }
}

/** Fetches what the open jobs need, and lets go of what none does. */
function fetchCode(loop: Loop): void {
  const wanted = new Set<string>();
  const gpu = loop.slots.has(gpuSlot);
  let ahead = 0;
  for (const job of loop.jobs.values()) {
    const leased = ahead++ < jobsAheadMax || [...loop.leases.values()].some((lease) => lease.job === job.job);
    wanted.add(job.wasm);
    if (leased) wanted.add(job.input);
    if (gpu && job.wgsl !== null) wanted.add(job.wgsl);
  }
  for (const digest of wanted) {
    const blob = loop.blobs.get(digest);
    if (blob !== undefined && !(blob.is === 'failed' && loop.at >= blob.until)) continue;
    if (blob === undefined) loop.blobs.set(digest, { is: 'fetching' });
    else loop.blobs.set(digest, { ...blob, until: Number.POSITIVE_INFINITY });
    loop.out.push({ do: 'fetchBlob', digest });
  }
  if (!loop.jobsKnown) return;
  for (const digest of loop.blobs.keys()) {
    if (wanted.has(digest) || loop.blobs.get(digest)?.is === 'fetching') continue;
    if ([...loop.jobs.values()].some((job) => job.input === digest || job.wgsl === digest)) continue;
    loop.blobs.delete(digest);
    loop.out.push({ do: 'dropBlob', digest });
  }
}

/** A blob is here, checked; or it did not come. */
export function onBlob(loop: Loop, digest: string, fault: string | null): void {
  const before = loop.blobs.get(digest);
  if (fault === null) {
    loop.blobs.set(digest, { is: 'here' });
    return;
  }
  const tries = before?.is === 'failed' ? before.tries + 1 : 1;
  const waitMs = Math.min(blobRetryMsMax, 1000 * 2 ** Math.min(tries - 1, 10)) * (0.5 + loop.entropy / 2);
  loop.blobs.set(digest, { is: 'failed', until: loop.at + Math.floor(waitMs), tries, detail: fault });
}

function isHere(loop: Loop, digest: string | null): boolean {
  return digest === null || loop.blobs.get(digest)?.is === 'here';
}

/** A job's code as a backend needs it; null where the backend cannot run it. */
export function codeOf(job: JobDescriptor, backend: Backend): CodeName | null {
  if (backend === 'webgpu')
    return job.wgsl === null ? null : { kernel: job.kernel, wasm: job.wasm, wgsl: job.wgsl };
  return { kernel: job.kernel, wasm: job.wasm, wgsl: null };
}

export function proofKey(backend: Backend, { kernel, wasm, wgsl }: CodeName): string {
  return `${backend} ${kernel} ${wasm} ${wgsl ?? '-'}`;
}

/** Tests, loads, measures and computes, whatever this slot's engine can do now. */
function tendReady(loop: Loop, slot: Slot): void {
  for (const job of loop.jobs.values()) {
    const code = codeOf(job, slot.backend);
    if (code === null) continue;
    test(loop, slot, code);
  }
  let ahead = 0;
  for (const job of loop.jobs.values()) {
    const leased = slot.queue.some((replica) => loop.held.get(replica)?.job === job.job);
    if (leased || ahead++ < jobsAheadMax) load(loop, slot, job);
    if (slot.backend === 'webgpu') measure(loop, slot, job);
  }
  // Whether what an earlier visit left is still ours, only the coordinator knows.
  if (loop.phase !== 'paused' && loop.welcomed) run(loop, slot);
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

/** Whether a backend may compute a job: proven, and not known to be unable. */
export function isProven(loop: Loop, backend: Backend, job: JobDescriptor): boolean {
  const code = codeOf(job, backend);
  if (code === null || loop.broken.has(`${backend} ${job.job}`)) return false;
  return loop.proofs.get(proofKey(backend, code))?.is === 'passed';
}

function load(loop: Loop, slot: Slot, job: JobDescriptor): void {
  if (slot.jobs.has(job.job) || !isProven(loop, slot.backend, job)) return;
  const code = codeOf(job, slot.backend);
  if (code === null || !isHere(loop, code.wasm) || !isHere(loop, code.wgsl) || !isHere(loop, job.input))
    return;
  slot.jobs.set(job.job, 'loading');
  loop.out.push({ do: 'load', slot: slot.slot, engine: slot.engine, job });
}

/** The GPU's speed is measured before it asks, to compare it with a core's. */
function measure(loop: Loop, slot: Slot, job: JobDescriptor): void {
  if (
    slot.errand !== null ||
    slot.jobs.get(job.job) !== 'loaded' ||
    loop.speedMilli.has(`webgpu ${job.kernel}`)
  )
    return;
  if (loop.phase === 'paused') return;
  slot.errand = 'measuring';
  loop.out.push({
    do: 'measure',
    slot: slot.slot,
    engine: slot.engine,
    job: job.job,
    unit: Math.floor(job.units / 2),
  });
}

/** Hands the engine the next chunks of its queue. */
function run(loop: Loop, slot: Slot): void {
  let running = 0;
  for (const replica of slot.queue) {
    const held = loop.held.get(replica);
    if (held === undefined) continue;
    if (running >= runsAheadMax[slot.backend]) return;
    running += 1;
    if (held.running) continue;
    const job = loop.jobs.get(held.job);
    // Chunks are computed in the order in which they were leased, as deadlines are.
    if (job === undefined || slot.jobs.get(held.job) !== 'loaded') return;
    const [unitFrom, unitTo] = unitsOf(job, held.chunk);
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

type EngineEvent = Extract<LoopEvent, { readonly engine: number }>;

/** What an engine said. Nothing that an earlier engine of the slot still says counts. */
export function onEngine(loop: Loop, event: EngineEvent): void {
  const slot = loop.slots.get(event.slot);
  if (
    slot === undefined ||
    slot.engine !== event.engine ||
    slot.stage.is === 'lost' ||
    slot.stage.is === 'off'
  )
    return;
  switch (event.on) {
    case 'engineStarted':
      slot.stage = { is: 'ready' };
      if (slot.backend === 'webgpu') gpuStarted(loop, slot, event.software, event.name);
      return;
    case 'loaded':
      if (slot.jobs.has(event.job)) slot.jobs.set(event.job, 'loaded');
      return;
    case 'tested':
      return tested(loop, slot, event.code, event.fault);
    case 'measured':
      return measured(loop, slot, event.job, event.unitMs);
    case 'progress':
      return progress(loop, slot, event.replica, event.unitsDone);
    case 'computed':
      return computed(loop, slot, event);
    case 'failed':
      return failed(loop, slot, event.what, event.fault, event.detail);
    case 'lost':
      return lost(loop, slot, event.loss, event.detail);
    default:
      return event satisfies never;
  }
}

/** An emulated GPU is slower than the core that emulates it: it is let go at once. */
function gpuStarted(loop: Loop, slot: Slot, software: boolean, name: string): void {
  loop.gpu = { state: 'testing', name };
  if (!software || loop.options.gpuUse === 'always') return;
  loop.gpu = { state: 'software', name };
  slot.stage = { is: 'off', detail: 'software' };
  loop.out.push({ do: 'endEngine', slot: slot.slot, engine: slot.engine });
}

function nameOfGpu(loop: Loop): string {
  return 'name' in loop.gpu ? loop.gpu.name : '';
}

function tested(loop: Loop, slot: Slot, code: CodeName, fault: string | null): void {
  slot.errand = null;
  loop.proofs.set(
    proofKey(slot.backend, code),
    fault === null ? { is: 'passed' } : { is: 'failed', detail: fault },
  );
  if (slot.backend !== 'webgpu') return;
  if (fault !== null) return switchOff(loop, slot, `${code.kernel}: ${fault}`);
  loop.gpu = { state: 'on', name: nameOfGpu(loop) };
}

/** A GPU that errs is no cheat: it is switched off, and the page says why. */
function switchOff(loop: Loop, slot: Slot, why: string): void {
  const name = nameOfGpu(loop);
  for (const replica of [...slot.queue]) giveBack(loop, replica, 'failed');
  loop.out.push({ do: 'endEngine', slot: slot.slot, engine: slot.engine });
  forgetErrands(loop, slot);
  slot.stage = { is: 'off', detail: why };
  if (slot.backend === 'webgpu') loop.gpu = { state: 'failed', name, why };
}

function measured(loop: Loop, slot: Slot, jobId: string, unitMs: number): void {
  slot.errand = null;
  const job = loop.jobs.get(jobId);
  if (job === undefined) return;
  const milli = job.unitCostMicro / Math.max(unitMs, 0.001);
  loop.speedMilli.set(`${slot.backend} ${job.kernel}`, milli);
  slot.paceMilli.set(job.kernel, milli * loop.settings.share);
}

function progress(loop: Loop, slot: Slot, replica: number, unitsDone: number): void {
  const held = loop.held.get(replica);
  const job = held === undefined ? undefined : loop.jobs.get(held.job);
  if (held === undefined || job === undefined || held.slot !== slot.slot || unitsDone <= held.unitsDone)
    return;
  noteWork(loop, unitsDone - held.unitsDone, (unitsDone - held.unitsDone) * job.unitCostMicro);
  held.unitsDone = unitsDone;
}

/** A chunk is done: its result is kept, and goes to the coordinator in this very step (see `asking.ts`). */
function computed(loop: Loop, slot: Slot, event: Extract<LoopEvent, { on: 'computed' }>): void {
  const held = loop.held.get(event.replica);
  const job = held === undefined ? undefined : loop.jobs.get(held.job);
  if (held === undefined || job === undefined || !held.running || held.slot !== slot.slot) {
    // Given up in the meantime: the bytes are nobody's.
    if (!loop.unsent.has(event.replica)) loop.out.push({ do: 'dropResults', replicas: [event.replica] });
    return;
  }
  const [from, to] = unitsOf(job, held.chunk);
  progress(loop, slot, held.replica, to - from);
  held.running = false;
  release(loop, held.replica);
  const { replica, bytes, chunk } = held;
  const result = {
    replica,
    job: held.job,
    chunk,
    root: event.root,
    digestBytes: event.digestBytes,
    outputBytes: event.outputBytes,
    units: to - from,
    bytes,
  };
  loop.counts.computed += 1;
  loop.unsent.set(replica, { ...result, withBytes: bytes, sentOn: null, sentAt: 0, notBefore: 0, tries: 0 });
  loop.out.push({ do: 'keepResult', result });
  const costMicro = (to - from) * job.unitCostMicro;
  learn(loop.speedMilli, `${slot.backend} ${job.kernel}`, costMicro, event.kernelMs);
  learn(slot.paceMilli, job.kernel, costMicro, event.wallMs);
  boundOutbox(loop);
}

/** A moving mean of speed: microcredits per millisecond are thousandths of the reference core. */
function learn(speeds: Map<string, number>, key: string, costMicro: number, ms: number): void {
  if (!(ms > 0)) return;
  const now = costMicro / ms;
  const before = speeds.get(key);
  speeds.set(key, before === undefined ? now : before + freshness * (now - before));
}

/** Results that wait for a coordinator, at most. Leases run out long before; this guards against years of reloads. */
const unsentMax = 4_000;
const unsentBytesMax = 256 * 1024 * 1024;

/** Drops the oldest finished results beyond the outbox's bounds. */
function boundOutbox(loop: Loop): void {
  let bytes = 0;
  for (const result of loop.unsent.values()) bytes += result.outputBytes + result.digestBytes;
  for (const result of loop.unsent.values()) {
    if (loop.unsent.size <= unsentMax && bytes <= unsentBytesMax) return;
    bytes -= result.outputBytes + result.digestBytes;
    loop.counts.lost += 1;
    stitch(loop, result.job, result.chunk, 'lost');
    dropResults(loop, [result.replica]);
  }
}

function failed(loop: Loop, slot: Slot, what: EngineCall, fault: EngineFault, detail: string): void {
  switch (what.call) {
    case 'start':
      return startFailed(loop, slot, fault, detail);
    case 'load':
      slot.jobs.delete(what.job);
      return breakJob(loop, slot, what.job, fault, detail);
    case 'measure':
      slot.errand = null;
      return breakJob(loop, slot, what.job, fault, detail);
    case 'selfTest':
      return testFailed(loop, slot, what.code, detail);
    case 'run':
      return runFailed(loop, slot, what.replica, fault, detail);
    default:
      return what satisfies never;
  }
}

function startFailed(loop: Loop, slot: Slot, fault: EngineFault, detail: string): void {
  if (slot.backend === 'wasm' || fault !== 'unavailable') return lost(loop, slot, 'died', detail);
  loop.out.push({ do: 'endEngine', slot: slot.slot, engine: slot.engine });
  slot.stage = { is: 'off', detail };
  loop.gpu = { state: 'absent', why: 'no-adapter' };
}

/** That backend cannot do that job: what is leased of it goes back, and it is not loaded again. */
function breakJob(loop: Loop, slot: Slot, job: string, fault: EngineFault, detail: string): void {
  if (fault === 'cancelled') return;
  if (fault === 'environment') return lostAs(loop, slot, detail);
  loop.broken.set(`${slot.backend} ${job}`, detail);
  for (const other of loop.slots.values()) {
    if (other.backend !== slot.backend) continue;
    for (const replica of [...other.queue])
      if (loop.held.get(replica)?.job === job) giveBack(loop, replica, 'failed');
  }
}

/** The surroundings failed (out of memory): a fresh engine may do better. */
function lostAs(loop: Loop, slot: Slot, detail: string): void {
  loop.out.push({ do: 'endEngine', slot: slot.slot, engine: slot.engine });
  lost(loop, slot, 'died', detail);
}

/** The test itself could not be made; a few tries, then the backend counts as unable. */
function testFailed(loop: Loop, slot: Slot, code: CodeName, detail: string): void {
  const key = proofKey(slot.backend, code);
  const proof = loop.proofs.get(key);
  slot.errand = null;
  if (proof?.is !== 'testing') return;
  if (proof.tries < proofTriesMax) {
    loop.proofs.set(key, { is: 'untested', tries: proof.tries });
    return lostAs(loop, slot, detail);
  }
  loop.proofs.set(key, { is: 'failed', detail });
  if (slot.backend === 'webgpu') switchOff(loop, slot, detail);
}

function runFailed(loop: Loop, slot: Slot, replica: number, fault: EngineFault, detail: string): void {
  const held = loop.held.get(replica);
  if (held === undefined || held.slot !== slot.slot || !held.running) return;
  held.running = false;
  switch (fault) {
    case 'trap':
      // The kernel's own word: it would say the same a second time.
      noteFail(loop, held.job, held.chunk, 2);
      return giveBack(loop, replica, 'trap');
    case 'kernel':
    case 'input':
    case 'unavailable':
      return breakJob(loop, slot, held.job, fault, detail);
    case 'job':
      // The engine lost sight of the job: it is loaded again before the next run.
      slot.jobs.delete(held.job);
      noteFail(loop, held.job, held.chunk, 1);
      return giveBack(loop, replica, 'failed');
    case 'environment':
      noteFail(loop, held.job, held.chunk, 1);
      giveBack(loop, replica, 'failed');
      return lostAs(loop, slot, detail);
    case 'cancelled':
    case 'deadline':
    case 'died':
    case 'stuck':
    case 'device-lost':
    case 'stopped':
      noteFail(loop, held.job, held.chunk, 1);
      return giveBack(loop, replica, 'failed');
    default:
      return fault satisfies never;
  }
}

/** An engine is gone. The chunk it was at goes back and counts as failed; the rest waits for its successor. */
function lost(loop: Loop, slot: Slot, loss: EngineLoss, detail: string): void {
  forgetErrands(loop, slot);
  slot.jobs.clear();
  slot.losses.push(loop.at);
  if (loss === 'device-lost') return gpuLost(loop, slot, detail);
  const first = slot.queue[0];
  for (const replica of [...slot.queue]) {
    const held = loop.held.get(replica);
    if (held === undefined) continue;
    const blamed = replica === first && held.running;
    held.running = false;
    if (!blamed) continue;
    noteFail(loop, held.job, held.chunk, 1);
    giveBack(loop, replica, 'failed');
  }
  if (lossesWithin(slot, loop.at) >= lossesPerHourMax) return giveUp(loop, slot, detail);
  const waitMs = pickWait(restartMs, slot.losses.length);
  slot.stage = { is: 'lost', until: loop.at + waitMs };
  if (waitMs > restartPatienceMs) for (const replica of [...slot.queue]) giveBack(loop, replica, 'failed');
}

/** The device went away under us (driver, sleep, another tab): a longer wait each time, and no fourth chance within an hour. */
function gpuLost(loop: Loop, slot: Slot, detail: string): void {
  for (const replica of [...slot.queue]) {
    const held = loop.held.get(replica);
    if (held !== undefined) held.running = false;
    giveBack(loop, replica, 'gpu-lost');
  }
  const name = nameOfGpu(loop);
  // What comes back may be another device: it proves itself again.
  for (const [key, proof] of loop.proofs) {
    if (key.startsWith('webgpu ') && proof.is === 'passed')
      loop.proofs.set(key, { is: 'untested', tries: 0 });
  }
  if (lossesWithin(slot, loop.at) >= gpuLossesPerHourMax) {
    slot.stage = { is: 'off', detail };
    loop.gpu = { state: 'failed', name, why: detail };
    return;
  }
  const until = loop.at + pickWait(gpuRestartMs, slot.losses.length);
  slot.stage = { is: 'lost', until };
  loop.gpu = { state: 'lost', name, retryAt: until };
}

function giveUp(loop: Loop, slot: Slot, detail: string): void {
  for (const replica of [...slot.queue]) giveBack(loop, replica, 'failed');
  slot.stage = { is: 'off', detail };
  if (slot.backend === 'webgpu') loop.gpu = { state: 'failed', name: nameOfGpu(loop), why: detail };
}

function lossesWithin(slot: Slot, at: number): number {
  while (slot.losses[0] !== undefined && slot.losses[0] <= at - hourMs) slot.losses.shift();
  return slot.losses.length;
}

function pickWait(waits: readonly number[], losses: number): number {
  return waits[Math.min(losses, waits.length) - 1] ?? 0;
}

/** When a slot or a blob wants to be looked at again. */
export function slotsDue(loop: Loop): number | null {
  if (!isLive(loop)) return null;
  let due = Number.POSITIVE_INFINITY;
  for (const { stage } of loop.slots.values()) if (stage.is === 'lost') due = Math.min(due, stage.until);
  for (const blob of loop.blobs.values()) if (blob.is === 'failed') due = Math.min(due, blob.until);
  if (loop.gpuAfter !== null && !loop.slots.has(gpuSlot) && loop.gpu.state === 'unknown')
    due = Math.min(due, loop.gpuAfter);
  return due === Number.POSITIVE_INFINITY ? null : due;
}
