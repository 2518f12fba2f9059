/** All that the volunteer's loop knows, and the few ways in which every part of it changes that. */
import type { Backend } from '../../core/state.ts';
import type { Challenge, GiveBack, JobDescriptor, RestoredWord, TreeHead } from '../../wire/volunteer.ts';
import type { GpuView, Reason, Stitch, VolunteerPhase, Judgement } from '../store.ts';
import { stitchesMax } from '../store.ts';
import { noAudits } from './audits.ts';
import { Outgoing } from './outgoing.ts';
import { toldSoFar } from './told.ts';
import type { Told } from './told.ts';
import type { Audits } from './audits.ts';
import type { LeaseRecord, LoopEffect, LoopOptions, Restores, Settings } from './words.ts';

/** The GPU's place among a device's slots; WASM slots count from 0. */
export const gpuSlot = 256;
/** Work waits so long for a fresh engine; for longer it goes to somebody else. */
export const restartPatienceMs = 5_000;
/** A chunk that failed this often here is not taken again; a slot holds one lease and one ahead. */
export const [failsMaxOfChunk, leasesPerSlotMax] = [2, 2];
const [endedMax, failsMax] = [20_000, 1_000];

/** The connection. `socket` is its serial number: what an earlier socket still says is ignored. */
export type Link =
  | { readonly is: 'none' }
  /** Never before `notBefore`, which the coordinator named. */
  | { readonly is: 'waiting'; readonly until: number; readonly notBefore: number }
  | {
      readonly is: 'connecting';
      readonly socket: number;
      readonly since: number;
      readonly challenge: Challenge | null;
    }
  | {
      readonly is: 'greeting';
      readonly socket: number;
      readonly since: number;
      readonly listed: ReadonlySet<number>;
    }
  | { readonly is: 'open'; readonly socket: number; readonly since: number };

/** An engine's life within its slot. */
export type Stage =
  | { readonly is: 'starting' }
  | { readonly is: 'ready' }
  | { readonly is: 'lost'; readonly until: number; readonly detail: string }
  | { readonly is: 'off'; readonly detail: string };

/** One worker with its queue. */
export interface Slot {
  readonly slot: number;
  readonly backend: Backend;
  engine: number;
  stage: Stage;
  /** Jobs that its engine has, or is being given. */
  readonly jobs: Map<string, 'loading' | 'loaded'>;
  /** Replicas leased to it, in the order in which they are computed. */
  queue: number[];
  /** What its engine is at besides chunks. */
  errand: 'testing' | 'measuring' | null;
  askedAt: number | null;
  askAfter: number;
  /** Refusals in a row, and what the last one said. */
  refusals: number;
  reason: Reason | null;
  /** When its engines were lost. */
  readonly losses: number[];
  /** Measured speed per kernel, wall time, in thousandths of the reference core. */
  readonly paceMilli: Map<string, number>;
  /** Kernels of which it has computed a chunk. */
  readonly kernelsHad: Set<string>;
}

/** A replica that is leased to us and neither computed nor ended. */
export interface Held {
  readonly replica: number;
  readonly lease: number;
  readonly job: string;
  readonly chunk: number;
  readonly slot: number;
  readonly bytes: boolean;
  running: boolean;
  unitsDone: number;
}

/** Bytes known by digest. */
export type BlobState =
  | { readonly is: 'fetching' }
  | { readonly is: 'here' }
  | { readonly is: 'failed'; readonly until: number; readonly tries: number; readonly detail: string };

/** Whether a backend computes a kernel's known answers. */
export type Proof =
  | { readonly is: 'testing'; readonly slot: number; readonly tries: number }
  | { readonly is: 'untested'; readonly tries: number }
  | { readonly is: 'passed' }
  | { readonly is: 'failed'; readonly detail: string };

export interface Loop {
  readonly options: LoopOptions;
  /** The time and the dice of this step. */
  at: number;
  entropy: number;
  out: LoopEffect[];
  phase: VolunteerPhase;
  stopped: Reason | null;
  settings: Settings;
  startedAt: number | null;
  pausedAt: number | null;
  finishBy: number | null;
  /** The page is going away: nothing new is begun. */
  closing: boolean;
  /** The coordinator has said in this visit which replicas are still ours. */
  welcomed: boolean;
  online: boolean;
  device: string | null;
  account: string | null;
  coordinator: string | null;
  head: TreeHead | null;
  told: Told;
  /** What the coordinator says of a restore in this connection, its signature checked; null = nothing. */
  stated: RestoredWord | null;
  restores: Restores | null;
  /** When the restore was stated from which the person wants to go on; null = none. */
  goesOn: number | null;

