/**
 * The auditor's part of the simulated coordinator: the real desk draws who audits what; answers are compared with claims, and where they
 * differ the truth is what two engines would say. In memory only, so a crash loses it, as it does in the real house.
 */
import type { AuditDesk } from '../../src/coordinator/audit-desk.ts';
import type { People, Present } from '../../src/coordinator/people.ts';
import { isRefusal } from '../../src/core/state.ts';
import type { Audit, Command, State } from '../../src/core/state.ts';
import type { AuditedWord, AuditWord, RefusalWord } from '../../src/wire/volunteer.ts';
import type { Rules } from './disk.ts';
import type { AuditAnswerMessage } from './messages.ts';
import type { Dice } from './random.ts';
import { unitOf } from './truth.ts';
import { isStoreRefusal } from './where.ts';
import type { Outcome } from './where.ts';

/** What it needs of its coordinator. */
export interface Ground {
  readonly groupsMin: number;
  readonly rules: Rules;
  readonly throws: Dice;
  /** The same in each of its lives. */
  readonly lots: Dice;
  readonly people: People<Present>;
  /** Another one after a failed append. */
  state(): State;
  /** What was answered for each chunk, by `job/chunk`. */
  readonly claims: ReadonlyMap<string, string>;
  order(command: Command, done?: (outcome: Outcome) => void): void;
  say(device: string, word: AuditWord | AuditedWord | RefusalWord): void;
}

/** What an anchor found wrong, and of which units; absent: of all. */
export interface Looked {
  readonly wrong: readonly number[];
  readonly units?: readonly number[];
}

const giveMax = 32;
const againMs = 60_000;
const anchorsMs = 60_000;

export class Auditor {
  readonly #ground: Ground;
  readonly #desk: AuditDesk;
  /** What those said whose answers are looked at once more. */
  readonly #vouched = new Map<number, readonly string[]>();

