/** Keeps what the coordinator says about everybody up to date: its stream of pulses, or questions every few seconds. */
import { computed, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { decodeJobs, decodePulse, decodeStatus } from './decode.ts';
import type { JobView, LiveView, StatusView } from '../wire/views.ts';

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
  const link = signal<Link>({ is: 'asking' });
  const status = signal<StatusView | null>(null);
  const here = signal<LiveView | null>(null);
  const storeFault = signal<string | null>(null);
  const jobs = signal<ReadonlyMap<string, JobView> | null>(null);

  let stream: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let retryMs = retryFirstMs;
  let open = true;

  const learn = (views: readonly JobView[], whole: boolean): void => {
    const before = jobs.peek();
    if (before === null && !whole) return;
    const known = whole ? [] : [...(before ?? [])];
    jobs.value = new Map([...known, ...views.map((view) => [view.job, view] as const)]);
    // A job that the pulse no longer tells of has ended: its last word is in the list.
    const told = new Set(views.map((view) => view.job));
    const gone = (view: JobView): boolean => view.endedAt === null && !told.has(view.job);
    if (!whole && [...(before?.values() ?? [])].some(gone)) later(0);
  };
  const later = (ms: number): void => {
    if (timer !== null) clearTimeout(timer);
    timer = open ? setTimeout(() => void question(), ms) : null;
  };
  /** Asks for everything at once; while the stream speaks this only happens at the beginning and the end of jobs. */
  const question = async (): Promise<void> => {
    try {
      const [state, list] = await Promise.all([ask('/api/status'), ask('/api/jobs')]);
      status.value = decodeStatus(state);
      here.value = status.value.live;
      storeFault.value = status.value.storeFault;
      learn(decodeJobs(list), true);
      retryMs = retryFirstMs;
      const streaming = stream?.readyState === EventSource.OPEN;
      link.value = { is: streaming ? 'live' : 'polling' };
      listen();
      later(streaming ? besideMs : askMs);
    } catch {
      const retryAt = Date.now() + retryMs;
      link.value = { is: 'unreachable', retryAt };
      later(retryMs);
      retryMs = Math.min(retryMaxMs, retryMs * 2);
    }
  };
  const listen = (): void => {
    if (stream !== null || !open) return;
    const source = new EventSource('/api/live');
    stream = source;
    source.addEventListener('pulse', (event: MessageEvent<unknown>) => {
      try {
        const pulse = decodePulse(JSON.parse(String(event.data)));
        here.value = pulse.live;
        storeFault.value = pulse.storeFault;
        link.value = { is: 'live' };
        retryMs = retryFirstMs;
        learn(pulse.jobs, false);
      } catch {
        // A pulse of another version: questions, which say so, take over.
        source.close();
        later(0);
      }
    });
    source.addEventListener('error', () => {
      source.close();
      stream = null;
      later(0);
    });
  };

  void question();
  return {
    link,
    status,
    here,
    storeFault,
    jobs: computed(() => (jobs.value === null ? null : [...jobs.value.values()])),
    stop: () => {
      open = false;
      if (timer !== null) clearTimeout(timer);
      stream?.close();
    },
  };
}
