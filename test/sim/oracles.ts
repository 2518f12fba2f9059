/**
 * Asks of every day: was it safe (nothing impossible ever happened), did it make progress (every job concluded), was it
 * fair (in fair weather a chunk costs exactly its quorum) and honest (wrong verdicts only where the theory allows them).
 */
import { assertInvariants } from '../../src/core/invariants.ts';
import { chunkCostMicro, chunksOf } from '../../src/core/state.ts';
import type { Command, Event, JobSpec, State } from '../../src/core/state.ts';
import { conspiring, harmless } from './people.ts';
import { AuditOracle } from './oracle-audits.ts';
import { judgePlaces } from './oracle-networks.ts';
import { demand, emptyTally, OracleFault } from './verdicts.ts';
import type { JobRecord, Tally } from './verdicts.ts';
import type { Climate } from './weather.ts';
export { OracleFault } from './verdicts.ts';
export type { Fault, Oracle, Tally } from './verdicts.ts';
import { isRight } from './truth.ts';

/** All invariants are checked after so many commands, and at the end. */
const everyCommands = 1000;

export interface Oracles {
  readonly tally: Tally;
  decided(state: State, command: Command, events: readonly Event[]): void;
  durable(events: readonly Event[]): void;
  /** `outputs`: what was stored for a replica, where it is not what its root says. */
  stored(events: readonly Event[], outputs: ReadonlyMap<number, string>): void;
  refolded(state: State): void;
  ended(state: State, submitted: number): void;
}

interface Replica {
  readonly device: string;
  readonly account: string;
  readonly job: string;
  readonly chunk: number;
  /** Of a newcomer: two must agree. */
  readonly beside: boolean;
  root: string | null;
}

/** What is true of every state, asked as an oracle. */
function invariants(state: State): void {
  try {
    assertInvariants(state);
  } catch (error) {
    throw new OracleFault({
      oracle: 'safe',
      sentence: error instanceof Error ? error.message : String(error),
    });
  }
}

/** The books after every command: cheap, since a day has few accounts. */
function sums(state: State): void {
  let sum = 0n;
  for (const [account, balance] of state.balances) {
    sum += balance;
    demand(
      balance > 0n || account === 'issue' || account === 'operator',
      'safe',
      () => `${account} is overdrawn`,
    );
  }
  demand(sum === 0n, 'safe', () => `the ledger sums to ${sum}`);
}

function recordOf({ spec, entries }: Extract<Event, { e: 'submitted' }>): JobRecord {
  const priceMicro = entries[0]?.amountMicro ?? 0;
  return { spec, priceMicro, paidMicro: 0, final: new Set(), provisional: new Map(), leases: new Map() };
}

/** A job is cancelled: part of its price goes back at once. */
function closing({ job: id, entries }: Extract<Event, { e: 'closing' }>, job: JobRecord | undefined): void {
  if (job === undefined) return demand(false, 'safe', () => `${id} is cancelled while it is open`);
  for (const { amountMicro } of entries) job.paidMicro += amountMicro;
}

/** Whether nothing is left of any job. */
function isEmpty({ audits, replicas, leases, busy }: State): boolean {
  return audits.size === 0 && replicas.size === 0 && leases.size === 0 && busy.size === 0;
}

/** Under audits only what an anchor computed too is final at once, and that is right. */
function demandAnchored(spec: JobSpec | undefined, name: string): void {
  const isAudited = 'leaverUnits' in (spec?.policy ?? {});
  demand(!isAudited, 'honest', () => `${name} is audited, and final at once though it is wrong`);
}

/** What is stored for an accepted chunk is what was committed to. */
function stored(events: readonly Event[], outputs: ReadonlyMap<number, string>): void {
  for (const event of events)
    if (event.e === 'accepted')
      demand(
        !outputs.has(event.replica),
        'honest',
        () => `the bytes of chunk ${event.chunk} of ${event.job} are not what was committed to`,
      );
}

