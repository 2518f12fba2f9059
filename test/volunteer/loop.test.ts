/** The loop, rule by rule: a few words in, the deeds that must follow. */
import { describe, expect, it } from 'vitest';
import { createLoop, step, viewOf, wakeAt } from '../../src/volunteer/loop.ts';
import type { Loop, LoopEffect, LoopEvent, LoopOptions } from '../../src/volunteer/loop.ts';
import type { Remembered } from '../../src/volunteer/loop/words.ts';
import type { FromCoordinator, JobDescriptor, TreeHead } from '../../src/wire/volunteer.ts';

const hex = (c: string): string => c.repeat(64);
const job: JobDescriptor = {
  job: 'j1',
  kernel: 'sum@1',
  wasm: hex('a'),
  wgsl: hex('b'),
  input: hex('c'),
  agreement: 'exact',
  units: 1000,
  unitsPerChunk: 10,
  unitCostMicro: 50_000,
};
const remembered: Remembered = {
  device: 'd'.repeat(16),
  account: 'a'.repeat(16),
  coordinator: 'C'.repeat(43),
  head: null,
  results: [],
  leases: [],
};

/** A loop in a test's hands: the clock stands until it is moved. */
class Hand {
  readonly loop: Loop;
  at = 1_000_000;
  last: LoopEffect[] = [];

  constructor(options: Partial<LoopOptions> = {}) {
    this.loop = createLoop({ coresMax: 4, secure: true, webgpu: false, gpuUse: 'auto', ...options });
  }

  on(event: LoopEvent, entropy = 0.5): LoopEffect[] {
    this.last = step(this.loop, event, this.at, entropy);
    return this.last;
  }

  word(word: FromCoordinator, entropy = 0.5): LoopEffect[] {
    const { link } = this.loop;
    return this.on({ on: 'word', socket: 'socket' in link ? link.socket : -1, word }, entropy);
  }

  /** Wakes the loop whenever it wants, for so long. */
  wait(ms: number): LoopEffect[] {
    const until = this.at + ms;
    const all: LoopEffect[] = [];
    for (let due = wakeAt(this.loop); due !== null && due <= until; due = wakeAt(this.loop)) {
      this.at = due;
      all.push(...this.on({ on: 'wake' }));
    }
    this.at = until;
    all.push(...this.on({ on: 'wake' }));
    return all;
  }

  /** Answers the asks that are out: nothing for a long while. */
  quiet(retryMs = 600_000): void {
    this.word({ t: 'refusal', about: 'ask', reason: 'waiting-for-others', retryMs });
  }

  engine(slot: number): { slot: number; engine: number } {
    return { slot, engine: this.loop.slots.get(slot)?.engine ?? -1 };
  }

  challenge(head: TreeHead = { size: 0, root: hex('0') }, coordinator = 'C'.repeat(43)): LoopEffect[] {
    return this.word({ t: 'challenge', protocol: 1, nonce: 'N'.repeat(22), coordinator, head });
  }

  welcome(holding: number[] = [], jobs: JobDescriptor[] = [job]): LoopEffect[] {
    return this.word({
      t: 'welcome',
      device: 'd'.repeat(16),
      account: 'a'.repeat(16),
      jobs,
      holding,
      creditMicro: { pending: 0, vested: 7 },
    });
  }

  lease(
    lease: number,
    { slot = 0, chunk = 0, count = 1, deadlineMs = 60_000, bytes = true } = {},
  ): LoopEffect[] {
    return this.word({ t: 'lease', slot, lease, job: 'j1', chunk, count, deadlineMs, bytes });
  }

  computed(replica: number, slot = 0, ms = 500): LoopEffect[] {
    return this.on({
      on: 'computed',
      ...this.engine(slot),
      replica,
      root: hex('d'),
      digestBytes: 80,
      outputBytes: 160,
      kernelMs: ms,
      wallMs: ms,
    });
  }

  receipt(acks: number[], lost: number[] = []): LoopEffect[] {
    return this.word({ t: 'receipt', acks, settled: [], lost, tick: null });
  }

