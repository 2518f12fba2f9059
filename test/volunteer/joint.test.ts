/** Chunks that follow one another and wait together are computed as one span where a backend takes several; each has its own answer and its own end. */
import { describe, expect, test } from 'vitest';
import { commitmentRoot, UnitHasher } from '../../src/volunteer/digest.ts';
import type { ChunkResult, JobData, Outcome } from '../../src/volunteer/engine.ts';
import { Fault } from '../../workers/backend.ts';
import type { ComputeBackend, OpenJob, Span } from '../../workers/backend.ts';
import { ComputeHost } from '../../workers/host.ts';

const bytes = 4;
const data = (job: string): JobData => ({
  job,
  code: { id: 'none@1', wasm: new Uint8Array(0), wgsl: null },
  input: new Uint8Array(0),
  agreement: 'exact',
});

const outputOf = (unit: number): Uint8Array => new Uint8Array([unit, unit >> 8, 7, 1]);

/** The digests of some units as a GPU would give them. */
function digestsOf(job: string, unitFrom: number, unitTo: number): Uint8Array {
  const hasher = new UnitHasher(job);
  const all = new Uint8Array(8 * (unitTo - unitFrom));
  for (let unit = unitFrom; unit < unitTo; unit++)
    all.set(hasher.digest(unit, outputOf(unit)).subarray(0, 8), 8 * (unit - unitFrom));
  return all;
}

/** What a test decides. */
interface Bench {
  readonly jointUnits?: number;
  /** Units that cannot be computed. */
  readonly broken?: number;
  /** At which the device goes away. */
  readonly losesAt?: number;
  /** How many units come at once; each by itself where it is 0. */
  readonly alike?: number;
}

const hop = (): Promise<void> => new Promise((done) => setTimeout(done));

/** A host whose backend computes when it is let, and keeps the spans that it was given. */
async function hostOf(bench: Bench) {
  const spans: [from: number, to: number][] = [];
  let release: () => void = () => {};
  const gate = new Promise<void>((open) => (release = open));
  const one = (unit: number): void => {
    if (unit === bench.broken) throw new Fault({ reason: 'environment', detail: 'cannot be right', unit });
    if (unit === bench.losesAt) throw new Fault({ reason: 'device-lost', detail: 'gone' });
  };
  const open: OpenJob = {
    batchUnits: 1,
    ...(bench.jointUnits === undefined ? {} : { jointUnits: bench.jointUnits }),
    close: () => {},
    async compute(span: Span) {
      spans.push([span.unitFrom, span.unitTo]);
      await gate;
      const step = bench.alike ?? 0;
      for (let unit = span.unitFrom; unit < span.unitTo;) {
        await hop();
        await span.pause();
        const end = Math.min(span.unitTo, unit + Math.max(1, step));
        for (let each = unit; each < end; each++) one(each);
        span.spent(end - unit);
        if (step === 0 || span.takeAlike === undefined) span.take(unit, outputOf(unit));
        else {
          const outputs = Uint8Array.from({ length: bytes * (end - unit) }, (_, i) =>
            Number(outputOf(unit + Math.floor(i / bytes))[i % bytes]),
          );
          span.takeAlike(unit, outputs, bytes, digestsOf('j', unit, end), true);
        }
        unit = end;
      }
      span.issued();
    },
  };
  const backend: ComputeBackend = {
    start: async () => ({ backend: 'webgpu', software: false, adapter: null }),
    open: async () => open,
  };
  const host = new ComputeHost({
    tell: () => {},
    kernelOf: async () => null,
    transfer: (answer) => answer,
    open: async () => backend,
  });
  await host.start('webgpu');
  for (const job of ['j', 'k']) await host.load(data(job));
  const run = (unitFrom: number, unitTo: number, job = 'j'): Promise<Outcome<ChunkResult>> =>
    host.run({ replica: `${job}${unitFrom}`, job, unitFrom, unitTo });
  return { host, spans, run, release: () => release() };
}

/** That an answer is the chunk, as anybody would have made it. */
function isChunk(
  answer: Outcome<ChunkResult> | undefined,
  unitFrom: number,
  unitTo: number,
  job = 'j',
): void {
  if (answer?.ok !== true) throw new Error(JSON.stringify(answer));
  const { digests, root, bytes: outputs, lengths } = answer.value;
  const own = digestsOf(job, unitFrom, unitTo);
  const units = Array.from({ length: unitTo - unitFrom }, (_, i) => unitFrom + i);
  expect([...digests]).toEqual([...own]);
  expect([...root]).toEqual([...commitmentRoot(job, unitFrom, own)]);
  expect([...outputs]).toEqual(units.flatMap((unit) => [...outputOf(unit)]));
  expect([...lengths]).toEqual(units.map(() => bytes));
}

const failure = (answer: Outcome<ChunkResult> | undefined): string =>
  answer === undefined || answer.ok ? 'none' : answer.failure.reason;

