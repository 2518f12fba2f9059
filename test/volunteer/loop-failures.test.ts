/** The loop, rule by rule: what fails, and the graphics processor. */
import { describe, expect, it } from 'vitest';
import { step, viewOf, wakeAt } from '../../src/volunteer/loop.ts';
import type { LoopEffect, LoopOptions } from '../../src/volunteer/loop.ts';
import { asks, commits, Hand, hex, job, kinds, remembered, returned } from './hand.ts';

const doneOf = (
  replica: number,
): {
  replica: number;
  root: string;
  digestBytes: number;
  outputBytes: number;
  kernelMs: number;
  wallMs: number;
} => ({
  replica,
  root: hex('d'),
  digestBytes: 80,
  outputBytes: 160,
  kernelMs: 10,
  wallMs: 10,
});

describe('failures', () => {
  it('starts a stuck engine afresh, returns the chunk it was at and goes on with the rest', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 3 });
    const effects = hand.on({ on: 'lost', ...hand.engine(0), loss: 'stuck', detail: 'silence' });
    expect(returned(effects)).toEqual([{ why: 'failed', replicas: [1] }]);
    expect(kinds(hand.wait(500))).toContain('startEngine');
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    expect(kinds(hand.on({ on: 'loaded', ...hand.engine(0), job: 'j1' }))).toEqual(['run', 'run']);
  });

  it('says that its only worker starts again, and when: a running visit never stands still without a reason', () => {
    const hand = new Hand().ready();
    hand.quiet();
    for (const waitMs of [500, 5_000, 30_000, 300_000]) {
      hand.on({ on: 'lost', ...hand.engine(0), loss: 'died', detail: 'out of memory' });
      const reason = { why: 'worker-restarting', retryAt: hand.at + waitMs, detail: 'out of memory' };
      expect(viewOf(hand.loop)).toMatchObject({ phase: 'running', reason });
      hand.wait(waitMs);
      expect(viewOf(hand.loop).reason).not.toBeNull();
      hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
      expect(viewOf(hand.loop).reason).toEqual({ why: 'waiting-for-others' });
    }
    hand.on({ on: 'lost', ...hand.engine(0), loss: 'died', detail: 'out of memory' });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'no-worker-works', detail: 'out of memory' });
  });

  it('who was sent away for an hour and then for good is told so at once, of the processor that was wrong', () => {
    const hand = new Hand().ready();
    hand.word({ t: 'refusal', about: 'ask', slot: 0, reason: 'suspended', retryMs: 3_600_000 });
    const judged = { t: 'judged' as const, job: 'j1', chunk: 0, wrong: [3], right: [hex('e')] };
    hand.word({ ...judged, backend: 'wasm', consequence: 'suspend', untilMs: hand.at + 3_600_000 });
    hand.word({ ...judged, backend: 'webgpu', consequence: 'ban', untilMs: null });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'suspended' });
    hand.word({ ...judged, backend: 'wasm', consequence: 'ban', untilMs: null });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'banned' });
  });

  it('says nothing of a lost worker while another computes or waits for work', () => {
    const hand = new Hand().ready(2);
    hand.quiet();
    hand.on({ on: 'lost', ...hand.engine(1), loss: 'died', detail: '' });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'waiting-for-others' });
    hand.lease(1);
    expect(viewOf(hand.loop).reason).toBeNull();
  });

  it('ignores what an engine that was replaced still says', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 2 });
    const old = hand.engine(0);
    hand.on({ on: 'lost', ...old, loss: 'died', detail: '' });
    hand.wait(500);
    const late = hand.on({
      on: 'computed',
      ...old,
      replica: 2,
      root: hex('d'),
      digestBytes: 80,
      outputBytes: 160,
      kernelMs: 1,
      wallMs: 1,
    });
    expect(kinds(late)).not.toContain('keepResult');
  });

  it('does not take the word of an engine that was replaced for its successor’s', () => {
    const hand = new Hand().ready();
    const old = hand.engine(0);
    hand.on({ on: 'lost', ...old, loss: 'died', detail: '' });
    hand.wait(500);
    hand.on({ on: 'engineStarted', ...old, software: false, name: '' });
    expect(hand.loop.slots.get(0)?.stage).toEqual({ is: 'starting' });
  });

  it('asks again after a connection broke under an ask', () => {
    const hand = new Hand().ready();
    hand.on({ on: 'socketClosed', socket: hand.loop.sockets, detail: '' });
    hand.wait(1_000);
    hand.challenge();
    expect(asks(hand.welcome())).toEqual([0]);
  });

  it('does not take a chunk again that failed here twice', () => {
    const hand = new Hand().ready();
    for (const lease of [1, 2]) {
      hand.lease(lease);
      expect(
        returned(
          hand.on({
            on: 'failed',
            ...hand.engine(0),
            what: { call: 'run', replica: lease },
            fault: 'deadline',
            detail: '',
          }),
        ),
      ).toHaveLength(1);
      hand.at += 60_000;
    }
    expect(returned(hand.lease(3))).toEqual([{ why: 'failed', replicas: [3] }]);
    expect(asks(hand.wait(14_000))).toEqual([]);
  });

  it('says trap for a trap, and once is enough', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    expect(
      returned(
        hand.on({
          on: 'failed',
          ...hand.engine(0),
          what: { call: 'run', replica: 1 },
          fault: 'trap',
          detail: '',
        }),
      ),
    ).toEqual([{ why: 'trap', replicas: [1] }]);
    expect(returned(hand.lease(2))).toEqual([{ why: 'failed', replicas: [2] }]);
  });

  it('waits with full jitter between connections: 0 … base × 2^n, and at least what the coordinator said', () => {
    const hand = new Hand();
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered });
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      step(hand.loop, { on: 'socketClosed', socket: hand.loop.sockets, detail: '' }, hand.at, 0.999);
      const until = wakeAt(hand.loop) ?? 0;
      waits.push(until - hand.at);
      hand.at = until;
      hand.on({ on: 'wake' });
    }
    expect(waits).toEqual([499, 999, 1998, 3996, 7992, 15984, 31968, 59940, 59940]);
    hand.challenge();
    hand.welcome();
    hand.word({ t: 'bye', reason: 'shutting-down', retryMs: 7_000 }, 0);
    expect((wakeAt(hand.loop) ?? 0) - hand.at).toBe(7_000);
    hand.on({ on: 'online', online: true }, 0);
    expect((wakeAt(hand.loop) ?? 0) - hand.at).toBe(7_000);
  });

  it('takes a connection for dead when nothing answers, but not when it was itself asleep', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.computed(1);
    hand.at += 600_000;
    // Back from sleep: the timer comes before the answers that lie in the queue.
    expect(kinds(hand.on({ on: 'wake' }))).not.toContain('disconnect');
    hand.receipt([1]);
    hand.word({ t: 'refusal', about: 'ask', slot: 0, reason: 'no-work' });
    expect(kinds(hand.wait(4_000))).not.toContain('disconnect');
    hand.wait(60_000);
    expect(kinds(hand.wait(25_000))).toContain('disconnect');
  });

  it.each([
    ['protocol', 'reload-needed'],
    ['elsewhere', 'elsewhere'],
    ['consent', 'refused'],
    ['suspended', 'refused'],
  ] as const)('stops for good on bye %s', (reason, why) => {
    const hand = new Hand().ready();
    hand.word({ t: 'bye', reason });
    expect(viewOf(hand.loop)).toMatchObject({ phase: 'stopped', reason: { why } });
    expect(wakeAt(hand.loop)).toBeNull();
    expect(asks(hand.wait(600_000))).toEqual([]);
  });

  it('leaves leases to the other tab when this one stops for it', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 2 });
    const effects = hand.word({ t: 'bye', reason: 'elsewhere' });
    expect(returned(effects)).toEqual([]);
    expect(kinds(effects)).not.toContain('dropLeases');
  });
});

