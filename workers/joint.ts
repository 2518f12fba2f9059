/**
 * Computes chunks that follow one another as one span, so that what a batch costs a GPU and its thread is paid once for all of them: a
 * card that is worth hundreds of cores is through with a chunk in less than a millisecond.
 */

import type { ChunkResult, JobData } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { Fault } from './backend.ts';
import type { OpenJob, Span } from './backend.ts';
import type { Breath } from './breath.ts';
import type { Running } from './running.ts';

/** Those of `waiting`, in their order, that continue `first` and what continues it, up to so many units together. */
export function following(first: Running, waiting: Iterable<Running>, unitsMax: number): Running[] {
  const found: Running[] = [];
  let { unitTo } = first;
  for (const one of waiting) {
    const continues = one.job === first.job && one.unitFrom === unitTo && !one.isCancelled;
    if (!continues || one.unitTo - first.unitFrom > unitsMax) break;
    found.push(one);
    ({ unitTo } = one);
  }
  return found;
}

/** One span over several chunks. Who is given up of them does not keep the others from what they came for. */
export class Joint implements Span {
  readonly unitFrom: number;
  readonly unitTo: number;
  readonly #members: readonly Running[];
  readonly #breath: Breath;
  readonly #deserted: Promise<never>;
  #kernelMs = 0;
  /** Whose units come now. */
  #at = 0;

  /** At least one chunk, each beginning where the one before ends. */
  constructor(members: readonly Running[], breath: Breath) {
    this.#members = members;
    this.#breath = breath;
    this.unitFrom = members[0]?.unitFrom ?? 0;
    this.unitTo = members.at(-1)?.unitTo ?? 0;
    const givenUp = members.map((member) => member.cancelled.catch((fault: unknown) => fault));
    this.#deserted = Promise.all(givenUp).then(([fault]) => Promise.reject(fault));
    this.#deserted.catch(() => {});
  }

  /**
   * Gives each chunk its answer. `wall` says how much of the time since it began was its own. Where something went wrong that may
   * be the fault of one unit, each chunk is computed by itself, and fails by itself.
   */
  async compute(
    open: OpenJob,
    data: JobData,
    kernel: Kernel | null,
    wall: (ms: number) => number,
  ): Promise<PromiseSettledResult<ChunkResult>[]> {
    const startMs = performance.now();
    try {
      await this.#computed(open, data, kernel);
    } catch (error) {
      if (error instanceof Fault && (error.failure.reason === 'device-lost' || this.#isDeserted()))
        return this.#members.map(() => ({ status: 'rejected', reason: error }));
      return this.#oneByOne(open, data, kernel);
    }
    const wallMs = wall(performance.now() - startMs);
    return Promise.allSettled(
      this.#members.map((member) => {
        if (member.isCancelled) return member.cancelled;
        const share = (member.unitTo - member.unitFrom) / (this.unitTo - this.unitFrom);
        return member.result(this.#kernelMs * share, wallMs * share);
      }),
    );
  }

  async #computed(open: OpenJob, data: JobData, kernel: Kernel | null): Promise<void> {
    this.#breath.begin();
    try {
      for (const member of this.#members) member.gather(data, kernel);
      await this.pause();
      await open.compute(this);
    } finally {
      this.#breath.end();
    }
  }

  async #oneByOne(
    open: OpenJob,
    data: JobData,
    kernel: Kernel | null,
  ): Promise<PromiseSettledResult<ChunkResult>[]> {
    const answers: PromiseSettledResult<ChunkResult>[] = [];
    for (const member of this.#members)
      answers.push(...(await Promise.allSettled([member.compute(open, data, kernel)])));
    return answers;
  }

  #isDeserted(): boolean {
    return this.#members.every(({ isCancelled }) => isCancelled);
  }

  pause(): Promise<void> | null {
    if (this.#isDeserted()) return this.#deserted;
    const rest = this.#breath.due();
    return rest === null ? null : Promise.race([rest, this.#deserted]);
  }

  take(unit: number, output: Uint8Array): void {
    this.#whoseIs(unit).take(unit, output);
  }

  takeAlike(unitFrom: number, outputs: Uint8Array, bytes: number, digests: Uint8Array, seen: boolean): void {
    const units = outputs.length / bytes;
    const digestBytes = digests.length / units;
    for (let i = 0; i < units;) {
      const member = this.#whoseIs(unitFrom + i);
      const end = Math.min(units, member.unitTo - unitFrom);
      member.takeAlike(
        unitFrom + i,
        outputs.subarray(i * bytes, end * bytes),
        bytes,
        digests.subarray(i * digestBytes, end * digestBytes),
        seen,
      );
      i = end;
    }
  }

  /** Units come in order. */
  #whoseIs(unit: number): Running {
    let member = this.#members[this.#at];
    if (member !== undefined && unit >= member.unitTo) member = this.#members[++this.#at];
    if (member === undefined) throw new Error(`unit ${unit} is nobody's`);
    return member;
  }

  spent(ms: number): void {
    this.#kernelMs += ms;
    this.#members[this.#at]?.show();
  }

  issued(): void {
    for (const member of this.#members) member.issued();
  }
}
