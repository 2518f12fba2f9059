/**
 * Recomputes what was drawn [AU2]: takes an audit, has its units computed by somebody who does not see the claim, and only
 * then compares. A mismatch is first put to two engines; what they do not agree on is the kernel's fault and nobody else's.
 */
import type { Audit } from '../core/state.ts';
import type { AnchorAnswer, AnchorWork } from './anchor-thread.ts';
import { unitDigest } from './digests.ts';
import type { Inputs } from './inputs.ts';
import type { KernelInput } from './inspecting.ts';
import type { ServedKernel, Shelf } from './kernels.ts';
import { eachOutput } from './log.ts';
import type { Log } from './log.ts';
import type { Runtime } from './runtime.ts';
import { Tribunal } from './tribunal.ts';

export interface AuditorParts {
  readonly runtime: Runtime;
  readonly log: Log;
  readonly shelf: Shelf;
  readonly inputs: Inputs;
  /** In whose name the audits are answered. */
  readonly device: string;
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
}

/** Computes units with the reference; the claim is not part of what it is given. */
export type Recompute = (
  work: Omit<AnchorWork, 'share'>,
) => Promise<Exclude<AnchorAnswer, { readonly failed: string }>>;

/** An audit that could not be made is not tried again for so long. */
const againMs = 60_000;

export class Auditor {
  readonly #parts: AuditorParts;
  readonly #tribunal: Tribunal;
  /** Audits that are being made, or failed a moment ago: until when they are left alone. */
  readonly #left = new Map<number, number>();

  constructor(parts: AuditorParts) {
    this.#parts = parts;
    this.#tribunal = new Tribunal({ onNote: (note, about) => parts.onNote(note, about) });
  }

  close(): Promise<void> {
    return this.#tribunal.close();
  }

  /** Makes the oldest audit that nobody is at; false when there is none. Throws what went wrong: no verdict then. */
  async audit(recompute: Recompute): Promise<boolean> {
    const audit = this.#next();
    if (audit === null) return false;
    this.#left.set(audit.id, performance.now() + againMs);
    const { runtime } = this.#parts;
    const job = runtime.state.jobs.get(audit.job);
    const known = this.#parts.inputs.of(audit.job);
    const served = job === undefined ? undefined : this.#parts.shelf.get(job.spec.kernel);
    if (job === undefined || known === null || served === undefined)
      throw new Error(`the kernel or input of ${audit.job} is not here`);
    const { kernel, input: inputDigest } = job.spec;
    const work = { kernel, wasm: served.wasm, input: known.input, inputDigest, units: audit.units };
    const { outputs } = await recompute(work);
    await this.#compare(audit, outputs, known, served);
    return true;
  }

  #next(): Audit | null {
    const { state } = this.#parts.runtime;
    const now = performance.now();
    for (const [id, until] of this.#left) if (until <= now || !state.audits.has(id)) this.#left.delete(id);
    for (const audit of state.audits.values()) {
      const kernel = state.jobs.get(audit.job)?.spec.kernel ?? '';
      if (!this.#left.has(audit.id) && !state.pausedKernels.has(kernel)) return audit;
    }
    return null;
  }

  /** Holds the claim against what was computed, and against two engines where they differ. */
  async #compare(
    audit: Audit,
    outputs: readonly Uint8Array[],
    known: KernelInput,
    served: ServedKernel,
  ): Promise<void> {
    const claims = await this.#claimsOf(audit);
    const differing = audit.units.filter(
      (unit, i) => !agrees(known, unit, outputs[i] as Uint8Array, claims[i] as Uint8Array),
    );
    if (differing.length === 0) return this.#answer(audit, [], []);
    this.#parts.onNote('an audit found a difference', {
      job: audit.job,
      chunk: audit.chunk,
      units: differing,
    });
    const { id: kernel } = known.kernel;
    const finding = await this.#tribunal.recompute({
      kernel,
      wasm: served.wasm,
      input: known.input,
      units: differing,
    });
    switch (finding.is) {
      case 'failed':
        throw new Error(`no verdict on ${audit.job}, chunk ${audit.chunk}: ${finding.why}`);
      case 'disagreed': {
        const reason = `two engines disagree on unit ${finding.unit} of ${audit.job}`;
        await this.#parts.runtime.run({ c: 'pauseKernel', kernel, reason });
        this.#parts.onNote('a kernel disagrees with itself and is paused', { kernel, reason });
        return;
      }
      case 'agreed': {
        const right = new Map(differing.map((unit, i) => [unit, finding.outputs[i] as Uint8Array]));
        const wrong = differing.filter(
          (unit) =>
            !agrees(
              known,
              unit,
              right.get(unit) as Uint8Array,
              claims[audit.units.indexOf(unit)] as Uint8Array,
            ),
        );
        if (wrong.length < differing.length)
          this.#parts.onNote('the anchor itself was wrong', { job: audit.job, units: differing });
        const digests = wrong.map((unit) =>
          unitDigest(audit.job, unit, right.get(unit) as Uint8Array).toString('hex'),
        );
        return this.#answer(audit, wrong, digests);
      }
      default:
        finding satisfies never;
    }
  }

  /** What was answered for the audit's units, in their order. */
  async #claimsOf({ job, chunk, units }: Audit): Promise<Uint8Array[]> {
    const { runtime, log } = this.#parts;
    const [answer] = await log.results(job, chunk, 1);
    const spec = runtime.state.jobs.get(job)?.spec;
    if (spec === undefined || answer === undefined || answer.chunk !== chunk || answer.outputs === null)
      throw new Error(`the answer of ${job}, chunk ${chunk}, is not stored`);
    const outputs = [...eachOutput(answer.outputs)];
    return units.map((unit) => outputs[unit - chunk * spec.unitsPerChunk] as Uint8Array);
  }

  async #answer({ id }: Audit, wrong: readonly number[], right: readonly string[]): Promise<void> {
    const { runtime, device } = this.#parts;
    const outcome = await runtime.run({ c: 'audit', audit: id, device, wrong, right });
    // Its job may have been cancelled, or its author's work voided, meanwhile.
    if (outcome.refused !== null && outcome.refused !== 'unknown-audit')
      throw new Error(`the audit was refused: ${outcome.refused}`);
  }
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
