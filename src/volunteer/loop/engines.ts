/** What engines report: they are ready, proven, measured, further, done; or they failed (`failures.ts`). */
import { recomputed } from './auditing.ts';
import { proofKey } from './code.ts';
import { failed, lost, nameOfGpu, switchOff } from './failures.ts';
import { noteWork } from './rate.ts';
import { release, unitsOf } from './state.ts';
import type { Loop, Slot } from './state.ts';
import type { CodeName, LoopEvent } from './words.ts';

/** How much a new measurement weighs against those before it. */
const freshness = 0.3;

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
    case 'recomputed':
      return recomputed(loop, slot, event.audit, event.outputBytes);
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
  if (!software || loop.options.gpuUse !== 'auto') return;
  loop.gpu = { state: 'software', name };
  slot.stage = { is: 'off', detail: 'software' };
  loop.out.push({ do: 'endEngine', slot: slot.slot, engine: slot.engine });
}

function tested(loop: Loop, slot: Slot, code: CodeName, fault: string | null): void {
  slot.errand = null;
  const program = proofKey(slot.backend, code);
  loop.proofs.set(program, fault === null ? { is: 'passed' } : { is: 'failed', detail: fault });
  if (slot.backend !== 'webgpu') {
    loop.out.push(fault === null ? { do: 'keepProof', program } : { do: 'dropProofs' });
    return;
  }
  if (fault !== null) return switchOff(loop, slot, `${code.kernel}: ${fault}`);
  loop.gpu = { state: 'on', name: nameOfGpu(loop) };
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
  slot.kernelsHad.add(job.kernel);
  const of = { lease: held.lease, slot: held.slot };
  loop.unsent.add({ ...result, withBytes: bytes, tries: 0, of });
  loop.out.push({ do: 'keepResult', result });
  const costMicro = (to - from) * job.unitCostMicro;
  learn(loop.speedMilli, `${slot.backend} ${job.kernel}`, costMicro, event.kernelMs);
  learn(slot.paceMilli, job.kernel, costMicro, event.wallMs);
}

/** A moving mean of speed: microcredits per millisecond are thousandths of the reference core. */
function learn(speeds: Map<string, number>, key: string, costMicro: number, ms: number): void {
  if (!(ms > 0)) return;
  const now = costMicro / ms;
  const before = speeds.get(key);
  speeds.set(key, before === undefined ? now : before + freshness * (now - before));
}
