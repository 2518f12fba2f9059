/** Read models: what people look at, folded from the state and from the ticks. Nothing here decides anything. */
import { anchorAccount } from '../core/epoch.ts';
import { count } from '../core/intervals.ts';
import { isAudited } from '../core/job.ts';
import { priceOf } from '../core/offer.ts';
import { chunksOf } from '../core/state.ts';
import type { Event, Job, State } from '../core/state.ts';
import type { AccountView, JobView, LeaderboardRow, LeaderboardView } from '../wire/views.ts';
import type { JobDescriptor } from '../wire/volunteer.ts';
import type { Log } from './log.ts';

/** The account of the operator's anchor: paid like anybody, shown on no leaderboard [LG4]. */
export { anchorAccount };

/** A rate is measured over the last minutes, and said only when there is enough of it. */
const windowMs = 5 * 60_000;
const sampleMs = 5_000;
const spanMsMin = 30_000;
const chunksMin = 10;
/** A list names so many jobs that have ended; each other may be asked for by its id. */
const endedListedMax = 50;

/** What a kind of kernel can show when it is done, or while it is not. */
export interface Showing {
  readonly picture: boolean;
  readonly report: boolean;
}

export interface ViewParts {
  state(): State;
  nameOf(account: string): string | null;
  /** A partner's site as people read it. */
  siteName(site: string): string;
  showing(kernel: string): Showing;
  now(): number;
}

export class Views {
  readonly #parts: ViewParts;
  readonly #concluded = new Map<string, JobView>();
  /** Final chunks of each open job over the last minutes. */
  readonly #samples = new Map<string, { at: number; final: number }[]>();
  #board: { at: number; rows: LeaderboardRow[] } | null = null;

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  /** Reads what the log keeps of concluded jobs. The text is our own: it is trusted. */
  async load(log: Log): Promise<void> {
    for (const { job, view } of await log.concluded()) this.#concluded.set(job, viewIn(view));
  }

  /** A job has ended and that is durable. */
  concluded(job: string, view: string): void {
    this.#concluded.set(job, viewIn(view));
    this.#samples.delete(job);
  }

  /** Takes a sample of each job's progress, every few seconds. */
  sample(): void {
    const at = this.#parts.now();
    for (const job of this.#parts.state().jobs.values()) {
      const samples = this.#samples.get(job.id) ?? [];
      const last = samples.at(-1);
      if (last !== undefined && at - last.at < sampleMs) continue;
      samples.push({ at, final: job.finalChunks });
      while (samples.length > 1 && at - (samples[0]?.at ?? at) > windowMs) samples.shift();
      this.#samples.set(job.id, samples);
    }
  }

