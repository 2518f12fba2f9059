/** [EP5] [EP6] `talka epoch seal` and `verify`: an epoch is rebuilt from its files, and whatever was changed in one of them is named. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { runSealing } from '../../src/coordinator/seal-command.ts';
import { verifyEpochFiles } from '../../src/volunteer/epoch-node.ts';
import type { Claim } from '../../src/wire/epochs.ts';
import { started } from '../coordinator/started.ts';
import type { Started } from '../coordinator/started.ts';
import { cheapInput } from '../coordinator/cheap.ts';
import { answerOf, outputsOf, Scripted } from '../coordinator/volunteer.ts';

let house: Started;
let folder: string;
let claim: Claim;
let key: string;
const path = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(path(name), 'utf8');

/** What was printed since, both streams together. */
let said = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'talka-epoch-'));
  house = await started();
  key = house.house.keys.coordinator.publicText;
  for (const units of [5, 3, 9]) {
    const job = await house.job({ units, unitsPerChunk: units, quorum: 1 });
    const who = new Scripted(house.url);
    await who.signIn();
    const { lease } = await who.leaseOf(job.kernel);
    who.commit([answerOf(job.job, 'exact', lease, 0, outputsOf(cheapInput(units), 0, units))]);
    await who.settled(lease);
    who.ws.close();
  }
  const options = { url: house.url, token: house.operatorToken ?? '', until: null, budgetMicro: 1_000n };
  expect(await quietly(() => runSealing({ ...options, folder }))).toBe(0);
  const [account = ''] = read('epoch-1-rows.csv').split('\n')[2]?.split(',').slice(1) ?? [];
  claim = (await (await house.call(`/api/epochs/1/rows/${account}`)).json()) as Claim;
  writeFileSync(path('claim.json'), JSON.stringify(claim));
  writeFileSync(path('records.jsonl'), await (await house.call('/api/log/records')).text());
});
afterAll(async () => {
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => vi.restoreAllMocks());

async function quietly(work: () => Promise<number>): Promise<number> {
  said = '';
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    }),
  );
  try {
    return await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
const verify = (names: readonly string[], expected: string | null = null): Promise<number> =>
  quietly(() => verifyEpochFiles(names.map(path), expected));

/** Stands for: what was found, but for its last character. */
const flip = 'another last character';
const flipped = (text: string): string => text.slice(0, -1) + (text.endsWith('-') ? 'A' : '-');

/** Lays a changed text beside the others, as a file of its own. */
function changed(name: string, from: string | RegExp, to: string): string {
  const before = read(name);
  const after = to === flip ? before.replace(from, flipped) : before.replace(from, to);
  expect(after, `${String(from)} is in ${name}`).not.toBe(before);
  writeFileSync(path(`changed-${name}`), after);
  return `changed-${name}`;
}

const files = ['epoch-1.json', 'epoch-1-rows.csv'];

describe('talka epoch verify', () => {
  test('[EP5] says yes to the files by themselves, and with the records also whose credits they are', async () => {
    expect(await verify(files)).toBe(0);
    expect(said).toContain('yes: epoch 1 is rebuilt from its files, word for word');
    expect(said).toContain('3 rows: 0.000999 of a budget of 0.001000, for 0.170000 credits that vested');
    expect(said).toContain(`signed by ${key}: compare it with the key you know`);
    expect(said).toContain('is the coordinator’s word here');
    expect(await verify([...files, 'records.jsonl', 'claim.json'], key)).toBe(0);
    expect(said).toContain('the key that was expected');
    expect(said).toContain('vest exactly these credits; the log seals this very epoch');
    expect(said).toContain(`yes: claim.json: ${claim.row.account} has`);
    expect(await verify(['claim.json'], key)).toBe(0);
    expect(said).toContain(`proof of ${claim.proof.length} hashes leads to the root`);
  });

  const other = `0x${'a'.repeat(64)}`;
  test.each<[what: string, file: string, from: string | RegExp, to: string, says: string]>([
    ['the form', 'epoch-1.json', 'talka/epoch/1', 'talka/epoch/2', 'is no file of an epoch'],
    ['the coordinator', 'epoch-1.json', /"coordinator": "./, flip, 'id: it says'],
    ['the number', 'epoch-1.json', '"number": 1', '"number": 2', 'id: it says'],
    ['the id', 'epoch-1.json', /"id": "0x[0-9a-f]{64}/, `"id": "${other}`, 'id: it says'],
    ['the first tick', 'epoch-1.json', '"from": 1', '"from": 2', 'id: it says'],
    ['the last tick', 'epoch-1.json', /"to": \d/, '"to": 9', 'id: it says'],
    ['the beginning', 'epoch-1.json', /"fromAt": 1/, '"fromAt": 2', 'signature: '],
    ['the end', 'epoch-1.json', /"toAt": 1/, '"toAt": 2', 'signature: '],
    ['the log’s size', 'epoch-1.json', /"size": \d/, '"size": 7', 'log.size: it says 7'],
    [
      'the log’s root',
      'epoch-1.json',
      /"root": "[0-9a-f]{64}"/,
      `"root": "${'b'.repeat(64)}"`,
      'log: the coordinator’s key did not sign',
    ],
    ['the formula', 'epoch-1.json', 'floor(', 'ceil(', 'row 0'],
    ['the budget', 'epoch-1.json', '"budgetMicro": "1000"', '"budgetMicro": "2000"', 'row 0'],
    [
      'the total',
      'epoch-1.json',
      '"totalMicro": "170000"',
      '"totalMicro": "170001"',
      'totalMicro: it says 170001, and it follows to be 170000',
    ],
    [
      'what is shared out',
      'epoch-1.json',
      '"sharedMicro": "999"',
      '"sharedMicro": "998"',
      'sharedMicro: it says 998, and it follows to be 999',
    ],
    [
      'how many there are',
      'epoch-1.json',
      '"accounts": 3',
      '"accounts": 4',
      'accounts: it says 4, and it follows to be 3',
    ],
    [
      'a site’s credit',
      'epoch-1.json',
      '"creditMicro": "170000"',
      '"creditMicro": "170002"',
      'sites: it says 170002',
    ],
    ['a site', 'epoch-1.json', '"site": null', '"site": "k"', 'signature: '],
    [
      'the digest of the rows',
      'epoch-1.json',
      /"rows": "[0-9a-f]{64}/,
      `"rows": "${'c'.repeat(64)}`,
      'they are not the rows that were signed',
    ],
    ['the leaf’s types', 'epoch-1.json', '"uint256"', '"uint128"', 'leaf'],
    ['the root', 'epoch-1.json', /"root": "0x[0-9a-f]{64}/, `"root": "${other}`, `root: it says ${other}`],
    ['when it was sealed', 'epoch-1.json', /"sealedAt": 1/, '"sealedAt": 2', 'signature: '],
    ['the signature', 'epoch-1.json', /"signature": "(?=[^"]+"\n\}\n$)./, flip, 'signature: '],
    ['a field more', 'epoch-1.json', '"number": 1,', '"number": 1, "note": "mine",', 'note'],
    ['an amount', 'epoch-1-rows.csv', /,(\d+)\n(?=1,)/, ',999\n', 'row 0, '],
    ['a credit', 'epoch-1-rows.csv', /,(\d)0000,(?=\d+\n1,)/, ',80001,', 'row 0, '],
    ['an account', 'epoch-1-rows.csv', /\n0,[^,]*(?=,)/, flip, 'they are not the rows that were signed'],
    ['an index', 'epoch-1-rows.csv', '\n1,', '\n4,', 'line 3 has the index 4, not 1'],
    ['a row left out', 'epoch-1-rows.csv', /\n2,.*\n/, '\n', 'accounts: it says 3, and it follows to be 2'],
    ['a line more', 'epoch-1-rows.csv', /$/, '\n', 'line 5 is no row'],
    ['the heading', 'epoch-1-rows.csv', 'index,account', 'index,name', 'line 1 is not'],
  ])('names what was changed: %s', async (_, file, from, to, says) => {
    const names = files.map((name) => (name === file ? changed(file, from, to) : name));
    const code = await verify(names);
    expect(said).toContain(says);
    expect([1, 2]).toContain(code);
    if (code === 1) expect(said).toMatch(/^no: (changed-)?epoch-1/);
  });

  test.each<[what: string, from: string | RegExp, to: string, says: string]>([
    ['an entry’s amount', /"amountMicro":50000/, '"amountMicro":50001', 'they come to the root'],
    [
      'the log’s word on the epoch',
      /("e":"epochSealed".*"accounts":)3/,
      '$19',
      'the log sealed epoch 1 with accounts 9, the file says 3',
    ],
    ['a record left out', /^.*\n/, '', 'line 1 is not the record of tick 1'],
    ['all but the first', /\n[^]*$/, '\n', 'they end with tick 1'],
  ])('names what does not fit in the records: %s', async (_, from, to, says) => {
    expect(await verify([...files, changed('records.jsonl', from, to)])).toBe(1);
    expect(said).toContain('no: changed-records.jsonl: ');
    expect(said).toContain(says);
  });

  test.each<[what: string, from: string | RegExp, to: string, says: string]>([
    ['the amount', /"amountMicro":"\d+"/, '"amountMicro":"999"', 'the amount is 999, and follows to be'],
    ['the account', /"account":"./, flip, 'do not lead to the root'],
    ['the index', '"index":1', '"index":2', 'do not lead to the root'],
    ['an index beyond', '"index":1', '"index":3', 'there is no row 3'],
    ['the proof', /"proof":\["0x[0-9a-f]{64}/, `"proof":["${other}`, 'do not lead to the root'],
    ['the root', /"root":"0x[0-9a-f]{64}/, `"root":"${other}`, 'do not lead to the root'],
    ['when it was sealed', /"sealedAt":1/, '"sealedAt":2', 'the key that it names did not sign this'],
  ])('names what was changed in a claim: %s', async (_, from, to, says) => {
    expect(await verify([changed('claim.json', from, to)])).toBe(1);
    expect(said).toContain('no: changed-claim.json: ');
    expect(said).toContain(says);
  });

  test('says whose signature it is not, and what is missing', async () => {
    const stranger = 'A'.repeat(43);
    expect(await verify(files, stranger)).toBe(1);
    expect(said).toContain(`no: epoch-1.json: coordinator: it is ${key}`);
    expect(await verify(['claim.json'], stranger)).toBe(1);
    for (const [names, says] of [
      [['epoch-1.json'], 'epoch-N-rows.csv is missing'],
      [['epoch-1-rows.csv'], 'epoch-N.json is missing'],
      [['records.jsonl'], 'there is no epoch and no claim among them'],
      [['nowhere.json'], 'cannot be read'],
      [['epoch-1.json', 'epoch-1.json'], 'one epoch at a time'],
    ] as const) {
      expect(await verify(names)).toBe(2);
      expect(said).toContain(says);
    }
  });
});

describe('talka epoch seal', () => {
  const seal = (over: { token?: string; url?: string }): Promise<number> =>
    quietly(() =>
      runSealing({
        ...{ url: house.url, token: house.operatorToken ?? '', until: null, budgetMicro: null, folder: null },
        ...over,
      }),
    );

  test('says why nothing was sealed', async () => {
    expect(await seal({})).toBe(1);
    expect(said).toContain('nothing was sealed: nothing vested in this period');
    expect(await seal({ token: 'wrong' })).toBe(1);
    expect(said).toContain('nothing was sealed: operator-only');
    expect(await seal({ url: 'http://127.0.0.1:9' })).toBe(1);
    expect(said).toContain('does not answer');
  });
});
