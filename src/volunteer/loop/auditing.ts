/**
 * Checks what others computed: an audit comes as a word, its units are recomputed on a core that has the job, and the
 * outputs go back; or it is given back at once, for somebody else. It goes before further chunks, and never to a GPU.
 */
import { answerBytes, outputBytesMax } from '../../wire/audits.ts';
import { limits, takeMax } from '../../wire/version.ts';
import type { AuditedWord, AuditWord, JobDescriptor } from '../../wire/volunteer.ts';
import { codeOf, proofKey } from './code.ts';
import type { HeldAudit } from './audits.ts';
import { noteWork } from './rate.ts';
import { isLive, trim } from './state.ts';
import type { Loop, Slot } from './state.ts';

/** Answers whose end is not heard of are remembered up to here. */
const answeredMax = 1_000;

/** Units to recompute. Who does not compute now, or not that job, gives them back. */
export function onAudit(loop: Loop, { audit, job, units, limitMs }: AuditWord): void {
  const { held, counted } = loop.audits;
  if (loop.link.is !== 'open' || held.has(audit) || counted.has(audit)) return;
  const willing = loop.phase === 'running' && !loop.closing && loop.audits.held.size < takeMax;
  const slot = willing ? coreFor(loop, job) : null;
  if (slot === null) return void loop.audits.back.push(audit);
  loop.audits.held.set(audit, {
    audit,
    job,
    units,
    slot: slot.slot,
    engine: slot.engine,
    running: false,
    until: loop.at + limitMs,
  });
}

/** The core that is soonest at it: one that has the job before one that must be given it, one with less to check first. */
function coreFor(loop: Loop, jobId: string): Slot | null {
  const job = loop.jobs.get(jobId);
  if (job === undefined || !mayRun(loop, job)) return null;
  let best: Slot | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const slot of loop.slots.values()) {
    if (slot.backend !== 'wasm' || slot.stage.is !== 'ready') continue;
    const way = slot.jobs.get(jobId) === 'loaded' ? 0 : 1_000;
    const distance = way + 10 * auditsAt(loop, slot).length + (slot.queue.length > 0 ? 1 : 0);
    if (distance < least) [best, least] = [slot, distance];
  }
  return best;
}

/** Whether cores compute a job, or may still turn out to: its kernel need not be proven yet, nor its input be here. */
function mayRun(loop: Loop, job: JobDescriptor): boolean {
  const code = codeOf(job, 'wasm');
  if (code === null || loop.broken.has(`wasm ${job.job}`)) return false;
  return loop.proofs.get(proofKey('wasm', code))?.is !== 'failed';
}

/** The audits that a slot has to make, the oldest first. */
export function auditsAt(loop: Loop, { slot }: Slot): HeldAudit[] {
  return [...loop.audits.held.values()].filter((held) => held.slot === slot);
}

/** What became of an answer; or of an audit that is still here, and is no longer ours. */
export function onAudited(loop: Loop, { audit, became, amountMicro }: AuditedWord): void {
  const { answered, checked, counted, held } = loop.audits;
  if (became === 'gone' && held.has(audit)) drop(loop, audit);
  const units = answered.get(audit);
  if (units === undefined) return;
  answered.delete(audit);
  if (became !== 'counted' || counted.has(audit)) return;
  counted.add(audit);
  trim(counted, answeredMax);
  checked.audits += 1;
  checked.units += units;
  checked.amountMicro += amountMicro;
  // What the account has is told by itself; what this visit earned is not.
  loop.credit = { ...loop.credit, sessionMicro: loop.credit.sessionMicro + amountMicro };
}

/** Gives back what cannot be made any more: its engine or its job is gone, or its time is up. */
export function tendAudits(loop: Loop): void {
  for (const { audit, job, slot: number, engine, until } of [...loop.audits.held.values()]) {
    const slot = loop.slots.get(number);
    const isAlive = slot !== undefined && slot.stage.is === 'ready' && slot.engine === engine;
    const known = loop.jobs.get(job);
    if (!isAlive || known === undefined || !mayRun(loop, known) || loop.at >= until)
      giveBackAudit(loop, audit);
  }
}

/** Hands a core what it is to recompute: its engine puts it before the chunks. */
export function recompute(loop: Loop, slot: Slot): void {
  for (const held of auditsAt(loop, slot)) {
    if (held.running || slot.jobs.get(held.job) !== 'loaded') continue;
    held.running = true;
    const { audit, job, units } = held;
    loop.out.push({ do: 'recompute', slot: slot.slot, engine: slot.engine, audit, job, units });
  }
}

/** A core has recomputed an audit's units: the outputs go up at once. */
export function recomputed(loop: Loop, slot: Slot, audit: number, outputBytes: number): void {
  const held = loop.audits.held.get(audit);
  const job = held === undefined ? undefined : loop.jobs.get(held.job);
  if (held === undefined || job === undefined || held.slot !== slot.slot || loop.link.is !== 'open')
    return void loop.out.push({ do: 'dropAnswer', audit });
  held.running = false;
  const count = held.units.length;
  noteWork(loop, 0, count * job.unitCostMicro);
  if (answerBytes(outputBytesMax({ count, lengthMax: 0 }) + outputBytes) > limits.frameBytesMax) {
    loop.out.push({ do: 'dropAnswer', audit });
    return giveBackAudit(loop, audit);
  }
  loop.audits.held.delete(audit);
  loop.audits.answered.set(audit, count);
  trim(loop.audits.answered, answeredMax);
  loop.out.push({ do: 'answerAudit', socket: loop.link.socket, audit });
}

/** An audit will not be made here. */
export function giveBackAudit(loop: Loop, audit: number): void {
  if (!loop.audits.held.has(audit)) return;
  drop(loop, audit);
  loop.audits.back.push(audit);
}

/** None will be made here: the person pauses, finishes or goes. */
export function giveBackAudits(loop: Loop): void {
  for (const audit of [...loop.audits.held.keys()]) giveBackAudit(loop, audit);
}

/** The connection is gone, and with it every audit: the coordinator asks somebody else, or anew. */
export function loseAudits(loop: Loop): void {
  for (const audit of [...loop.audits.held.keys()]) drop(loop, audit);
  loop.audits.answered.clear();
  loop.audits.counted.clear();
  loop.audits.back = [];
}

function drop(loop: Loop, audit: number): void {
  const held = loop.audits.held.get(audit);
  loop.audits.held.delete(audit);
  if (held?.running === true)
    loop.out.push({ do: 'cancelAudit', slot: held.slot, engine: held.engine, audit });
}

/** Says which audits come back, when there is a connection. */
export function sendAuditsBack(loop: Loop): void {
  const { back } = loop.audits;
  if (loop.link.is !== 'open' || back.length === 0) return;
  for (let i = 0; i < back.length; i += takeMax) {
    const word = { t: 'returnAudits' as const, audits: back.slice(i, i + takeMax) };
    loop.out.push({ do: 'send', socket: loop.link.socket, word });
  }
  loop.audits.back = [];
}

/** When the first of them is over; null when there is none. */
export function auditsDue(loop: Loop): number | null {
  if (!isLive(loop) || loop.audits.held.size === 0) return null;
  return Math.min(...[...loop.audits.held.values()].map(({ until }) => until));
}
