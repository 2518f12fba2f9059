/**
 * Runs one job or several on a fleet of a thousand devices with the real rules, without messages or liars,
 * so that a policy of leasing can be judged by the clock alone. Used by `schedule.ts`.
 */
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { chunksOf, emptyState, isRefusal } from '../../src/core/state.ts';
import type { Command, Decision, Event, JobSpec, Slot, State } from '../../src/core/state.ts';
import { agenda } from './heap.ts';
import { dice, hashOf } from './random.ts';
import { Vanished } from './vanished.ts';
import type { VanishedFigures } from './vanished.ts';

export const kernel = 'weave@1';

/** One way of answering an ask. */
export type Policy = (state: State, device: string, slot: Slot, at: number) => Decision;

/** The house's own. */
export const ours: Policy = (state, device, slot, at) =>
  decide(state, { c: 'ask', device, slot, live: new Map() }, at);

export interface DeviceSpec {
  readonly rateMilli: number;
  /** When it vanishes without a word, in ms after the start; Infinity stays. */
  readonly leavesAt: number;
}

export interface Scenario {
  readonly devices: readonly DeviceSpec[];
  readonly jobs: readonly JobSpec[];
  /** When many begin to vanish within one second, in ms after the start; null: never. */
  readonly vanishingAt: number | null;
}

export interface Outcome {
  /** When the last job finished, and when each did, in ms after the start; Infinity = never. */
  readonly makespanMs: number;
  readonly finishedMs: readonly number[];
  /** Work of each job committed by the time the first of them finished, in ms of the reference core. */
  readonly servedMs: readonly number[];
  /** Work that made verdicts ÷ compute of all devices that were there, until the end. */
  readonly usefulShare: number;
  readonly finalChunks: number;
  readonly longestLeaseMs: number;
  readonly leases: number;
  readonly commits: number;
  /** What became of the chunks of those who vanished within one second. */
  readonly vanished: VanishedFigures;
}

/** One-way delay between a device and the coordinator. */
const latencyMs = 50;
/** A device asks again when it has this much work left, as the volunteer's loop does. */
const aheadMs = 5000;
/** Parked asks are tried again this often, this many at a time. */
const parkTickMs = 250;
const parkedTriedMax = 64;
/** Nobody waits longer than this for a policy that does not get there. */
const giveUpMs = 6 * 3_600_000;

/** What a chunk really costs, in ms of the reference core: evenly spread over 250 … 1000, the same in every run. */
export function realCostMs(job: string, chunk: number): number {
  return 250 + (hashOf(`${job}/${chunk}`) % 751);
}

/** What all chunks of a job really cost. */
export function realWorkMs(job: string, spec: JobSpec): number {
  let sum = 0;
  for (let chunk = 0; chunk < chunksOf(spec); chunk++) sum += realCostMs(job, chunk);
  return sum;
}

/** A thousand devices, speeds log-uniform over 1 : 100, half of them gone within ten minutes. */
export function fleet(seed: number, size: number): DeviceSpec[] {
  const throws = dice(seed);
  return Array.from({ length: size }, (_, i) => ({
    rateMilli: Math.round(30 * 100 ** (throws.below(1_000_000) / 1_000_000)),
    leavesAt: i % 2 === 0 ? throws.between(1, 600_000) : Infinity,
  }));
}

/** The compute of the fleet until `atMs`, in ms of the reference core. */
export function offeredMs(devices: readonly DeviceSpec[], atMs: number): number {
  let sum = 0;
  for (const { rateMilli, leavesAt } of devices) sum += (Math.min(atMs, leavesAt) * rateMilli) / 1000;
  return sum;
}

/**
 * The fluid lower bound: when work that could be split at will and passed on without loss would be done by
 * everybody computing without a pause while they are there. No schedule can be faster.
 */
export function fluidMs(devices: readonly DeviceSpec[], workMs: number): number {
  const leaving = devices
    .map((d) => d.leavesAt)
    .filter((at) => at < Infinity)
    .sort((a, b) => a - b);
  let before = 0;
  for (const until of [...leaving, Infinity]) {
    const done = offeredMs(devices, before);
    const speed = devices.reduce((sum, d) => sum + (d.leavesAt > before ? d.rateMilli / 1000 : 0), 0);
    const at = before + (workMs - done) / speed;
    if (at <= until) return at;
    before = until;
  }
  return Infinity;
}

type What =
  | { readonly is: 'ask' | 'done' | 'gone'; readonly who: number }
  | {
      readonly is: 'lease';
      readonly who: number;
      readonly job: string;
      readonly lease: number;
      readonly chunk: number;
      readonly count: number;
    }
  | { readonly is: 'commit'; readonly who: number; readonly replica: number; readonly costMs: number }
  | { readonly is: 'expire'; readonly lease: number }
  | { readonly is: 'parked' };

interface Machine {
  readonly rateMilli: number;
  here: boolean;
  asking: boolean;
  /** What it still has to compute, in order; the first is in work. */
  readonly queue: { readonly replica: number; readonly costMs: number }[];
}

/** What a device says once it has computed a chunk. */
function commitCommand({ who, replica }: Extract<What, { is: 'commit' }>): Command {
  const answer = { root: 'right', digests: '', stored: true, agrees: [] };
  return { c: 'commit', device: `d${who}`, replica, ...answer };
}

