/** The loop, rule by rule: starting, working, the outbox. */
import { describe, expect, it } from 'vitest';
import { viewOf, wakeAt } from '../../src/volunteer/loop.ts';
import { asks, commits, Hand, hex, job, kinds, remembered } from './hand.ts';

describe('starting', () => {
  it('does nothing before start, and everything that can be parallel at start', () => {
    const hand = new Hand();
    expect(hand.on({ on: 'configure', settings: { cores: 2 } })).toEqual([]);
    expect(wakeAt(hand.loop)).toBeNull();
    expect(kinds(hand.on({ on: 'start' }))).toEqual([
      'prepare',
      'fetchJobs',
      'connect',
      'startEngine',
      'startEngine',
    ]);
  });

  it('takes half of the cores, at least one', () => {
    expect(new Hand({ coresMax: 8 }).loop.settings.cores).toBe(4);
    expect(new Hand({ coresMax: 1 }).loop.settings.cores).toBe(1);
  });

  it('answers a challenge that came before the identity as soon as it is there', () => {
    const hand = new Hand();
    hand.on({ on: 'start' });
    expect(hand.challenge()).toEqual([]);
    expect(kinds(hand.on({ on: 'prepared', remembered }))).toContain('hello');
  });

  it('fetches and tests what HTTP says is open before the socket has said a word', () => {
    const hand = new Hand();
    hand.on({ on: 'start' });
    expect(kinds(hand.on({ on: 'jobs', jobs: [job] }))).toEqual(['fetchBlob', 'fetchBlob']);
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    expect(kinds(hand.on({ on: 'blob', digest: job.wasm, fault: null }))).toEqual(['selfTest']);
  });

  it('asks for nothing before the self-test, and for all its slots in one word after it', () => {
    const hand = new Hand().ready(3);
    expect(asks(hand.last)).toEqual([0, 1, 2]);
  });

  it('computes nothing with a core that fails its self-test, and says so', () => {
    const hand = new Hand();
    hand.on({ on: 'configure', settings: { cores: 1 } });
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered });
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    hand.challenge();
    hand.welcome();
    hand.on({ on: 'blob', digest: job.wasm, fault: null });
    const after = hand.on({
      on: 'tested',
      ...hand.engine(0),
      code: { kernel: job.kernel, wasm: job.wasm, wgsl: null },
      fault: 'v1: 00',
    });
    expect(asks(after)).toEqual([]);
    hand.on({ on: 'blob', digest: job.input, fault: null });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'no-worker-works', detail: 'v1: 00' });
  });
});

