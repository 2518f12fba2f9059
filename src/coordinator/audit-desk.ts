/**
 * Says who makes which audit [AU2] [AU7]: the operator's anchors, or a volunteer by lot; and which answers of volunteers are looked at once
 * more [AU8]. Without a clock, dice or sockets of its own, so that the simulator plays with this very desk. Remembers nothing beyond a
 * restart: then everything is given anew, under the same lots.
 */
import { isOfNewcomer, isOfSuspended, whoMay } from '../core/auditing.ts';
import type { Parties } from '../core/auditing.ts';
import type { Audit, State } from '../core/state.ts';
import { Rations } from './audit-rations.ts';
import type { Lot } from './lots.ts';

/** A device of somebody who is connected, says that it audits, and wants work. */
export interface Candidate {
  readonly device: string;
  readonly account: string;
  readonly group: string;
  /** Whether one of its cores asks for chunks of this kernel. */
  asksFor(kernel: string): boolean;
}

export interface DeskParts {
  /** While fewer groups than this are there that may audit, anchors make all audits [AU7]. */
  readonly groupsMin: number;
  /** A whole number from 0 to n − 1 that nobody can foretell: who is asked. */
  below(n: number): number;
  /** The same, and for one audit always the same: whether it is the anchors', and whether an answer to it is looked at once more. */
  readonly lot: Lot;
  candidates(): Iterable<Candidate>;
  /** For the simulator: other rules. */
  readonly whoMay?: typeof whoMay;
  /** Whether the answer to an audit fits into one frame, and what it takes to recompute it is here. */
  fits(audit: Audit): boolean;
}

/** An audit that somebody is at. */
export interface Hold {
  /** A volunteer's device; null: an anchor, or nobody for a while. */
  readonly by: string | null;
  /** By the coordinator's clock: between the two nobody else is given it. */
  readonly since: number;
  readonly until: number;
  /** An answer to it is being compared. */
  readonly isAnswered: boolean;
}

/** An audit that goes to a volunteer. */
export interface Given {
  readonly audit: Audit;
  readonly device: string;
  readonly limitMs: number;
}

/** A volunteer whose answer agreed with the claim; it counts once an anchor has found the same. */
export interface Voucher {
  readonly audit: number;
  readonly device: string;
  readonly outputs: readonly Uint8Array[];
}

/** One audit in so many is the anchors' by lot, and one answer in so many of those that agree is looked at once more. */
export const anchorsOneIn = 4;
export const canaryOneIn = 32;
/** Canaries that wait for an anchor; beyond that the oldest one's answer is forgotten. */
const canariesMax = 512;
/** What a volunteer is given at once, in microcredits of the reference core. */
const givenMicroMax = 2_000_000;
/** After so long an anchor may take any audit: work shall become final though nobody suitable is there. */
export const patienceMs = 60_000;
/** A volunteer has so many times what it costs on the reference core, and no less than this. */
const limitFactor = 30;
const limitMsMin = 60_000;
/** Who gave an audit back, or never answered, is given none for so long. */
const shyMs = 60_000;
const shyMax = 10_000;
/** How often an anchor's audits are looked for, and how many of them; and how often what is over is. */
const lookMs = 200;
const anchorsMax = 1_024;
const forgetMs = 1_000;
/** What a device was given on its connection is remembered for its last so many audits: it may answer late. */
const givenMax = 256;
/** Groups that are drawn for one audit before it waits for the next look, and audits that found nobody in one look. */
const drawsMax = 32;
const unluckyMax = 64;
/** Audits that wait for somebody who is at another one: the oldest so many are looked at. */
const busyMax = 2_000;

