/** Does `npm run dev` show a page with hot reload, with a coordinator behind it where neighbours compute; and does it end without leaving anything? */
import { spawn } from 'node:child_process';
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { JobView, StatusView } from '../../src/wire/views.ts';
import { Scripted } from '../coordinator/volunteer.ts';
import { freePort, freshFolder, holds, sweep } from './house.ts';

const root = join(import.meta.dirname, '../..');
/** From the signal until nothing of it is left; volunteers first give back what they hold. */
const endMsMax = 10_000;

/** `npm run dev`, running. */
interface Running {
  /** Where its pages are. */
  readonly pages: string;
  /** Where it keeps what it needs while it runs. */
  readonly folder: string;
  said(): string;
  /** Asks it to end; how it ended, once all that it started is gone. */
  end(): Promise<number | null>;
}

async function dev(): Promise<Running> {
  const folder = freshFolder();
  const [port, pagesPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [join(root, 'scripts/dev.mjs')], {
    env: {
      ...process.env,
      ...{ HOST: '127.0.0.1', PORT: String(port), PAGES_PORT: String(pagesPort), LOG: 'warn' },
      // Nothing is put where a developer's own may be running.
      ...{ TMPDIR: folder, PAGES_CACHE: join(folder, 'pages') },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (said += data.toString()));
  // Its children speak here too: it is closed when the last of them is gone.
  const gone = new Promise<number | null>((resolve) => child.once('close', resolve));
  const late = (): Promise<never> =>
    new Promise((_, reject) => {
      const fail = (): void => reject(new Error(`something is left after ${endMsMax} ms: ${said}`));
      setTimeout(fail, endMsMax).unref();
    });
  const end = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return Promise.race([gone, late()]);
  };
  onTestFinished(async () => {
    await end().catch(() => child.kill('SIGKILL'));
    sweep();
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)));
  });
  ended.catch(() => {});
  await Promise.race([
    ended,
    holds('it says where the pages are', () => said.includes('Pages with hot reload')),
  ]);
  return {
    pages: `http://127.0.0.1:${pagesPort}`,
    folder,
    said: () => said,
    end,
  };
}

async function textAt(url: string): Promise<string> {
  const answer = await fetch(url);
  expect([url, answer.status]).toEqual([url, 200]);
  return answer.text();
}

/** Whether a page that is open hears of a source that was saved: nothing in it changes here but its time. */
async function isReloaded(pages: string, source: string): Promise<void> {
  const token = /wsToken = "([^"]+)"/.exec(await textAt(`${pages}/@vite/client`))?.[1] ?? '';
  const page = new WebSocket(`${pages.replace('http', 'ws')}/?token=${token}`, 'vite-hmr');
  onTestFinished(() => page.close());
  const heard: string[] = [];
  page.on('message', (data: Buffer) => heard.push(data.toString()));
  await holds('the page is connected', () => heard.some((text) => text.includes('"connected"')), 10_000);
  const now = new Date();
  utimesSync(join(root, source), now, now);
  // Packages that were prepared a moment ago reload the page too, for no source.
  await holds('the page hears of a saved source', () => heard.some((text) => text.includes(source)), 10_000);
}

it('npm run dev serves pages with hot reload, has neighbours compute behind them, and takes all of it away again', async () => {
  const { pages, folder, said, end } = await dev();
  const page = await textAt(`${pages}/`);
  expect(page).toContain('src="/@vite/client"');
  const source = /src="(\/src\/[^"]+\.tsx?)"/.exec(page)?.[1] ?? '?';
  expect(await textAt(pages + source), 'the page’s source, for a browser').not.toContain('import type');
  await isReloaded(pages, source);

  // By way of the pages: what they are told, and the door for volunteers, which knows them as its own.
  const jobs = async (): Promise<JobView[]> =>
    (JSON.parse(await textAt(`${pages}/api/jobs`)) as { jobs: JobView[] }).jobs;
  expect((await jobs()).map(({ kernel }) => kernel).toSorted()).toEqual(['mersenne-tf@1', 'path-trace@1']);
  const visitor = new Scripted(pages, undefined, { origin: pages });
  await visitor.signIn();
  await holds('three neighbours and the visitor are there', async () => {
    const { live } = JSON.parse(await textAt(`${pages}/api/status`)) as StatusView;
    return live.people === 4;
  });
  await visitor.end();
  await holds(
    'chunks of the neighbours are accepted',
    async () => (await jobs()).reduce((sum, { accepted, final }) => sum + accepted + final, 0) >= 5,
    30_000,
  );

  expect(readdirSync(folder).some((name) => name.startsWith('talka-dev-'))).toBe(true);
  expect(await end(), said()).toBe(0);
  expect(readdirSync(folder).filter((name) => name.startsWith('talka-'))).toEqual([]);
});
