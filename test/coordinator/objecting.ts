/** People who are found wrong and object, and what they and the operator are told, for the tests of the way back. */
import { createHash, sign } from 'node:crypto';
import { expect } from 'vitest';
import type { FindingView, ObjectionView } from '../../src/wire/objections.ts';
import type { JobView } from '../../src/wire/views.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { accidentChunks } from '../../src/core/trust.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';
import type { Identity } from './volunteer.ts';

export const units = 8;
export const anchor = { device: 'anchor-of-a-test', account: 'anchor' };
export const truth = outputsOf(cheapInput(units), 0, units);
export const lies = Array.from({ length: units }, (_, i) => Buffer.alloc(8, i + 1));

let open: { close(): Promise<unknown> }[] = [];
/** Ends what was started; after each test. */
export async function closeAll(): Promise<void> {
  for (const one of open.reverse()) await one.close();
  open = [];
}

/** A coordinator with an anchor that answers as the test says. */
export async function start(options: CoordinatorOptions = {}): Promise<Started> {
  const house = await started(options);
  open.push(house);
  await house.runtime.run({ c: 'join', ...anchor, site: null, group: '', role: 'anchor' });
  return house;
}

/** One chunk, or several, all of whose units are recomputed once they are answered. */
export async function submit(house: Started, chunks = 1): Promise<JobView> {
  const input = cheapInput(units * chunks);
  const { digest } = (await (await house.operator('/blobs', input)).json()) as { digest: string };
  await house.operator('/fund', { account: 'operator', amountMicro: 10 ** 9 });
  const answer = await house.operator('/jobs', {
    ...{ kernel: 'cheap@1', input: digest, title: 'a test', cause: 'tests', unitsPerChunk: units },
    policy: { kind: 'audit', windowUnits: 1_000, leaverUnits: 1_000 },
  });
  return (await answer.json()) as JobView;
}

export function unitDigest(job: string, unit: number, output: Uint8Array): string {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(unit));
  return createHash('sha256').update(`talka/unit/1\0${job}\0`).update(number).update(output).digest('hex');
}

export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries === 400) throw new Error('it never held');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Somebody answers the job's only chunk, and all of it is recomputed. */
export async function answersAudited(
  house: Started,
  one: Scripted,
  job: JobView,
  outputs: Buffer[],
): Promise<void> {
  const { lease } = await one.leaseOf('cheap@1');
  one.commit([answerOf(job.job, 'exact', lease, 0, outputs)]);
  await one.acked(lease);
  const { runtime } = house;
  const left = (): number => [...runtime.state.audits.values()].reduce((sum, a) => sum + a.units.length, 0);
  await until(() => left() === units);
  for (const { id, units: drawn } of [...runtime.state.audits.values()]) {
    const wrong = drawn.filter((unit) => !(outputs[unit] as Buffer).equals(truth[unit] as Buffer));
    const right = wrong.map((unit) => unitDigest(job.job, unit, truth[unit] as Buffer));
    await runtime.run({ c: 'audit', audit: id, device: anchor.device, wrong, right });
  }
}

/** Somebody whose answer was found wrong, and all of whose work is void. */
export async function disproved(house: Started): Promise<{ liar: Scripted; job: JobView }> {
  const job = await submit(house);
  const liar = new Scripted(house.url);
  await liar.signIn();
  await answersAudited(house, liar, job, lies);
  expect(await liar.of('judged')).toMatchObject({ consequence: 'suspend', job: job.job, chunk: 0 });
  const mine = house.runtime.state.identities.get(`${liar.who.device}/wasm`);
  await until(() => mine?.open.size === 0);
  return { liar, job };
}

/** Somebody who lies in everything, more than an accident spoils. */
export async function banned(house: Started): Promise<{ liar: Scripted; job: JobView; chunk: number }> {
  const chunks = 1 + accidentChunks;
  const job = await submit(house, chunks);
  const liar = new Scripted(house.url);
  await liar.signIn();
  for (let done = 0; done < chunks;) {
    const { lease, chunk, count } = await liar.leaseOf('cheap@1');
    for (let i = 0; i < count; i++, done++) {
      liar.commit([answerOf(job.job, 'exact', lease + i, (chunk + i) * units, lies)]);
      await liar.acked(lease + i);
    }
  }
  const { runtime } = house;
  const drawn = (): number => [...runtime.state.audits.values()].reduce((sum, a) => sum + a.units.length, 0);
  await until(() => drawn() === chunks * units);
  let last = -1;
  for (const { id, chunk, units: wrong } of [...runtime.state.audits.values()]) {
    // A chunk that is void by now has no audits any more.
    if (!runtime.state.audits.has(id)) continue;
    const right = wrong.map((unit) => unitDigest(job.job, unit, Buffer.alloc(8)));
    await runtime.run({ c: 'audit', audit: id, device: anchor.device, wrong, right });
    last = chunk;
    if (runtime.state.identities.get(`${liar.who.device}/wasm`)?.phase === 'banned') break;
  }
  return { liar, job, chunk: last };
}

export interface Bent {
  readonly device?: string;
  readonly job?: string;
  readonly chunk?: number;
  readonly text?: string;
  readonly at?: number;
  readonly tag?: string;
}

export function requestOf(
  house: Started,
  who: Identity,
  tag: string,
  parts: readonly unknown[],
  at: number,
): object {
  const { publicKey, account, privateKey } = who;
  const text = JSON.stringify([house.url, publicKey, account, ...parts, at]);
  const signature = sign(null, Buffer.from(`${tag}\0${text}`), privateKey).toString('base64url');
  return { publicKey, account, at, signature };
}

export function objectionOf(
  house: Started,
  who: Identity,
  job: string,
  bent: Bent = {},
): Record<string, unknown> {
  const { device = who.device, chunk = 0, text = 'My memory is fine.\n请再看一看。', tag } = bent;
  const named = bent.job ?? job;
  const at = bent.at ?? Date.now();
  const signed = requestOf(house, who, tag ?? 'talka/object/1', [device, named, chunk, text], at);
  return { ...signed, device, job: named, chunk, text };
}

export async function post(
  house: Started,
  path: string,
  body: object,
): Promise<[number, Record<string, unknown>]> {
  const answer = await house.call(`/api/account/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return [answer.status, (await answer.json()) as Record<string, unknown>];
}

export async function object(house: Started, who: Identity, job: string, bent: Bent = {}) {
  const [status, said] = await post(house, 'object', objectionOf(house, who, job, bent));
  return [status, said['refused'] ?? null];
}

/** `apart`: requests of the same moment differ by it. */
export async function told(house: Started, who: Identity, apart = 0): Promise<FindingView[]> {
  const body = requestOf(house, who, 'talka/objections/1', [], Date.now() - apart);
  const [status, said] = await post(house, 'objections', body);
  expect(status).toBe(200);
  return said['found'] as FindingView[];
}

export async function listed(house: Started): Promise<{ waiting: number; objections: ObjectionView[] }> {
  const answer = await house.operatorGet('/objections');
  expect(answer.status).toBe(200);
  return (await answer.json()) as { waiting: number; objections: ObjectionView[] };
}