  link: Link;
  sockets: number;
  /** Connections in a row that led to nothing. */
  attempts: number;
  /** Since when an answer is overdue. */
  suspectAt: number | null;
  commitAfter: number;
  /** Results that the present connection has acknowledged. */
  ackedHere: number;
  chainAfter: number;
  /** Commits over the present socket that no chain has signed yet. */
  unsigned: number;

  jobs: Map<string, JobDescriptor>;
  jobsKnown: boolean;
  /** The job that this visit begins with (see `beginning.ts`). */
  begins: string | null;
  readonly blobs: Map<string, BlobState>;
  readonly proofs: Map<string, Proof>;
  /** Jobs that cannot be computed here, by `backend job`. */
  readonly broken: Map<string, string>;
  /** Kernel time speed per `backend kernel`, in thousandths of the reference core. */
  readonly speedMilli: Map<string, number>;
  /** Jobs on which a core was measured for the GPU's sake, or tried to be. */
  readonly measuredOnce: Set<string>;
  /** How often a chunk failed here, by `job/chunk`. */
  readonly fails: Map<string, number>;

  readonly slots: Map<number, Slot>;
  engines: number;
  gpu: GpuView;
  gpuAfter: number | null;

  readonly held: Map<number, Held>;
  readonly leases: Map<number, LeaseRecord>;
  /** Leases that were here: one that is told twice is taken once. */
  readonly seen: Set<number>;
  readonly unsent: Outgoing;
  /** Durable and not yet settled. */
  readonly awaited: Map<number, { readonly job: string; readonly chunk: number }>;
  /** Of these the verdict may have been said into nothing: to be asked about, asked about and when, and no sooner than (`awaiting.ts`). */
  doubts: { readonly next: number[]; readonly asked: Map<number, number>; after: number };
  readonly returning: Map<GiveBack['why'], number[]>;
  audits: Audits;

  units: number;
  counts: { computed: number; committed: number; final: number; provisional: number; lost: number };
  judged: Judgement | null;
  finalWithAnchor: number;
  credit: { pendingMicro: number; vestedMicro: number; sessionMicro: number };
  /** The last tick whose payments the credit holds. */
  creditAsOf: number;
  /** Reference work done, in microcredits, by second. */
  readonly work: { second: number; costMicro: number }[];
  workSince: number | null;
  readonly stitches: Map<string, Stitch>;
  stitchesChanged: boolean;
}

/** Where a connection stands before there ever was one. */
const notConnected = {
  link: { is: 'none' },
  sockets: 0,
  attempts: 0,
  suspectAt: null,
  commitAfter: 0,
  ackedHere: 0,
  chainAfter: 0,
  unsigned: 0,
} as const;

/** A loop to which nothing has happened yet. */
export function createLoop(options: LoopOptions): Loop {
  return {
    options,
    at: 0,
    entropy: 0,
    out: [],
    phase: 'idle',
    stopped: null,
    settings: { cores: Math.max(1, Math.floor(options.coresMax / 2)), gpu: true, share: 1 },
    startedAt: null,
    pausedAt: null,
    finishBy: null,
    closing: false,
    welcomed: false,
    online: true,
    device: null,
    account: null,
    coordinator: null,
    head: null,
    told: toldSoFar(),
    stated: null,
    restores: null,
    goesOn: null,
    ...notConnected,
    jobs: new Map(),
    jobsKnown: false,
    begins: null,
    blobs: new Map(),
    proofs: new Map(),
    broken: new Map(),
    speedMilli: new Map(),
    measuredOnce: new Set(),
    fails: new Map(),
    slots: new Map(),
    engines: 0,
    gpu: { state: 'unknown' },
    gpuAfter: null,
    held: new Map(),
    leases: new Map(),
    seen: new Set(),
    unsent: new Outgoing(),
    awaited: new Map(),
    doubts: { next: [], asked: new Map(), after: 0 },
    returning: new Map(),
    audits: noAudits(),
    units: 0,
    counts: { computed: 0, committed: 0, final: 0, provisional: 0, lost: 0 },
    judged: null,
    finalWithAnchor: 0,
    credit: { pendingMicro: 0, vestedMicro: 0, sessionMicro: 0 },
    creditAsOf: 0,
    work: [],
    workSince: null,
    stitches: new Map(),
    stitchesChanged: false,
  };
}

/** Whether the loop lives: started, and not finished or stopped. */
export function isLive(loop: Loop): boolean {
  return (
    loop.phase === 'starting' ||
    loop.phase === 'running' ||
    loop.phase === 'paused' ||
    loop.phase === 'finishing'
  );
}

/** Whether new work may be asked for. */
export function mayAsk(loop: Loop): boolean {
  return (loop.phase === 'starting' || loop.phase === 'running') && !loop.closing && loop.link.is === 'open';
}

