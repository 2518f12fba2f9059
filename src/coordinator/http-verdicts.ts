/** A job's verdicts over HTTP: which chunks are provisional and which final, and the results of both while the job is open. */
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { has } from '../core/intervals.ts';
import type { JobView, RefusalView, VerdictsView } from '../wire/views.ts';
import type { House } from './house.ts';
import { eachOutput } from './log.ts';

/** Chunks that one answer holds at most. */
export const chunksAnsweredMax = 4_096;
/** Chunks that are read from the store at once. */
const pageChunks = 16;

/** Runs of chunks by verdict; of a job that has ended all that was settled is final. */
export function verdictsOf(house: House, view: JobView): VerdictsView {
  const job = house.runtime.state.jobs.get(view.job);
  if (job === undefined)
    return { job: view.job, state: view.state, chunks: view.chunks, provisional: [], final: null };
  const { accepted, final } = job;
  return {
    job: view.job,
    state: view.state,
    chunks: view.chunks,
    provisional: [...accepted],
    final: [...final],
  };
}

/** What is settled from a chunk on, a line of JSON each: its verdict now, and its units' outputs in base64. */
export function chunksOf(c: Context, house: House, view: JobView): Response {
  const [from, count] = [numberOf(c.req.query('from'), 0), numberOf(c.req.query('count'), 256)];
  if (!(from >= 0 && from < view.chunks && count >= 1 && count <= chunksAnsweredMax))
    return c.json(
      {
        refused: 'out-of-range',
        detail: `0 ≤ from < ${view.chunks}, 1 ≤ count ≤ ${chunksAnsweredMax}`,
      } satisfies RefusalView,
      400,
    );
  return c.body(
    Readable.toWeb(Readable.from(lines(house, view.job, from, count))) as ReadableStream<Uint8Array>,
    200,
    { 'Content-Type': 'application/x-ndjson; charset=utf-8' },
  );
}

async function* lines(house: House, id: string, from: number, count: number): AsyncGenerator<Uint8Array> {
  let next = from;
  for (let left = count; left > 0;) {
    const page = await house.log.results(id, next, Math.min(left, pageChunks));
    for (const { chunk, outputs } of page) {
      // The store may be a moment behind the state: what was voided meanwhile is told as what it is now, nothing.
      const job = house.runtime.state.jobs.get(id);
      const verdict =
        job === undefined || has(job.final, chunk)
          ? 'final'
          : has(job.accepted, chunk)
            ? 'provisional'
            : null;
      if (verdict === null || outputs === null) continue;
      const given = [...eachOutput(outputs)].map((output) => Buffer.from(output).toString('base64'));
      yield Buffer.from(`${JSON.stringify({ chunk, verdict, outputs: given })}\n`);
    }
    const last = page.at(-1);
    if (last === undefined) return;
    left -= page.length;
    next = last.chunk + 1;
  }
}

function numberOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  return /^\d{1,10}$/.test(text) ? Number(text) : -1;
}
