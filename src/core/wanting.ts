/** Chunks of a job in the state, and the index of those that want one more replica, by whose they are so far. Only writes. */
import { soleAccount, wanted } from './chunk.ts';
import type { Chunk, Job } from './state.ts';

/** By whose it is so far, where a chunk wants another replica; undefined where it wants none. */
export function wantingKeyOf({ spec }: Job, chunk: Chunk): string | undefined {
  return wanted(chunk, spec) > 0 ? soleAccount(chunk) : undefined;
}

/** Stores a chunk that nobody had until now. `key`: its `wantingKeyOf`. */
export function openChunk(job: Job, chunk: Chunk, key: string | undefined): void {
  job.chunks.set(chunk.index, chunk);
  reindex(job, chunk.index, undefined, key);
}

/** Stores a chunk's new value, keeps the index of wanting chunks, and marks when it began to want. */
export function putChunk(job: Job, chunk: Chunk, at: number): void {
  const keyBefore = job.wantingKey.get(chunk.index);
  const key = wantingKeyOf(job, chunk);
  job.chunks.set(chunk.index, keyBefore === undefined && key !== undefined ? { ...chunk, since: at } : chunk);
  if (key !== keyBefore) reindex(job, chunk.index, keyBefore, key);
}

/** Enters a chunk in the index under `after` instead of `before`; undefined: it does not want anybody. */
export function reindex(
  job: Job,
  index: number,
  before: string | undefined,
  after: string | undefined,
): void {
  if (before !== undefined) {
    const set = job.wanting.get(before);
    set?.delete(index);
    if (set?.size === 0) job.wanting.delete(before);
    job.wantingKey.delete(index);
  }
  if (after === undefined) return;
  let set = job.wanting.get(after);
  if (set === undefined) job.wanting.set(after, (set = new Set()));
  set.add(index);
  job.wantingKey.set(index, after);
}
