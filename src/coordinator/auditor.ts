/**
 * Has recomputed what was drawn [AU2], in two steps: an audit is taken by somebody who is not told the claim, an anchor's thread here
 * or an anchor elsewhere over HTTP, and what was computed is answered. Only then it is compared. A mismatch is first put to two
 * engines; what they do not agree on is the kernel's fault and nobody else's.
 */
import type { Audit } from '../core/state.ts';
import type { Became, OutputBounds, Taken, TakenAudit } from '../wire/audits.ts';
import { unitDigest } from './digests.ts';
import type { Inputs } from './inputs.ts';
import type { KernelInput } from './inspecting.ts';
import type { Shelf } from './kernels.ts';
import { eachOutput } from './log.ts';
import type { Log } from './log.ts';
import type { Outcome, RefusedOrder } from './order.ts';
import type { Runtime } from './runtime.ts';
import { Tribunal } from './tribunal.ts';
import { anchorAccount } from './views.ts';

export interface AuditorParts {
  readonly runtime: Runtime;
  readonly log: Log;
  readonly shelf: Shelf;
  readonly inputs: Inputs;
  /** In whose name the audits are answered, wherever they were computed: the anchor's device. */
  readonly device: string;
  now(): number;
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
}

/** Why an answer has no effect. */
export interface NotAnswered {
  readonly refused:
    | RefusedOrder['refused']
    | 'unknown-audit'
    | 'not-taken'
    | 'already-answered'
    | 'malformed'
    | 'bad-output'
    | 'no-verdict';
  readonly detail?: string;
  readonly retryMs?: number;
}

/** Whether an answer had no effect. */
export function isNotAnswered(answered: object): answered is NotAnswered {
  return 'refused' in answered;
}

/** An audit that somebody is at. */
interface Hold {
  /** By the coordinator's clock: between the two nobody else is given it. */
  readonly since: number;
  readonly until: number;
  /** An answer to it is being compared. */
  readonly isAnswered: boolean;
}

/** An audit that could not be made or judged is not given to anybody for so long. */
const againMs = 60_000;
/** Whoever takes audits has so many times what they cost on the reference core, within these bounds: a slow machine may rest in between. */
const limitFactor = 30;
const limitMsMin = 60_000;
const limitMsMax = 30 * 60_000;
/** What is given at once, in milliseconds of the reference core; one audit in any case. */
const givenMsMax = 10_000;

export class Auditor {
  readonly device: string;
  readonly #parts: AuditorParts;
  readonly #tribunal: Tribunal;
  /** By audit; what was taken and has run out is remembered too, since a late answer is an answer. */
  readonly #holds = new Map<number, Hold>();

  constructor(parts: AuditorParts) {
    this.#parts = parts;
    this.device = parts.device;
    this.#tribunal = new Tribunal({ onNote: (note, about) => parts.onNote(note, about) });
  }

  /** What is still disputed is left undecided. */
  close(): Promise<void> {
    return this.#tribunal.close();
  }

  /** The anchor's device joins, where it has not: whoever answers audits must have. Refused by a store that takes no writes perhaps. */
  async join(): Promise<Outcome> {
    const { runtime, device } = this.#parts;
    if (runtime.state.devices.has(device)) return { refused: null, events: [] };
    const who = { device, account: anchorAccount, site: null, group: 'anchor', role: 'anchor' } as const;
    const outcome = await runtime.run({ c: 'join', ...who });
    // Two may come first at once.
    return outcome.refused === 'already-so' ? { refused: null, events: [] } : outcome;
  }

