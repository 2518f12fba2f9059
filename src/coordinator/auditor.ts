/**
 * Has recomputed what was drawn [AU2]: an audit is given to somebody who is not told the claim, an anchor's thread here, an anchor elsewhere
 * over HTTP, or a volunteer by its socket; and what was computed is answered. Only then it is compared (`audit-judging.ts`). Who makes which
 * audit is said by `audit-desk.ts`.
 */
import type { Audit, Command } from '../core/state.ts';
import { answerBytes, decodeOutputs, outputBytesMax } from '../wire/audits.ts';
import type { Became, OutputBounds, Taken, TakenAudit } from '../wire/audits.ts';
import { isMalformed } from '../wire/schema.ts';
import { limits } from '../wire/version.ts';
import type { AuditWord, AuditedWord } from '../wire/volunteer.ts';
import { anchorJoins } from './anchor-device.ts';
import { AuditDesk, costMicroOf } from './audit-desk.ts';
import type { DeskParts, Voucher } from './audit-desk.ts';
import {
  againMs,
  boundsFor,
  byUnit,
  digestsOf,
  faultOf,
  isFound,
  isNotAnswered,
  Judging,
  wrongOf,
} from './audit-judging.ts';
import type { Finding, NotAnswered } from './audit-judging.ts';
import { durableAudits } from './durable-audits.ts';
import type { Inputs } from './inputs.ts';
import type { KernelInput } from './inspecting.ts';
import type { Shelf } from './kernels.ts';
import type { Log } from './log.ts';
import type { Outcome } from './order.ts';
import type { Runtime } from './runtime.ts';

export { isNotAnswered } from './audit-judging.ts';
export type { NotAnswered } from './audit-judging.ts';

export interface AuditorParts extends Omit<DeskParts, 'fits'> {
  readonly runtime: Runtime;
  readonly log: Log;
  readonly shelf: Shelf;
  readonly inputs: Pick<Inputs, 'of'>;
  /** In whose name anchors answer, wherever they compute: the anchor's device. */
  readonly device: string;
  /** Whether browsers of this machine settle differences, where it has two kinds. */
  readonly browsers: boolean;
  now(): number;
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
  /** Tells a volunteer, where it is still connected. */
  tell(device: string, word: AuditWord | AuditedWord): void;
}

type Differing = Extract<Finding, { is: 'differing' }>;
type CommandOf<K extends Command['c']> = Extract<Command, { c: K }>;

/** Nothing was wrong. */
const agreed = { wrong: [], right: [] };

/** Whoever takes audits has so many times what they cost on the reference core, within these bounds: a slow machine may rest in between. */
const limitFactor = 30;
const limitMsMin = 60_000;
const limitMsMax = 30 * 60_000;
/** What is given to an anchor at once, in milliseconds of the reference core; one audit in any case. */
const givenMsMax = 10_000;
/** An anchor elsewhere asks each second: who has not for so long is not there. */
const askedMs = 60_000;
/** Audits that are given to volunteers in one look. */
const givenAtOnceMax = 256;

export class Auditor {
  readonly device: string;
  readonly #parts: AuditorParts;
  readonly #judging: Judging;
  readonly #desk: AuditDesk;
  /** When an anchor last asked. */
  #askedAt = -Infinity;
  readonly #durableEnd: () => number;

  constructor(parts: AuditorParts) {
    this.#parts = parts;
    this.device = parts.device;
    this.#judging = new Judging(parts);
    this.#durableEnd = durableAudits(parts.runtime);
    const { groupsMin, below, lot, candidates } = parts;
    this.#desk = new AuditDesk({ groupsMin, below, lot, candidates, fits: (audit) => this.#fits(audit) });
  }

  close(): Promise<void> {
    return this.#judging.close();
  }