describe('working', () => {
  it('says that it computes while it does, also where it is to be tested on another kernel meanwhile', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.computed(1);
    hand.receipt([1]);
    hand.lease(2, { chunk: 1 });
    const other = { ...job, job: 'j2', kernel: 'product@1', wasm: hex('e'), input: hex('f') };
    hand.word({ t: 'news', jobs: [job, other] });
    const told = kinds(hand.on({ on: 'blob', digest: other.wasm, fault: null }));
    expect(told).toContain('selfTest');
    expect(viewOf(hand.loop)).toMatchObject({ reason: null, workers: [{ state: 'computing', chunk: 1 }] });
    hand.computed(2);
    expect(viewOf(hand.loop).workers).toMatchObject([{ state: 'testing' }]);
  });

  it('keeps one lease ahead: asks again at once after the first single chunk, not after the second', () => {
    const hand = new Hand().ready();
    expect(asks(hand.lease(1))).toEqual([0]);
    expect(asks(hand.lease(2, { chunk: 1 }))).toEqual([]);
  });

  it('[WR4] commits and asks in one message', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.lease(2, { chunk: 1 });
    const effects = hand.computed(1);
    expect(commits(effects)).toEqual([
      {
        do: 'commit',
        socket: 1,
        items: [{ replica: 1, bytes: true }],
        slots: [{ slot: 0, backend: 'wasm', rates: { 'sum@1': 1000 } }],
      },
    ]);
    expect(kinds(effects)).toContain('keepResult');
  });

  it('claims the speed that it measured: microcredits per millisecond', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.lease(2, { chunk: 1 });
    // A chunk of 500 000 microcredits in 250 ms: twice the reference core.
    expect(commits(hand.computed(1, 0, 250))[0]?.slots[0]?.rates).toEqual({ 'sum@1': 2000 });
  });

  it('does not ask while seconds of work lie ahead, and asks before they run out', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 20 });
    expect(hand.loop.slots.get(0)?.askedAt).toBeNull();
    let asked: number | null = null;
    for (let replica = 1; replica <= 20 && asked === null; replica++) {
      hand.at += 500;
      if (asks(hand.computed(replica)).length > 0) asked = 20 - replica;
    }
    expect(asked).toBe(10);
  });

  it('gathers chunks that finish within a moment into one frame', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 30 });
    expect(commits(hand.computed(1))).toHaveLength(1);
    hand.at += 5;
    expect(commits(hand.computed(2))).toHaveLength(0);
    expect(commits(hand.computed(3))).toHaveLength(0);
    expect(commits(hand.wait(100))[0]?.items.map(({ replica }) => replica)).toEqual([2, 3]);
  });

  it('takes a lease that is told twice once', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 3 });
    hand.lease(1, { count: 3 });
    expect(hand.loop.slots.get(0)?.queue).toEqual([1, 2, 3]);
  });

  it('takes a lease that comes unasked: a parked ask is answered when there is work', () => {
    const hand = new Hand().ready();
    hand.word({ t: 'refusal', about: 'ask', slot: 0, reason: 'waiting-for-others', retryMs: 5_000 });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'waiting-for-others' });
    expect(kinds(hand.lease(1))).toContain('run');
  });

  it('asks on as usual after a lease that came unasked, whatever the refusal before it said', () => {
    const hand = new Hand().ready();
    hand.word({ t: 'refusal', about: 'ask', slot: 0, reason: 'holding-enough', retryMs: 25_000 });
    expect(asks(hand.lease(1))).toEqual([0]);
  });

  it('honours retryMs of a refused ask', () => {
    const hand = new Hand().ready();
    hand.word({ t: 'refusal', about: 'ask', slot: 0, reason: 'no-job-open', retryMs: 5_000 });
    expect(asks(hand.wait(4_999))).toEqual([]);
    expect(asks(hand.wait(2_000))).toEqual([0]);
  });

  it('sends digests alone where they are enough, and the bytes when they are missed', () => {
    const hand = new Hand().ready();
    hand.lease(1, { bytes: false });
    expect(commits(hand.computed(1))[0]?.items).toEqual([{ replica: 1, bytes: false }]);
    hand.at += 1000;
    expect(
      commits(hand.word({ t: 'refusal', about: 'commit', replica: 1, reason: 'no-bytes' }))[0]?.items,
    ).toEqual([{ replica: 1, bytes: true }]);
  });

  it('counts what was settled, and what an anchor had a part in', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.computed(1);
    hand.word({
      t: 'receipt',
      acks: [1],
      settled: [{ replica: 1, job: 'j1', chunk: 0, amountMicro: 500_000, withAnchor: true, final: true }],
      lost: [],
      tick: null,
    });
    const view = viewOf(hand.loop);
    expect(view.chunks).toEqual({ computed: 1, committed: 1, final: 1, provisional: 0, lost: 0 });
    expect(view.finalWithAnchor).toBe(1);
    expect(view.credit).toEqual({ pendingMicro: 0, vestedMicro: 500_007, sessionMicro: 500_000 });
    expect(view.stitches).toEqual([{ job: 'j1', chunk: 0, state: 'final', at: hand.at }]);
    expect(view.outbox).toBe(0);
  });

  it('drops what is too late to begin, and finishes what runs', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 5, deadlineMs: 30_000 });
    hand.quiet();
    hand.wait(31_000);
    expect(hand.loop.slots.get(0)?.queue).toEqual([1, 2]);
    expect(commits(hand.computed(1))).toHaveLength(1);
  });
});