  /** Everything up to the first ask, with one core. */
  ready(cores = 1): this {
    this.on({ on: 'configure', settings: { cores } });
    this.on({ on: 'start' });
    this.on({ on: 'prepared', remembered });
    for (let slot = 0; slot < cores; slot++)
      this.on({ on: 'engineStarted', ...this.engine(slot), software: false, name: '' });
    this.challenge();
    this.welcome();
    for (const digest of [job.wasm, job.input, job.wgsl ?? '']) this.on({ on: 'blob', digest, fault: null });
    this.on({
      on: 'tested',
      ...this.engine(0),
      code: { kernel: job.kernel, wasm: job.wasm, wgsl: null },
      fault: null,
    });
    const asked = this.last;
    for (let slot = 0; slot < cores; slot++) this.on({ on: 'loaded', ...this.engine(slot), job: 'j1' });
    this.last = asked;
    return this;
  }
}

const kinds = (effects: readonly LoopEffect[]): string[] =>
  effects.map((effect) => (effect.do === 'send' ? effect.word.t : effect.do));
const returned = (effects: readonly LoopEffect[]): { why: string; replicas: readonly number[] }[] =>
  effects.flatMap((effect) =>
    effect.do === 'send' && effect.word.t === 'giveBack'
      ? [{ why: effect.word.why, replicas: effect.word.replicas }]
      : [],
  );
const commits = (effects: readonly LoopEffect[]): Extract<LoopEffect, { do: 'commit' }>[] =>
  effects.filter((effect) => effect.do === 'commit');
const asks = (effects: readonly LoopEffect[]): number[] =>
  effects.flatMap((effect) =>
    (effect.do === 'commit'
      ? effect.slots
      : effect.do === 'send' && effect.word.t === 'ask'
        ? effect.word.slots
        : []
    ).map(({ slot }) => slot),
  );

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
      settled: [
        { replica: 1, amountMicro: 500_000, withAnchor: true, final: true, leaf: '', index: 0, path: [] },
      ],
      lost: [],
      tick: null,
    });
    const view = viewOf(hand.loop);
    expect(view.chunks).toEqual({ computed: 1, committed: 1, final: 1, lost: 0 });
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
    expect(kinds(hand.receipt([1]))).toContain('dropResults');
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

  it('does not flood: at most 256 results are on their way, in frames within the limits', () => {
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
    expect(more.map(({ items }) => items.length)).toEqual([64]);
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

describe('people', () => {
  it('pauses at once, asks for nothing, keeps the leases and gives them back after half of their time', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 3, deadlineMs: 60_000 });
    hand.quiet();
    expect(hand.on({ on: 'pause' })).toEqual([{ do: 'share', ...hand.engine(0), share: 0 }]);
    expect(viewOf(hand.loop).reason).toEqual({ why: 'paused-by-you' });
    expect(hand.wait(29_000).filter(({ do: what }) => what !== 'signChain')).toEqual([]);
    expect(returned(hand.wait(2_000))).toEqual([{ why: 'paused', replicas: [1, 2, 3] }]);
  });

  it('goes on with the same chunks after a short pause', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 3 });
    hand.on({ on: 'pause' });
    hand.wait(5_000);
    expect(kinds(hand.on({ on: 'resume' }))).toEqual(['share']);
    expect(kinds(hand.computed(1))).toContain('commit');
  });

  it('still delivers while paused, and does not ask along', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.on({ on: 'pause' });
    expect(commits(hand.computed(1)).map(({ slots }) => slots)).toEqual([[]]);
  });

  it('finishes: the chunk in work is completed and acknowledged, the rest goes back, the chain is signed', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 4 });
    const finish = hand.on({ on: 'finish' });
    expect(returned(finish)).toEqual([{ why: 'finished', replicas: [2, 3, 4] }]);
    expect(kinds(finish)).toContain('cancel');
    expect(hand.loop.phase).toBe('finishing');
    hand.computed(1);
    expect(hand.loop.phase).toBe('finishing');
    expect(kinds(hand.receipt([1]))).toEqual(['dropResults', 'endEngine', 'signChain', 'disconnect']);
    expect(viewOf(hand.loop)).toMatchObject({
      phase: 'finished',
      reason: { why: 'finished-by-you' },
      connection: 'none',
    });
  });

  it('does not wait for ever for the last acknowledgement', () => {
    const hand = new Hand().ready();
    hand.lease(1);
    hand.on({ on: 'finish' });
    hand.computed(1);
    hand.wait(30_001);
    expect(hand.loop.phase).toBe('finished');
    expect(hand.loop.unsent.size).toBe(1);
  });

  it('gives everything back when the page closes, in the same step', () => {
    const hand = new Hand().ready();
    hand.lease(1, { count: 2 });
    hand.quiet(0);
    expect(returned(hand.on({ on: 'closing' }))).toEqual([{ why: 'closing', replicas: [1, 2] }]);
    expect(asks(hand.wait(10_000))).toEqual([]);
    expect(asks(hand.on({ on: 'shown' }))).toEqual([0]);
  });

  it('gives back what fewer cores will not compute', () => {
    const hand = new Hand().ready(2);
    hand.lease(1, { slot: 1, count: 2 });
    const effects = hand.on({ on: 'configure', settings: { cores: 1 } });
    expect(returned(effects)).toEqual([{ why: 'settings', replicas: [1, 2] }]);
    expect(kinds(effects)).toContain('endEngine');
  });

  it('keeps settings within their bounds', () => {
    const hand = new Hand();
    hand.on({ on: 'configure', settings: { cores: 99, share: 0 } });
    expect(hand.loop.settings).toEqual({ cores: 4, gpu: true, share: 0.1 });
  });
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

