/** A house in which volunteers audit one another, with who computes and who checks, for the tests of what that comes to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { identityKey } from '../../src/core/state.ts';
import type { Audit, Event } from '../../src/core/state.ts';
import { newStanding, probationMicro } from '../../src/core/trust.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { encodeInput } from '../../src/kernels/mersenne-tf/index.ts';
import { encodeAuditAnswer } from '../../src/wire/audits.ts';
import type { JobView } from '../../src/wire/views.ts';
import type { AuditWord } from '../../src/wire/volunteer.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { kernel, referenceOf, shelf } from './under-audit.ts';
import { answerOf, identity, Scripted } from './volunteer.ts';
import type { Identity } from './volunteer.ts';

const input = encodeInput({ exponent: 67, kFrom: 1_440_000n, kPerUnit: 256, units: 12_800 });
export const right = referenceOf(input);

/** Looks like an answer, and is none: a bit of its checksum is another. */
export function bent(unit: number): Uint8Array {
  const output = Uint8Array.from(right(unit));
  output[8] = (output[8] as number) ^ 1;
  return output;
}

/** What the desk's dice show, by their number of sides: whether an audit is the anchors' by lot, and whether an answer is a canary. */
export interface Dice {
  anchors: boolean;
  canary: boolean;
}

export interface Stage {
  readonly house: Started;
  readonly job: JobView;
  readonly dice: Dice;
  readonly events: Event[];
  /** Puts the coordinator's clock forward. */
  pass(ms: number): void;
  /** Somebody from a network of this number, who audits unless it is said otherwise. */
  person(network: number, over?: { who?: Identity; audits?: boolean }): Promise<Scripted>;
  /** Computes chunks until at least `unitsMin` units of one are drawn. */
  drawn(author: Scripted, compute?: (unit: number) => Uint8Array, unitsMin?: number): Promise<Audit>;
}

/** A house with a long job under audit, in chunks of 32 units if it is not said otherwise; volunteers audit from one network on. */
export async function stage({
  unitsPerChunk = 32,
  ...options
}: CoordinatorOptions & { unitsPerChunk?: number } = {}): Promise<Stage> {
  let ahead = 0;
  const dice: Dice = { anchors: false, canary: false };
  const house = await started({
    shelf,
    loopbackExempt: false,
    trustProxy: ['127.0.0.1/32'],
    auditorGroupsMin: 1,
    auditorDice: (n) =>
      n === 4 ? (dice.anchors ? 0 : 1) : n === 32 ? (dice.canary ? 0 : 1) : Math.floor(Math.random() * n),
    now: () => Date.now() + ahead,
    ...options,
  });
  const events: Event[] = [];
  house.runtime.listeners.add(({ batch }) => events.push(...batch.events));
  const [open] = house.runtime.state.jobs.keys();
  const job =
    open === undefined
      ? await ordered(house, unitsPerChunk)
      : ((await (await house.call(`/api/jobs/${open}`)).json()) as JobView);
  return {
    ...{ house, job, dice, events },
    pass: (ms) => void (ahead += ms),
    async person(network, { who = identity(), audits = true } = {}) {
      const one = new Scripted(house.url, who, { 'x-forwarded-for': `10.0.${network}.1` });
      await one.signIn(audits ? { audits } : {});
      seasoned(house, one);
      // It asks for work: from now on it may audit.
      if (audits) await one.leaseOf(kernel);
      return one;
    },
    drawn: (author, compute = right, unitsMin = 1) => drawn(house, author, job, { compute, unitsMin }),
  };
}

async function ordered(house: Started, unitsPerChunk: number): Promise<JobView> {
  const { digest } = (await (await house.operator('/blobs', input)).json()) as { digest: string };
  await house.operator('/fund', { account: 'operator', amountMicro: 10 ** 12 });
  const policy = { kind: 'audit', windowUnits: 1_000, leaverUnits: 1_000 };
  const order = { kernel, input: digest, title: 'real', cause: 'tests', unitsPerChunk, demonstration: true };
  return (await (await house.operator('/jobs', { ...order, policy })).json()) as JobView;
}

/** Gives somebody a record as good as four seconds of accepted work: who has none may not audit, and is audited by anchors alone. */
function seasoned(house: Started, one: Scripted): void {
  const { device, account } = one.who;
  const { identities, at } = house.runtime.state;
  identities.set(identityKey(device, 'wasm'), {
    ...newStanding(at),
    provenMicro: probationMicro,
    ...{ device, account, backend: 'wasm', lastAt: at, open: new Map() },
  });
}

async function drawn(
  house: Started,
  author: Scripted,
  job: JobView,
  { compute, unitsMin }: { compute: (unit: number) => Uint8Array; unitsMin: number },
): Promise<Audit> {
  const before = new Set(house.runtime.state.audits.keys());
  for (let tries = 0; tries < 40; tries++) {
    const lease = await author.leaseOf(kernel);
    for (let i = 0; i < lease.count; i++) {
      const from = (lease.chunk + i) * job.unitsPerChunk;
      const outputs = Array.from({ length: job.unitsPerChunk }, (_, k) => compute(from + k));
      author.commit([answerOf(job.job, 'exact', lease.lease + i, from, outputs)]);
      await author.acked(lease.lease + i);
      // What is left of the lease stays as it is: one audit is what a test is about.
      for (const audit of house.runtime.state.audits.values())
        if (!before.has(audit.id) && audit.units.length >= unitsMin) return audit;
    }
  }
  throw new Error('nothing was drawn');
}

/** Answers an audit. */
export function answers(one: Scripted, { audit, units }: AuditWord, compute = right): void {
  one.ws.send(encodeAuditAnswer(audit, units.map(compute)));
}

/** Waits until something holds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (holds()) return;
    await sleep(50);
  }
  throw new Error(`it never came to it that ${what}`);
}

/** Whether somebody hears nothing of audits for a while: longer than two looks of the desk. */
export async function hearsNoAudit(one: Scripted, ms = 1_700): Promise<boolean> {
  await sleep(ms);
  return !one.inbox.some(({ t }) => t === 'audit');
}
