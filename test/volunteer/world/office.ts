/** The coordinator of a small world: the real rules, and as little around them as will do. */
import { mayJoin } from '../../../src/core/chunk.ts';
import { evolve } from '../../../src/core/evolve.ts';
import { assertInvariants } from '../../../src/core/invariants.ts';
import { decide } from '../../../src/core/machine.ts';
import { emptyState, isRefusal } from '../../../src/core/state.ts';
import type { Command, Event, JobSpec, LivePeople, State } from '../../../src/core/state.ts';
import type {
  FromCoordinator,
  GiveBack,
  JobDescriptor,
  ReceiptWord,
  SlotWord,
} from '../../../src/wire/volunteer.ts';
import { whole } from '../../sim/where.ts';
import { Time } from './time.ts';

type Settled = ReceiptWord['settled'][number];

/** Whom the coordinator knows. */
export interface Person {
  readonly name: string;
  readonly account: string;
}

export abstract class Office extends Time {
  readonly state: State = emptyState();
  /** Replicas whose commitment counted, and who was paid for which chunk. */
  readonly committed = new Set<number>();
  readonly paid: { readonly chunk: string; readonly account: string; readonly replica: number }[] = [];
  #finished = 0;
  #audits = 0;
  /** Every audit that was ever asked for, and how it ended; null = nothing was heard of it. */
  readonly audits = new Map<
    number,
    { readonly device: string; readonly units: number; ended: 'answered' | 'returned' | null }
  >();
  readonly #receipts = new Map<number, { readonly account: string; readonly settled: Settled }>();

  /** A word to a device, if it is connected. */
  protected abstract tell(device: string, word: FromCoordinator): void;
  protected abstract live(): LivePeople;

  decide(command: Command): readonly Event[] | string {
    const decision = decide(this.state, command, this.at);
    if (isRefusal(decision)) return decision.refused;
    for (const event of decision) {
      evolve(this.state, event, this.at);
      if (event.e === 'finished') this.#finished += 1;
      if (event.e === 'committed') this.committed.add(event.replica);
      if (event.e === 'leased')
        this.after(event.deadline - this.at + 1, () => void this.decide({ c: 'expire', lease: event.lease }));
      if (event.e === 'accepted') {
        for (const winner of event.winners) {
          const { account, replica } = winner;
          this.paid.push({ chunk: `${event.job}/${event.chunk}`, account, replica });
          const settled = {
            replica,
            amountMicro: event.entries[0]?.amountMicro ?? 0,
            withAnchor: false,
            final: event.final,
            job: event.job,
            chunk: event.chunk,
          };
          this.#receipts.set(replica, { account, settled });
          this.tell(winner.device, { t: 'receipt', acks: [], settled: [settled], lost: [], tick: null });
        }
      }
    }
    assertInvariants(this.state);
    return decision;
  }

  submit(spec: JobSpec): void {
    this.decide({ c: 'fund', account: 'r', amountMicro: 1e12 });
    const decision = this.decide({ c: 'submit', requester: 'r', spec });
    if (typeof decision === 'string') throw new Error(decision);
    for (const device of this.state.devices.keys()) this.tell(device, { t: 'news', jobs: this.jobs() });
  }

  get finished(): number {
    return this.#finished;
  }

  jobs(): JobDescriptor[] {
    return [...this.state.jobs.values()].map(({ id, spec }) => {
      const { kernel, wasm, wgsl, input, agreement, units, unitsPerChunk, unitCostMicro } = spec;
      return { job: id, kernel, wasm, wgsl, input, agreement, units, unitsPerChunk, unitCostMicro };
    });
  }

