/** What code the open jobs need, where its bytes are, and which backend has proven itself on it. */
import type { Backend } from '../../core/state.ts';
import type { JobDescriptor } from '../../wire/volunteer.ts';
import { gpuSlot } from './state.ts';
import type { Loop } from './state.ts';
import type { CodeName } from './words.ts';

/** Of the jobs that are open, engines are given this many before a lease says which. */
export const jobsAheadMax = 2;
const blobRetryMsMax = 60_000;

/** Fetches what the open jobs need, or what `only` that one does, and lets go of what no job needs. */
export function fetchCode(loop: Loop, only: JobDescriptor | null): void {
  const wanted = new Set<string>();
  const gpu = loop.slots.has(gpuSlot);
  let ahead = 0;
  for (const job of loop.jobs.values()) {
    const leased =
      [...loop.leases.values()].some((lease) => lease.job === job.job) ||
      [...loop.audits.held.values()].some((audit) => audit.job === job.job);
    if (only !== null && only !== job) continue;
    wanted.add(job.wasm);
    if (ahead++ < jobsAheadMax || leased) wanted.add(job.input);
    if (gpu && job.wgsl !== null) wanted.add(job.wgsl);
  }
  for (const digest of wanted) {
    const blob = loop.blobs.get(digest);
    if (blob !== undefined && !(blob.is === 'failed' && loop.at >= blob.until)) continue;
    if (blob === undefined) loop.blobs.set(digest, { is: 'fetching' });
    else loop.blobs.set(digest, { ...blob, until: Number.POSITIVE_INFINITY });
    loop.out.push({ do: 'fetchBlob', digest });
  }
  if (!loop.jobsKnown) return;
  for (const digest of loop.blobs.keys()) {
    if (wanted.has(digest) || loop.blobs.get(digest)?.is === 'fetching') continue;
    if ([...loop.jobs.values()].some((job) => [job.wasm, job.input, job.wgsl].includes(digest))) continue;
    loop.blobs.delete(digest);
    loop.out.push({ do: 'dropBlob', digest });
  }
}

/** A blob is here, checked; or it did not come. */
export function onBlob(loop: Loop, digest: string, fault: string | null): void {
  const before = loop.blobs.get(digest);
  if (fault === null) {
    loop.blobs.set(digest, { is: 'here' });
    return;
  }
  const tries = before?.is === 'failed' ? before.tries + 1 : 1;
  const waitMs = Math.min(blobRetryMsMax, 1000 * 2 ** Math.min(tries - 1, 10)) * (0.5 + loop.entropy / 2);
  loop.blobs.set(digest, { is: 'failed', until: loop.at + Math.floor(waitMs), tries, detail: fault });
}

/** Whether the bytes are here; what is not needed always is. */
export function isHere(loop: Loop, digest: string | null): boolean {
  return digest === null || loop.blobs.get(digest)?.is === 'here';
}

/** A job's code as a backend needs it; null where the backend cannot run it. */
export function codeOf(job: JobDescriptor, backend: Backend): CodeName | null {
  if (backend === 'webgpu')
    return job.wgsl === null ? null : { kernel: job.kernel, wasm: job.wasm, wgsl: job.wgsl };
  return { kernel: job.kernel, wasm: job.wasm, wgsl: null };
}

/** Under which a backend's proof for some code is kept. */
export function proofKey(backend: Backend, { kernel, wasm, wgsl }: CodeName): string {
  return `${backend} ${kernel} ${wasm} ${wgsl ?? '-'}`;
}

/** Whether a backend may compute a job: proven, and not known to be unable. */
export function isProven(loop: Loop, backend: Backend, job: JobDescriptor): boolean {
  const code = codeOf(job, backend);
  if (code === null || loop.broken.has(`${backend} ${job.job}`)) return false;
  return loop.proofs.get(proofKey(backend, code))?.is === 'passed';
}