  constructor(ground: Ground) {
    this.#ground = ground;
    const { groupsMin, rules, throws, lots, people } = ground;
    this.#desk = new rules.Desk({
      groupsMin,
      whoMay: rules.whoMay,
      below: (n) => throws.below(n),
      lot: (about, id, n) => lots.fork(`${about} ${id}`).below(n),
      fits: () => true,
      *candidates() {
        for (const present of people.all()) {
          const { device, account, group } = present;
          yield { device, account, group, asksFor: (kernel) => people.asksFor(present, `wasm ${kernel}`) };
        }
      },
    });
  }

  /** Gives volunteers what waits for them. */
  give(at: number): void {
    const state = this.#ground.state();
    if (state.audits.size === 0) return;
    this.#desk.meet(state, at);
    this.#forget(at);
    for (const { audit, device, limitMs } of this.#desk.give(state, at, giveMax))
      this.#ground.say(device, {
        ...{ t: 'audit', audit: audit.id, job: audit.job },
        units: [...audit.units],
        limitMs,
      });
  }

  /** What was answered for a chunk that is provisional. */
  claimOf(job: string, chunk: number): string | undefined {
    return this.#ground.claims.get(`${job}/${chunk}`);
  }

  left(device: string): void {
    this.#desk.left(device);
  }

  declined(device: string, audits: readonly number[], at: number): void {
    for (const id of audits) this.#desk.declined(device, id, at);
  }

  /** What a volunteer recomputed. */
  answered(device: string, { audit: id, answers }: AuditAnswerMessage, at: number): void {
    const { say, state } = this.#ground;
    const audit = state().audits.get(id);
    const claim = audit === undefined ? undefined : this.claimOf(audit.job, audit.chunk);
    if (audit === undefined || claim === undefined || this.#desk.holdOf(id)?.by !== device)
      return this.#gone(device, id);
    const own = answers.filter((answer): answer is string => answer !== null);
    if (own.length !== audit.units.length) {
      this.#desk.declined(device, id, at);
      return say(device, { t: 'refusal', about: 'audit', reason: 'bad-output' });
    }
    if (!this.#desk.answers(device, id)) return this.#gone(device, id);
    const { wrong, ours, differing } = compared(audit, claim, own);
    const isEqual = differing.length === 0;
    if (isEqual && this.#desk.isCanary(id)) {
      const forgotten = this.#desk.vouch({ audit: id, device, outputs: [] });
      this.#vouched.set(id, own);
      if (forgotten !== null) this.#gone(forgotten.device, forgotten.audit);
      return;
    }
    if (!isEqual) this.#settles(id, differing);
    if (ours.length === 0) return this.#orders({ c: 'audit', audit: id, device, wrong, right: [] }, at);
    this.#desk.refuted(id);
    this.#ground.order({ c: 'refute', audit: id, device, wrong: ours, right: [] });
  }

  /** The next audit that an anchor shall make; undefined: there is none. */
  takes(at: number): Audit | undefined {
    const state = this.#ground.state();
    this.#forget(at);
    const [audit] = this.#desk.forAnchors(state, at);
    if (audit !== undefined) this.#desk.hold(audit.id, at, anchorsMs);
    return audit;
  }

  /** What an anchor found, as commands: who vouched for it is paid where it was right, and blamed where it was not [AU8]. */
  found({ id, job, chunk, units }: Audit, looked: Looked): Command {
    const { wrong } = looked;
    const voucher = this.#desk.voucherOf(id);
    const said = this.#vouched.get(id) ?? [];
    this.#desk.concluded(id);
    this.#vouched.delete(id);
    if (wrong.length > 0) this.#settles(id, wrong);
    const command = { c: 'audit', audit: id, device: 'anchor', ...looked, right: [] } as const;
    if (voucher === undefined) return command;
    const { device } = voucher;
    if (wrong.length === 0) return { ...command, device, canary: 'anchor' };
    const lies = wrong.filter(
      (unit) => unitOf(said[units.indexOf(unit)] ?? '', job, chunk, unit) !== 'right',
    );
    return lies.length === 0 ? command : { ...command, vouched: { device, wrong: lies } };
  }

  /** Two engines say who is right. The anchor has joined, or the operator is not paid for it. */
  #settles(audit: number, units: readonly number[]): void {
    this.#ground.order({ c: 'recheck', audit, device: 'anchor', units });
  }

  /** A volunteer's answer is decided; where that does not become durable somebody else is asked later. */
  #orders(command: Extract<Command, { c: 'audit' }>, at: number): void {
    const { audit, device } = command;
    this.#ground.order(command, (outcome) => {
      if (isStoreRefusal(outcome) || isRefusal(outcome)) {
        this.#desk.hold(audit, at, againMs);
        return this.#gone(device, audit);
      }
      const event = outcome.find(({ e }) => e === 'audited');
      const amountMicro = event?.e === 'audited' ? (event.entries[0]?.amountMicro ?? 0) : 0;
      this.#ground.say(device, { t: 'audited', audit, became: 'counted', amountMicro });
    });
  }

  #gone(device: string, audit: number): void {
    this.#ground.say(device, { t: 'audited', audit, became: 'gone', amountMicro: 0 });
  }

  #forget(at: number): void {
    for (const { device, audit } of this.#desk.forget(this.#ground.state(), at)) this.#gone(device, audit);
  }
}

/** Whose units are wrong, where an answer is held against a claim. */
function compared(
  { job, chunk, units }: Audit,
  claim: string,
  own: readonly string[],
): { readonly differing: number[]; readonly wrong: number[]; readonly ours: number[] } {
  const claims = units.map((unit) => unitOf(claim, job, chunk, unit));
  const ours = units.map((unit, i) => unitOf(own[i] as string, job, chunk, unit));
  const differing = units.filter((_, i) => claims[i] !== ours[i]);
  return {
    differing,
    wrong: differing.filter((unit) => claims[units.indexOf(unit)] !== 'right'),
    ours: differing.filter((unit) => ours[units.indexOf(unit)] !== 'right'),
  };
}
