/**
 * What came of a job: all outputs in order, a picture, a report; and while it is open a small picture of what is
 * settled. Pictures are put together as chunks settle and somebody looks, a little at a time.
 */
import { Worker } from 'node:worker_threads';
import { add, has } from '../core/intervals.ts';
import type { Intervals } from '../core/intervals.ts';
import { decodeInput, decodeOutput, reportOf } from '../kernels/mersenne-tf/index.ts';
import { develop, emptyPicture, mergeTile } from '../kernels/path-trace/index.ts';
import type { Picture } from '../kernels/path-trace/index.ts';
import type { Inputs } from './inputs.ts';
import { eachOutput } from './log.ts';
import type { Answer, Log } from './log.ts';
import type { Showing } from './views.ts';

/** How a picture is developed, everywhere. */
export const exposure = 1;
/** A preview's longer side, in pixels: enough to see it grow, too little to copy an answer from [WR9]. */
export const previewPixelsMax = 256;
/** Chunks that are read from the log at once. */
const pageChunks = 16;
/** A preview is made anew no more often than this. */
const previewMs = 2_000;
/** Pictures that are kept in memory. */
const picturesMax = 4;

/** Which results a kernel's jobs have. */
export function showingOf(kernel: string): Showing {
  return { picture: kernel.startsWith('path-trace@'), report: kernel.startsWith('mersenne-tf@') };
}

/** A job as results need it, open or concluded. */
export interface ResultJob {
  readonly job: string;
  readonly kernel: string;
  readonly input: string;
  readonly units: number;
  readonly unitsPerChunk: number;
  readonly final: number;
  /** Chunks whose result is provisional; absent in views of jobs that ended before there were any. */
  readonly accepted?: number;
}

/** Chunks whose result is there. */
function settledIn({ final, accepted = 0 }: ResultJob): number {
  return final + accepted;
}

interface Growing {
  readonly picture: Picture;
  readonly merged: Intervals;
  mergedChunks: number;
  /** One merging at a time. */
  busy: Promise<void> | null;
  preview: { readonly at: number; readonly chunks: number; readonly png: Uint8Array } | null;
  png: { readonly chunks: number; readonly bytes: Promise<Uint8Array> } | null;
}

export class Results {
  readonly #log: Log;
  readonly #inputs: Inputs;
  readonly #now: () => number;
  readonly #growing = new Map<string, Growing>();

  constructor(log: Log, inputs: Inputs, now: () => number) {
    this.#log = log;
    this.#inputs = inputs;
    this.#now = now;
  }

  /** What was settled of a job is void in part: its picture is put together anew. */
  forget(job: string): void {
    this.#growing.delete(job);
  }

  /** Every unit's output in order, each after its length (u32, big-endian): `results.bin`. */
  async *bytes(job: ResultJob): AsyncGenerator<Uint8Array> {
    for await (const answer of this.#answers(job.job, 0)) {
      if (answer.outputs === null)
        throw new Error(`the result of chunk ${answer.chunk} of ${job.job} is not stored`);
      for (const output of eachOutput(answer.outputs)) {
        const framed = Buffer.allocUnsafe(4 + output.length);
        framed.writeUInt32BE(output.length, 0);
        framed.set(output, 4);
        yield framed;
      }
    }
  }

