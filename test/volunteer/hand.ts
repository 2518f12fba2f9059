/** A volunteer's loop in a test's hands: words in, deeds out, and a clock that stands until it is moved. */
import { createLoop, step, wakeAt } from '../../src/volunteer/loop.ts';
import type { Loop, LoopEffect, LoopEvent, LoopOptions } from '../../src/volunteer/loop.ts';
import type { Remembered } from '../../src/volunteer/loop/words.ts';
import { protocol } from '../../src/wire/version.ts';
import type { FromCoordinator, JobDescriptor, TreeHead } from '../../src/wire/volunteer.ts';

export const hex = (c: string): string => c.repeat(64);
export const job: JobDescriptor = {
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
export const remembered: Remembered = {
  device: 'd'.repeat(16),
  account: 'a'.repeat(16),
  coordinator: 'C'.repeat(43),
  head: null,
  results: [],
  leases: [],
};

/** A loop in a test's hands: the clock stands until it is moved. */
export class Hand {
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
    return this.word({ t: 'challenge', protocol, nonce: 'N'.repeat(22), coordinator, head });
  }

  welcome(holding: number[] = [], jobs: JobDescriptor[] = [job]): LoopEffect[] {
    return this.word({
      t: 'welcome',
      device: 'd'.repeat(16),
      account: 'a'.repeat(16),
      jobs,
      holding,
      creditMicro: { pending: 0, vested: 7, asOf: 0 },
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

export const kinds = (effects: readonly LoopEffect[]): string[] =>
  effects.map((effect) => (effect.do === 'send' ? effect.word.t : effect.do));
export const returned = (
  effects: readonly LoopEffect[],
): { why: string; replicas: readonly number[]; keeps?: readonly number[] | undefined }[] =>
  effects.flatMap((effect) => {
    if (effect.do !== 'send' || effect.word.t !== 'giveBack') return [];
    const { t: _, ...rest } = effect.word;
    return [rest];
  });
export const commits = (effects: readonly LoopEffect[]): Extract<LoopEffect, { do: 'commit' }>[] =>
  effects.filter((effect) => effect.do === 'commit');
export const asks = (effects: readonly LoopEffect[]): number[] =>
  effects.flatMap((effect) =>
    (effect.do === 'commit'
      ? effect.slots
      : effect.do === 'send' && effect.word.t === 'ask'
        ? effect.word.slots
        : []
    ).map(({ slot }) => slot),
  );
