/** `talka audit` as an operator runs it: real processes beside a coordinator whose own anchor is off. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { AnchorThreads } from '../../src/coordinator/anchor-threads.ts';
import { encodeInput } from '../../src/kernels/mersenne-tf/index.ts';
import type { Taken } from '../../src/wire/audits.ts';
import type { ChecksView, JobView } from '../../src/wire/views.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import {
  honestResults,
  input,
  kernel,
  lie,
  referenceOf,
  resultsOf,
  right,
  shelf,
  submit,
  units,
  until,
  works,
} from './under-audit.ts';
import { Scripted } from './volunteer.ts';

const cli = join(import.meta.dirname, '../../src/cli.ts');

let open: { close(): Promise<unknown> }[] = [];
let running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running = [];
  for (const one of open.reverse()) await one.close();
  open = [];
});

interface Auditing {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  out(): string;
}

/** Runs `talka audit`. */
function auditing(url: string, token: string, more: readonly string[] = []): Auditing {
  const child = spawn(process.execPath, [cli, 'audit', '--url', url, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TALKA_TOKEN: token },
  });
  running.push(child);
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (out += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  return { child, ended, out: () => out };
}

async function says(one: Auditing, words: string): Promise<void> {
  for (let tries = 0; !one.out().includes(words); tries++) {
    if (tries > 400) throw new Error(`it never said '${words}': ${one.out()}`);
    await sleep(100);
  }
}

async function opened(options: Parameters<typeof started>[0] = {}): Promise<Started> {
  const house = await started({ shelf, ...options });
  open.push(house);
  return house;
}

async function worker(house: Started): Promise<Scripted> {
  const one = new Scripted(house.url);
  await one.signIn();
  return one;
}

/** Whether `/api/checks` says that an anchor audits: it is made anew every two seconds. */
async function isAnchored(house: Started): Promise<boolean> {
  return ((await (await house.call('/api/checks')).json()) as ChecksView).anchored;
}

test('where no anchor computes here, all may see it, until one asks from elsewhere', async () => {
  const house = await opened();
  expect(await isAnchored(house)).toBe(false);
  const one = auditing(house.url, house.operatorToken ?? '');
  for (let tries = 0; !(await isAnchored(house)); tries++) {
    if (tries > 200) throw new Error(`nobody asked: ${one.out()}`);
    await sleep(100);
  }
  expect(await isAnchored(await opened({ anchorShare: 0.25 }))).toBe(true);
});

/** How many audits nobody is at: they are taken and given back. */
async function free(house: Started): Promise<number> {
  const { audits } = (await (await house.operator('/audits/take', { max: 64 })).json()) as Taken;
  await house.operator('/audits/return', { audits: audits.map(({ audit }) => audit) });
  return audits.length;
}

/** How many nobody is at once these are fewer than before. */
async function freeBelow(house: Started, before: number): Promise<number> {
  for (let tries = 0; tries < 400; tries++) {
    await sleep(50);
    const now = await free(house);
    if (now < before) return now;
  }
  throw new Error(`there are still ${before}`);
}

test('threads that were ended start no more: whoever asks late keeps no process alive', async () => {
  const threads = new AnchorThreads();
  await threads.stop();
  const wasm = shelf.get(kernel)?.wasm ?? new Uint8Array(0);
  const asked = threads.ask(0, { kernel, wasm, input, inputDigest: 'x', units: [0], share: 1 });
  await expect(asked).rejects.toThrow('the anchor was ended');
});