/** Judges one day. Keeps its own books, from the durable events alone, and never trusts the state's. */
export function oraclesFor(climate: Climate): Oracles {
  const roles = new Map(
    climate.people.flatMap((person) => person.devices.map((device) => [device.name, person.role] as const)),
  );
  const groups = new Map(
    climate.people.flatMap(({ devices, group }) => devices.map(({ name }) => [name, group] as const)),
  );
  const tally = emptyTally();
  const audits = new AuditOracle(climate.people, tally);
  const jobs = new Map<string, JobRecord>();
  const replicas = new Map<number, Replica>();
  const paid = new Set<number>();
  /** What is in the log so far, folded to the end of the last durable tick: the money in it. */
  let issued = 0;

  const accepted = (event: Extract<Event, { e: 'accepted' }>): void => {
    const job = jobs.get(event.job);
    if (job === undefined) return demand(false, 'safe', () => `${event.job} settles a chunk and is not open`);
    const { quorum } = job.spec.policy;
    const name = `chunk ${event.chunk} of ${event.job}`;
    demand(!job.final.has(event.chunk), 'safe', () => `${name} is settled once`);
    job.final.add(event.chunk);
    const accounts = new Set(event.winners.map((winner) => winner.account));
    demand(
      accounts.size === event.winners.length && accounts.size >= quorum,
      'safe',
      () => `${name} is settled by ${quorum} people, not by ${[...accounts].join(', ')}`,
    );
    for (const { replica, device } of event.winners) {
      const known = replicas.get(replica);
      demand(
        known !== undefined &&
          known.device === device &&
          known.chunk === event.chunk &&
          known.job === event.job,
        'safe',
        () => `replica ${replica} is paid to whom it was leased`,
      );
      demand(
        known !== undefined && known.root !== null,
        'safe',
        () => `replica ${replica} is paid after it was committed`,
      );
      demand(!paid.has(replica), 'safe', () => `replica ${replica} is paid once`);
      paid.add(replica);
    }
    const isNewcomers = event.winners.some(({ replica }) => replicas.get(replica)?.beside === true);
    demand(
      !isNewcomers || accounts.size > 1,
      'safe',
      () => `${name}, of a newcomer, is settled by two people`,
    );
    const cost = chunkCostMicro(job.spec, event.chunk);
    for (const entry of event.entries) {
      demand(entry.amountMicro === cost, 'safe', () => `each winner of ${name} is paid ${cost}`);
      if (entry.from !== 'operator') job.paidMicro += entry.amountMicro;
    }
    demand(event.entries.length === event.winners.length, 'safe', () => `each winner of ${name} is paid`);
    if (!event.final) {
      job.provisional.set(event.chunk, {
        root: event.root,
        devices: event.winners.map(({ device }) => device),
      });
      if (!isRight(event.root, event.job, event.chunk)) tally.provisionallyWrong++;
    } else judgeHonesty(event, name, quorum);
    judgeFairness(event, job, name);
  };

  const judgeHonesty = (event: Extract<Event, { e: 'accepted' }>, name: string, quorum: number): void => {
    const roleOf = (device: string): string => roles.get(device) ?? 'anchor';
    if (isRight(event.root, event.job, event.chunk)) {
      for (const { replica } of event.winners) {
        const root = replicas.get(replica)?.root ?? '';
        demand(
          isRight(root, event.job, event.chunk),
          'honest',
          () => `${name}: replica ${replica} is paid for ${root}`,
        );
      }
      return;
    }
    tally.wrong++;
    demandAnchored(jobs.get(event.job)?.spec, name);
    // One who lies alone can only deceive where one answer is enough; a ring needs as many members as the quorum.
    const allowed =
      quorum === 1 || event.winners.every(({ device }) => conspiring.has(roles.get(device) ?? 'honest'));
    demand(
      allowed,
      'honest',
      () =>
        `${name} is settled wrongly by ${event.winners.map(({ device }) => `${device} (${roleOf(device)})`).join(', ')}`,
    );
  };

  const judgeFairness = (event: Extract<Event, { e: 'accepted' }>, job: JobRecord, name: string): void => {
    if (event.losers.length > 0) tally.disputes++;
    if (!climate.fair) return;
    const { quorum } = job.spec.policy;
    const cost = job.leases.get(event.chunk) ?? 0;
    demand(
      (cost === quorum || (job.spec.policy.kind === 'adaptive' && cost === 2)) && event.losers.length === 0,
      'fair',
      () => `${name} costs ${quorum} replicas in fair weather, not ${cost}`,
    );
  };

  const ended = (event: Extract<Event, { e: 'finished' | 'cancelled' }>): void => {
    tally[event.e]++;
    const job = jobs.get(event.job);
    if (job === undefined) return demand(false, 'safe', () => `${event.job} ends once`);
    tally.withAnchor += event.summary.settledWithAnchor;
    const refunded = event.entries.reduce((sum, entry) => sum + entry.amountMicro, 0);
    demand(
      job.paidMicro + refunded === job.priceMicro,
      'safe',
      () => `${event.job} cost ${job.priceMicro}, and ${job.paidMicro} + ${refunded} were moved`,
    );
    demand(
      event.e === 'cancelled' || job.final.size === chunksOf(job.spec),
      'safe',
      () => `${event.job} is finished with ${job.final.size} of ${chunksOf(job.spec)} chunks`,
    );
    jobs.delete(event.job);
  };

  const leased = (event: Extract<Event, { e: 'leased' }>): void => {
    tally.leased += event.count;
    const job = jobs.get(event.job);
    demand(
      !audits.isBanned(`${event.device}/${event.backend}`),
      'safe',
      () => `${event.device} is given work after it was banned`,
    );
    audits.leased(`${event.device}/${event.backend}`);
    for (let i = 0; i < event.count; i++) {
      const chunk = event.chunk + i;
      demand(!replicas.has(event.lease + i), 'safe', () => `replica ${event.lease + i} is a new number`);
      demand(
        job !== undefined && !job.final.has(chunk),
        'safe',
        () => `chunk ${chunk} of ${event.job} is leased while it is open`,
      );
      replicas.set(event.lease + i, {
        device: event.device,
        account: event.account,
        job: event.job,
        chunk,
        beside: event.beside === true,
        root: null,
      });
      job?.leases.set(chunk, (job.leases.get(chunk) ?? 0) + 1);
    }
  };

  const see = (event: Event): void => {
    switch (event.e) {
      case 'funded':
        for (const entry of event.entries) issued += entry.amountMicro;
        return;
      case 'submitted':
        jobs.set(event.job, recordOf(event));
        return;
      case 'leased':
        return leased(event);
      case 'committed': {
        tally.committed++;
        const replica = replicas.get(event.replica);
        demand(
          replica?.device === event.device,
          'safe',
          () => `${event.device} commits replica ${event.replica}, which is ${replica?.device ?? 'nobody'}’s`,
        );
        demand(replica?.root === null, 'safe', () => `replica ${event.replica} is committed once`);
        if (replica !== undefined) replica.root = event.root;
        return;
      }
      case 'accepted':
        tally.accepted++;
        return accepted(event);
      case 'audited':
      case 'rechecked':
      case 'vested':
      case 'voided':
      case 'disproved':
      case 'drawn':
        return audits.see(event, jobs.get(event.job));
      case 'readmitted':
        return audits.readmitted(event);
      case 'returned':
      case 'expired':
        tally[event.e] += event.replicas.length;
        for (const id of event.replicas)
          demand(
            replicas.get(id)?.device === event.device,
            'safe',
            () =>
              `${event.device} gives back replica ${id}, which is ${replicas.get(id)?.device ?? 'nobody'}’s`,
          );
        demand(
          !climate.fair || event.e === 'returned',
          'fair',
          () => `lease ${event.lease} expires in fair weather`,
        );
        return;
      case 'misdeed':
        tally.misdeeds++;
        demand(
          !harmless.has(roles.get(event.device) ?? 'honest'),
          'honest',
          () =>
            `${event.device} (${roles.get(event.device)}) is blamed for ${event.what}, replica ${event.replica}`,
        );
        return;
      case 'closing':
        return closing(event, jobs.get(event.job));
      case 'finished':
      case 'cancelled':
        return ended(event);
      case 'joined':
      case 'moved':
      case 'kernelPaused':
      case 'kernelResumed':
      case 'forgotten':
      case 'restored':
      case 'epochSealed':
        return;
      default:
        event satisfies never;
    }
  };

  return {
    tally,
    decided: (state, command, events) => {
      tally.commands++;
      judgePlaces(state, command, events, (device) => groups.get(device) ?? '');
      sums(state);
      if (tally.commands % everyCommands === 0) invariants(state);
    },
    durable: (events) => {
      for (const event of events) see(event);
    },
    stored,
    refolded: invariants,
    ended: (state, submitted) => {
      invariants(state);
      demand(state.jobs.size === 0, 'progress', () =>
        [...state.jobs.values()]
          .map((job) => `${job.id} stands at ${job.finalChunks} of ${chunksOf(job.spec)}`)
          .join('; '),
      );
      demand(
        tally.finished + tally.cancelled === submitted,
        'progress',
        () => `${submitted} jobs were submitted and ${tally.finished + tally.cancelled} concluded`,
      );
      demand(isEmpty(state), 'safe', () => 'nothing is left of concluded jobs');
      let total = 0n;
      for (const [account, balance] of state.balances) if (account !== 'issue') total += balance;
      demand(
        total === BigInt(issued),
        'safe',
        () => `${issued} microcredits were issued and ${total} are there`,
      );
    },
  };
}