  /** The anchor's device joins, where it has not: whoever answers audits must have. Refused by a store that takes no writes perhaps. */
  join(): Promise<Outcome> {
    return anchorJoins(this.#parts.runtime, this.device);
  }

  /** Gives anchors the oldest audits that nobody is at and that are theirs, at most `max`; until its limit has passed each belongs to whoever took it. */
  take(max: number): Taken {
    const { runtime } = this.#parts;
    const now = this.#parts.now();
    this.#askedAt = now;
    this.#forget(now);
    const audits: TakenAudit[] = [];
    let costMs = 0;
    for (const audit of this.#desk.forAnchors(runtime.state, now, this.#durableEnd())) {
      if (audits.length >= max) break;
      const cost = this.#costMsOf(audit);
      if (cost === null) continue;
      if (audits.length > 0 && costMs + cost > givenMsMax) break;
      const given = this.#given(audit, now);
      if (given === null) continue;
      audits.push(given);
      costMs += cost;
    }
    const limitMs = Math.min(limitMsMax, Math.max(limitMsMin, Math.ceil(limitFactor * costMs)));
    for (const { audit } of audits) this.#desk.hold(audit, now, limitMs);
    return { audits, limitMs, waiting: runtime.state.audits.size };
  }

  /** Whether an anchor, here or elsewhere, asked for audits not long ago. */
  isAsked(): boolean {
    return Math.abs(this.#parts.now() - this.#askedAt) < askedMs;
  }

  /** These will not be made by the anchor that took them. */
  giveBack(audits: readonly number[]): void {
    for (const id of audits) {
      const hold = this.#desk.holdOf(id);
      if (hold?.by === null && !hold.isAnswered) this.#desk.release(id);
    }
  }

  /** What an anchor's answer to this audit must look like; or why none is wanted. */
  boundsOf(id: number): OutputBounds | NotAnswered {
    const known = this.#taken(id);
    return isNotAnswered(known) ? known : boundsFor(known.audit, known.input);
  }

  /** Holds what an anchor computed for an audit's units, in their order, against what was claimed. Refusals have no effect. */
  async answer(id: number, outputs: readonly Uint8Array[]): Promise<Became | NotAnswered> {
    const known = this.#taken(id);
    if (isNotAnswered(known)) return known;
    return (await this.#heldAgainst(known.audit, known, outputs)) as Became | NotAnswered;
  }

  /** The same of the first of its units [AU2]. null: none of these is wrong, and the others are still wanted. */
  async look(id: number, outputs: readonly Uint8Array[]): Promise<Became | NotAnswered | null> {
    const known = this.#taken(id);
    if (isNotAnswered(known)) return known;
    const { audit } = known;
    return this.#heldAgainst({ ...audit, units: audit.units.slice(0, outputs.length) }, known, outputs);
  }

  /** `looked`: the audit, or the first of its units. null: of these nothing was wrong, and they are not all. */
  async #heldAgainst(
    looked: Audit,
    { audit, input }: { readonly audit: Audit; readonly input: KernelInput },
    outputs: readonly Uint8Array[],
  ): Promise<Became | NotAnswered | null> {
    const fault = faultOf(looked, outputs, input);
    if (fault !== null) return fault;
    const isAll = looked.units.length === audit.units.length;
    this.#rest(audit.id, true);
    try {
      const finding = await this.#judging.compare(looked, outputs, input);
      if (isNotAnswered(finding)) return finding;
      return isAll || isFound(finding) ? await this.#concluded(looked, input, finding, isAll) : null;
    } finally {
      this.#rest(audit.id, false);
    }
  }

  // Volunteers.

  /** Looks who is there, and whether audits are shared with them now [AU7]. */
  meet(): boolean {
    return this.#desk.meet(this.#parts.runtime.state, this.#parts.now());
  }

  get isShared(): boolean {
    return this.#desk.isShared;
  }

  /** Gives volunteers what waits for them. */
  give(): void {
    const { runtime, tell } = this.#parts;
    const now = this.#parts.now();
    this.#forget(now);
    const given = this.#desk.give(runtime.state, now, givenAtOnceMax, this.#durableEnd());
    for (const { audit, device, limitMs } of given)
      tell(device, { t: 'audit', audit: audit.id, job: audit.job, units: [...audit.units], limitMs });
  }

  /** A volunteer is gone, or will not make what it was given. */
  left(device: string): void {
    this.#desk.left(device);
  }

  declined(device: string, audits: readonly number[]): void {
    for (const id of audits) this.#desk.declined(device, id, this.#parts.now());
  }

  /** What a volunteer computed. null: it will be told what became of it; what is no answer at all is refused. */
  async answerOf(device: string, id: number, bytes: Uint8Array): Promise<NotAnswered | null> {
    if (!this.#desk.wasGiven(device, id)) return { refused: 'not-yours' };
    const audit = this.#parts.runtime.state.audits.get(id);
    const input = audit === undefined ? null : this.#parts.inputs.of(audit.job);
    if (audit === undefined || input === null || this.#desk.holdOf(id)?.by !== device)
      return this.#gone(device, id);
    const outputs = decodeOutputs(bytes, boundsFor(audit, input));
    const fault = isMalformed(outputs)
      ? ({ refused: 'malformed', detail: outputs.malformed } as const)
      : faultOf(audit, outputs, input);
    if (fault !== null || isMalformed(outputs)) {
      this.#desk.declined(device, id, this.#parts.now());
      return fault;
    }
    if (!this.#desk.answers(device, id)) return this.#gone(device, id);
    // Its frame's bytes are not kept for longer than it is heard.
    const own = outputs.map((output) => output.slice());
    try {
      const finding = await this.#judging.compare(audit, own, input);
      if (!isNotAnswered(finding))
        return await this.#heard(audit, { audit: id, device, outputs: own }, finding);
      const isOurs = finding.refused === 'no-verdict' || finding.refused === 'unknown-audit';
      return isOurs ? this.#gone(device, id) : finding;
    } finally {
      // Whatever went wrong: somebody else is asked after a while.
      if (this.#desk.holdOf(id)?.by === device) this.#rest(id, false);
    }
  }

  async #heard(audit: Audit, by: Voucher, finding: Finding): Promise<NotAnswered | null> {
    const { id } = audit;
    switch (finding.is) {
      case 'equal': {
        if (!this.#desk.isCanary(id)) return this.#counts(audit, by.device, agreed);
        const forgotten = this.#desk.vouch(by);
        return forgotten === null ? null : this.#gone(forgotten.device, forgotten.audit);
      }
      case 'differing': {
        const { wrong, ours } = finding;
        if (ours.length === 0)
          return this.#counts(audit, by.device, { wrong, right: digestsOf(audit.job, wrong, finding.right) });
        this.#desk.refuted(id);
        const right = digestsOf(audit.job, ours, finding.right);
        const claimed = digestsOf(audit.job, ours, byUnit(audit.units, by.outputs));
        const refute = { c: 'refute', audit: id, device: by.device, wrong: ours, right, claimed } as const;
        const { refused } = await this.#parts.runtime.run(refute);
        return refused === null ? null : this.#gone(by.device, id);
      }
      case 'paused':
        return this.#gone(by.device, id);
      default:
        return finding satisfies never;
    }
  }

  /** A volunteer's answer becomes part of the log, and is paid. */
  async #counts(
    audit: Audit,
    device: string,
    found: Pick<CommandOf<'audit'>, 'wrong' | 'right' | 'canary'>,
  ): Promise<NotAnswered | null> {
    const amountMicro = costMicroOf(this.#parts.runtime.state, audit);
    const outcome = await this.#parts.runtime.run({ c: 'audit', audit: audit.id, device, ...found });
    if (outcome.refused === null) {
      this.#parts.tell(device, { t: 'audited', audit: audit.id, became: 'counted', amountMicro });
      return null;
    }
    const isOver = outcome.refused === 'unknown-audit' || outcome.refused === 'not-yours';
    return isOver ? this.#gone(device, audit.id) : outcome;
  }

  #gone(device: string, audit: number): null {
    this.#parts.tell(device, { t: 'audited', audit, became: 'gone', amountMicro: 0 });
    return null;
  }

  /** An anchor's answer was compared: what it means for the claim, and for who vouched for it [AU8]. */
  async #concluded(
    audit: Audit,
    input: KernelInput,
    finding: Finding,
    isAll: boolean,
  ): Promise<Became | NotAnswered> {
    if (finding.is === 'paused') return { became: 'paused' };
    const voucher = this.#desk.voucherOf(audit.id);
    const { wrong, ours } = finding.is === 'equal' ? { wrong: [], ours: [] } : finding;
    if (ours.length > 0) this.#parts.onNote('the anchor itself was wrong', { job: audit.job, units: ours });
    const fault =
      finding.is === 'equal' || wrong.length === 0
        ? await this.#vouched(audit, voucher)
        : await this.#disproves(audit, input, finding, voucher, isAll);
    if (fault !== null) return fault;
    this.#desk.concluded(audit.id);
    if (wrong.length > 0) return { became: 'wrong', units: [...wrong] };
    return ours.length > 0 ? { became: 'overruled', units: [...ours] } : { became: 'right' };
  }

  /** The claim is right: whoever vouched for it is paid, else the anchor. */
  async #vouched(audit: Audit, voucher: Voucher | undefined): Promise<NotAnswered | null> {
    if (voucher === undefined) return this.#settle({ audit: audit.id, ...agreed });
    const fault = await this.#counts(audit, voucher.device, { ...agreed, canary: this.#parts.device });
    // Perhaps it was sent away meanwhile: the anchor has found the same.
    if (fault === null && this.#parts.runtime.state.audits.has(audit.id))
      return this.#settle({ audit: audit.id, ...agreed });
    return fault;
  }

  /** The claim is wrong; and so is, perhaps, who vouched for it. */
  async #disproves(
    audit: Audit,
    input: KernelInput,
    { wrong, right }: Differing,
    voucher: Voucher | undefined,
    isAll: boolean,
  ): Promise<NotAnswered | null> {
    const looked = isAll ? {} : { units: audit.units };
    const found = { audit: audit.id, wrong, right: digestsOf(audit.job, wrong, right), ...looked };
    if (voucher === undefined) return this.#settle(found);
    const units = wrongOf(audit, input, voucher.outputs, right).filter((unit) => wrong.includes(unit));
    const { device } = voucher;
    if (units.length > 0) return this.#settle({ ...found, vouched: { device, wrong: units } });
    this.#gone(device, audit.id);
    return this.#settle(found);
  }

  /** In the anchor's name. null: it stands. */
  async #settle(found: Omit<CommandOf<'audit'>, 'c' | 'device'>): Promise<NotAnswered | null> {
    const { runtime, device } = this.#parts;
    const outcome = await runtime.run({ c: 'audit', device, ...found });
    return outcome.refused === null ? null : outcome;
  }

  /** Left alone for a while: it could not be made, or an answer to it is being compared or was. */
  #rest(id: number, isAnswered: boolean): void {
    this.#desk.hold(id, this.#parts.now(), againMs, isAnswered);
  }

  #forget(now: number): void {
    for (const { device, audit } of this.#desk.forget(this.#parts.runtime.state, now))
      this.#gone(device, audit);
  }

  /** On the reference core; null: nobody shall make it now, its kernel is paused. */
  #costMsOf(audit: Audit): number | null {
    const { state } = this.#parts.runtime;
    const spec = state.jobs.get(audit.job)?.spec;
    if (spec === undefined || state.pausedKernels.has(spec.kernel)) return null;
    return costMicroOf(state, audit) / 1_000;
  }

