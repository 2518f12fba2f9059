/**
 * Starts what a developer looks at: a coordinator on a memory log with two small jobs, three real volunteers that
 * compute them gently, and the pages with hot reload. Ends all of it when the coordinator or this program ends;
 * finished jobs end nothing.
 *
 * PORT (8787) is the coordinator's, PAGES_PORT (5173) the pages'; PAGES_CACHE is where Vite keeps what it has prepared for
 * them (in node_modules). Arguments go to the coordinator.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'vite';
import { root } from './door/place.mjs';

const host = process.env.HOST ?? '127.0.0.1';
const port = process.env.PORT ?? '8787';
const pagesPort = process.env.PAGES_PORT ?? '5173';
const coordinator = `http://${host}:${port}`;
const origin = `http://${host}:${pagesPort}`;
const neighbourCount = 3;
const answerMsMax = 30_000;

/** Out of the terminal's reach: Ctrl-C is ours to pass on, in the right order. */
const startProgram = (file, args, stdio) =>
  spawn(process.execPath, [file, ...args], {
    cwd: root,
    stdio,
    detached: process.platform !== 'win32',
    env: { ...process.env, HOST: host, PORT: port },
  });

/** Resolves when the child has ended, at once if it already has. */
const ended = (child) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => {
        child.once('exit', resolve);
      });

/** Whether the coordinator answers, asked until it does, ends, or has had time enough. */
async function answers(child) {
  const untilMs = Date.now() + answerMsMax;
  while (child.exitCode === null && Date.now() < untilMs) {
    const reply = await fetch(`${coordinator}/api/status`).catch(() => null);
    if (reply?.ok) return true;
    await new Promise((next) => {
      setTimeout(next, 100);
    });
  }
  return false;
}

const folder = mkdtempSync(join(tmpdir(), 'talka-dev-'));
const flags = [
  '--memory',
  '--dev',
  '--seed-demo',
  'demo',
  '--allow-origin',
  origin,
  ...process.argv.slice(2),
];
const house = startProgram('src/coordinator/main.ts', flags, 'inherit');
let neighbours = null;
let pages = null;
let ending = false;

/** Volunteers first, so that the coordinator still hears them give back what they hold. */
async function end(code) {
  if (ending) return;
  ending = true;
  if (neighbours !== null) {
    if (neighbours.connected) neighbours.disconnect();
    await ended(neighbours);
  }
  house.kill();
  await ended(house);
  await pages?.close();
  process.exit(code);
}

async function fail(sentence) {
  if (!ending) process.stderr.write(`${sentence}\n`);
  await end(1);
}

const onSignal = () => void end(0);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
house.on('exit', (code) => void end(code ?? 1));
// However this ends, nothing stays behind.
process.on('exit', () => {
  for (const child of [neighbours, house]) child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function startPages() {
  process.env.TALKA_COORDINATOR = coordinator;
  const server = { host, port: Number(pagesPort), strictPort: true };
  const cacheDir = process.env.PAGES_CACHE;
  pages = await createServer({ root, server, ...(cacheDir === undefined ? {} : { cacheDir }) });
  // Vite ends the process at SIGTERM as soon as its own part is closed, and at the end of the input.
  process.removeAllListeners('SIGTERM');
  process.stdin.removeAllListeners('end');
  process.on('SIGTERM', onSignal);
  await pages.listen();
}

try {
  await startPages();
} catch (fault) {
  await fail(`the pages cannot be served: ${fault instanceof Error ? fault.message : String(fault)}`);
}
if (!(await answers(house))) await fail(`no coordinator answers at ${coordinator}`);
if (!ending) {
  const args = [coordinator, folder, String(neighbourCount)];
  neighbours = startProgram('scripts/dev/neighbours.ts', args, ['ignore', 'inherit', 'inherit', 'ipc']);
  process.stdout.write(`\nPages with hot reload: ${origin}/  (coordinator ${coordinator})\n`);
  process.stdout.write(
    `${neighbourCount} volunteers compute gently, on this machine; Ctrl-C ends everything\n`,
  );
}
