/**
 * Asks how long a coordinator with a long past takes from its start to the first lease, beside a fresh Node that only
 * opens the same database: the rules and the log beside just that, the whole coordinator beside one that also answers over a
 * bare `ws`. The past ends with kill -9 while a thousand people compute, just before a snapshot, and each start finds it as it
 * was left: nothing checkpointed, nothing folded.
 *
 * node bench/restart.ts [--events N] [--rounds N] [--json FILE]
 *
 * After a past of a million events with two people for each chunk and one under audit, and after one of ten million, unless told
 * otherwise: half a minute each and two of living, and 7 GB in the temporary folder.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  cpSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { inFewFiles } from '../scripts/door/few-files.mjs';
import { coordinatorFlags } from '../scripts/door/toolchain.mjs';
import { firstLease } from './coordinator/first-lease.ts';
import { median, report } from './measure.ts';
import type { Line } from './measure.ts';

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const given = option('events', 0);
type Policy = 'replicate' | 'audit';
const wanted: readonly (readonly [events: number, policy: Policy])[] = [
  [given > 0 ? given : 1_000_000, 'replicate'],
  [given > 0 ? given : 1_000_000, 'audit'],
  ...(given > 0 ? [] : ([[10_000_000, 'replicate']] as const)),
];
const rounds = option('rounds', 9);

const scripts = join(import.meta.dirname, 'coordinator');
const built = join(import.meta.dirname, '../dist/coordinator/main.mjs');
const folder = mkdtempSync(join(tmpdir(), 'talka-restart-'));

const quiet = '--disable-warning=ExperimentalWarning';
/** As `npm start` starts a coordinator. */
const flags = [quiet, ...coordinatorFlags];

/** A process that is ended as soon as it has done what it was started for; milliseconds until then. */
async function timed(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: 'SIGKILL' | 'SIGTERM',
  done: (said: Promise<string>) => Promise<unknown>,
  node: readonly string[] = flags,
): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [...node, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // As `npm start` does: what was compiled once is kept.
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled'), ...env },
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)));
  });
  said.catch(() => {});
  await done(said);
  const ms = performance.now() - started;
  child.kill(signal);
  await gone;
  return ms;
}

/** A port that nobody has. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const envOf = (dataDir: string, port: number): NodeJS.ProcessEnv => ({
  PORT: String(port),
  DATA_DIR: dataDir,
  HOST: '127.0.0.1',
  LOG: 'error',
});

/** Each gets a data folder that it may change. `SIGTERM` lets it end by itself. */
const starts = {
  bare: (dataDir: string) =>
    timed([join(scripts, 'restart-bare.mjs'), join(dataDir, 'log.db')], {}, 'SIGKILL', (said) => said, [
      quiet,
    ]),
  bareSocket: async (dataDir: string) => {
    const port = await freePort();
    const args = [join(scripts, 'restart-bare-socket.mjs'), join(dataDir, 'log.db')];
    return timed(args, { PORT: String(port) }, 'SIGKILL', () => firstLease(port), [quiet]);
  },
  rules: (dataDir: string, signal: 'SIGKILL' | 'SIGTERM') =>
    timed([join(folder, 'restart-child.mjs'), dataDir], {}, signal, (said) => said),
  whole: async (dataDir: string, signal: 'SIGKILL' | 'SIGTERM') => {
    const port = await freePort();
    return timed([built], envOf(dataDir, port), signal, () => firstLease(port));
  },
};
type Start = keyof typeof starts;
const kinds = ['bare', 'bareSocket', 'rules', 'whole'] as const satisfies readonly Start[];

/** Lives through a past in a folder; says how many events it had. `paceMs`: of the people at its end, for each chunk. */
async function past(
  dataDir: string,
  events: number,
  paceMs: number,
  policy: Policy = 'replicate',
): Promise<number> {
  let lived = 0;
  const args = [join(scripts, 'restart-past.ts'), dataDir, String(events), String(paceMs), policy];
  await timed(args, {}, 'SIGKILL', async (said) => (lived = Number(await said)));
  return lived;
}

/** A copy that lies on the disk, so that no start pays for the copying. */
function copyOf(dataDir: string): string {
  const copy = join(folder, 'copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(dataDir, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
  for (const name of readdirSync(copy).filter((one) => one.startsWith('log.db'))) {
    const file = openSync(join(copy, name), 'r+');
    fsyncSync(file);
    closeSync(file);
  }
  return copy;
}

/** Medians of so many starts of each kind, in turn. */
async function medians(dataDir: string): Promise<Record<Start, number>> {
  const found: Record<Start, number[]> = { bare: [], bareSocket: [], rules: [], whole: [] };
  for (let round = 0; round < rounds; round++)
    for (const kind of kinds) found[kind].push(await starts[kind](copyOf(dataDir), 'SIGKILL'));
  const { bare, bareSocket, rules, whole } = found;
  return {
    bare: median(bare),
    bareSocket: median(bareSocket),
    rules: median(rules),
    whole: median(whole),
  };
}

const megabytes = (file: string): string => (statSync(file).size / 1e6).toFixed(0);

const beside = 'fresh Node that opens the bare database';

/** What starts after a past of so many events come to. */
async function restarted(events: number, policy: Policy): Promise<Line[]> {
  const dataDir = join(folder, 'data');
  // A whole coordinator has served the folder before: keys, tables and kernels lie there.
  await timed([built, '--seed-demo', 'none'], envOf(dataDir, await freePort()), 'SIGTERM', (said) => said);
  const lived = await past(dataDir, events, 500, policy);
  const log = join(dataDir, 'log.db');
  const size = `${megabytes(log)} MB and ${megabytes(`${log}-wal`)} MB of write-ahead log`;
  const { bare, bareSocket, rules, whole } = await medians(dataDir);
  rmSync(dataDir, { recursive: true });
  const of = { unit: 'ms', reference: bare, beside } as const;
  return [
    {
      what: `${lived.toLocaleString('en-US')} events${policy === 'audit' ? ' under audit' : ''} (${size}): process start to first lease, rules and log`,
      ...of,
      ours: rules,
      goal: { atMost: 3 },
    },
    {
      what: 'the same, whole coordinator, to the first lease over a socket',
      ...of,
      ours: whole,
      reference: bareSocket,
      beside: 'fresh Node that opens it and answers over bare `ws`',
      goal: { atMost: 3 },
    },
    { what: 'the same beside no socket', ...of, ours: whole, goal: null },
  ];
}

try {
  // In few files, as what `npm start` starts.
  await inFewFiles(folder, ['bench/coordinator/restart-child.ts']);
  // Who restarts has run before: a short life elsewhere leaves what was compiled.
  const warm = join(folder, 'warm');
  await past(warm, 20_000, 500);
  for (const kind of kinds) await starts[kind](warm, 'SIGTERM');

  const rows: Line[] = [];
  for (const [events, policy] of wanted) rows.push(...(await restarted(events, policy)));
  report(`Restart of a coordinator that was killed at work, medians of ${rounds} starts`, rows);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
