/** What an outsider may not make the coordinator do: read without end, write without end, stand still, keep what is personal. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { SqliteLog } from '../../src/coordinator/log-sqlite.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { Scripted, signText } from './volunteer.ts';

const running: Started[] = [];
afterAll(async () => {
  for (const one of running) await one.close();
});

async function house(options: Parameters<typeof started>[0] = {}): Promise<Started> {
  const one = await started({ socketThread: true, ...options });
  running.push(one);
  return one;
}

describe('bodies', () => {
  test('that are too long are refused before they are read', async () => {
    const one = await house();
    const body = 'x'.repeat(70_000);
    const answer = await one.call('/api/account/name', {
      method: 'POST',
      body,
      headers: { 'content-length': String(body.length) },
    });
    expect([answer.status, await answer.json()]).toEqual([413, { refused: 'too-large' }]);
  });
});

describe('the kill switch', () => {
  test('takes no kernel that nobody serves', async () => {
    const one = await house();
    expect((await one.operator('/kernels/no-such@1/pause', { reason: 'a slip' })).status).toBe(404);
    expect((await one.operator('/kernels/cheap@1/pause', { reason: 'a fault' })).status).toBe(200);
  });
});

describe('asking and giving back, over and over', () => {
  test('is measured: the log does not grow with it', async () => {
    const one = await house();
    await one.job({ units: 8_000 });
    const a = new Scripted(one.url);
    await a.signIn();
    const before = one.runtime.head?.size ?? 0;
    for (let i = 0; i < 300; i++) {
      a.ws.send(
        JSON.stringify({ t: 'ask', slots: [{ slot: 0, backend: 'wasm', rates: { 'cheap@1': 1000 } }] }),
      );
      a.ws.send(
        JSON.stringify({ t: 'giveBack', replicas: [one.runtime.state.nextReplica - 1 || 1], why: 'failed' }),
      );
      await sleep(1);
    }
    await sleep(100);
    expect((one.runtime.head?.size ?? 0) - before).toBeLessThan(200);
    a.ws.close();
  });
});

describe('[WR10] pings', () => {
  test('are answered, and count: who sends nothing else without end waits like everybody', async () => {
    const one = await house();
    const a = new Scripted(one.url);
    await a.signIn();
    let pongs = 0;
    a.ws.on('pong', () => void pongs++);
    const pings = 60_000;
    for (let i = 0; i < pings; i++) a.ws.ping();
    await expect.poll(() => pongs).toBeGreaterThan(0);
    await sleep(1_000);
    expect(pongs).toBeLessThan(pings / 2);
    a.ws.terminate();
  });
});

describe('a clock that was put back by an hour', () => {
  test('does not stop leases from running out', async () => {
    let ahead = 3_600_000;
    const one = await house({ now: () => Date.now() + ahead });
    await one.job();
    const a = new Scripted(one.url);
    await a.signIn();
    a.ws.send(
      JSON.stringify({ t: 'ask', slots: [{ slot: 0, backend: 'wasm', rates: { 'cheap@1': 1000 } }] }),
    );
    for (let tries = 0; one.runtime.state.leases.size === 0 && tries < 100; tries++) await sleep(20);
    const at = one.runtime.state.at;
    ahead = 0;
    await one.runtime.run({ c: 'fund', account: 'x', amountMicro: 1 });
    await sleep(300);
    await one.runtime.run({ c: 'fund', account: 'x', amountMicro: 1 });
    expect(one.runtime.state.at - at).toBeGreaterThanOrEqual(250);
    expect(one.runtime.state.at - at).toBeLessThan(60_000);
    a.ws.close();
  });
});

/** Gives an account a name, as its page does. */
async function rename(one: Started, { who: { privateKey, publicKey, account } }: Scripted, name: string) {
  const at = Date.now();
  const signature = signText(privateKey, 'talka/name/1', [one.url, publicKey, account, name, at]);
  const body = JSON.stringify({ publicKey, account, at, name, signature });
  expect((await one.call('/api/account/name', { method: 'POST', body })).status).toBe(200);
}

describe('[LO5] the log', () => {
  test('holds no address, name or user agent', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-personal-'));
    const one = await started({ dataDir, loopbackExempt: false });
    await one.job();
    const a = new Scripted(one.url, undefined, { 'user-agent': 'PersonalBrowser/77', origin: one.url });
    await a.signIn();
    await rename(one, a, 'Nina Personal');
    expect(one.house.views.account(a.who.account)?.name).toBe('Nina Personal');
    a.ws.send(
      JSON.stringify({ t: 'ask', slots: [{ slot: 0, backend: 'wasm', rates: { 'cheap@1': 1000 } }] }),
    );
    for (let tries = 0; one.runtime.state.leases.size === 0 && tries < 100; tries++) await sleep(20);
    a.ws.close();
    await one.close();
    const bytes = readdirSync(dataDir).filter((file) => file.startsWith('log.db')).map((file) => readFileSync(join(dataDir, file), 'latin1')).join(''); // prettier-ignore
    expect(bytes).toContain('"e":"leased"');
    // The records too: a long one lies compressed in the file.
    const log = new SqliteLog(join(dataDir, 'log.db'));
    const records = (await log.read(0, 1_000)).map(({ record }) => Buffer.from(record).toString()).join('\n');
    await log.close();
    expect(records).toContain('"e":"leased"');
    for (const personal of ['PersonalBrowser', '127.0.0', '::1', 'Mozilla', 'Nina'])
      for (const kept of [bytes, records]) expect(kept.includes(personal), personal).toBe(false);
    rmSync(dataDir, { recursive: true, force: true });
  });
});