/** The units [from, to) of a chunk; the last chunk may be shorter. */
export function unitsOf(job: JobDescriptor, chunk: number): [number, number] {
  const from = chunk * job.unitsPerChunk;
  return [from, Math.min(job.units, from + job.unitsPerChunk)];
}

/** Puts a replica on its way back; it goes as soon as there is a connection. Its run, if any, is given up. */
export function giveBack(loop: Loop, replica: number, why: GiveBack['why']): void {
  if (!loop.held.has(replica)) return;
  release(loop, replica);
  returnLater(loop, replica, why);
}

/** Says later that a replica is not ours to compute. */
export function returnLater(loop: Loop, replica: number, why: GiveBack['why']): void {
  const list = loop.returning.get(why) ?? [];
  list.push(replica);
  loop.returning.set(why, list);
}

/** Takes a replica out of its slot's queue and its lease; gives up its run. */
export function release(loop: Loop, replica: number): Held | null {
  const held = loop.held.get(replica);
  if (held === undefined) return null;
  loop.held.delete(replica);
  const slot = loop.slots.get(held.slot);
  if (slot !== undefined) {
    // Nearly always the first of what may be thousands.
    const at = slot.queue.indexOf(replica);
    if (at >= 0) slot.queue.splice(at, 1);
    if (held.running) loop.out.push({ do: 'cancel', slot: slot.slot, engine: slot.engine, replica });
  }
  dropLeaseIfDone(loop, held.lease);
  return held;
}

/** The leases of which a slot holds something: one or two, of thousands of chunks where it is fast. */
export function leasesOf(loop: Loop, { slot }: Slot): LeaseRecord[] {
  return [...loop.leases.values()].filter((lease) => lease.slot === slot);
}

/** What is left of a lease. */
export function heldOf(loop: Loop, { lease, done, count }: LeaseRecord): Held[] {
  const left: Held[] = [];
  for (let id = lease + done; id < lease + count; id++) {
    const held = loop.held.get(id);
    if (held !== undefined) left.push(held);
  }
  return left;
}

/** A replica that was not computed is no longer ours. */
export function loseReplica(loop: Loop, { replica, job, chunk }: Held): void {
  release(loop, replica);
  loop.counts.lost += 1;
  stitch(loop, job, chunk, 'lost');
}

/** Notes how far a lease is, and forgets it when none of its replicas is held any more. */
export function dropLeaseIfDone(loop: Loop, lease: number): void {
  const record = loop.leases.get(lease);
  if (record === undefined) return;
  let { done } = record;
  while (done < record.count && !loop.held.has(lease + done)) done++;
  if (done === record.count) {
    loop.leases.delete(lease);
    loop.out.push({ do: 'dropLeases', leases: [lease] });
  } else if (done > record.done) {
    const further = { ...record, done };
    loop.leases.set(lease, further);
    loop.out.push({ do: 'keepLease', lease: further });
  }
}

/** Forgets results, in memory and in the outbox. */
export function dropResults(loop: Loop, replicas: readonly number[]): void {
  const known = replicas.filter((replica) => loop.unsent.delete(replica));
  if (known.length > 0) loop.out.push({ do: 'dropResults', replicas: known });
}

/** Remembers that a chunk failed here; returns how often it has. */
export function noteFail(loop: Loop, job: string, chunk: number, times: number): void {
  const key = `${job}/${chunk}`;
  loop.fails.set(key, (loop.fails.get(key) ?? 0) + times);
  trim(loop.fails, failsMax);
}

/** Shows where a chunk of ours stands. */
export function stitch(loop: Loop, job: string, chunk: number, state: Stitch['state']): void {
  loop.stitches.set(`${job}/${chunk}`, { job, chunk, state, at: loop.at });
  trim(loop.stitches, stitchesMax);
  loop.stitchesChanged = true;
}

/** Remembers a lease's id for good, within bounds. */
export function noteSeen(loop: Loop, lease: number): void {
  loop.seen.add(lease);
  trim(loop.seen, endedMax);
}

/** Drops the oldest entries beyond a bound. */
export function trim(
  collection: { readonly size: number; keys(): Iterator<string | number>; delete(key: never): boolean },
  max: number,
): void {
  while (collection.size > max) {
    const oldest = collection.keys().next();
    if (oldest.done === true) return;
    collection.delete(oldest.value as never);
  }
}

/** What an unmeasured speed is taken for, in thousandths: too high a guess lets a slow device's first lease run out. */
const guessMilli = 100;

/** How fast a slot computes a kernel, wall time, in thousandths of the reference core; a guess until measured. */
export function paceOf(loop: Loop, slot: Slot, kernel: string): number {
  const known = slot.paceMilli.get(kernel) ?? loop.speedMilli.get(`${slot.backend} ${kernel}`);
  return Math.max(1, Math.round(known ?? guessMilli * loop.settings.share));
}
