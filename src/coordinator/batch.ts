/**
 * What one tick leads to: its events, the rows that are stored with them, and what each device will be told once
 * they are durable. It looks at every event just before the state takes it in, while what it ends is still known.
 */
import { wantsBytes } from '../core/chunk.ts';
import { creditAccountsOf } from '../core/keys.ts';
import { balanceOf } from '../core/ledger.ts';
import { unitsOf } from '../core/state.ts';
import type { Event, Job, Replica, State, Winner } from '../core/state.ts';
import { suspendedMs } from '../core/trust.ts';
import type { Judged } from '../wire/volunteer.ts';
import { claimOf } from './drawn-claims.ts';
import type { DrawnClaim } from './drawn-claims.ts';
import type { Answer, Concluded, Outputs, Reopened, Settled } from './log.ts';
import { Payroll } from './receipts.ts';

type EventOf<K extends Event['e']> = Extract<Event, { e: K }>;

/** What an account has, in microcredits. */
export interface Balances {
  readonly pending: number;
  readonly vested: number;
}

export function balancesOf(state: State, account: string): Balances {
  const { pending, vested } = creditAccountsOf(account);
  return { pending: Number(balanceOf(state, pending)), vested: Number(balanceOf(state, vested)) };
}

/** What one device will be told. */
export interface Parcel {
  leases: ToldLease[];
  acks: number[];
  lost: number[];
  /** What audits found out about it. */
  judged: Judged[];
  /** Its account has another balance than its receipts say, work vested or was void: what it has after this tick. */
  balances: Balances | null;
}

/** What most lists of a parcel are, and most others hold one thing: a list that grows takes room for seventeen at once. */
const nothing: never[] = Object.freeze([]) as unknown as never[];

function added<T>(list: T[], one: T): T[] {
  if (list === nothing) return [one];
  list.push(one);
  return list;
}

/** What it asks of its surroundings. */
interface BatchParts {
  /** What people will see of a job for ever once it has ended. */
  lastView(state: State, event: EventOf<'finished' | 'cancelled'>, at: number): string;
  /** Whether a device is connected; absent: all are. */
  isHere?(device: string): boolean;
}

export class Batch {
  readonly events: Event[] = [];
  readonly answers: Answer[] = [];
  readonly settled: Omit<Settled, 'tick'>[] = [];
  readonly reopened: Reopened[] = [];
  readonly dropped: number[] = [];
  /** What was claimed for units that are drawn with it, and what is void. */
  readonly claims: DrawnClaim[] = [];
  readonly voided: EventOf<'voided'>[] = [];
  readonly concluded: Concluded[] = [];
  readonly payroll = new Payroll();
  /** Behind its last audit: what is drawn later has this number or a higher one. */
  auditsEnd = 0;
  readonly parcels = new Map<string, Parcel>();
  /** Open jobs are others than before: everybody hears of it. */
  jobsChanged = false;
  readonly #parts: BatchParts;
  /** Devices whose accounts have other balances than their receipts say, with these. */
  readonly #balanced = new Map<string, string>();

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  /** Nothing more comes: `state` is what it is after this tick, and will soon be another. */
  close(state: State): void {
    this.auditsEnd = state.nextAudit;
    for (const [device, account] of this.#balanced)
      this.parcelOf(device).balances = balancesOf(state, account);
  }

  /** Sees one event, before `evolve` does. `outputs` came with the command that caused it. */
  see(state: State, event: Event, at: number, outputs: Outputs | null): void {
    this.events.push(event);
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- what is not named here tells nobody anything
    switch (event.e) {
      case 'leased':
        this.#leased(state, event, at);
        return;
      case 'committed':
        this.#committed(event, outputs);
        return;
      case 'accepted':
        this.#accepted(state, event);
        if (event.drawn !== undefined && outputs !== null) this.#drawn(state, event, event.drawn, outputs);
        return;
      case 'vested':
      case 'audited':
        this.#later(event);
        return;
      case 'voided':
        this.#later(event);
        this.voided.push(event);
        for (let i = 0; i < event.reopened.length; i += 2)
          this.reopened.push({
            job: event.job,
            from: event.reopened[i] as number,
            to: event.reopened[i + 1] as number,
          });
        return;
      case 'disproved':
        this.#disproved(event, at);
        return;
      case 'submitted':
        this.jobsChanged = true;
        return;
      case 'closing':
        this.jobsChanged = true;
        this.#allLost(state, event.job);
        return;
      case 'finished':
      case 'cancelled':
        this.jobsChanged = true;
        this.concluded.push({ job: event.job, view: this.#parts.lastView(state, event, at) });
        if (event.e === 'cancelled') this.#allLost(state, event.job);
        return;
      default:
    }
  }

  parcelOf(device: string): Parcel {
    let parcel = this.parcels.get(device);
    if (parcel === undefined) {
      parcel = { leases: nothing, acks: nothing, lost: nothing, judged: nothing, balances: null };
      this.parcels.set(device, parcel);
    }
    return parcel;
  }

  #leased(state: State, event: EventOf<'leased'>, at: number): void {
    const parcel = this.parcelOf(event.device);
    parcel.leases = added(parcel.leases, toldLease(state, event, event.deadline - at));
  }

  #committed({ replica, job, chunk, device, stored }: EventOf<'committed'>, outputs: Outputs | null): void {
    this.answers.push({ replica, job, chunk, outputs: stored ? outputs : null });
    const parcel = this.parcelOf(device);
    parcel.acks = added(parcel.acks, replica);
  }

  #lost(device: string, replica: number): void {
    const parcel = this.parcelOf(device);
    parcel.lost = added(parcel.lost, replica);
  }

