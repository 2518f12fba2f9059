/** Placement by networks over real sockets [CH2] [LO5]: a table, trusted proxies, people of several networks, and what is erased. */
import { sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { Event } from '../../src/core/state.ts';
import type { ChecksView } from '../../src/wire/views.ts';
import { until } from './auditors.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { Scripted } from './volunteer.ts';

const dir = mkdtempSync(join(tmpdir(), 'talka-placed-'));
const table = join(dir, 'networks.csv');
writeFileSync(
  table,
  ['from,to,asn,name', ...[1, 2, 3, 4].map((i) => `10.${i}.0.0,10.${i}.255.255,${64_500 + i},"AS, ${i}"`)].join('\n'), // prettier-ignore
);

let house: Started;
let events: Event[];
beforeEach(async () => {
  const options = { loopbackExempt: false, trustProxy: ['127.0.0.1/32'], networks: [table] };
  house = await started(options);
  events = [];
  house.runtime.listeners.add(({ batch }) => events.push(...batch.events));
});
afterEach(() => house.close());
afterAll(() => rmSync(dir, { recursive: true }));

/** Somebody at 10.NETWORK.PREFIX.1, who wants work from then on. */
async function person(network: number, prefix: number): Promise<Scripted> {
  const one = new Scripted(house.url, undefined, { 'x-forwarded-for': `10.${network}.${prefix}.1` });
  await one.signIn();
  return one;
}

/** People who ask while there is no job: each waits, and is counted on. */
async function waiting(...places: readonly (readonly [number, number])[]): Promise<Scripted[]> {
  const people: Scripted[] = [];
  for (const [network, prefix] of places) {
    const one = await person(network, prefix);
    one.ask('cheap@1');
    await one.refusal();
    people.push(one);
  }
  return people;
}

const leasedTo = (): string[] => events.flatMap((event) => (event.e === 'leased' ? [event.device] : []));
const checks = async (): Promise<ChecksView> =>
  (await (await house.call('/api/checks')).json()) as ChecksView;

test('[CH2] two of one network never compute one chunk under replicate(2) while four networks are there', async () => {
  const people = await waiting([1, 1], [1, 2], [2, 1], [3, 1], [4, 1]);
  expect((await checks()).live).toMatchObject({
    ...{ people: 5, networks: 5 },
    providers: { known: 5, providers: 4, needed: 4, places: true },
  });
  await house.job({ units: 8, unitsPerChunk: 8, quorum: 2 });
  await until(() => leasedTo().length === 2, 'two people have the chunk');
  const [first, neighbour, third] = people.map(({ who }) => who.device);
  expect(leasedTo()).toEqual([first, third]);
  expect(leasedTo()).not.toContain(neighbour);
  const joined = events.flatMap((event) => (event.e === 'joined' ? [event] : []));
  expect(new Set(joined.map(({ network }) => network)).size).toBe(4);
  expect(joined.every(({ network }) => /^n\d+$/.test(network ?? ''))).toBe(true);
  expect(JSON.stringify(events)).not.toMatch(/6450|10\.1\.|AS,/);
});

test('[CH2] with three networks they do', async () => {
  const people = await waiting([1, 1], [1, 2], [2, 1], [3, 1]);
  expect((await checks()).live.providers).toMatchObject({ providers: 3, places: false });
  await house.job({ units: 8, unitsPerChunk: 8, quorum: 2 });
  await until(() => leasedTo().length === 2, 'two people have the chunk');
  expect(leasedTo()).toEqual(people.slice(0, 2).map(({ who }) => who.device));
});

test('[CH2] one who leaves is counted no more: with the fourth network gone the neighbour gets the chunk', async () => {
  const [, neighbour, third, fourth, fifth] = await waiting([1, 1], [1, 2], [2, 1], [3, 1], [4, 1]);
  for (const one of [third, fourth]) await one?.end();
  await fifth?.end();
  await house.job({ units: 8, unitsPerChunk: 8, quorum: 2 });
  await until(() => leasedTo().length === 2, 'two people have the chunk');
  expect(leasedTo()).toContain(neighbour?.who.device);
});

test('[LO5] a network that nobody else is known by is forgotten with its account, another is not', async () => {
  const [alone, one, other] = await waiting([4, 1], [1, 1], [1, 2]);
  const { side } = house.house;
  const before = [side.groupOf('AS64504'), side.groupOf('AS64501')];
  for (const { who } of [alone, one] as [Scripted, Scripted]) {
    const { publicKey, account, privateKey } = who;
    const at = Date.now();
    const text = `talka/erase/1\0${JSON.stringify([house.url, publicKey, account, at])}`;
    const signature = sign(null, Buffer.from(text), privateKey).toString('base64url');
    const body = JSON.stringify({ publicKey, account, at, signature });
    expect((await house.call('/api/account/erase', { method: 'POST', body })).status).toBe(200);
  }
  expect(side.groupOf('AS64504')).not.toBe(before[0]);
  expect(side.groupOf('AS64501')).toBe(before[1]);
  expect(house.runtime.state.devices.get(other?.who.device ?? '')?.network).toBe(before[1]);
});

test('without a table, or outside of it, nobody has a network, and the log says nothing of one', async () => {
  await waiting([9, 1]);
  expect(events.flatMap((event) => (event.e === 'joined' ? [Object.keys(event)] : []))).toEqual([
    ['e', 'device', 'account', 'site', 'group', 'role'],
  ]);
  expect((await checks()).live.providers).toMatchObject({ known: 0, providers: 0 });
});
