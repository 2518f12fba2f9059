/** A coordinator in miniature for tests of the rules: runs commands, folds what happens, and checks every invariant after each. */
import { isDeepStrictEqual } from 'node:util';
import { auditShare, wordsToClose } from '../../src/core/audit.ts';
import { upkeep } from '../../src/core/checking.ts';
import { assertInvariants } from '../../src/core/invariants.ts';
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { priceOf } from '../../src/core/offer.ts';
import { emptyState, identityKey, isRefusal } from '../../src/core/state.ts';
import { newStanding } from '../../src/core/trust.ts';
import type {
  AuditPolicy,
  Backend,
  Batch,
  Chunk,
  Command,
  Decision,
  Event,
  Identity,
  Job,
  JobSpec,
  LivePeople,
  RefusalReason,
  Slot,
  State,
} from '../../src/core/state.ts';

export const kernel = 'weave@1';

/** A job of 4 chunks of 8 units, each chunk one second of the reference core, two people a chunk. */
export function specOf(over: Partial<JobSpec> & { quorum?: number } = {}): JobSpec {
  const { quorum = 2, ...rest } = over;
  return {
    kernel,
    wasm: '0'.repeat(64),
    wgsl: null,
    input: '1'.repeat(64),
    agreement: 'exact',
    units: 32,
    unitsPerChunk: 8,
    unitCostMicro: 125_000,
    policy: { kind: 'replicate', quorum },
    weight: 1,
    title: 'a test',
    cause: 'tests',
    demonstration: true,
    ...rest,
  };
}

/** A slot as fast as the reference core. */
export function slotOf(over: Partial<Slot> = {}): Slot {
  return { slot: 0, backend: 'wasm', rates: { [kernel]: 1000 }, ...over };
}

export interface House {
  readonly state: State;
  readonly log: { readonly at: number; readonly events: readonly Event[] }[];
  now(): number;
  wait(ms: number): void;
  /** Decides and, where something happened, folds it. */
  run(command: Command): Decision;
  /** Runs a command that must not be refused. */
  must(command: Command): readonly Event[];
  /** Runs a command that must be refused and must leave the state as it was; says why it was. */
  refused(command: Command): RefusalReason;
}

/** An empty house at a fixed time of day. */
export function house(): House {
  const state = emptyState();
  const log: { at: number; events: readonly Event[] }[] = [];
  let at = 1_000_000;
  const run = (command: Command): Decision => {
    const decision = decide(state, command, at);
    if (isRefusal(decision)) return decision;
    for (const event of decision) evolve(state, event, at);
    log.push({ at, events: decision });
    assertInvariants(state);
    return decision;
  };
  return {
    state,
    log,
    now: () => at,
    wait: (ms) => {
      at += ms;
    },
    run,
    must: (command) => {
      const decision = run(command);
      if (isRefusal(decision))
        throw new Error(`${command.c} was refused: ${decision.refused} ${decision.detail ?? ''}`);
      return decision;
    },
    refused: (command) => {
      const before = structuredClone(state);
      const decision = run(command);
      if (!isRefusal(decision)) throw new Error(`${command.c} was not refused`);
      if (!isDeepStrictEqual(before, state)) throw new Error(`refusing ${command.c} changed the state`);
      return decision.refused;
    },
  };
}

/** Commands of people named by one letter: account `A` has device `a`, alone in its network. */
export const nobody: LivePeople = new Map();

/** People who are connected, each able to compute the usual kernel on a core, or what is given. */
export function connected(h: House, names: string, able = [`wasm ${kernel}`]): LivePeople {
  return new Map(
    names
      .split('')
      .map((n) => [n.toUpperCase(), new Map([[h.state.devices.get(n)?.group ?? '', new Set(able)]])]),
  );
}

export function join(
  h: House,
  name: string,
  over: { account?: string; group?: string; role?: 'volunteer' | 'anchor'; site?: string } = {},
): void {
  h.must({
    c: 'join',
    device: name,
    account: over.account ?? name.toUpperCase(),
    site: over.site ?? null,
    group: over.group ?? `net-${name}`,
    role: over.role ?? 'volunteer',
  });
}

export function submit(h: House, spec: JobSpec = specOf(), requester = 'r'): Job {
  h.must({ c: 'fund', account: requester, amountMicro: priceOf(spec) });
  const [event] = h.must({ c: 'submit', requester, spec });
  if (event?.e !== 'submitted') throw new Error('submit did not submit');
  return h.state.jobs.get(event.job) as Job;
}

type Leased = Extract<Event, { e: 'leased' }>;

export function ask(h: House, device: string, slot: Slot = slotOf(), live: LivePeople = nobody): Leased {
  const [event] = h.must({ c: 'ask', device, slot, live });
  if (event?.e !== 'leased') throw new Error('ask did not lease');
  return event;
}

interface CommitOver {
  readonly stored?: boolean;
  readonly agrees?: readonly number[];
  readonly words?: ArrayLike<number>;
}

/** Randomness by which no unit of a small chunk is drawn. */
const drawsNothing: ArrayLike<number> = new Array<number>(4_096).fill(0xffff_ffff);

export function commitCommand(device: string, replica: number, root: string, over: CommitOver = {}): Command {
  return {
    c: 'commit',
    device,
    replica,
    root,
    digests: 'dd',
    stored: over.stored ?? true,
    agrees: over.agrees ?? [],
    words: over.words ?? drawsNothing,
  };
}

