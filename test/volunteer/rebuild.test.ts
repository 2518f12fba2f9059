/** `talka rebuild`: every balance from the public records alone, held against what the coordinator signed; what does not hold is named. */
import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootOf, treeHash } from '../../src/core/merkle.ts';
import { playedOut } from '../coordinator/played-out.ts';
import type { PlayedOut } from '../coordinator/played-out.ts';
import { freshFolder } from './house.ts';

const cli = join(import.meta.dirname, '../../src/cli.ts');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function talka(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [cli, 'rebuild', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

const hash = treeHash((bytes) => createHash('sha256').update(bytes).digest());

interface Word {
  tick: number;
  receipts: string;
  events: Record<string, unknown>[];
}

let house: PlayedOut;
let lines: string[];
let coordinator: string;
const folder = freshFolder();
const at = (name: string): string => join(folder.path, name);
beforeAll(async () => {
  house = await playedOut();
  lines = (await house.get('/api/log/records')).split('\n').slice(0, -1);
  ({ coordinator } = JSON.parse(await house.get('/api/status')) as { coordinator: string });
}, 60_000);
afterAll(async () => {
  folder.remove();
  await house.close();
});

describe('talka rebuild', () => {
  test('prints every balance and keeps the records', async () => {
    const { code, out, err } = await talka(
      '--url',
      house.url,
      `--coordinator=${coordinator}`,
      '--save',
      at('log'),
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`rebuilt from ${lines.length} of them`);
    for (const [account, micro] of house.balances()) {
      const [kind, name = ''] = account.split(':');
      if (kind !== 'vested') continue;
      const row = out.split('\n').find((line) => line.startsWith(name)) ?? '';
      expect(row).toContain((Number(micro) / 1e6).toFixed(6));
    }
    expect(out).toContain('jobs: 0 open, 6 concluded');
    expect(out).toContain('sum 0.000000');
    expect(readFileSync(at('log'), 'utf8')).toBe(lines.map((line) => `${line}\n`).join(''));
  });

  test('goes on from records that were kept', async () => {
    writeFileSync(
      at('begun'),
      lines
        .slice(0, 7)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const { code, out } = await talka('--url', house.url, '--from-file', at('begun'));
    expect(code).toBe(0);
    expect(out).toContain(`rebuilt from ${lines.length} of them`);
    expect(out).toContain('compare its key with the one that you know');
  });

  test.each([1, 5, 20])('names a kept record that was changed: tick %i', async (tick) => {
    const salted = (lines[tick - 1] as string).replace(/"salt":"./, (start) =>
      start.endsWith('A') ? '"salt":"B' : '"salt":"A',
    );
    writeFileSync(
      at('changed'),
      lines
        .with(tick - 1, salted)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const { code, out } = await talka('--url', house.url, '--from-file', at('changed'));
    expect(code).toBe(1);
    expect(out).toBe(
      `tick ${tick} does not hold: it is not the record under the head that the coordinator signed\n`,
    );
  });

  test('names the first kept record that the coordinator’s log does not have', async () => {
    const last = JSON.parse(lines.at(-1) ?? '') as Word;
    const more = JSON.stringify({ ...last, tick: lines.length + 1, receipts: '', events: [] });
    writeFileSync(at('longer'), [...lines, more].map((line) => `${line}\n`).join(''));
    const { code, out } = await talka('--url', house.url, '--from-file', at('longer'));
    expect([code, out]).toEqual([
      1,
      `tick ${lines.length + 1} does not hold: it is not the record under the head that the coordinator signed\n`,
    ]);
  });

  test('believes no other key, and reads nothing where nobody is', async () => {
    const other = await talka('--url', house.url, '--coordinator', 'A'.repeat(43));
    expect(other.code).toBe(1);
    const nobody = await talka('--url', 'http://127.0.0.1:1');
    expect([nobody.code, nobody.out]).toEqual([2, '']);
    writeFileSync(at('cut'), `${lines[0]}\n${lines[1]?.slice(0, 50)}`);
    const cut = await talka('--url', house.url, '--from-file', at('cut'));
    expect([cut.code, cut.err]).toEqual([2, 'talka: the last record is cut short\n']);
  });

  test('holds what the coordinator shows against what was rebuilt', async () => {
    const board = await talka('--url', house.url, '--compare', 'leaderboard');
    expect([board.code, board.out]).toEqual([
      0,
      expect.stringContaining('leaderboard: the coordinator shows the same'),
    ]);
    const [account] = house.balances().find(([name]) => name.startsWith('vested:') && name.length > 20) ?? [
      '',
    ];
    // An account may begin with a dash: then only an equals sign tells it from an option.
    const one = await talka('--url', house.url, `--compare=${account.slice(7)}`);
    expect([one.code, one.out]).toEqual([0, expect.stringContaining('the coordinator shows the same')]);
    expect((await talka('--url', house.url, '--compare', 'me')).code).toBe(2);
  });

  test('catches a coordinator that signs a log in which credits come from nowhere, or that shows other balances', async () => {
    const gift = lines.length + 1;
    const last = JSON.parse(lines.at(-1) ?? '') as Word;
    const entries = [{ from: 'issue', to: 'vested:friend', amountMicro: 1_000_000 }];
    const events = [{ e: 'funded', account: 'friend', entries }];
    const forged = JSON.stringify({ ...last, tick: gift, receipts: '', events });
    const first = lines.slice(
      0,
      lines.findIndex((line) => line.includes('"e":"accepted"')),
    );
    const liar = await signing([
      ...first,
      JSON.stringify({ ...(JSON.parse(forged) as Word), tick: first.length + 1 }),
    ]);
    const caught = await talka('--url', liar.url, '--compare', 'leaderboard');
    expect([caught.code, caught.out]).toEqual([
      1,
      expect.stringContaining(
        `tick ${first.length + 1} does not hold: 'funded': credits are issued to its requester`,
      ),
    ]);
    expect(caught.out).toContain('the coordinator signed it so');
    liar.close();
    const boaster = await signing(first);
    const shown = await talka('--url', boaster.url, '--compare', 'leaderboard');
    expect([shown.code, shown.out]).toEqual([
      1,
      expect.stringContaining('the coordinator shows what does not follow from its log'),
    ]);
    expect(shown.out).toContain('friend: microcredits 5 is shown, 0 rebuilt');
    boaster.close();
  });
});

/** A coordinator that signs any records whatever, and shows somebody with credits. */
async function signing(records: readonly string[]): Promise<{ url: string; close(): void }> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const root = Buffer.from(
    rootOf(
      hash,
      records.map((record) => hash.leaf(Buffer.from(record))),
    ),
  );
  const numbers = Buffer.alloc(24);
  [records.length, 1, records.length].forEach((n, i) => numbers.writeBigUInt64BE(BigInt(n), 8 * i));
  const words = Buffer.concat([Buffer.from('talka/head/1\0'), numbers, root, Buffer.alloc(32)]);
  const signature = sign(null, words, privateKey).toString('base64url');
  const size = records.length;
  const answers: Record<string, unknown> = {
    '/api/status': { coordinator: publicKey.export({ format: 'jwk' }).x },
    '/api/log/head': { tick: size, at: 1, size, root: root.toString('hex'), receipts: '', signature },
    '/api/leaderboard': { rows: [{ account: 'friend', creditMicro: 5, chunks: 1, units: 1 }] },
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const from = Number(searchParams.get('from'));
    response.end(
      pathname === '/api/log/records'
        ? records
            .slice(from - 1)
            .map((record) => `${record}\n`)
            .join('')
        : JSON.stringify(answers[pathname]),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}
