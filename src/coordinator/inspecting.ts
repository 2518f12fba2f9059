/**
 * Looks at a commitment before the rules do: are its digests as many as the chunk has units, do they make the
 * root, do the bytes make the digests, could the outputs be right (in a `certify` job: does the certificate vouch for
 * each [CT1]). What cannot be is refused, and what an honest
 * device never sends is named as a misdeed [WR7].
 */
import { unitsOf } from '../core/state.ts';
import type { Lease, State } from '../core/state.ts';
import type { Kernel } from '../kernels/kernel.ts';
import type { CommitPart } from '../wire/frame.ts';
import { limits } from '../wire/version.ts';
import type { Certificate } from './certificate.ts';
import { rootOfDigests } from './digests.ts';
import type { Outputs } from './log.ts';
import { UnitDigests } from './unit-digests.ts';

/** Made when the first outputs come: a start does not wait for it. */
let unitDigests: UnitDigests | null = null;

/** A kernel with one input, and what follows from both. */
export interface KernelInput {
  readonly kernel: Kernel;
  readonly input: Uint8Array;
  readonly outputBytesMax: number;
  /** What vouches for each output of a `certify` job: there while such a job is open. */
  readonly certificate?: Certificate;
}

export type Inspected =
  | {
      readonly is: 'sound';
      readonly lease: Lease;
      readonly outputs: Outputs | null;
      readonly digests: string;
    }
  /** No open chunk knows it: settled, or never given. */
  | { readonly is: 'unknown' }
  | {
      readonly is: 'refused';
      readonly reason: string;
      readonly detail: string;
      readonly misdeed: string | null;
    };

function refused(reason: string, detail: string, misdeed: string | null = reason): Inspected {
  return { is: 'refused', reason, detail, misdeed };
}

/**
 * Inspects one part of a commit that `device` sent. `inputOf` gives what its job computes; null when it is not here. `isChecked`:
 * its digests and its root are known to be right.
 */
export function inspect(
  state: State,
  device: string,
  { item, digests, bytes }: CommitPart,
  inputOf: (job: string) => KernelInput | null,
  isChecked = false,
): Inspected {
  const lease = state.leases.get(state.replicas.get(item.replica) ?? -1);
  const job = lease === undefined ? undefined : state.jobs.get(lease.job);
  if (lease === undefined || job === undefined) return { is: 'unknown' };
  if (lease.device !== device) return refused('not-yours', 'this replica was leased to another device');
  const kernelInput = inputOf(job.id);
  const lacksCertificate = job.spec.policy.kind === 'certify' && kernelInput?.certificate === undefined;
  if (kernelInput === null || lacksCertificate)
    return refused('internal', 'the kernel or input of this job is not here', null);
  const [from, to] = unitsOf(job.spec, lease.chunk + (item.replica - lease.id));
  const width = limits.digestBytes[job.spec.agreement];
  const fault = faultOfSizes(item.digestBytes, item.lengths, to - from, width, kernelInput.outputBytesMax);
  if (fault !== null) return refused('sizes', fault);
  if (!isChecked && rootOfDigests(job.id, from, digests) !== item.root)
    return refused('digests', 'the digests do not make the root');
  const sent = Buffer.isBuffer(digests)
    ? digests
    : Buffer.from(digests.buffer, digests.byteOffset, digests.length);
  const text = sent.toString('base64url');
  if (item.lengths === null || bytes === null) return { is: 'sound', lease, outputs: null, digests: text };
  const outputs = { lengths: item.lengths, bytes };
  const wrong = isChecked ? null : faultOfDigests(job.id, from, sent, width, outputs);
  return (
    wrong ?? faultOfOutputs(from, outputs, kernelInput) ?? { is: 'sound', lease, outputs, digests: text }
  );
}

function faultOfSizes(
  digestBytes: number,
  lengths: readonly number[] | null,
  units: number,
  width: number,
  outputBytesMax: number,
): string | null {
  if (digestBytes !== units * width)
    return `this chunk has ${units} units, so ${units * width} bytes of digests`;
  if (lengths === null) return null;
  if (lengths.length !== units) return `this chunk has ${units} units`;
  for (const length of lengths)
    if (length > outputBytesMax) return `an output has at most ${outputBytesMax} bytes`;
  return null;
}

function faultOfDigests(
  job: string,
  from: number,
  digests: Buffer,
  width: number,
  { lengths, bytes }: Outputs,
): Inspected | null {
  unitDigests ??= new UnitDigests();
  const wrong = unitDigests.firstWrong(job, from, lengths, bytes, digests, width);
  return wrong < 0 ? null : refused('digests', `the bytes of unit ${wrong} do not make its digest`);
}

function faultOfOutputs(
  from: number,
  { lengths, bytes }: Outputs,
  { kernel, input, certificate }: KernelInput,
): Inspected | null {
  let at = 0;
  for (let i = 0; i < lengths.length; i++) {
    const end = at + (lengths[i] as number);
    if (certificate?.holds(from + i, bytes, at, end) === false)
      return refused('uncertified', `unit ${from + i}: the kernel’s certificate does not vouch for it`);
    // A view for each of many small outputs costs more than looking at them.
    const isPlain = kernel.isPlainOutput?.(input, bytes, at, end) === true;
    const impossible = isPlain ? null : kernel.checkOutput(input, from + i, bytes.subarray(at, end));
    at = end;
    if (impossible !== null) return refused('bad-output', `unit ${from + i}: ${impossible}`.slice(0, 200));
  }
  return null;
}
