/**
 * kill -9 in the middle of a job under audit, again and again, with a real anchor and volunteers in processes of their own: what is
 * drawn stays drawn, all becomes final, everybody is paid once, and the results are those of an undisturbed run.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Door, freePort, freshFolder, openApart, sweep } from '../e2e/house.ts';
import type { Apart } from '../e2e/house.ts';
import { answersOf, factoring } from '../e2e/orders.ts';
import { toldIn } from '../e2e/told.ts';

const kills = 20;
const volunteers = 2;
/** Between two kills: long enough for some commitments and audits, too short for all. */
const pauseMs = 900;
const chunks = 64;
const chunkMs = 120;

let apart: Apart | null = null;
let people: ChildProcess[] = [];
afterEach(async () => {
  for (const one of people) one.kill('SIGKILL');
  people = [];
  await apart?.end('SIGKILL');
  sweep();
});

function volunteer(url: string, folder: string): ChildProcess {
  const cli = join(import.meta.dirname, '../../src/cli.ts');
  const args = [
    '--disable-warning=ExperimentalWarning',
    cli,
    'volunteer',
    '--url',
    url,
    '--cores',
    '1',
    '--yes',
  ];
  return spawn(process.execPath, [...args, '--data', folder], { stdio: 'ignore' });
}

test('twenty kills: results bit for bit, all of it final, everybody paid once, and what was drawn is recomputed', async () => {
  const dataDir = freshFolder();
  const options = { port: await freePort(), dataDir, webDir: null, seed: 'none', anchorShare: 1 } as const;
  apart = await openApart(options);
  const { url, token } = apart.listening;
  const door = new Door(url, token ?? '');
  // So many that who leaves has every unit recomputed; the window lets some of it become final before.
  const policy = { kind: 'audit', windowUnits: 60, leaverUnits: 1e6 } as const;
  const order = { ...factoring(chunks, chunkMs, 1 << 14), policy };
  const { job, units, unitCostMicro } = await door.submit(order);
  people = Array.from({ length: volunteers }, () => volunteer(url, freshFolder()));
  let finishedAt = 0;
  for (let killed = 0; killed < kills; killed++) {
    await sleep(pauseMs + Math.random() * pauseMs);
    await apart.end('SIGKILL');
    apart = await openApart(options);
    if ((await door.job(job)).state === 'finished') finishedAt ||= killed + 1;
  }
  await door.finished(job, 120_000);
  const results = await door.bytes(`/api/jobs/${job}/results.bin`);
  for (const one of people) one.kill('SIGKILL');
  await apart.end('SIGTERM');
  const told = await toldIn(dataDir);
  expect(Buffer.compare(results, answersOf(order, units))).toBe(0);
  // A job that was done before the kills would prove nothing.
  expect(finishedAt === 0 || finishedAt > kills / 2, `it was done after ${finishedAt} kills`).toBe(true);
  const paid = [...told.state.accounts.keys()]
    .filter((account) => account !== 'anchor')
    .reduce((sum, account) => sum + Number(told.state.balances.get(`vested:${account}`) ?? 0n), 0);
  expect(paid).toBe(units * unitCostMicro);
  expect([...told.state.balances.keys()].filter((account) => account.startsWith('pending:'))).toEqual([]);
  const drawn = told.of('accepted').flatMap((event) => event.drawn ?? []);
  const later = told.of('drawn').flatMap((event) => event.drawn.flatMap(([, chosen]) => chosen));
  const recomputed = told.of('audited').flatMap((event) => event.units);
  expect(recomputed.toSorted((a, b) => a - b)).toEqual([...drawn, ...later].toSorted((a, b) => a - b));
  expect(told.of('disproved')).toEqual([]);
}, 240_000);