  /** Gives the oldest audits that nobody is at, at most `max`; until its limit has passed each belongs to whoever took it. */
  async take(max: number): Promise<Taken> {
    const { runtime } = this.#parts;
    // A tick that is not durable may draw something else in the end.
    await runtime.durable();
    const now = this.#parts.now();
    this.#forget();
    const audits: TakenAudit[] = [];
    let costMs = 0;
    for (const audit of runtime.state.audits.values()) {
      if (audits.length >= max) break;
      const cost = this.#costMsOf(audit);
      if (cost === null || !this.#isFree(audit.id, now)) continue;
      if (audits.length > 0 && costMs + cost > givenMsMax) break;
      const given = this.#given(audit, now);
      if (given === null) continue;
      audits.push(given);
      costMs += cost;
    }
    const limitMs = Math.min(limitMsMax, Math.max(limitMsMin, Math.ceil(limitFactor * costMs)));
    for (const { audit } of audits)
      this.#holds.set(audit, { since: now, until: now + limitMs, isAnswered: false });
    return { audits, limitMs, waiting: runtime.state.audits.size };
  }

  /** These will not be made by whoever took them. */
  giveBack(audits: readonly number[]): void {
    for (const id of audits) {
      const hold = this.#holds.get(id);
      if (hold?.isAnswered === false) this.#holds.set(id, { ...hold, until: hold.since });
    }
  }

  /** What an answer to this audit must look like; or why none is wanted. */
  boundsOf(id: number): OutputBounds | NotAnswered {
    const known = this.#known(id);
    return isNotAnswered(known)
      ? known
      : { count: known.audit.units.length, lengthMax: known.input.outputBytesMax };
  }

  /** Holds what was computed for an audit's units, in their order, against what was claimed. Refusals have no effect. */
  async answer(id: number, outputs: readonly Uint8Array[]): Promise<Became | NotAnswered> {
    const known = this.#known(id);
    if (isNotAnswered(known)) return known;
    const fault = faultOf(known.audit, outputs, known.input);
    if (fault !== null) return fault;
    this.#hold(id, true);
    try {
      return await this.#compare(known.audit, outputs, known.input);
    } finally {
      this.#hold(id, false);
    }
  }

  /** Left alone for a while: it could not be made, or an answer to it is being compared or was. */
  #hold(id: number, isAnswered: boolean): void {
    const since = this.#parts.now();
    this.#holds.set(id, { since, until: since + againMs, isAnswered });
  }

  #forget(): void {
    const { audits } = this.#parts.runtime.state;
    for (const [id, { isAnswered }] of this.#holds)
      if (!isAnswered && !audits.has(id)) this.#holds.delete(id);
  }