/** Runs a scenario to its end under a policy. */
export function run({ devices, jobs, vanishingAt }: Scenario, policy: Policy): Outcome {
  const state = emptyState();
  const plan = agenda<What>();
  const machines: Machine[] = devices.map((d) => ({
    rateMilli: d.rateMilli,
    here: true,
    asking: false,
    queue: [],
  }));
  const parked: number[] = [];
  const vanished = new Vanished(vanishingAt);
  const finished = new Map<string, number>();
  const costs = new Map<number, number>();
  const served = new Map<string, number>();
  let servedAtFirstEnd: readonly number[] = [];
  let [usefulMs, finalChunks, longestLeaseMs, leases, commits, parkPlanned] = [0, 0, 0, 0, 0, false];
  const names = jobs.map((_, i) => `j${i + 1}`);

  const happen = (decision: Decision, at: number): decision is readonly Event[] => {
    if (isRefusal(decision)) return false;
    for (const event of decision) {
      evolve(state, event, at);
      vanished.saw(event, at);
      if (event.e === 'accepted') {
        finalChunks++;
        for (const winner of event.winners) usefulMs += costs.get(winner.replica) ?? 0;
      } else if (event.e === 'committed')
        served.set(event.job, (served.get(event.job) ?? 0) + realCostMs(event.job, event.chunk));
      else if (event.e === 'finished') {
        if (finished.size === 0) servedAtFirstEnd = names.map((name) => served.get(name) ?? 0);
        finished.set(event.job, at);
      } else if (event.e === 'leased') {
        leases++;
        longestLeaseMs = Math.max(longestLeaseMs, event.deadline - at);
        plan.plan(event.deadline, { is: 'expire', lease: event.lease });
        const { job, lease, chunk, count } = event;
        plan.plan(at + latencyMs, {
          is: 'lease',
          who: Number(event.device.slice(1)),
          job,
          lease,
          chunk,
          count,
        });
      }
    }
    return true;
  };
  const asks = (who: number, at: number): boolean => {
    const rates = { [kernel]: (machines[who] as Machine).rateMilli };
    return happen(policy(state, `d${who}`, { slot: 0, backend: 'wasm', rates }, at), at);
  };
  const park = (who: number, at: number): void => {
    parked.push(who);
    if (!parkPlanned) plan.plan(at + parkTickMs, { is: 'parked' });
    parkPlanned = true;
  };
  const goOn = (who: number, machine: Machine, at: number): void => {
    const current = machine.queue[0];
    if (current !== undefined)
      plan.plan(at + (current.costMs * 1000) / machine.rateMilli, { is: 'done', who });
    let aheadMsNow = 0;
    for (const { costMs } of machine.queue) aheadMsNow += (costMs * 1000) / machine.rateMilli;
    if (machine.asking || aheadMsNow >= aheadMs) return;
    machine.asking = true;
    plan.plan(at + latencyMs, { is: 'ask', who });
  };

  jobs.forEach((spec, i) => {
    happen(
      decide(
        state,
        { c: 'fund', account: `r${i}`, amountMicro: spec.units * spec.unitCostMicro * spec.policy.quorum },
        0,
      ),
      0,
    );
    happen(decide(state, { c: 'submit', requester: `r${i}`, spec }, 0), 0);
  });
  devices.forEach(({ leavesAt }, who) => {
    happen(
      decide(
        state,
        { c: 'join', device: `d${who}`, account: `P${who}`, site: null, group: `g${who}`, role: 'volunteer' },
        0,
      ),
      0,
    );
    if (leavesAt < Infinity) plan.plan(leavesAt, { is: 'gone', who });
    goOn(who, machines[who] as Machine, 0);
  });

  for (
    let next = plan.next();
    next !== null && finished.size < jobs.length && next.at < giveUpMs;
    next = plan.next()
  ) {
    const { at, what } = next;
    switch (what.is) {
      case 'ask':
        if ((machines[what.who] as Machine).here && !asks(what.who, at)) park(what.who, at);
        break;
      case 'lease': {
        const machine = machines[what.who] as Machine;
        if (!machine.here) break;
        machine.asking = false;
        const idle = machine.queue.length === 0;
        for (let i = 0; i < what.count; i++)
          machine.queue.push({ replica: what.lease + i, costMs: realCostMs(what.job, what.chunk + i) });
        if (idle) goOn(what.who, machine, at);
        break;
      }
      case 'done': {
        const machine = machines[what.who] as Machine;
        const done = machine.queue.shift();
        if (!machine.here || done === undefined) break;
        plan.plan(at + latencyMs, { is: 'commit', who: what.who, ...done });
        goOn(what.who, machine, at);
        break;
      }
      case 'commit':
        costs.set(what.replica, what.costMs);
        commits++;
        happen(decide(state, commitCommand(what), at), at);
        break;
      case 'expire':
        happen(decide(state, { c: 'expire', lease: what.lease }, at), at);
        break;
      case 'gone':
        (machines[what.who] as Machine).here = false;
        vanished.gone(state, `d${what.who}`, at);
        break;
      case 'parked': {
        parkPlanned = false;
        for (const who of parked.splice(0, parkedTriedMax))
          if ((machines[who] as Machine).here && !asks(who, at)) park(who, at);
        if (parked.length > 0 && !parkPlanned) park(parked.pop() as number, at);
        break;
      }
      default:
        what satisfies never;
    }
  }
  const finishedMs = names.map((name) => finished.get(name) ?? Infinity);
  const makespanMs = Math.max(...finishedMs);
  return {
    makespanMs,
    finishedMs,
    servedMs: servedAtFirstEnd,
    usefulShare: usefulMs / offeredMs(devices, makespanMs),
    finalChunks,
    longestLeaseMs,
    leases,
    commits,
    vanished: vanished.figures(),
  };
}