  /** Work vested or was void, or an audit was paid: an anchor's is no credit of a person's. */
  #later(event: EventOf<'vested' | 'voided' | 'audited'>): void {
    if (event.site === undefined) return;
    this.payroll.addLater(event);
    this.parcelOf(event.device);
    this.#balanced.set(event.device, event.account);
  }

  #accepted(state: State, event: EventOf<'accepted'>): void {
    let withAnchor = false;
    for (let i = 0; i < event.winners.length; i++) {
      const { device, account } = event.winners[i] as Winner;
      this.parcelOf(device);
      const isAnchor = state.devices.get(device)?.role === 'anchor';
      if (isAnchor) withAnchor = true;
      else if (this.#parts.isHere?.(device) === false) this.payroll.credited.add(account);
    }
    this.payroll.add(event, withAnchor);
    this.settled.push({ job: event.job, chunk: event.chunk, replica: event.replica });
    // The chunk still holds its replicas here; the commitment that settled it is in the state already.
    const replicas = state.jobs.get(event.job)?.chunks.get(event.chunk)?.replicas ?? nothing;
    for (let i = 0; i < replicas.length; i++) {
      const replica = replicas[i] as Replica;
      if (!hasWon(event, replica.id)) this.#lost(replica.device, replica.id);
      if (replica.id !== event.replica && replica.phase.is === 'committed' && replica.phase.stored)
        this.dropped.push(replica.id);
    }
  }

  /** What the command brought is what was accepted, unless that waited for it. */
  #drawn(state: State, event: EventOf<'accepted'>, units: readonly number[], outputs: Outputs): void {
    if (this.answers.at(-1)?.replica !== event.replica) return;
    const { spec } = state.jobs.get(event.job) as Job;
    this.claims.push(claimOf(event, units, unitsOf(spec, event.chunk)[0], outputs));
  }

  #disproved(event: EventOf<'disproved'>, at: number): void {
    const { device, backend, consequence, awayMs, job, chunk, wrong, right } = event;
    const parcel = this.parcelOf(device);
    parcel.judged = added(parcel.judged, {
      t: 'judged',
      backend,
      consequence,
      job,
      chunk,
      wrong: [...wrong],
      right: [...right],
      untilMs: consequence === 'ban' ? null : at + (awayMs ?? suspendedMs),
    });
  }

  /** A cancelled job's open replicas are over. */
  #allLost(state: State, job: string): void {
    for (const chunk of state.jobs.get(job)?.chunks.values() ?? []) {
      for (const replica of chunk.replicas) {
        this.#lost(replica.device, replica.id);
        if (replica.phase.is === 'committed' && replica.phase.stored) this.dropped.push(replica.id);
      }
    }
  }
}

function hasWon({ winners }: EventOf<'accepted'>, id: number): boolean {
  for (let i = 0; i < winners.length; i++) if ((winners[i] as Winner).replica === id) return true;
  return false;
}

/** What of a lease is told. */
export type LeaseRun = Pick<EventOf<'leased'>, 'lease' | 'job' | 'chunk' | 'count' | 'slot'>;

/** What a lease message says. */
export interface ToldLease {
  readonly run: LeaseRun;
  readonly deadlineMs: number;
  /** Whether bytes are wanted; one flag for the whole lease: where they are of one chunk they are sent of all. */
  readonly bytes: boolean;
  /** Of its job, for who checks answers; 0: nobody knows it any more. */
  readonly unitsPerChunk: number;
}

/** A lease as whoever has it is told of it, `deadlineMs` before it runs out. */
export function toldLease(state: State, run: LeaseRun, deadlineMs: number): ToldLease {
  const { job, chunk, count } = run;
  const known = state.jobs.get(job);
  let bytes = false;
  for (let i = 0; i < count && !bytes; i++)
    bytes = known === undefined || wantsBytes(known.chunks.get(chunk + i), known.spec);
  return { run, deadlineMs, bytes, unitsPerChunk: known?.spec.unitsPerChunk ?? 0 };
}
