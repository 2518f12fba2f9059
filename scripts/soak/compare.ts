/** Holds what a browser brought beside what Node computed: which units are wrong, and by how much the others differ where they may. */
import { rootOfDigests, unitDigest } from '../../src/coordinator/digests.ts';
import type { Kernel } from '../../src/kernels/kernel.ts';
import type { Backend } from '../../src/volunteer/engine.ts';
import { limits } from '../../src/wire/version.ts';

/** A run of units as it would go to a coordinator. */
export interface Answer {
  readonly digests: Uint8Array;
  readonly root: Uint8Array;
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

export interface Asked {
  readonly kernel: Kernel;
  readonly backend: Backend;
  readonly job: string;
  readonly input: Uint8Array;
  readonly unitFrom: number;
}

export interface Compared {
  /** Units whose answer is wrong. */
  readonly wrong: readonly number[];
  /** The largest share of values that lie outside the first bound, where a kernel may differ; 0 elsewhere. */
  readonly outlierShare: number;
}

/** `reference`: what Node's WebAssembly gave for each unit. */
export function compare(asked: Asked, reference: readonly Uint8Array[], answer: Answer): Compared {
  const { kernel, backend, job, input, unitFrom } = asked;
  const width = limits.digestBytes[kernel.agreement];
  const wrong: number[] = [];
  let outlierShare = 0;
  let at = 0;
  reference.forEach((expected, i) => {
    const unit = unitFrom + i;
    const output = answer.bytes.subarray(at, (at += answer.lengths[i] ?? 0));
    const digest = answer.digests.subarray(i * width, (i + 1) * width);
    const digestOf = (bytes: Uint8Array): Buffer => unitDigest(job, unit, bytes).subarray(0, width);
    let right = digestOf(output).equals(digest);
    if (backend === 'webgpu' && kernel.agree !== undefined && right) {
      const agreement = kernel.agree(input, unit, expected, output);
      outlierShare = Math.max(outlierShare, agreement.outlierShare);
      right = agreement.agree;
    } else right &&= digestOf(expected).equals(digest);
    if (!right) wrong.push(unit);
  });
  // The root binds where the run begins and how long it is: wrong, none of its units would count.
  const whole = answer.lengths.length === reference.length && at === answer.bytes.length;
  const bound = rootOfDigests(job, unitFrom, answer.digests) === Buffer.from(answer.root).toString('hex');
  if (!whole || !bound) return { wrong: reference.map((_, i) => unitFrom + i), outlierShare };
  return { wrong, outlierShare };
}
