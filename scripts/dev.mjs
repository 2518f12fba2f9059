/**
 * Starts what a developer looks at: a coordinator on a memory log with a few simulated volunteers and a small
 * job, and the pages with hot reload. Ends both when either ends.
 *
 * PORT (8787) is the coordinator's, PAGES_PORT (5173) the pages'; arguments go to the coordinator.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'vite';
import { root } from './door/place.mjs';

const host = process.env.HOST ?? '127.0.0.1';
const port = process.env.PORT ?? '8787';
const pagesPort = process.env.PAGES_PORT ?? '5173';
const coordinator = `http://${host}:${port}`;
const origin = `http://${host}:${pagesPort}`;

const flags = ['--memory', '--dev', '--allow-origin', origin, ...process.argv.slice(2)];
const child = spawn(process.execPath, ['src/coordinator/main.ts', ...flags], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, HOST: host, PORT: port },
});

process.env.TALKA_COORDINATOR = coordinator;
const pages = await createServer({
  root,
  server: { host, port: Number(pagesPort), strictPort: true },
});
await pages.listen();
process.stdout.write(`\nPages with hot reload: ${origin}/  (coordinator ${coordinator})\n`);

let ending = false;
const end = async (code) => {
  if (ending) return;
  ending = true;
  child.kill();
  await pages.close();
  process.exit(code);
};
child.on('exit', (code) => void end(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void end(0));