describe('talka audit', () => {
  test('two of them, and no anchor: a wrong unit is found, its chunk computed again, the rest kept, and the results are right', async () => {
    const house = await opened();
    const token = house.operatorToken ?? '';
    const both = [
      auditing(house.url, token, ['--cores', '2']),
      auditing(house.url, token, ['--share', '0.5']),
    ];
    const job = (await (await submit(house)).json()) as JobView;
    const liar = await worker(house);
    await works(liar, job, lie, job.chunks);
    // Two engines in processes of their own take their time on a busy machine.
    await until(house, job, ({ disputes }) => disputes > 0);
    expect(await liar.of('judged')).toMatchObject({ consequence: 'suspend', chunk: 1, wrong: [5] });
    await until(house, job, ({ free: left, final }) => left === 1 && final === job.chunks - 1);
    const honest = await worker(house);
    await works(honest, job, right, 1);
    const done = await until(house, job, ({ state }) => state === 'finished');
    expect(done).toMatchObject({ final: job.chunks, disputes: 1 });
    expect(Buffer.compare(await resultsOf(house, job), honestResults)).toBe(0);
    const { state } = house.runtime;
    const chunkMicro = BigInt((units / job.chunks) * job.unitCostMicro);
    expect(state.balances.get(`vested:${liar.who.account}`)).toBe(BigInt(job.chunks - 1) * chunkMicro);
    expect(state.checks.units).toBeGreaterThanOrEqual(units);
    // The tribunal's words may come after its verdict was acted on.
    for (let tries = 0; !both.some((one) => /unit 5|difference/.test(one.out())) && tries < 100; tries++)
      await sleep(100);
    for (const { child } of both) child.kill('SIGTERM');
    expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0]);
    const said = both.map((one) => one.out()).join('');
    // On a busy machine two engines may take longer than an answer waits for.
    expect(said).toMatch(
      /unit 5 is wrong, two engines say so too|a difference, which two engines are looking at/,
    );
    expect(said).not.toContain('computed wrong here');
    let made = 0;
    for (const match of said.matchAll(/^ended: (\d+) audits made/gm)) made += Number(match[1]);
    expect(made).toBe(state.checks.audits);
  }, 90_000);

  test('one that is killed gives way to another after the limit; one that is ended gives back at once', async () => {
    let ahead = 0;
    const house = await opened({ now: () => Date.now() + ahead });
    const token = house.operatorToken ?? '';
    // A tenth of a core takes most of a second for an audit of three such units.
    const heavy = encodeInput({ exponent: 332198467, kFrom: 1n << 32n, kPerUnit: 1 << 22, units });
    const job = (await (await submit(house, '/jobs', heavy)).json()) as JobView;
    await works(await worker(house), job, referenceOf(heavy), job.chunks);
    const { audits } = house.runtime.state;
    for (let tries = 0; audits.size < job.chunks && tries < 100; tries++) await sleep(50);
    const killed = auditing(house.url, token, ['--share', '0.1']);
    await freeBelow(house, audits.size);
    killed.child.kill('SIGKILL');
    await killed.ended;
    // What it had taken stays its own: one in work, and at most two at hand.
    const left = await free(house);
    const held = audits.size - left;
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(3);
    const ended = auditing(house.url, token, ['--share', '0.1']);
    await freeBelow(house, left);
    ended.child.kill('SIGINT');
    expect(await ended.ended).toBe(0);
    expect(audits.size - (await free(house))).toBe(held);
    expect(house.runtime.state.checks.units).toBeLessThan(units);
    ahead = 31 * 60_000;
    const last = auditing(house.url, token, ['--cores', '2']);
    await until(house, job, ({ state }) => state === 'finished');
    last.child.kill('SIGINT');
    expect(await last.ended).toBe(0);
    expect(house.runtime.state.checks).toMatchObject({ units, mismatches: 0 });
  }, 90_000);

  test('waits for a coordinator that does not answer, and goes on when it does', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-audit-'));
    open.push({ close: async () => rmSync(dataDir, { recursive: true, force: true }) });
    const first = await started({ shelf, dataDir });
    const { port, operatorToken } = first;
    const one = auditing(first.url, operatorToken ?? '');
    await says(one, 'auditing for');
    await first.close();
    await says(one, 'the coordinator does not answer');
    const house = await opened({ dataDir, port });
    await says(one, 'the coordinator answers again');
    const job = (await (await submit(house)).json()) as JobView;
    await works(await worker(house), job, right, job.chunks);
    await until(house, job, ({ state }) => state === 'finished');
    one.child.kill('SIGTERM');
    expect(await one.ended).toBe(0);
  }, 60_000);

  test('ends with 1 and a sentence where the token is refused', async () => {
    const house = await opened();
    const one = auditing(house.url, 'not-the-token');
    expect(await one.ended).toBe(1);
    expect(one.out()).toContain('the coordinator refuses: operator-only; the token is not its operator’s\n');
    expect(one.out()).not.toContain('not-the-token');
  }, 60_000);
});