describe('the graphics processor', () => {
  const gpu = 256;
  const wgsl = { kernel: job.kernel, wasm: job.wasm, wgsl: job.wgsl };
  const withGpu = (options: Partial<LoopOptions> = {}): Hand => {
    const hand = new Hand({ webgpu: true, ...options }).ready();
    expect(hand.loop.slots.has(gpu)).toBe(false);
    hand.lease(1);
    hand.lease(2, { chunk: 1 });
    hand.computed(1);
    expect(hand.loop.slots.has(gpu)).toBe(false);
    hand.receipt([1]);
    return hand;
  };
  const proven = (hand: Hand, unitMs: number): LoopEffect[] => {
    hand.on({ on: 'engineStarted', ...hand.engine(gpu), software: false, name: 'card' });
    hand.on({ on: 'blob', digest: job.wgsl ?? '', fault: null });
    // [WR14] What a card has proven is not remembered beyond this visit.
    const tested = hand.on({ on: 'tested', ...hand.engine(gpu), code: wgsl, fault: null });
    expect(tested.map((effect) => effect.do)).not.toContain('keepProof');
    hand.on({ on: 'loaded', ...hand.engine(gpu), job: 'j1' });
    return hand.on({ on: 'measured', ...hand.engine(gpu), job: 'j1', unitMs });
  };

  it('is looked for only once a core’s first chunk is acknowledged, and asks once it is proven and faster', () => {
    const hand = withGpu();
    expect(hand.loop.slots.has(gpu)).toBe(true);
    expect(asks(proven(hand, 1))).toEqual([gpu]);
    expect(viewOf(hand.loop).gpu).toEqual({ state: 'on', name: 'card' });
  });

  it.each([
    ['four chunks at once where each takes long', 20, 4],
    ['as many as last for a moment where it is fast', 1, 15],
    ['and never more than 256', 0.01, 256],
  ])('is given %s', (_, unitMs, runs) => {
    const hand = withGpu();
    proven(hand, unitMs);
    const given = hand.lease(100, { slot: gpu, chunk: 5, count: 300 });
    expect(given.filter((effect) => effect.do === 'run' && effect.slot === gpu)).toHaveLength(runs);
  });

  it('asks for nothing that a core computes faster, unless it is told to', () => {
    expect(asks(proven(withGpu(), 80))).toEqual([]);
    expect(asks(proven(withGpu({ gpuUse: 'always' }), 80))).toEqual([gpu]);
  });

  it('hurries no results by that: they wait for company as they would without it', () => {
    const hand = withGpu();
    proven(hand, 80);
    hand.lease(100, { chunk: 10, count: 40 });
    hand.computed(2);
    hand.wait(1_000);
    expect(commits(hand.computed(100))).toHaveLength(1);
    expect(commits(hand.computed(101))).toEqual([]);
    expect(commits(hand.wait(100))).toHaveLength(1);
  });

  it('of a kernel that it has had nothing of it asks first, where it is used always: a demonstration shows each', () => {
    const other = { ...job, job: 'j2', kernel: 'mix@1', wasm: hex('1'), wgsl: hex('2'), input: hex('3') };
    const hand = withGpu({ gpuUse: 'always' });
    proven(hand, 80);
    hand.word({ t: 'news', jobs: [job, other] });
    for (const digest of [other.wasm, other.wgsl, other.input]) hand.on({ on: 'blob', digest, fault: null });
    const code = { kernel: other.kernel, wasm: other.wasm, wgsl: other.wgsl };
    hand.on({ on: 'tested', ...hand.engine(gpu), code, fault: null });
    hand.on({ on: 'loaded', ...hand.engine(gpu), job: 'j2' });
    hand.on({ on: 'measured', ...hand.engine(gpu), job: 'j2', unitMs: 80 });
    const kernelsAsked = (all: readonly LoopEffect[]): string[][] =>
      all.flatMap((effect) =>
        effect.do === 'send' && effect.word.t === 'ask'
          ? effect.word.slots.flatMap(({ slot, rates }) => (slot === gpu ? [Object.keys(rates)] : []))
          : [],
      );
    // It holds a chunk of the first, so one of the second comes next; where there is none, whatever there is.
    expect(kernelsAsked(hand.lease(60, { slot: gpu, chunk: 60 }))).toEqual([['mix@1']]);
    hand.word({ t: 'refusal', about: 'ask', slot: gpu, reason: 'nothing-for-this-device', retryMs: 1_000 });
    expect(kernelsAsked(hand.wait(5_000)).at(-1)).toEqual(['sum@1', 'mix@1']);
  });

  it('measures and asks for nothing before a core’s speed with that very kernel is known: the core measures it where nothing else will tell', () => {
    const hand = withGpu();
    const other = { ...job, job: 'j2', kernel: 'mix@1', wasm: hex('1'), wgsl: hex('2'), input: hex('3') };
    const wasm = { kernel: other.kernel, wasm: other.wasm, wgsl: null };
    proven(hand, 1);
    hand.lease(50, { slot: gpu, chunk: 50, count: 3 });
    hand.quiet();
    hand.word({ t: 'news', jobs: [job, other] });
    for (const digest of [other.wasm, other.wgsl, other.input]) hand.on({ on: 'blob', digest, fault: null });
    hand.on({ on: 'tested', ...hand.engine(0), code: wasm, fault: null });
    hand.on({ on: 'tested', ...hand.engine(gpu), code: { ...wasm, wgsl: other.wgsl }, fault: null });
    expect(kinds(hand.on({ on: 'loaded', ...hand.engine(gpu), job: 'j2' }))).not.toContain('measure');
    expect(hand.on({ on: 'loaded', ...hand.engine(0), job: 'j2' })).toContainEqual(
      expect.objectContaining({ do: 'measure', slot: 0, job: 'j2' }),
    );
    // The core is measured at two reference cores, the GPU at 1.8: more than any assumption, and less than the core.
    expect(hand.on({ on: 'measured', ...hand.engine(0), job: 'j2', unitMs: 25 })).toContainEqual(
      expect.objectContaining({ do: 'measure', slot: gpu, job: 'j2' }),
    );
    hand.on({ on: 'measured', ...hand.engine(gpu), job: 'j2', unitMs: 28 });
    hand.on({ on: 'computed', ...hand.engine(gpu), ...doneOf(50) });
    const wishes = hand.on({ on: 'computed', ...hand.engine(gpu), ...doneOf(51) });
    const slots = [...wishes, ...hand.wait(1_000)].flatMap((effect) =>
      effect.do === 'commit'
        ? effect.slots
        : effect.do === 'send' && effect.word.t === 'ask'
          ? effect.word.slots
          : [],
    );
    const asked = slots.find(({ backend }) => backend === 'webgpu');
    expect(Object.keys(asked?.rates ?? {})).toEqual([job.kernel]);
  });

  it('does not ask before anything was computed in WASM, however long there was no job at first', () => {
    const hand = new Hand({ webgpu: true });
    hand.on({ on: 'configure', settings: { cores: 1 } });
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered });
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    hand.challenge();
    hand.welcome([], []);
    hand.wait(6_000);
    expect(hand.loop.slots.has(gpu)).toBe(true);
    hand.on({ on: 'engineStarted', ...hand.engine(gpu), software: false, name: 'card' });
    hand.word({ t: 'news', jobs: [job] });
    for (const digest of [job.wasm, job.input, job.wgsl ?? '']) hand.on({ on: 'blob', digest, fault: null });
    hand.on({ on: 'tested', ...hand.engine(gpu), code: wgsl, fault: null });
    expect(kinds(hand.on({ on: 'loaded', ...hand.engine(gpu), job: 'j1' }))).not.toContain('measure');
    hand.on({ on: 'tested', ...hand.engine(0), code: { ...wgsl, wgsl: null }, fault: null });
    hand.on({ on: 'loaded', ...hand.engine(0), job: 'j1' });
    hand.lease(1);
    expect(kinds(hand.computed(1))).toContain('measure');
    expect(asks(hand.on({ on: 'measured', ...hand.engine(gpu), job: 'j1', unitMs: 1 }))).toEqual([gpu]);
  });

  it('has a core measured once, and lets it be when that fails', () => {
    const hand = new Hand({ webgpu: true }).ready();
    hand.quiet();
    hand.wait(6_000);
    hand.on({ on: 'engineStarted', ...hand.engine(gpu), software: false, name: 'card' });
    hand.on({ on: 'tested', ...hand.engine(gpu), code: wgsl, fault: null });
    const measure = { do: 'measure', ...hand.engine(0), job: 'j1', unit: 500 };
    expect(hand.on({ on: 'loaded', ...hand.engine(gpu), job: 'j1' })).toContainEqual(measure);
    const what = { call: 'measure', job: 'j1' } as const;
    const after = hand.on({ on: 'failed', ...hand.engine(0), what, fault: 'trap', detail: '' });
    expect(kinds([...after, ...hand.wait(60_000)])).not.toContain('measure');
    // Its own chunks are another matter: only a chunk's failure speaks against a chunk.
    expect(kinds(hand.lease(1))).toContain('run');
  });

  it('is let go when it is emulated', () => {
    const hand = withGpu();
    const effects = hand.on({
      on: 'engineStarted',
      ...hand.engine(gpu),
      software: true,
      name: 'SwiftShader',
    });
    expect(kinds(effects)).toContain('endEngine');
    expect(viewOf(hand.loop).gpu).toEqual({ state: 'software', name: 'SwiftShader' });
  });

  it('is measured though it is emulated where that is asked for, and used only where it is faster', () => {
    for (const [unitMs, slots] of [
      [1, [gpu]],
      [80, []],
    ] as const) {
      const hand = withGpu({ gpuUse: 'measured' });
      hand.on({ on: 'engineStarted', ...hand.engine(gpu), software: true, name: 'SwiftShader' });
      expect(asks(proven(hand, unitMs))).toEqual(slots);
      expect(viewOf(hand.loop).gpu).toMatchObject({ state: 'on' });
    }
  });

  it('is switched off when it fails its self-test, with the reason', () => {
    const hand = withGpu();
    hand.on({ on: 'engineStarted', ...hand.engine(gpu), software: false, name: 'card' });
    hand.on({ on: 'tested', ...hand.engine(gpu), code: wgsl, fault: 'v1: ff' });
    expect(viewOf(hand.loop).gpu).toEqual({ state: 'failed', name: 'card', why: 'sum@1: v1: ff' });
    expect(hand.loop.phase).toBe('running');
  });

  it('gives its chunks back when the device is lost, tries again after 5 s and 30 s, and not a third time within an hour', () => {
    const hand = withGpu();
    proven(hand, 1);
    hand.lease(50, { slot: gpu, chunk: 50, count: 3 });
    expect(
      returned(hand.on({ on: 'lost', ...hand.engine(gpu), loss: 'device-lost', detail: 'reset' })),
    ).toEqual([{ why: 'gpu-lost', replicas: [50, 51, 52] }]);
    expect(viewOf(hand.loop).gpu).toMatchObject({ state: 'lost', retryAt: hand.at + 5_000 });
    expect(kinds(hand.wait(5_000))).toContain('startEngine');
    hand.on({ on: 'lost', ...hand.engine(gpu), loss: 'device-lost', detail: 'reset' });
    expect(viewOf(hand.loop).gpu).toMatchObject({ state: 'lost', retryAt: hand.at + 30_000 });
    hand.wait(30_000);
    hand.on({ on: 'lost', ...hand.engine(gpu), loss: 'device-lost', detail: 'reset' });
    expect(viewOf(hand.loop).gpu).toEqual({ state: 'failed', name: 'card', why: 'reset' });
  });
});