export function commit(
  h: House,
  device: string,
  replica: number,
  root = 'right',
  over: CommitOver = {},
): readonly Event[] {
  return h.must(commitCommand(device, replica, root, over));
}

/** The record of a chunk in work. */
export function chunkOf(job: Job, index: number): Chunk {
  const chunk = job.chunks.get(index);
  if (chunk === undefined) throw new Error(`chunk ${index} has no record`);
  return chunk;
}

/** Gives a device a record of commitments, so that its leases are not cut to one chunk. */
export function withRecord(h: House, device: string, committed: number): void {
  const known = h.state.devices.get(device);
  if (known === undefined) throw new Error(`${device} has not joined`);
  h.state.devices.set(device, { ...known, committed });
  if (committed > 0) h.state.newcomers.delete(device);
}

/** People a, b, c, … with long records, and one long job of chunks of one reference second. */
export function longJob(names: string, over: Parameters<typeof specOf>[0] = {}): { h: House; job: Job } {
  const h = house();
  for (const name of names) {
    join(h, name);
    withRecord(h, name, 1000);
  }
  return { h, job: submit(h, specOf({ units: 80_000, ...over })) };
}

/** The same small job under audits. */
export function auditedSpec(
  policy: Partial<AuditPolicy> = {},
  over: Parameters<typeof specOf>[0] = {},
): JobSpec {
  const terms = { windowUnits: 1_000, leaverUnits: 1_000, verifyMilli: 0 };
  return specOf({ ...over, policy: { kind: 'audit', quorum: 1, ...terms, ...policy } });
}

/** Randomness by which exactly these units of a chunk are drawn, of somebody in the first tier or with a longer record. */
export function drawing(units: readonly number[], tier: 1 | 2 = 1): number[] {
  const bits = Math.log2(1 / auditShare(tier));
  const perWord = Math.floor(32 / bits);
  const words = new Array<number>(1_200).fill(0xffff_ffff);
  for (const unit of units) {
    const at = Math.floor(unit / perWord);
    words[at] = ((words[at] as number) & ~((2 ** bits - 1) << (bits * (unit % perWord)))) >>> 0;
  }
  return words;
}

/** The next chunk of a device, asked for and answered. */
export function answers(h: House, device: string, root = 'right', over: CommitOver = {}): readonly Event[] {
  return commit(h, device, ask(h, device).lease, root, over);
}

export function identityOf(h: House, device: string, backend: Backend = 'wasm'): Identity {
  const identity = h.state.identities.get(identityKey(device, backend));
  if (identity === undefined) throw new Error(`${device} has no record`);
  return identity;
}

/** What a device has that is not final yet. */
export function batchesOf(h: House, device: string, job = 'j1'): readonly Batch[] {
  return identityOf(h, device).open.get(job) ?? [];
}

/** Gives an identity a record of accepted work. */
export function proven(h: House, device: string, provenMicro: number, backend: Backend = 'wasm'): void {
  const account = h.state.devices.get(device)?.account;
  if (account === undefined) throw new Error(`${device} has not joined`);
  h.state.identities.set(identityKey(device, backend), {
    ...newStanding(h.now()),
    provenMicro,
    device,
    backend,
    account,
    lastAt: h.now(),
    open: new Map(),
  });
}

/** As if what was found of it just now had been no accident [TR6]. */
export function condemn(h: House, device: string): void {
  identityOf(h, device).phase = 'banned';
}

export function auditCommand(audit: number, wrong: readonly number[] = [], device = 'anchor'): Command {
  return { c: 'audit', audit, device, wrong, right: wrong.map((unit) => `right ${unit}`) };
}

/** Answers all audits that wait, oldest first; `wrong` are the units of the job that are not right. */
export function auditAll(h: House, wrong: readonly number[] = []): readonly Event[] {
  return [...h.state.audits.values()].flatMap(({ id, units }) =>
    h.state.audits.has(id)
      ? h.must(
          auditCommand(
            id,
            wrong.filter((unit) => units.includes(unit)),
          ),
        )
      : [],
  );
}

/** Does what time and audits have made due, as the shell would, until nothing is left to do. */
export function keepUp(h: House, words: (units: number) => ArrayLike<number> = lowWords): readonly Event[] {
  const events: Event[] = [];
  for (let left = 10_000; left > 0; left--) {
    const [due] = upkeep(h.state, h.now(), 1);
    if (due === undefined) return events;
    events.push(...h.must(due.c === 'close' ? { ...due, words: words(wordsToClose(due.units)) } : due));
  }
  throw new Error('there is no end to what is due');
}

/** The same, and answers all audits that wait, until nothing is left to do now; `wrong` are the units that are not right. */
export function putInOrder(h: House, wrong: readonly number[] = []): readonly Event[] {
  const events: Event[] = [];
  for (let left = 1_000; left > 0; left--) {
    const more = [...keepUp(h), ...auditAll(h, wrong)];
    if (more.length === 0) return events;
    events.push(...more);
  }
  throw new Error('there is no end to what is found');
}

/** Words by which selection takes the first units it may. */
function lowWords(units: number): number[] {
  return new Array<number>(units).fill(0);
}

/** A house with an anchor, somebody for each letter of `names`, and a job under audits. */
export function audited(names: string, ...spec: Parameters<typeof auditedSpec>): House {
  const h = house();
  join(h, 'anchor', { account: 'anchor', role: 'anchor' });
  for (const name of names) join(h, name);
  submit(h, auditedSpec(...spec));
  return h;
}