  /** A report's lines; null when this kind of job has none. All units must be settled. */
  async report(job: ResultJob): Promise<string | null> {
    const input = showingOf(job.kernel).report
      ? (await this.#inputs.read(job.kernel, job.input))?.input
      : undefined;
    if (input === undefined) return null;
    const outputs: ReturnType<typeof decodeOutput>[] = [];
    for await (const answer of this.#answers(job.job, 0)) {
      if (answer.outputs !== null)
        for (const output of eachOutput(answer.outputs)) outputs.push(decodeOutput(output));
    }
    return `${reportOf(decodeInput(input), outputs).lines.join('\n')}\n`;
  }

  /** The whole picture as PNG; null when this kind of job has none. */
  async picture(job: ResultJob): Promise<Uint8Array | null> {
    const growing = await this.#grown(job);
    if (growing === null) return null;
    // One thread develops for all who ask meanwhile.
    if (growing.png?.chunks !== growing.mergedChunks) {
      const png = { chunks: growing.mergedChunks, bytes: developElsewhere(growing.picture) };
      growing.png = png;
      png.bytes.catch(() => {
        if (growing.png === png) growing.png = null;
      });
    }
    return growing.png.bytes;
  }

  /** A small picture of what is settled so far. */
  async preview(job: ResultJob): Promise<Uint8Array | null> {
    const kept = this.#growing.get(job.job)?.preview;
    if (
      kept !== undefined &&
      kept !== null &&
      (this.#now() - kept.at < previewMs || kept.chunks === settledIn(job))
    )
      return kept.png;
    const growing = await this.#grown(job);
    if (growing === null) return null;
    if (growing.preview?.chunks !== growing.mergedChunks)
      growing.preview = {
        at: this.#now(),
        chunks: growing.mergedChunks,
        png: await pngOf(shrunk(growing.picture)),
      };
    return growing.preview.png;
  }

  async *#answers(job: string, from: number): AsyncGenerator<Answer> {
    for (let next = from; ;) {
      const page = await this.#log.results(job, next, pageChunks);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      next = last.chunk + 1;
      // Others have waited while we read.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The job's picture with every settled chunk in it. */
  async #grown(job: ResultJob): Promise<Growing | null> {
    const growing = this.#growing.get(job.job) ?? (await this.#start(job));
    if (growing === null) return null;
    growing.busy ??= this.#merge(job, growing).finally(() => (growing.busy = null));
    await growing.busy;
    return growing;
  }

  async #start(job: ResultJob): Promise<Growing | null> {
    if (!showingOf(job.kernel).picture) return null;
    const input = (await this.#inputs.read(job.kernel, job.input))?.input;
    if (input === undefined) return null;
    const growing: Growing = {
      picture: emptyPicture(input),
      merged: [],
      mergedChunks: 0,
      busy: null,
      preview: null,
      png: null,
    };
    this.#growing.set(job.job, growing);
    for (const oldest of this.#growing.keys())
      if (this.#growing.size > picturesMax && oldest !== job.job) this.#growing.delete(oldest);
    return growing;
  }

  async #merge(job: ResultJob, growing: Growing): Promise<void> {
    if (growing.mergedChunks >= settledIn(job)) return;
    // Everything before the first gap is in the picture already.
    const from = growing.merged[0] === 0 ? (growing.merged[1] ?? 0) : 0;
    for await (const { chunk, outputs } of this.#answers(job.job, from)) {
      if (outputs === null || has(growing.merged, chunk)) continue;
      let unit = chunk * job.unitsPerChunk;
      for (const output of eachOutput(outputs)) mergeTile(growing.picture, unit++, output);
      add(growing.merged, chunk, chunk + 1);
      growing.mergedChunks++;
    }
  }
}

/** A picture with its pixels added up in squares, so that its longer side fits a preview. */
function shrunk(picture: Picture): Picture {
  const { width, height } = picture.head;
  const by = Math.max(1, Math.ceil(Math.max(width, height) / previewPixelsMax));
  const [small, tall] = [Math.ceil(width / by), Math.ceil(height / by)];
  const sums = new Float64Array(small * tall * 3);
  const samples = new Float64Array(small * tall);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = y * width + x;
      const to = Math.floor(y / by) * small + Math.floor(x / by);
      samples[to] = (samples[to] as number) + (picture.samples[from] as number);
      for (let k = 0; k < 3; k++)
        sums[to * 3 + k] = (sums[to * 3 + k] as number) + (picture.sums[from * 3 + k] as number);
    }
  }
  return { head: { ...picture.head, width: small, height: tall }, sums, samples };
}

/** Develops and encodes. The encoder is loaded with the first picture that somebody looks at. */
export async function pngOf(picture: Picture): Promise<Uint8Array> {
  const { encode: encodePng } = await import('fast-png');
  const { width, height } = picture.head;
  return encodePng({ width, height, data: develop(picture, { exposure }), channels: 4, depth: 8 });
}

/** The same in a thread of its own: a whole picture takes a second, and the loop has better to do. */
function developElsewhere(picture: Picture): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./picture-thread.ts', import.meta.url), { workerData: picture });
    thread.once('message', (png: Uint8Array) => resolve(png));
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the picture's thread ended with code ${code}`)));
  });
}
