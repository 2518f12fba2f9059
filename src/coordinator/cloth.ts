/** Weaves a job's cloth for people to look at: for each bin of a window of chunks, how much of it stands where. */
import type { Intervals } from '../core/intervals.ts';
import type { Job } from '../core/state.ts';
import type { JobView } from '../wire/views.ts';
import { standingOf } from './views.ts';

/** However many chunks there are, this many bins tell them. */
export const clothBinsMax = 4096;

/** The chunks [from, to), and into how many bins they are put. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly bins: number;
}

/** The window that a query asks for, or in a sentence why there is none. Without `from` and `to` it is the whole job. */
export function windowOf(
  chunks: number,
  query: { readonly from?: string; readonly to?: string; readonly bins?: string },
): Window | string {
  const bins = Math.min(clothBinsMax, Math.max(1, Math.floor(Number(query.bins ?? 512)) || 512));
  const [from, to] = [wholeOf(query.from, 0), wholeOf(query.to, chunks)];
  if (!(from >= 0 && from < to && to <= chunks)) return `0 ≤ from < to ≤ ${chunks}`;
  return { from, to, bins };
}

function wholeOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  return /^\d{1,10}$/.test(text) ? Number(text) : -1;
}

/** Three bytes a bin: the share (0–255) of its chunks that are leased, answered (committed, or accepted and provisional), final. */
export function clothOf(job: Job, window: Window): Uint8Array {
  const { from, to, bins } = window;
  const sums = new Float64Array(bins * 3);
  for (const index of job.chunks.keys()) {
    if (index < from || index >= to) continue;
    const standing = standingOf(job, index);
    const bin = binOf(window, index) * 3 + (standing === 'leased' ? 0 : 1);
    if (standing !== 'free') sums[bin] = (sums[bin] as number) + 1;
  }
  addRuns(sums, window, job.accepted, 1);
  addRuns(sums, window, job.final, 2);
  return sharesOf(sums, window);
}

/** Of a job that has ended only how much was done is kept, not which chunks: its cloth is woven from the left. */
export function clothOfEnded({ final, chunks }: JobView, window: Window): Uint8Array {
  const sums = new Float64Array(window.bins * 3);
  const woven = Math.min(window.to, final, chunks);
  if (woven > window.from) addRun(sums, window, window.from, woven, 2);
  return sharesOf(sums, window);
}

function binOf({ from, to, bins }: Window, chunk: number): number {
  return Math.floor(((chunk - from) * bins) / (to - from));
}

/** Where a bin begins, counted from the window's first chunk. */
function startOf({ from, to, bins }: Window, bin: number): number {
  return Math.ceil((bin * (to - from)) / bins);
}

function sharesOf(sums: Float64Array, window: Window): Uint8Array {
  const cloth = new Uint8Array(window.bins * 3);
  for (let bin = 0; bin < window.bins; bin++) {
    const width = startOf(window, bin + 1) - startOf(window, bin);
    // More bins than chunks: a bin without a chunk of its own shows the one that reaches over it.
    for (let k = 0; k < 3; k++)
      cloth[bin * 3 + k] =
        width === 0
          ? (cloth[(bin - 1) * 3 + k] as number)
          : Math.round(((sums[bin * 3 + k] as number) * 255) / width);
  }
  return cloth;
}

/** Adds what of a set lies in the window to one of the three sums. */
function addRuns(sums: Float64Array, window: Window, runs: Intervals, which: 1 | 2): void {
  const { from, to } = window;
  for (let i = firstBeyond(runs, from); i < runs.length && (runs[i] as number) < to; i += 2)
    addRun(sums, window, Math.max(from, runs[i] as number), Math.min(to, runs[i + 1] as number), which);
}

/** Adds a run of chunks to the bins it covers, bin by bin and not chunk by chunk. */
function addRun(sums: Float64Array, window: Window, from: number, to: number, which: 1 | 2): void {
  let at = from;
  while (at < to) {
    const bin = binOf(window, at);
    const end = Math.min(to, Math.max(at + 1, window.from + startOf(window, bin + 1)));
    sums[bin * 3 + which] = (sums[bin * 3 + which] as number) + (end - at);
    at = end;
  }
}

/** The index of the first interval [start, end) that ends beyond `at`. */
function firstBeyond(intervals: readonly number[], at: number): number {
  let [low, high] = [0, intervals.length / 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((intervals[2 * middle + 1] as number) > at) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}
