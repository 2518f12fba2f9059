/** What the volunteer needs of its surroundings: a browser page (`platform-browser.ts`) or Node (`platform-node.ts`). */
import type { Backend, Engine } from './engine.ts';
import type { GpuUse } from './loop.ts';
import type { Outbox } from './outbox.ts';

/** What the surroundings tell while the volunteer runs. */
export interface Surroundings {
  online(online: boolean): void;
  /** The page goes away, perhaps for good. */
  closing(): void;
  /** The page is back, or is looked at again. */
  shown(): void;
}

/** The right to compute for this person in these surroundings: one tab at a time. */
export interface Turn {
  end(): void;
}

/** What is remembered of an agreement so that a returning visitor is not asked again. Read without waiting. */
export interface RememberedConsent {
  readonly text: string;
  readonly language: string;
  readonly at: number;
  /** Whether it was left running. */
  readonly running: boolean;
}

export interface Platform {
  readonly coresMax: number;
  /** Whether the origin is a secure context. */
  readonly secure: boolean;
  readonly webgpu: boolean;
  readonly gpuUse: GpuUse;
  /** Scheme and host that are signed: the page's, or the coordinator's where there is no page. */
  readonly origin: string;
  readonly site: string | null;
  /** In ms since 1970. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  engine(backend: Backend): Engine;
  socket(url: string): WebSocket;
  /** The answer about the open jobs that was asked for before the volunteer was here; null once taken, or when none was. */
  takeJobs?(): Promise<Response> | null;
  openOutbox(): Promise<Outbox>;
  recall(): RememberedConsent | null;
  remember(consent: RememberedConsent | null): void;
  /** On which programs these very surroundings have proven themselves not long ago, as `keepProof` named them. Read without waiting. Absent: nothing is remembered. */
  recallProofs?(): readonly string[];
  /** Notes one more; null: forgets all. */
  rememberProof?(program: string | null): void;
  /** Null when another tab has it; `steal` takes it from there. `lost` is called when another takes it. */
  takeTurn(steal: boolean, lost: () => void): Promise<Turn | null>;
  /** Calls when there is nothing better to do. Absent: here nobody is a witness of the log. */
  whenIdle?(work: () => void): void;
  /** Listens until the returned function is called. */
  watch(surroundings: Surroundings): () => void;
}
