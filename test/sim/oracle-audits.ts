/** Judges what audits lead to: nothing wrong becomes final where all was recomputed, nobody honest is blamed, void work goes back. */
import { numbersIn } from '../../src/core/intervals.ts';
import type { Event } from '../../src/core/state.ts';
import { conspiring, harmless } from './people.ts';
import type { Role } from './people.ts';
import { isRight, wrongUnits } from './truth.ts';
import { demand } from './verdicts.ts';
import type { JobRecord, Tally } from './verdicts.ts';
import type { PersonSpec } from './weather.ts';

type EventOf<K extends Event['e']> = Extract<Event, { e: K }>;
type Checked = EventOf<'audited' | 'rechecked' | 'vested' | 'voided' | 'disproved' | 'drawn'>;

export class AuditOracle {
  readonly #roles: ReadonlyMap<string, Role>;
  /** Whose device each is. */
  readonly #owners: ReadonlyMap<string, Pick<PersonSpec, 'account' | 'group'>>;
  readonly #paid = new Set<number>();
  /** Chunks of which a gang's auditor called right what was wrong. */
  readonly #vouched = new Set<string>();
  readonly #tally: Tally;
  /** Who was found wrong before, and who is banned, by identity. */
  readonly #faults = new Set<string>();
  readonly #banned = new Set<string>();
  /** Found wrong once, and given nothing since: of these what is right is kept, and nothing else. */
  readonly #suspended = new Set<string>();

  constructor(people: readonly PersonSpec[], tally: Tally) {
    const each = people.flatMap((person) => person.devices.map(({ name }) => [name, person] as const));
    this.#roles = new Map(each.map(([name, { role }]) => [name, role]));
    this.#owners = new Map(each);
    this.#tally = tally;
  }

  isBanned(identity: string): boolean {
    return this.#banned.has(identity);
  }

  /** It is given work: whatever it did before is in order. */
  leased(identity: string): void {
    this.#suspended.delete(identity);
  }

  /** The operator let somebody in again: what was found before counts no more. */
  readmitted({ device, backend }: EventOf<'readmitted'>): void {
    this.#faults.delete(`${device}/${backend}`);
    this.#banned.delete(`${device}/${backend}`);
    this.#suspended.delete(`${device}/${backend}`);
  }

  see(event: Checked, job: JobRecord | undefined): void {
    if (job === undefined) return demand(false, 'safe', () => `${event.job} is checked and is not open`);
    switch (event.e) {
      case 'audited':
        return this.#audited(event, job);
      case 'rechecked':
        return this.#rechecked(event, job);
      case 'vested':
        return this.#vested(event, job);
      case 'voided':
        return this.#voided(event, job);
      case 'disproved':
        return this.#disproved(event);
      case 'drawn':
        return;
      default:
        event satisfies never;
    }
  }

  /** Somebody recomputed units: nobody its own, each once, and only a gang calls right what is wrong. */
  #audited(event: EventOf<'audited'>, job: JobRecord): void {
    const { audit, chunk, units, device, entries } = event;
    this.#tally.audited++;
    for (const { from, amountMicro } of entries) if (from !== 'operator') job.paidMicro += amountMicro;
    demand(!this.#paid.has(audit), 'safe', () => `audit ${audit} is made and paid once`);
    this.#paid.add(audit);
    const claim = job.provisional.get(chunk);
    if (claim === undefined) return;
    const wrong = wrongUnits(claim.root, event.job, chunk, units);
    const name = `${device} (${this.#roles.get(device) ?? 'anchor'})`;
    const isGangs = event.site !== undefined && conspiring.has(this.#roles.get(device) ?? 'honest');
    demand(
      event.wrong.every((unit) => wrong.includes(unit)),
      'honest',
      () => `by ${name}, chunk ${chunk} of ${event.job} is called wrong, and is right`,
    );
    if (wrong.length > event.wrong.length) {
      demand(isGangs, 'honest', () => `${name} called chunk ${chunk} of ${event.job} right, which is wrong`);
      this.#tally.vouched++;
      this.#vouched.add(`${event.job}/${chunk}`);
    }
    if (event.site === undefined) return;
    this.#tally.byPeople++;
    const own = this.#owners.get(device);
    for (const author of claim.devices) {
      const other = this.#owners.get(author);
      demand(
        own?.account !== other?.account && (own?.group === '' || own?.group !== other?.group),
        'safe',
        () => `${name} audits ${author}, of its own account or network`,
      );
    }
  }

  /** The operator pays its own anchor for what it looked at besides, of an audit that is not made yet; nobody else is paid or pays. */
  #rechecked({ audit, units, why, device, entries }: EventOf<'rechecked'>, { spec }: JobRecord): void {
    const [only] = entries;
    const owed = units.length * spec.unitCostMicro * (why === 'dispute' ? 2 : 1);
    demand(
      !this.#paid.has(audit) &&
        entries.length === 1 &&
        only?.from === 'operator' &&
        only.to === 'vested:anchor' &&
        only.amountMicro === owed,
      'safe',
      () => `the operator pays ${owed} for looking at audit ${audit} once more, by ${device}`,
    );
    this.#tally.rechecked++;
  }