  #isFree(id: number, now: number): boolean {
    const hold = this.#holds.get(id);
    // A clock that was put back must not keep an audit from everybody.
    return hold === undefined || (!hold.isAnswered && (now >= hold.until || now < hold.since));
  }

  /** On the reference core; null: nobody shall make it now, its kernel is paused. */
  #costMsOf({ job, units }: Audit): number | null {
    const { jobs, pausedKernels } = this.#parts.runtime.state;
    const spec = jobs.get(job)?.spec;
    if (spec === undefined || pausedKernels.has(spec.kernel)) return null;
    return (units.length * spec.unitCostMicro) / 1_000;
  }

  /** What of an audit is told: nothing of it comes from the claim. null: the kernel or input is not here. */
  #given({ id, job, units }: Audit, now: number): TakenAudit | null {
    const { shelf, inputs, runtime } = this.#parts;
    const spec = runtime.state.jobs.get(job)?.spec;
    const served = spec === undefined ? undefined : shelf.get(spec.kernel);
    if (spec === undefined || served === undefined || inputs.of(job) === null) {
      this.#parts.onNote('an audit cannot be made: its kernel or input is not here', { audit: id, job });
      this.#holds.set(id, { since: now, until: now + againMs, isAnswered: false });
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

  #known(id: number): { audit: Audit; input: KernelInput } | NotAnswered {
    const audit = this.#parts.runtime.state.audits.get(id);
    // Its job may have been cancelled, or its author's work voided, since it was taken.
    if (audit === undefined) return { refused: 'unknown-audit' };
    const hold = this.#holds.get(id);
    if (hold === undefined) return { refused: 'not-taken' };
    if (hold.isAnswered) return { refused: 'already-answered' };
    const input = this.#parts.inputs.of(audit.job);
    if (input === null) return { refused: 'internal', detail: 'the kernel or input of this job is not here' };
    return { audit, input };
  }

  /** Holds the claim against what was computed, and against two engines where they differ. */
  async #compare(
    audit: Audit,
    outputs: readonly Uint8Array[],
    known: KernelInput,
  ): Promise<Became | NotAnswered> {
    const claims = await this.#claimsOf(audit);
    if (isNotAnswered(claims)) return claims;
    const differing = audit.units.filter(
      (unit, i) => !agrees(known, unit, outputs[i] as Uint8Array, claims[i] as Uint8Array),
    );
    if (differing.length === 0) return (await this.#settle(audit, [], [])) ?? { became: 'right' };
    const { job, chunk } = audit;
    this.#parts.onNote('an audit found a difference', { job, chunk, units: differing });
    const kernel = known.kernel.id;
    const wasm = this.#parts.shelf.get(kernel)?.wasm ?? new Uint8Array(0);
    const finding = await this.#tribunal.recompute({ kernel, wasm, input: known.input, units: differing });
    switch (finding.is) {
      case 'failed':
        return { refused: 'no-verdict', detail: finding.why, retryMs: againMs };
      case 'disagreed': {
        const reason = `two engines disagree on unit ${finding.unit} of ${job}`;
        await this.#parts.runtime.run({ c: 'pauseKernel', kernel, reason });
        this.#parts.onNote('a kernel disagrees with itself and is paused', { kernel, reason });
        return { became: 'paused' };
      }
      case 'agreed':
        return this.#judge(audit, differing, finding.outputs, claims, known);
      default:
        return finding satisfies never;
    }
  }

  /** Two engines computed the units in which answer and claim differ: whose were wrong? */
  async #judge(
    audit: Audit,
    differing: readonly number[],
    computed: readonly Uint8Array[],
    claims: readonly Uint8Array[],
    known: KernelInput,
  ): Promise<Became | NotAnswered> {
    const right = new Map(differing.map((unit, i) => [unit, computed[i] as Uint8Array]));
    const isWrong = (unit: number): boolean => {
      const claim = claims[audit.units.indexOf(unit)] as Uint8Array;
      return !agrees(known, unit, right.get(unit) as Uint8Array, claim);
    };
    const wrong = differing.filter(isWrong);
    const ours = differing.filter((unit) => !wrong.includes(unit));
    if (ours.length > 0) this.#parts.onNote('the anchor itself was wrong', { job: audit.job, units: ours });
    const digests = wrong.map((unit) =>
      unitDigest(audit.job, unit, right.get(unit) as Uint8Array).toString('hex'),
    );
    const fault = await this.#settle(audit, wrong, digests);
    if (fault !== null) return fault;
    return wrong.length > 0 ? { became: 'wrong', units: wrong } : { became: 'overruled', units: ours };
  }

  /** What was answered for the audit's units, in their order. */
  async #claimsOf({ job, chunk, units }: Audit): Promise<Uint8Array[] | NotAnswered> {
    const { runtime, log } = this.#parts;
    const [answer] = await log.results(job, chunk, 1);
    const spec = runtime.state.jobs.get(job)?.spec;
    // Both may end while the store is read.
    if (spec === undefined) return { refused: 'unknown-audit' };
    if (answer === undefined || answer.chunk !== chunk || answer.outputs === null)
      return { refused: 'no-verdict', detail: `the answer of ${job}, chunk ${chunk}, is not stored` };
    const outputs = [...eachOutput(answer.outputs)];
    return units.map((unit) => outputs[unit - chunk * spec.unitsPerChunk] as Uint8Array);
  }

  /** null: it stands. */
  async #settle(
    { id }: Audit,
    wrong: readonly number[],
    right: readonly string[],
  ): Promise<NotAnswered | null> {
    const { runtime, device } = this.#parts;
    const outcome = await runtime.run({ c: 'audit', audit: id, device, wrong, right });
    return outcome.refused === null ? null : outcome;
  }
}

/** What is wrong with the outputs themselves; null when nothing is. */
function faultOf(
  { units }: Audit,
  outputs: readonly Uint8Array[],
  { kernel, input, outputBytesMax }: KernelInput,
): NotAnswered | null {
  if (outputs.length !== units.length)
    return { refused: 'malformed', detail: `this audit has ${units.length} units` };
  for (const [i, unit] of units.entries()) {
    const output = outputs[i] as Uint8Array;
    if (output.length > outputBytesMax)
      return { refused: 'malformed', detail: `an output has at most ${outputBytesMax} bytes` };
    const impossible = kernel.checkOutput(input, unit, output);
    if (impossible !== null)
      return { refused: 'bad-output', detail: `unit ${unit}: ${impossible}`.slice(0, 200) };
  }
  return null;
}

/** Whether a claim is right: the same bytes, or under `tolerance` near enough by the kernel's own measure. */
function agrees(
  { kernel, input }: KernelInput,
  unit: number,
  reference: Uint8Array,
  claim: Uint8Array,
): boolean {
  if (kernel.agreement === 'exact' || kernel.agree === undefined)
    return Buffer.compare(Buffer.from(reference), Buffer.from(claim)) === 0;
  return kernel.agree(input, unit, reference, claim).agree;
}