describe('chunks that wait together', () => {
  test.each([0, 1, 4, 100])('are one span, and each is itself (%d units at once)', async (alike) => {
    const { run, spans, release } = await hostOf({ jointUnits: 100, alike });
    const asked = [run(50, 60), run(0, 10), run(10, 17), run(17, 30)];
    release();
    const answers = await Promise.all(asked);
    expect(spans).toEqual([
      [50, 60],
      [0, 30],
    ]);
    for (const [i, [from, to]] of (
      [
        [50, 60],
        [0, 10],
        [10, 17],
        [17, 30],
      ] as const
    ).entries())
      isChunk(answers[i], from, to);
    // What the GPU was busy is divided by units.
    expect(answers.map((answer) => (answer.ok ? Math.round(answer.value.kernelMs) : null))).toEqual([
      10, 10, 7, 13,
    ]);
    const walls = answers.map((answer) => (answer.ok ? answer.value.wallMs : 0));
    expect(walls.every((wallMs) => wallMs > 0)).toBe(true);
    expect((walls[2] ?? 0) / (walls[1] ?? 1)).toBeCloseTo(0.7);
  });

  test('go by themselves where no more goes together, where they do not continue one another, or are of another job', async () => {
    for (const [jointUnits, expected] of [
      [undefined, ['0-10', '10-20', '20-30', '40-50', '50-60']],
      [25, ['0-20', '20-30', '40-50', '50-60']],
      [20, ['0-20', '20-30', '40-50', '50-60']],
      [19, ['0-10', '10-20', '20-30', '40-50', '50-60']],
    ] as const) {
      const { run, spans, release } = await hostOf(jointUnits === undefined ? {} : { jointUnits });
      const asked = [run(0, 10), run(10, 20), run(20, 30), run(40, 50), run(50, 60, 'k')];
      release();
      for (const [i, answer] of (await Promise.all(asked)).entries())
        isChunk(answer, [0, 10, 20, 40, 50][i] ?? 0, [10, 20, 30, 50, 60][i] ?? 0, i === 4 ? 'k' : 'j');
      expect(spans.map(([from, to]) => `${from}-${to}`)).toEqual(expected);
    }
  });

  test.each([0, 1, 2])(
    'end by themselves: number %d is given up while they are computed, another before that',
    async (which) => {
      const { host, run, spans, release } = await hostOf({ jointUnits: 100 });
      const asked = [run(50, 60), run(0, 10), run(10, 20), run(20, 30), run(30, 40)];
      await hop();
      host.cancel('j30');
      expect(failure(await asked[4])).toBe('cancelled');
      release();
      isChunk(await asked[0], 50, 60);
      host.cancel(`j${10 * which}`);
      for (let i = 0; i < 3; i++)
        if (i === which) expect(failure(await asked[1 + i])).toBe('cancelled');
        else isChunk(await asked[1 + i], 10 * i, 10 * (i + 1));
      expect(spans.at(-1)).toEqual([0, 30]);
    },
  );

  test('are not computed once all of them are given up', async () => {
    const { host, run, spans, release } = await hostOf({ jointUnits: 1e6, alike: 0 });
    const asked = [run(50, 60), run(0, 10), run(10, 5_000)];
    release();
    isChunk(await asked[0], 50, 60);
    host.unload('j');
    expect(failure(await asked[1])).toBe('cancelled');
    expect(failure(await asked[2])).toBe('cancelled');
    expect(spans.at(-1)).toEqual([0, 5_000]);
  });

  test('rest together, and can be given up meanwhile', async () => {
    const { host, run, release } = await hostOf({ jointUnits: 100 });
    const asked = [run(50, 60), run(0, 10), run(10, 20)];
    release();
    isChunk(await asked[0], 50, 60);
    host.setShare(0);
    let ended = 0;
    for (const one of asked.slice(1)) void one.then(() => ended++);
    await new Promise((later) => setTimeout(later, 100));
    expect(ended).toBe(0);
    host.cancel('j0');
    host.cancel('j10');
    expect(failure(await asked[1])).toBe('cancelled');
    expect(failure(await asked[2])).toBe('cancelled');
  });

  test('fail by themselves: an output that cannot be right is one chunk’s', async () => {
    const { run, spans, release } = await hostOf({ jointUnits: 100, broken: 15 });
    const asked = [run(50, 60), run(0, 10), run(10, 20), run(20, 30)];
    release();
    const answers = await Promise.all(asked);
    isChunk(answers[1], 0, 10);
    expect(failure(answers[2])).toBe('environment');
    isChunk(answers[3], 20, 30);
    expect(spans.slice(1)).toEqual([
      [0, 30],
      [0, 10],
      [10, 20],
      [20, 30],
    ]);
  });

  test('all fail with the device', async () => {
    const { run, spans, release } = await hostOf({ jointUnits: 100, losesAt: 15 });
    const asked = [run(50, 60), run(0, 10), run(10, 20), run(20, 30)];
    release();
    const answers = await Promise.all(asked);
    expect(answers.slice(1).map(failure)).toEqual(['device-lost', 'device-lost', 'device-lost']);
    expect(spans.length).toBe(2);
  });

  test('leave a chunk that the job does not have to fail by itself', async () => {
    const { run, release } = await hostOf({ jointUnits: 1e9 });
    const asked = [run(50, 60), run(0, 10), run(10, 1e8)];
    release();
    const answers = await Promise.all(asked);
    isChunk(answers[1], 0, 10);
    expect(failure(answers[2])).toBe('job');
  });
});
