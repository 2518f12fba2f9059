/** What a great many who only wait cost: how much memory each further one takes, and how quickly they come in, beside bare sockets. */
import { WebSocket } from 'ws';
import { Crowd } from './crowd.ts';
import { madeUpOutput } from './job.ts';
import { Measured } from './measured.ts';

/** How the job that they wait for is verified. */
export type BenchPolicy = 'replicate' | 'audit';

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Volunteers who sign in and ask for nothing. */
function idlers(port: number, people: number): Crowd {
  return new Crowd({ url: `http://127.0.0.1:${port}`, people, rateMilli: 1, output: madeUpOutput });
}

async function connect(port: number, count: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let i = 0; i < count; i += 100) {
    const some = Array.from({ length: Math.min(100, count - i) }, () => new Promise<WebSocket>((open, failed) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
      socket.once('open', () => open(socket));
      socket.once('error', failed);
    })); // prettier-ignore
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

/** Connected before a connection's memory is looked at: by then the process has grown to what it needs without any of them. */
const warmPeople = 2_000;

/** Memory that each further idle connection adds, in bytes: a signed-in volunteer beside a bare socket. */
export async function memory(
  count: number,
  policy: BenchPolicy = 'replicate',
): Promise<{ ours: number; bare: number }> {
  const coordinator = await Measured.start('coordinator-child.ts', '16', policy);
  const crowds = idlers(coordinator.port, count);
  const warm = idlers(coordinator.port, warmPeople);
  await warm.join();
  const oursBefore = (await coordinator.ask('memory')).rss;
  await crowds.join();
  const ours = ((await coordinator.ask('memory')).rss - oursBefore) / count;
  crowds.leave();
  warm.leave();
  await coordinator.end();
  const echo = await Measured.start('echo-child.ts');
  const warmSockets = await connect(echo.port, warmPeople);
  const bareBefore = (await echo.ask('memory')).memory as number;
  const sockets = await connect(echo.port, count);
  const bare = (((await echo.ask('memory')).memory as number) - bareBefore) / count;
  for (const socket of [...warmSockets, ...sockets]) socket.terminate();
  await echo.end();
  return { ours, bare };
}

/** A great many volunteers signed in at once: how many a second come in, beside sockets that only open, and whether all of them stay. */
export async function crowded(
  count: number,
  policy: BenchPolicy = 'replicate',
): Promise<{ perSecond: number; connected: number; barePerSecond: number }> {
  const measured = await Measured.start('coordinator-child.ts', '16', policy);
  const crowd = idlers(measured.port, count);
  const at = performance.now();
  await crowd.join(100);
  const perSecond = count / ((performance.now() - at) / 1000);
  await sleep(1_000);
  const connected = (await measured.ask()).connected;
  crowd.leave();
  await measured.end();
  const echo = await Measured.start('echo-child.ts');
  const from = performance.now();
  const sockets = await connect(echo.port, count);
  const barePerSecond = count / ((performance.now() - from) / 1000);
  for (const socket of sockets) socket.terminate();
  await echo.end();
  return { perSecond, connected, barePerSecond };
}
