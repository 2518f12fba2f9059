/**
 * Holds what somebody recomputed against what was claimed; where they differ, two engines say who was wrong, and what these do not agree on
 * is the kernel's fault and nobody else's.
 */
import type { Audit } from '../core/state.ts';
import type { OutputBounds } from '../wire/audits.ts';
import { anchorJoins } from './anchor-device.ts';
import { unitDigest } from './digests.ts';
import { DrawnClaims } from './drawn-claims.ts';
import type { KernelInput } from './inspecting.ts';
import type { Shelf } from './kernels.ts';
import { eachOutput } from './log.ts';
import type { Log } from './log.ts';
import type { RefusedOrder } from './order.ts';
import type { Runtime } from './runtime.ts';
import { Tribunal } from './tribunal.ts';

export interface JudgingParts {
  readonly runtime: Runtime;
  readonly log: Log;
  readonly shelf: Shelf;
  /** The anchor's, in whose name two engines settle a difference. */
  readonly device: string;
  /** Whether browsers of this machine settle differences, where it has two kinds. */
  readonly browsers: boolean;
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

/** What came of holding an answer against a claim. */
export type Finding =
  | { readonly is: 'equal' }
  /** Two engines say which units of the claim are wrong, and in which the answer is; `right`: what is right, of all that differ. */
  | {
      readonly is: 'differing';
      readonly wrong: readonly number[];
      readonly ours: readonly number[];
      readonly right: ReadonlyMap<number, Uint8Array>;
    }
  /** The two disagree: the kernel is paused. */
  | { readonly is: 'paused' };

/** Whether a finding says something of the claim, though it is of some of the audit's units only. */
export function isFound(finding: Finding): boolean {
  return finding.is === 'paused' || (finding.is === 'differing' && finding.wrong.length > 0);
}

/** What an answer to an audit must look like. */
export function boundsFor(
  { units }: Audit,
  { outputBytesMax: lengthMax }: Pick<KernelInput, 'outputBytesMax'>,
): OutputBounds {
  return { count: units.length, lengthMax };
}

/** An audit that could not be made or judged is not given to anybody for so long. */
export const againMs = 60_000;

export class Judging {
  readonly #parts: JudgingParts;
  readonly #tribunal: Tribunal;
  readonly #drawn = new DrawnClaims();

  constructor(parts: JudgingParts) {
    this.#parts = parts;
    parts.runtime.listeners.add(({ batch }) => this.#drawn.see(batch));
    this.#tribunal = new Tribunal({
      browsers: parts.browsers,
      onNote: (note, about) => parts.onNote(note, about),
    });
  }

  /** What is still disputed is left undecided. */
  close(): Promise<void> {
    return this.#tribunal.close();
  }

  /** Holds the claim against what was computed, and against two engines where they differ. */
  async compare(
    audit: Audit,
    outputs: readonly Uint8Array[],
    known: KernelInput,
  ): Promise<Finding | NotAnswered> {
    const claims = this.#drawn.of(audit) ?? (await this.#claimsOf(audit));
    if (isNotAnswered(claims)) return claims;
    const differing = audit.units.filter(
      (unit, i) => !agrees(known, unit, outputs[i] as Uint8Array, claims[i] as Uint8Array),
    );
    if (differing.length === 0) return { is: 'equal' };
    const { job, chunk } = audit;
    this.#parts.onNote('an audit found a difference', { job, chunk, units: differing });
    const kernel = known.kernel.id;
    const wasm = this.#parts.shelf.get(kernel)?.wasm ?? new Uint8Array(0);
    const finding = await this.#tribunal.recompute({ kernel, wasm, input: known.input, units: differing });
    if (finding.is !== 'failed') await this.#paid(audit, differing);
    switch (finding.is) {
      case 'failed':
        return { refused: 'no-verdict', detail: finding.why, retryMs: againMs };
      case 'disagreed': {
        const reason = `two engines disagree on unit ${finding.unit} of ${job}`;
        await this.#parts.runtime.run({ c: 'pauseKernel', kernel, reason });
        this.#parts.onNote('a kernel disagrees with itself and is paused', { kernel, reason });
        return { is: 'paused' };
      }
      case 'agreed': {
        this.#parts.onNote('two engines settled a difference', { job, chunk, engines: finding.engines });
        const right = byUnit(differing, finding.outputs);
        const wrong = wrongOf(audit, known, claims, right);
        return { is: 'differing', wrong, ours: wrongOf(audit, known, outputs, right), right };
      }
      default:
        return finding satisfies never;
    }
  }

  /** Two engines computed these units, at the operator's cost [LG7]. No entry where the audit is over by now, its job cancelled perhaps. */
  async #paid({ id: audit }: Audit, units: readonly number[]): Promise<void> {
    const { runtime, device } = this.#parts;
    await anchorJoins(runtime, device);
    await runtime.run({ c: 'recheck', audit, device, units });
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
}

/** Those of the units that were settled by two engines in which somebody's outputs are wrong. `outputs`: of all the audit's units. */
export function wrongOf(
  { units }: Audit,
  known: KernelInput,
  outputs: readonly Uint8Array[],
  right: ReadonlyMap<number, Uint8Array>,
): number[] {
  return units.filter((unit, i) => {
    const reference = right.get(unit);
    return reference !== undefined && !agrees(known, unit, reference, outputs[i] as Uint8Array);
  });
}

/** Outputs by the units that they are of, in the same order. */
export function byUnit(
  units: readonly number[],
  outputs: readonly Uint8Array[],
): ReadonlyMap<number, Uint8Array> {
  return new Map(units.map((unit, i) => [unit, outputs[i] as Uint8Array]));
}

/** Digests of such outputs, in hex, in the order of the units. */
export function digestsOf(
  job: string,
  units: readonly number[],
  outputs: ReadonlyMap<number, Uint8Array>,
): string[] {
  return units.map((unit) => unitDigest(job, unit, outputs.get(unit) as Uint8Array).toString('hex'));
}

/** What is wrong with the outputs themselves; null when nothing is. */
export function faultOf(
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