describe('the log', () => {
  const head: TreeHead = { size: 10, root: hex('1') };
  const started = (): Hand => {
    const hand = new Hand();
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered: { ...remembered, head } });
    return hand;
  };

  it('refuses a coordinator whose log has shrunk, or has another root for the same size', () => {
    for (const [told, detail] of [
      [{ size: 9, root: hex('1') }, 'log-shrunk'],
      [{ size: 10, root: hex('2') }, 'log-rewritten'],
    ] as const) {
      const hand = started();
      expect(kinds(hand.challenge(told))).not.toContain('hello');
      expect(viewOf(hand.loop)).toMatchObject({ phase: 'stopped', reason: { why: 'refused', detail } });
    }
  });

  it('has growth proven, remembers only what was proven, and refuses what is contradicted', () => {
    const hand = started();
    const grown: TreeHead = { size: 12, root: hex('3') };
    expect(hand.challenge(grown)).toContainEqual({ do: 'checkLog', from: head, to: grown });
    hand.welcome();
    expect(kinds(hand.on({ on: 'logChecked', head: grown, verdict: 'unknown' }))).not.toContain('keepHead');
    expect(hand.on({ on: 'logChecked', head: grown, verdict: 'extends' })).toContainEqual({
      do: 'keepHead',
      coordinator: 'C'.repeat(43),
      head: grown,
    });
    hand.on({ on: 'logChecked', head: grown, verdict: 'contradicts' });
    expect(viewOf(hand.loop).reason).toEqual({ why: 'refused', detail: 'log-rewritten' });
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
    return hand;
  };
  const proven = (hand: Hand, unitMs: number): LoopEffect[] => {
    hand.on({ on: 'engineStarted', ...hand.engine(gpu), software: false, name: 'card' });
    hand.on({ on: 'blob', digest: job.wgsl ?? '', fault: null });
    hand.on({ on: 'tested', ...hand.engine(gpu), code: wgsl, fault: null });
    hand.on({ on: 'loaded', ...hand.engine(gpu), job: 'j1' });
    return hand.on({ on: 'measured', ...hand.engine(gpu), job: 'j1', unitMs });
  };

  it('is looked for only after a core computed the first chunk, and asks once it is proven and faster', () => {
    const hand = withGpu();
    expect(hand.loop.slots.has(gpu)).toBe(true);
    expect(asks(proven(hand, 1))).toEqual([gpu]);
    expect(viewOf(hand.loop).gpu).toEqual({ state: 'on', name: 'card' });
  });

  it('asks for nothing that a core computes faster, unless it is told to', () => {
    expect(asks(proven(withGpu(), 80))).toEqual([]);
    expect(asks(proven(withGpu({ gpuUse: 'always' }), 80))).toEqual([gpu]);
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