  /** The open jobs, then those that ended last, the newest first. */
  jobs(): JobView[] {
    const known = [...this.#parts.state().jobs.values()].map((job) => this.#open(job));
    const closing = known.filter(({ endedAt }) => endedAt !== null);
    const ended = [...closing, ...this.#concluded.values()];
    ended.sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
    return [...known.filter(({ endedAt }) => endedAt === null), ...ended.slice(0, endedListedMax)];
  }

  openJobs(): JobView[] {
    const open = [...this.#parts.state().jobs.values()].filter(({ closingAt }) => closingAt === null);
    return open.map((job) => this.#open(job));
  }

  job(id: string): JobView | null {
    const job = this.#parts.state().jobs.get(id);
    return job === undefined ? (this.#concluded.get(id) ?? null) : this.#open(job);
  }

  #open(job: Job): JobView {
    const paused = this.#parts.state().pausedKernels.has(job.spec.kernel);
    return {
      ...viewOf(this.#parts.state(), job, this.#parts.showing(job.spec.kernel)),
      // Cancelled for everybody at once, though the last of its work is still checked.
      state: job.closingAt !== null ? 'cancelled' : paused ? 'paused' : 'open',
      endedAt: job.closingAt,
      etaMs: job.closingAt === null ? this.#etaMs(job) : null,
    };
  }

  /** How long it will take; null until that is defensible, and while nobody holds a chunk of it. */
  #etaMs(job: Job): number | null {
    if (!isWorkedOn(job)) return null;
    const samples = this.#samples.get(job.id) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined) return null;
    const span = last.at - first.at;
    const settled = last.final - first.final;
    if (span < spanMsMin || settled < chunksMin) return null;
    return Math.round(((chunksOf(job.spec) - job.finalChunks) * span) / settled);
  }

  /** A job's last view, as text for the log: looked at just before it leaves the state. */
  lastView(state: State, event: Extract<Event, { e: 'finished' | 'cancelled' }>, at: number): string {
    const job = state.jobs.get(event.job) as Job;
    const showing = this.#parts.showing(job.spec.kernel);
    const done = event.e === 'finished';
    const result = {
      picture: showing.picture && done,
      report: showing.report && done,
      preview: showing.picture,
    };
    const view: JobView = {
      ...viewOf(state, job, showing),
      state: event.e,
      endedAt: job.closingAt ?? at,
      etaMs: null,
      result,
    };
    return JSON.stringify(view);
  }

  leaderboard(limit: number): LeaderboardView {
    const rows = this.#rows();
    return {
      at: this.#parts.now(),
      accounts: rows.length,
      rows: rows.slice(0, limit).map((row) => ({ ...row, name: this.#parts.nameOf(row.account) })),
    };
  }

  account(id: string): AccountView | null {
    const state = this.#parts.state();
    const record = state.accounts.get(id);
    if (record === undefined || id === anchorAccount) return null;
    const { chunks, units, firstAt } = record;
    const balance = (kind: 'pending' | 'vested'): number => Number(state.balances.get(`${kind}:${id}`) ?? 0n);
    const rank = this.#rows().find((row) => row.account === id)?.rank ?? null;
    return {
      account: id,
      name: this.#parts.nameOf(id),
      rank,
      pendingMicro: balance('pending'),
      vestedMicro: balance('vested'),
      chunks,
      units,
      firstAt,
      sites: this.#sitesOf(id),
    };
  }

  #sitesOf(account: string): AccountView['sites'] {
    const sites = new Set<string>();
    for (const device of this.#parts.state().devices.values())
      if (device.account === account && device.site !== null) sites.add(device.site);
    return [...sites].map((site) => ({ site, name: this.#parts.siteName(site) }));
  }

  /** Everybody with credits, ranked; equal credits have equal rank. Sorted at most once a second. */
  #rows(): LeaderboardRow[] {
    const at = this.#parts.now();
    if (this.#board !== null && Math.abs(at - this.#board.at) < 1_000) return this.#board.rows;
    const rows: LeaderboardRow[] = [];
    const records = [...this.#parts.state().accounts].filter(
      ([account, { earnedMicro }]) => account !== anchorAccount && earnedMicro > 0,
    );
    records.sort(([a, x], [b, y]) => y.earnedMicro - x.earnedMicro || (a < b ? -1 : 1));
    for (const [account, { earnedMicro, chunks, units, lastAt }] of records) {
      const before = rows.at(-1);
      const rank = before?.creditMicro === earnedMicro ? before.rank : rows.length + 1;
      rows.push({ rank, account, name: null, creditMicro: earnedMicro, chunks, units, lastAt });
    }
    this.#board = { at, rows };
    return rows;
  }
}

/** A concluded job's view as the log keeps it; those of jobs that ended before there were audits say nothing of them. */
function viewIn(text: string): JobView {
  const before = { policy: 'replicate', accepted: 0 } as const;
  return { ...before, ...(JSON.parse(text) as JobView) };
}

/** What a volunteer needs to know of a job. */
export function descriptorOf({ id, spec }: Job): JobDescriptor {
  const { kernel, wasm, wgsl, input, agreement, units, unitsPerChunk, unitCostMicro } = spec;
  return { job: id, kernel, wasm, wgsl, input, agreement, units, unitsPerChunk, unitCostMicro };
}

/** Where a chunk in work stands, for people. A chunk whose leases all expired waits again. */
export function standingOf(job: Job, index: number): 'free' | 'leased' | 'committed' {
  let standing: 'free' | 'leased' = 'free';
  for (const { phase } of job.chunks.get(index)?.replicas ?? []) {
    if (phase.is === 'committed') return 'committed';
    if (phase.is === 'leased') standing = 'leased';
  }
  return standing;
}

function isWorkedOn(job: Job): boolean {
  for (const { replicas } of job.chunks.values())
    if (replicas.some(({ phase }) => phase.is === 'leased')) return true;
  return false;
}

function viewOf(state: State, job: Job, showing: Showing): JobView {
  const { spec } = job;
  const standing = { free: count(job.free), leased: 0, committed: 0 };
  for (const index of job.chunks.keys()) standing[standingOf(job, index)]++;
  const priceMicro = priceOf(spec);
  return {
    ...descriptorOf(job),
    title: spec.title,
    cause: spec.cause,
    ...(spec.texts === undefined ? {} : { texts: spec.texts }),
    demonstration: spec.demonstration,
    requester: job.requester,
    quorum: spec.policy.quorum,
    policy: spec.policy.kind,
    ...(spec.policy.kind === 'certify' && isAudited(spec) ? { audited: true as const } : {}),
    state: 'open',
    submittedAt: job.submittedAt,
    endedAt: null,
    chunks: chunksOf(spec),
    ...standing,
    accepted: job.acceptedChunks,
    final: job.finalChunks,
    settledByPeople: job.settledByPeople,
    settledWithAnchor: job.settledWithAnchor,
    disputes: job.disputes,
    priceMicro,
    paidMicro: priceMicro - job.returnedMicro - Number(state.balances.get(`escrow:${job.id}`) ?? 0n),
    etaMs: null,
    result: { picture: false, report: false, preview: showing.picture },
  };
}