export class AuditDesk {
  readonly #parts: DeskParts;
  readonly #rules: typeof whoMay;
  readonly #rations = new Rations();
  /** By audit; what was taken and has run out is remembered too, since a late answer is an answer. */
  readonly #holds = new Map<number, Hold>();
  /** Whether an audit is the anchors', being of a newcomer or by lot: asked of each several times a second, and settled when it is first looked at. */
  readonly #lots = new Map<number, boolean>();
  /** The device that an audit waits for: it was drawn while it was at another one. */
  readonly #promised = new Map<number, string>();
  /** The audit that a volunteer's device is at. */
  readonly #ofDevice = new Map<string, number>();
  /** What a device was given since its connection began. */
  readonly #givenTo = new Map<string, Set<number>>();
  readonly #canaries = new Map<number, Voucher>();
  /** Given to a volunteer once, in vain: it was found wrong. */
  readonly #anchorsNow = new Set<number>();
  readonly #shy = new Map<string, number>();
  /** Who may audit now, by group; where groups are exempt each account is one. */
  #groups: (readonly Candidate[])[] = [];
  #here = new Map<string, Candidate>();
  /** From how many networks they are who ask for a kernel. */
  readonly #networks = new Map<string, number>();

  /** An anchor's audits, as they were looked for last. */
  #anchors: number[] = [];
  #lookedAt = -Infinity;
  #forgotAt = -Infinity;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#rules = parts.whoMay ?? whoMay;
  }

  /** Looks who is there. Says whether audits are shared with people now. */
  meet(state: State, at: number): boolean {
    const groups = new Map<string, Candidate[]>();
    this.#here = new Map();
    this.#networks.clear();
    for (const one of this.#parts.candidates()) {
      if (!this.#rules.isAuditor(state, one.device, at)) continue;
      this.#here.set(one.device, one);
      const key = one.group === '' ? `account ${one.account}` : `group ${one.group}`;
      const together = groups.get(key);
      if (together === undefined) groups.set(key, [one]);
      else together.push(one);
    }
    this.#groups = [...groups.values()];
    return this.isShared;
  }

  /** Whether volunteers are given audits; else anchors make all of them. */
  get isShared(): boolean {
    return this.#groups.length >= Math.max(1, this.#parts.groupsMin);
  }

  /** Whether an anchor may make this audit now. */
  isAnchors(state: State, audit: Audit, at: number): boolean {
    if (audit.anchored === true || isOfSuspended(state, audit)) return true;
    if (this.#canaries.has(audit.id) || this.#anchorsNow.has(audit.id)) return true;
    // A clock that was put back must not keep an audit from everybody.
    const isLate = Math.abs(at - audit.at) >= patienceMs;
    if (!this.isShared || isLate || costMicroOf(state, audit) > givenMicroMax) return true;
    return this.#isTheirs(state, audit, at);
  }

  /** Audits that an anchor may make now, the oldest first; those with a number from `end` on are not given yet. */
  *forAnchors(state: State, at: number, end = Infinity): Generator<Audit> {
    for (const audit of this.isShared ? this.#lookedOut(state, at) : state.audits.values())
      if (audit.id < end && this.isFree(audit.id, at) && this.isAnchors(state, audit, at)) yield audit;
  }

  /** While most wait for volunteers, an anchor's are looked for a few times a second: each time an anchor asks it would cost more than the audit. */
  *#lookedOut(state: State, at: number): Generator<Audit> {
    if (Math.abs(at - this.#lookedAt) >= lookMs) {
      this.#lookedAt = at;
      this.#anchors = [];
      for (const audit of state.audits.values()) {
        if (this.#anchors.length >= anchorsMax) break;
        if (this.isFree(audit.id, at) && this.isAnchors(state, audit, at)) this.#anchors.push(audit.id);
      }
    }
    for (const id of this.#anchors) {
      const audit = state.audits.get(id);
      if (audit !== undefined) yield audit;
    }
  }

  /** Gives what waits to volunteers who are at none; at most `max`, and none with a number from `end` on. */
  give(state: State, at: number, max: number, end = Infinity): Given[] {
    const given: Given[] = [];
    if (!this.isShared) return given;
    let [unlucky, busy] = [0, 0];
    for (const audit of state.audits.values()) {
      if (given.length >= max || unlucky >= unluckyMax || busy >= busyMax) break;
      if (audit.id >= end || !this.isFree(audit.id, at) || this.isAnchors(state, audit, at)) continue;
      const chosen = this.#chosen(state, audit, at);
      if (chosen === null) unlucky++;
      else if (this.#isBusy(chosen, at)) busy++;
      else given.push(this.#give(state, audit, chosen, at));
    }
    return given;
  }

  isFree(id: number, at: number): boolean {
    const hold = this.#holds.get(id);
    // A clock that was put back must not keep an audit from everybody.
    return hold === undefined || (!hold.isAnswered && (at >= hold.until || at < hold.since));
  }

  holdOf(id: number): Hold | undefined {
    return this.#holds.get(id);
  }

  /** An anchor takes it, or it is left alone for a while. */
  hold(id: number, since: number, forMs: number, isAnswered = false): void {
    this.#free(id);
    this.#holds.set(id, { by: null, since, until: since + forMs, isAnswered });
  }

  /** Whether a device was ever given this audit on its connection: nobody honest answers any other. */
  wasGiven(device: string, id: number): boolean {
    return this.#givenTo.get(device)?.has(id) === true;
  }

  /** An answer of a device has come; false: it is not this device's to answer. */
  answers(device: string, id: number): boolean {
    const hold = this.#holds.get(id);
    if (hold?.by !== device || hold.isAnswered) return false;
    this.#holds.set(id, { ...hold, isAnswered: true });
    this.#ofDevice.delete(device);
    return true;
  }

  /** An audit is free at once: its anchor gave it back, or an answer to it was none. */
  release(id: number): void {
    const hold = this.#holds.get(id);
    if (hold === undefined) return;
    this.#free(id);
    this.#holds.set(id, { by: hold.by, since: hold.since, until: hold.since, isAnswered: false });
  }

  /** A volunteer will not make it, or what it sent was no answer: somebody else is drawn. */
  declined(device: string, id: number, at: number): void {
    if (this.#holds.get(id)?.by !== device) return;
    this.#holds.delete(id);
    this.#free(id);
    this.#ofDevice.delete(device);
    this.#rests(device, at);
  }

  /** Its connection is gone, and what it was at with it. */
  left(device: string): void {
    this.#givenTo.delete(device);
    const id = this.#ofDevice.get(device);
    this.#ofDevice.delete(device);
    if (id !== undefined && this.#holds.get(id)?.isAnswered === false) this.#holds.delete(id);
  }

  /** Two engines found its answer wrong: an anchor makes the audit now. */
  refuted(id: number): void {
    this.#anchorsNow.add(id);
    this.#holds.delete(id);
  }

  /** Whether an answer to this audit that agrees with the claim is to be looked at once more [AU8]. */
  isCanary(id: number): boolean {
    return this.#parts.lot('canary', id, canaryOneIn) === 0;
  }

  /** An answer that counts once an anchor has found the same. Gives back whose answer is forgotten for it, or null. */
  vouch(voucher: Voucher): Voucher | null {
    this.#holds.delete(voucher.audit);
    this.#canaries.set(voucher.audit, voucher);
    if (this.#canaries.size <= canariesMax) return null;
    const [oldest] = this.#canaries.values();
    if (oldest === undefined) return null;
    this.#canaries.delete(oldest.audit);
    this.#anchorsNow.add(oldest.audit);
    return oldest;
  }

  /** Who vouched for the claim of this audit, where that is being looked at once more. */
  voucherOf(id: number): Voucher | undefined {
    return this.#canaries.get(id);
  }

  /** What an anchor found stands. */
  concluded(id: number): void {
    this.#canaries.delete(id);
  }

  /** Forgets what is over. Gives back those whose answers nobody needs any more. */
  forget(state: State, at: number): Voucher[] {
    if (Math.abs(at - this.#forgotAt) < forgetMs) return [];
    this.#forgotAt = at;
    const { audits } = state;
    for (const [id, { isAnswered }] of this.#holds)
      if (!isAnswered && !audits.has(id)) {
        this.#free(id);
        this.#holds.delete(id);
      }
    for (const map of [this.#lots, this.#promised, this.#anchorsNow])
      for (const id of map.keys()) if (!audits.has(id)) map.delete(id);
    for (const [device, until] of this.#shy) if (at >= until) this.#shy.delete(device);
    // What an anchor is just confirming is told by whoever hears the anchor.
    const over = [...this.#canaries.values()].filter(
      ({ audit }) => !audits.has(audit) && this.#holds.get(audit)?.isAnswered !== true,
    );
    for (const { audit } of over) this.#canaries.delete(audit);
    return over;
  }

  #remember(device: string, id: number): void {
    const given = this.#givenTo.get(device) ?? new Set();
    this.#givenTo.set(device, given.add(id));
    const [oldest = id] = given;
    if (given.size > givenMax) given.delete(oldest);
  }

  #isTheirs(state: State, audit: Audit, at: number): boolean {
    const known = this.#lots.get(audit.id);
    if (known !== undefined) return known;
    const lot = isOfNewcomer(state, audit, at) || this.#parts.lot('anchors', audit.id, anchorsOneIn) === 0;
    this.#lots.set(audit.id, lot);
    return lot;
  }

  /** The device that holds it is at it no more. */
  #free(id: number): void {
    const by = this.#holds.get(id)?.by;
    if (by !== null && by !== undefined && this.#ofDevice.get(by) === id) this.#ofDevice.delete(by);
  }

  #rests(device: string, at: number): void {
    if (this.#shy.size < shyMax) this.#shy.set(device, at + shyMs);
  }

  /**
   * Who is to make it: one group as likely as any other, and in it one device as any other, whether they are at another audit just now or
   * not. Who answers quickly is not drawn more often: it would be whoever does not compute.
   */
  #chosen(state: State, audit: Audit, at: number): Candidate | null {
    const kernel = state.jobs.get(audit.job)?.spec.kernel;
    if (kernel === undefined || state.pausedKernels.has(kernel) || !this.#parts.fits(audit)) return null;
    const parties = this.#rules.partiesOf(state, audit);
    const networks = this.#networksFor(state, kernel);
    const may = (one: Candidate): boolean =>
      one.asksFor(kernel) &&
      this.#rules.isApart(state, one.device, parties, networks) &&
      this.#mayBeGiven(state, audit, one, parties, at);
    const before = this.#here.get(this.#promised.get(audit.id) ?? '');
    if (before !== undefined && may(before)) return before;
    this.#promised.delete(audit.id);
    for (let draws = 0; draws < drawsMax; draws++) {
      const together = this.#groups[this.#parts.below(this.#groups.length)]?.filter(may) ?? [];
      const chosen = together.length === 0 ? undefined : together[this.#parts.below(together.length)];
      if (chosen === undefined) continue;
      this.#promised.set(audit.id, chosen.device);
      return chosen;
    }
    return null;
  }

  /** How many networks there are of those who could make audits of this kernel. */
  #networksFor(state: State, kernel: string): number {
    const known = this.#networks.get(kernel);
    if (known !== undefined) return known;
    const networks = new Set<string>();
    for (const one of this.#here.values())
      if (one.asksFor(kernel)) networks.add(state.devices.get(one.device)?.network ?? '');
    networks.delete('');
    this.#networks.set(kernel, networks.size);
    return networks.size;
  }

  #mayBeGiven(
    state: State,
    audit: Audit,
    { device, account }: Candidate,
    parties: Parties,
    at: number,
  ): boolean {
    if ((this.#shy.get(device) ?? 0) > at || !this.#rules.mayAudit(state, audit, device, at, parties))
      return false;
    return this.#rations.allows(state, account, costMicroOf(state, audit));
  }

  #isBusy({ device }: Candidate, at: number): boolean {
    const id = this.#ofDevice.get(device);
    if (id === undefined) return false;
    if (!this.isFree(id, at)) return true;
    // It never answered.
    this.#ofDevice.delete(device);
    this.#rests(device, at);
    return true;
  }

  #give(state: State, audit: Audit, { device, account }: Candidate, at: number): Given {
    const costMicro = costMicroOf(state, audit);
    const limitMs = Math.max(limitMsMin, Math.ceil((limitFactor * costMicro) / 1_000));
    this.#promised.delete(audit.id);
    this.#holds.set(audit.id, { by: device, since: at, until: at + limitMs, isAnswered: false });
    this.#ofDevice.set(device, audit.id);
    this.#remember(device, audit.id);
    this.#rations.gave(state, account, costMicro);
    return { audit, device, limitMs };
  }
}

/** What an audit costs on the reference core. */
export function costMicroOf(state: State, { job, units }: Audit): number {
  return units.length * (state.jobs.get(job)?.spec.unitCostMicro ?? 0);
}