describe('the outbox', () => {
  it('[WR5] keeps a result until it is acknowledged, over any number of connections', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.computed(1);
    for (let i = 0; i < 3; i++) {
      hand.on({ on: 'socketClosed', socket: hand.loop.sockets, detail: '' });
      hand.wait(60_000);
      hand.challenge();
      const hello = hand.last.find((effect) => effect.do === 'hello');
      expect(hello).toMatchObject({ holding: [1] });
      expect(commits(hand.welcome([1]))[0]?.items).toEqual([{ replica: 1, bytes: true }]);
    }
    expect(hand.receipt([1])).toContainEqual({ do: 'keepDurable', replicas: [1] });
    expect(hand.loop.unsent.size).toBe(0);
  });

  it.each(['unknown-replica', 'not-yours', 'already-committed', 'digests'])(
    'forgets a result that is refused for good: %s',
    (reason) => {
      const hand = new Hand().ready();
      hand.lease(1);
      hand.computed(1);
      expect(kinds(hand.word({ t: 'refusal', about: 'commit', replica: 1, reason }))).toContain(
        'dropResults',
      );
      expect(viewOf(hand.loop).chunks.lost).toBe(1);
    },
  );

  it('sends again what a full store refused, no sooner than it said', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.computed(1);
    hand.word({ t: 'refusal', about: 'commit', replica: 1, reason: 'store', retryMs: 3_000 });
    expect(commits(hand.wait(2_999))).toEqual([]);
    expect(commits(hand.wait(200))).toHaveLength(1);
  });

  it('does not flood: at most 256 results are on their way at first, in frames within the limits', () => {
    const hand = new Hand();
    const results = Array.from({ length: 1000 }, (_, i) => ({
      replica: i + 1,
      job: 'j1',
      chunk: i,
      root: hex('d'),
      digestBytes: 80,
      outputBytes: 160,
      units: 10,
      bytes: true,
    }));
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered: { ...remembered, results } });
    hand.challenge();
    const sent = commits(hand.welcome(results.map(({ replica }) => replica)));
    expect(sent.map(({ items }) => items.length)).toEqual([64, 64, 64, 64]);
    hand.at += 1000;
    const more = commits(hand.receipt(sent[0]?.items.map(({ replica }) => replica) ?? []));
    // As many more as were acknowledged: a line that answers may carry more.
    expect(more.map(({ items }) => items.length)).toEqual([64, 64]);
  });

  it('goes on after a reload with what is still its own, and begins nothing before it knows', () => {
    const lease = {
      lease: 5,
      slot: 0,
      job: 'j1',
      chunk: 10,
      count: 4,
      done: 1,
      bytes: true,
      grantedAt: 900_000,
      deadlineAt: 1_100_000,
    };
    const hand = new Hand();
    hand.on({ on: 'configure', settings: { cores: 1 } });
    hand.on({ on: 'start' });
    hand.on({ on: 'engineStarted', ...hand.engine(0), software: false, name: '' });
    hand.on({ on: 'jobs', jobs: [job] });
    for (const digest of [job.wasm, job.input]) hand.on({ on: 'blob', digest, fault: null });
    hand.on({
      on: 'tested',
      ...hand.engine(0),
      code: { kernel: job.kernel, wasm: job.wasm, wgsl: null },
      fault: null,
    });
    hand.on({ on: 'loaded', ...hand.engine(0), job: 'j1' });
    const prepared = hand.on({ on: 'prepared', remembered: { ...remembered, leases: [lease] } });
    expect(kinds(prepared)).not.toContain('run');
    hand.challenge();
    expect(hand.last.find((effect) => effect.do === 'hello')).toMatchObject({ holding: [6, 7, 8] });
    const welcome = hand.welcome([6, 8]);
    expect(welcome.flatMap((effect) => (effect.do === 'run' ? [effect.replica] : []))).toEqual([6, 8]);
    expect(viewOf(hand.loop).chunks.lost).toBe(1);
  });

  it('means nothing to another coordinator: replica numbers would be mistaken', () => {
    const hand = new Hand();
    const results = [
      {
        replica: 1,
        job: 'j1',
        chunk: 0,
        root: hex('d'),
        digestBytes: 80,
        outputBytes: 160,
        units: 10,
        bytes: true,
      },
    ];
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered: { ...remembered, results, head: { size: 9, root: hex('9') } } });
    const effects = hand.challenge({ size: 1, root: hex('1') }, 'X'.repeat(43));
    expect(kinds(effects)).toEqual(['dropResults', 'hello', 'keepHead']);
    expect(hand.loop.phase).toBe('starting');
  });
});
