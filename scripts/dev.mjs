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
const coordinator = `http://${host}:${port}`;

const child = spawn(
  process.execPath,
  ['src/coordinator/main.ts', '--memory', '--dev', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, HOST: host, PORT: port },
  },
);

process.env.TALKA_COORDINATOR = coordinator;
const pages = await createServer({
  root,
  server: { host, port: Number(process.env.PAGES_PORT ?? 5173), strictPort: true },
});
await pages.listen();
process.stdout.write(
  `\nPages with hot reload: http://${host}:${pages.config.server.port}/  (coordinator ${coordinator})\n`,
);

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
