/** What becomes of an engine's failures: chunks go back, engines start again after a while, or are switched off with a reason. */
import { giveBackAudit } from './auditing.ts';
import { proofKey } from './code.ts';
import { giveBack, noteFail, restartPatienceMs } from './state.ts';
import type { Loop, Slot } from './state.ts';
import type { CodeName, EngineCall, EngineFault, EngineLoss } from './words.ts';

const restartMs = [500, 5_000, 30_000, 300_000] as const;
const lossesPerHourMax = 5;
const gpuRestartMs = [5_000, 30_000, 300_000] as const;
const gpuLossesPerHourMax = 3;
const hourMs = 3_600_000;
const proofTriesMax = 3;

/** A call to an engine ended badly. */
export function failed(loop: Loop, slot: Slot, what: EngineCall, fault: EngineFault, detail: string): void {
  switch (what.call) {
    case 'start':
      return startFailed(loop, slot, fault, detail);
    case 'load':
      slot.jobs.delete(what.job);
      return breakJob(loop, slot, what.job, fault, detail);
    case 'measure':
      slot.errand = null;
      // A core does without: what its own chunks come to is all that speaks against a job.
      if (slot.backend === 'wasm' && fault !== 'environment') return;
      return breakJob(loop, slot, what.job, fault, detail);
    case 'selfTest':
      return testFailed(loop, slot, what.code, detail);
    case 'run':
      return runFailed(loop, slot, what.replica, fault, detail);
    case 'recompute':
      return auditFailed(loop, slot, what.audit, fault, detail);
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

/** Others may do better with the audit; what it says of the job or of the machine counts as with a chunk. */
function auditFailed(loop: Loop, slot: Slot, audit: number, fault: EngineFault, detail: string): void {
  const held = loop.audits.held.get(audit);
  if (held === undefined || held.slot !== slot.slot || !held.running) return;
  held.running = false;
  giveBackAudit(loop, audit);
  if (fault === 'job') slot.jobs.delete(held.job);
  if (fault === 'kernel' || fault === 'input' || fault === 'unavailable')
    return breakJob(loop, slot, held.job, fault, detail);
  if (fault === 'environment') lostAs(loop, slot, detail);
}

/** An engine is gone. The chunk it was at goes back and counts as failed; the rest waits for its successor. */
export function lost(loop: Loop, slot: Slot, loss: EngineLoss, detail: string): void {
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
  slot.stage = { is: 'lost', until: loop.at + waitMs, detail };
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
  slot.stage = { is: 'lost', until, detail };
  loop.gpu = { state: 'lost', name, retryAt: until };
}

function giveUp(loop: Loop, slot: Slot, detail: string): void {
  for (const replica of [...slot.queue]) giveBack(loop, replica, 'failed');
  slot.stage = { is: 'off', detail };
  if (slot.backend === 'webgpu') loop.gpu = { state: 'failed', name: nameOfGpu(loop), why: detail };
}

/** A GPU that errs is no cheat: it is switched off, and the page says why. */
export function switchOff(loop: Loop, slot: Slot, why: string): void {
  const name = nameOfGpu(loop);
  for (const replica of [...slot.queue]) giveBack(loop, replica, 'failed');
  loop.out.push({ do: 'endEngine', slot: slot.slot, engine: slot.engine });
  forgetErrands(loop, slot);
  slot.stage = { is: 'off', detail: why };
  if (slot.backend === 'webgpu') loop.gpu = { state: 'failed', name, why };
}

/** A test that its engine will not finish is nobody's. */
export function forgetErrands(loop: Loop, slot: Slot): void {
  slot.errand = null;
  for (const [key, proof] of loop.proofs) {
    if (proof.is === 'testing' && proof.slot === slot.slot)
      loop.proofs.set(key, { is: 'untested', tries: proof.tries });
  }
}

/** What the GPU calls itself, as far as it has said. */
export function nameOfGpu(loop: Loop): string {
  return 'name' in loop.gpu ? loop.gpu.name : '';
}

function lossesWithin(slot: Slot, at: number): number {
  while (slot.losses[0] !== undefined && slot.losses[0] <= at - hourMs) slot.losses.shift();
  return slot.losses.length;
}

function pickWait(waits: readonly number[], losses: number): number {
  return waits[Math.min(losses, waits.length) - 1] ?? 0;
}