  /** Work has become final: none of it may be wrong where every unit was recomputed, nor any by who always lies. */
  #vested({ job: id, chunks, device, backend }: EventOf<'vested'>, job: JobRecord): void {
    demand(!this.isBanned(`${device}/${backend}`), 'safe', () => `${device} is paid after it was banned`);
    for (const chunk of numbersIn(chunks)) {
      const claim = job.provisional.get(chunk);
      if (claim === undefined) continue;
      job.provisional.delete(chunk);
      if (isRight(claim.root, id, chunk)) continue;
      this.#tally.wrongFinal++;
      demand(
        !this.#suspended.has(`${device}/${backend}`),
        'honest',
        () => `chunk ${chunk} of ${id}, by ${device}, who is suspended, is kept though it is wrong`,
      );
      // What its own gang vouched for is not recomputed again: that is what a gang can do.
      if (this.#vouched.has(`${id}/${chunk}`)) continue;
      const { policy } = job.spec;
      const strict = 'leaverUnits' in policy && policy.leaverUnits >= 1_000_000;
      const shameless = claim.devices.some((author) => this.#roles.get(author) === 'liar');
      demand(
        !strict && !shameless,
        'honest',
        () =>
          `chunk ${chunk} of ${id} is final and wrong, by ${claim.devices.map((one) => `${one} (${this.#roles.get(one)})`).join(', ')}`,
      );
    }
  }

  #disproved({ device, backend, consequence, audit }: EventOf<'disproved'>): void {
    this.#tally.disproved++;
    if (audit !== undefined) this.#tally.auditorsWrong++;
    const role = this.#roles.get(device) ?? 'honest';
    const name = `${device}/${backend}`;
    demand(role === 'flaky' || !harmless.has(role), 'honest', () => `${device} (${role}) is called wrong`);
    demand(
      consequence === 'suspend' || this.#faults.has(name) || conspiring.has(role),
      'honest',
      () => `${name} (${role}) is banned at its first fault`,
    );
    this.#faults.add(name);
    if (consequence === 'ban') this.#banned.add(name);
    else this.#suspended.add(name);
  }

  #voided(event: EventOf<'voided'>, job: JobRecord): void {
    const name = `${event.device}/${event.backend}`;
    for (const chunk of numbersIn(event.chunks)) {
      const claim = job.provisional.get(chunk);
      // What others answer for too stands without it.
      if (claim === undefined || claim.devices.length > 1 || this.isBanned(name)) continue;
      demand(
        !isRight(claim.root, event.job, chunk),
        'honest',
        () => `chunk ${chunk} of ${event.job} is right, and void though ${name} is only suspended`,
      );
    }
    for (const chunk of numbersIn(event.reopened)) {
      demand(
        job.provisional.has(chunk),
        'safe',
        () => `chunk ${chunk} of ${event.job} is reopened while it is provisional`,
      );
      job.provisional.delete(chunk);
      job.final.delete(chunk);
      this.#tally.voided++;
    }
    for (const { to, amountMicro } of event.entries) if (to !== 'operator') job.paidMicro -= amountMicro;
  }
}
