/**
 * Says what a backend is to the host in a compute worker: something that opens a job and then computes
 * runs of its units, asking between steps whether to go on.
 */

import type { Capability, Failure, KernelCode } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import type { Digesting } from './gpu-digests.ts';

/** A failure on its way out of the worker's insides; the host turns it into an answer. */
export class Fault extends Error {
  override name = 'Fault';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/** One run of units going on, as the backend sees it. */
export interface Span {
  readonly unitFrom: number;
  /** One past the last unit. */
  readonly unitTo: number;
  /**
   * To be called between steps, and awaited when it gives a promise: lets messages in, sleeps to keep the
   * share. Throws or rejects with the `cancelled` Fault when the span is given up.
   */
  pause(): Promise<void> | null;
  /** Hands over one unit's output, in unit order. The bytes are copied at once. */
  take(unit: number, output: Uint8Array): void;
  /**
   * Hands over the outputs of several units that follow one another, end to end and each `bytes` long, with their digests as they go over the
   * wire; `seen` says that none is plainly wrong. The bytes are copied at once. Where a span has no such way in, each is taken by itself.
   */
  takeAlike?(unitFrom: number, outputs: Uint8Array, bytes: number, digests: Uint8Array, seen: boolean): void;
  /** Adds to the span's kernel time, in ms; also a sign of life. */
  spent(ms: number): void;
  /** Nothing more will be started for this span: the next one may begin while this one's results come in. */
  issued(): void;
}

/** A kernel with an input, ready to compute. */
export interface OpenJob {
  /** Computes a span. Rejects with a Fault. */
  compute(span: Span): Promise<void>;
  /** About how many units are started together; `measure` computes that many. */
  readonly batchUnits: number;
  /** Up to so many units, chunks that follow one another are computed as one span; absent where each goes by itself. */
  readonly jointUnits?: number;
  close(): void;
}

export interface ComputeBackend {
  /** Rejects with the `unavailable` Fault where there is no such backend. */
  start(): Promise<Capability>;
  /** `kernel` is null for a kernel that is not in the catalogue; `digesting` says whose units they are, where their digests are wanted. */
  open(code: KernelCode, kernel: Kernel | null, input: Uint8Array, digesting?: Digesting): Promise<OpenJob>;
}

/** What a kernel's bytes were compiled to, kept as long as the same bytes are asked for under that id. */
export class CompiledCache<Source, Compiled> {
  readonly #entries = new Map<string, { source: Source; compiled: Promise<Compiled> }>();
  readonly #same: (a: Source, b: Source) => boolean;

  constructor(same: (a: Source, b: Source) => boolean) {
    this.#same = same;
  }

  /** Compiles once per id and source. A failure is not kept. */
  get(id: string, source: Source, compile: (source: Source) => Promise<Compiled>): Promise<Compiled> {
    const known = this.#entries.get(id);
    if (known !== undefined && this.#same(known.source, source)) return known.compiled;
    const compiled = compile(source);
    this.#entries.set(id, { source, compiled });
    compiled.catch(() => this.#entries.delete(id));
    return compiled;
  }
}