  /** What of an audit is told: nothing of it comes from the claim. null: the kernel or input is not here. */
  #given({ id, job, units }: Audit, now: number): TakenAudit | null {
    const { shelf, inputs, runtime } = this.#parts;
    const spec = runtime.state.jobs.get(job)?.spec;
    const served = spec === undefined ? undefined : shelf.get(spec.kernel);
    if (spec === undefined || served === undefined || inputs.of(job) === null) {
      this.#parts.onNote('an audit cannot be made: its kernel or input is not here', { audit: id, job });
      this.#desk.hold(id, now, againMs);
      return null;
    }
    return {
      audit: id,
      job,
      kernel: spec.kernel,
      wasm: served.wasmDigest,
      input: spec.input,
      units: [...units],
    };
  }

  /** An audit that an anchor may answer. */
  #taken(id: number): { audit: Audit; input: KernelInput } | NotAnswered {
    const audit = this.#parts.runtime.state.audits.get(id);
    // Its job may have been cancelled, or its author's work voided, since it was taken.
    if (audit === undefined) return { refused: 'unknown-audit' };
    const hold = this.#desk.holdOf(id);
    if (hold === undefined || hold.by !== null) return { refused: 'not-taken' };
    if (hold.isAnswered) return { refused: 'already-answered' };
    const input = this.#parts.inputs.of(audit.job);
    if (input === null) return { refused: 'internal', detail: 'the kernel or input of this job is not here' };
    return { audit, input };
  }

  /** Whether a volunteer can make it: what it takes is here, and the answer fits into one frame. */
  #fits(audit: Audit): boolean {
    const input = this.#parts.inputs.of(audit.job);
    return input !== null && answerBytes(outputBytesMax(boundsFor(audit, input))) <= limits.frameBytesMax;
  }
}