  welcome(person: Person, holding: readonly number[]): void {
    const { name, account } = person;
    this.decide({ c: 'join', device: name, account, site: null, group: account, role: 'volunteer' });
    this.tell(name, {
      t: 'welcome',
      device: name,
      account,
      jobs: this.jobs(),
      holding: holding.filter((id) => this.#isStillTheirs(person, id)),
      creditMicro: { pending: 0, vested: 0, asOf: 0 },
    });
  }

  /** Leased, or run out and its place not taken, or committed, or settled with a receipt that can be had again. */
  #isStillTheirs({ name, account }: Person, id: number): boolean {
    if (this.#receipts.get(id)?.account === account) return true;
    const lease = this.state.leases.get(this.state.replicas.get(id) ?? -1);
    const chunk = lease && this.state.jobs.get(lease.job)?.chunks.get(lease.chunk + id - lease.id);
    const replica = chunk?.replicas.find((one) => one.id === id);
    if (chunk === undefined || replica?.device !== name) return false;
    return replica.phase.is !== 'closed' || mayJoin(chunk, account, account);
  }

  ask(person: Person, slots: readonly SlotWord[]): void {
    for (const slot of slots) {
      const decision = this.decide({ c: 'ask', device: person.name, slot, live: this.live() });
      if (typeof decision === 'string') {
        this.tell(person.name, { t: 'refusal', about: 'ask', slot: slot.slot, reason: decision });
        continue;
      }
      for (const event of decision) {
        if (event.e !== 'leased') continue;
        const { lease, job, chunk, count, deadline } = event;
        this.tell(person.name, {
          t: 'lease',
          slot: slot.slot,
          lease,
          job,
          chunk,
          count,
          deadlineMs: deadline - this.at,
          bytes: this.chance(0.5),
        });
      }
    }
  }

  commit(person: Person, replica: number, root: string, stored: boolean): void {
    if (this.chance(this.weather.storeFull)) {
      this.tell(person.name, {
        t: 'refusal',
        about: 'commit',
        replica,
        reason: 'store',
        retryMs: 500,
      });
      return;
    }
    const decision = this.decide({
      c: 'commit',
      device: person.name,
      replica,
      root,
      digests: '',
      stored,
      agrees: [],
    });
    const told = this.#receipts.get(replica);
    if (decision === 'unknown-replica' && told?.account === person.account)
      this.tell(person.name, {
        t: 'receipt',
        acks: [replica],
        settled: [told.settled],
        lost: [],
        tick: null,
      });
    else if (typeof decision === 'string' && decision !== 'same-commitment')
      this.tell(person.name, { t: 'refusal', about: 'commit', replica, reason: decision });
    else this.tell(person.name, { t: 'receipt', acks: [replica], settled: [], lost: [], tick: null });
  }

  /** Asks a device to recompute a few units of an open job. */
  audit(person: Person): void {
    const [job] = this.state.jobs.values();
    if (job === undefined) return;
    const from = this.between(0, job.spec.units - 8);
    const units = Array.from({ length: this.between(1, 8) }, (_, i) => from + i);
    const id = ++this.#audits;
    this.audits.set(id, { device: person.name, units: units.length, ended: null });
    const limitMs = this.chance(0.2) ? 100 : 60_000;
    this.tell(person.name, { t: 'audit', audit: id, job: job.id, units, limitMs });
  }

  /** An answer counts where the audit is the device's own and was not over. */
  answered(person: Person, id: number): void {
    const audit = this.audits.get(id);
    if (audit === undefined || audit.device !== person.name) {
      this.faults.push(`${person.name} answers audit ${id}, which it was not given`);
      return;
    }
    const became = audit.ended === null ? 'counted' : 'gone';
    audit.ended ??= 'answered';
    this.tell(person.name, { t: 'audited', audit: id, became, amountMicro: 5 * audit.units });
  }

  auditsReturned(person: Person, ids: readonly number[]): void {
    for (const id of ids) {
      const audit = this.audits.get(id);
      if (audit === undefined || audit.device !== person.name)
        this.faults.push(`${person.name} gives audit ${id} back, which it was not given`);
      else audit.ended ??= 'returned';
    }
  }

  giveBack(person: Person, { replicas, keeps, why }: GiveBack): void {
    this.decide(whole(this.state, { c: 'giveBack', device: person.name, replicas, why }, keeps));
  }
}
