/** Keeps what the coordinator says about everybody up to date: its stream of pulses, or questions every few seconds. */
import { computed, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { decodeJobs, decodePulse, decodeStatus } from './decode.ts';
import type { JobView, LiveView, PulseView, StatusView } from '../wire/views.ts';

/** How the page stands to the coordinator: never heard of, streaming, asking again and again, or without an answer. */
export type Link =
  | { readonly is: 'asking' }
  | { readonly is: 'live' }
  | { readonly is: 'polling' }
  | { readonly is: 'unreachable'; readonly retryAt: number };

/** What is known about everybody's work. */
export interface Live {
  readonly link: ReadonlySignal<Link>;
  readonly status: ReadonlySignal<StatusView | null>;
  readonly here: ReadonlySignal<LiveView | null>;
  readonly storeFault: ReadonlySignal<string | null>;
  /** Every job that was told of, in order of submission; null before the first answer. */
  readonly jobs: ReadonlySignal<readonly JobView[] | null>;
  stop(): void;
}

const askMs = 5_000;
const retryFirstMs = 2_000;
const retryMaxMs = 60_000;
/** While the stream speaks, what it does not tell (the log's size, the settings) is asked for this often. */
const besideMs = 60_000;

/** Reads one JSON answer; throws on any status but 2xx. */
export async function ask(path: string): Promise<unknown> {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.json();
}

/** Begins to follow the coordinator of this origin. */
export function follow(): Live {
  return new Following();
}

class Following implements Live {
  readonly link = signal<Link>({ is: 'asking' });
  readonly status = signal<StatusView | null>(null);
  readonly here = signal<LiveView | null>(null);
  readonly storeFault = signal<string | null>(null);
  readonly #known = signal<ReadonlyMap<string, JobView> | null>(null);
  readonly jobs = computed(() => (this.#known.value === null ? null : [...this.#known.value.values()]));
  #stream: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #retryMs = retryFirstMs;
  #open = true;

  constructor() {
    void this.#question();
  }

  stop(): void {
    this.#open = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stream?.close();
  }

  #later(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = this.#open ? setTimeout(() => void this.#question(), ms) : null;
  }

  /** Asks for everything at once; while the stream speaks this only happens at the beginning and the end of jobs. */
  async #question(): Promise<void> {
    try {
      const [state, list] = await Promise.all([ask('/api/status'), ask('/api/jobs')]);
      const status = decodeStatus(state);
      this.status.value = status;
      this.here.value = status.live;
      this.storeFault.value = status.storeFault;
      this.#known.value = mapOf(decodeJobs(list));
      this.#retryMs = retryFirstMs;
      const streaming = this.#stream?.readyState === EventSource.OPEN;
      this.link.value = { is: streaming ? 'live' : 'polling' };
      this.#listen();
      this.#later(streaming ? besideMs : askMs);
    } catch {
      this.link.value = { is: 'unreachable', retryAt: Date.now() + this.#retryMs };
      this.#later(this.#retryMs);
      this.#retryMs = Math.min(retryMaxMs, this.#retryMs * 2);
    }
  }

  #listen(): void {
    if (this.#stream !== null || !this.#open) return;
    const stream = new EventSource('/api/live');
    this.#stream = stream;
    stream.addEventListener('pulse', (event: MessageEvent<unknown>) => {
      try {
        this.#hear(decodePulse(JSON.parse(String(event.data))));
      } catch {
        // A pulse of another version: questions, which say so, take over.
        stream.close();
        this.#later(0);
      }
    });
    stream.addEventListener('error', () => {
      stream.close();
      this.#stream = null;
      this.#later(0);
    });
  }

  #hear(pulse: PulseView): void {
    this.here.value = pulse.live;
    this.storeFault.value = pulse.storeFault;
    this.link.value = { is: 'live' };
    this.#retryMs = retryFirstMs;
    const before = this.#known.peek();
    if (before === null) return;
    const told = mapOf(pulse.jobs);
    this.#known.value = new Map([...before, ...told]);
    // A job that the pulse no longer tells of has ended: its last word is in the list.
    if ([...before.values()].some((job) => job.endedAt === null && !told.has(job.job))) this.#later(0);
  }
}

function mapOf(jobs: readonly JobView[]): ReadonlyMap<string, JobView> {
  return new Map(jobs.map((job) => [job.job, job] as const));
}
