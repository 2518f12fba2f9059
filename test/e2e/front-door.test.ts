/** Does README's first command work where nothing is installed: from the files that git has to the URL, with two demonstrations to compute? */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JobView, StatusView } from '../../src/wire/views.ts';
import { freePort, freshFolder, sweep } from './house.ts';

const root = join(import.meta.dirname, '../..');
/** From the command to the URL, everything fetched and built. */
const firstMsMax = 120_000;
/** When all of it is there already. */
const againMsMax = 20_000;
/** From the signal until nothing of it is left. */
const endMsMax = 10_000;

/** What people have on their path: neither this checkout's Node nor its packages, while there is another. */
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !/[/\\](\.tools|node_modules)([/\\]|$)/.test(folder));
if (!path.some((folder) => existsSync(join(folder, 'node')))) path.push(dirname(process.execPath));

/** The environment of somebody who has just opened a terminal: nothing that the tests, npm or the outer door have put there. */
function freshEnvironment(over: Record<string, string> = {}): Record<string, string> {
  const put =
    /^(NODE|NODE_(ENV|PATH|OPTIONS|COMPILE_CACHE)|npm_(?!config_).*|npm_config_.*prefix|(INIT_CWD|TEST|DEV|PROD|MODE|BASE_URL|HOST|LOG)|(VITEST|VITE|TALKA|TINYPOOL).*)$/;
  const kept = Object.entries(process.env).filter(([name]) => !put.test(name));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), ...over };
}

const ask = (program: string, args: readonly string[], timeout = 30_000) =>
  spawnSync(program, args, { cwd: root, encoding: 'utf8', env: freshEnvironment(), timeout });

/** What git has of this checkout, as it lies here: a clone would lack what was not committed yet. */
const tracked = ask('git', ['ls-files', '-z']);

/** Why it cannot be tried here; null where it can. */
function whyNot(): string | null {
  if (tracked.status !== 0) return 'no git, or no git checkout';
  if (ask('npm', ['--version']).status !== 0) return 'no npm on the path';
  const found = ask('npm', ['view', 'preact', 'version', '--prefer-online', '--fetch-retries=0']);
  return found.status === 0 ? null : 'the registry cannot be reached';
}
const why = whyNot();

/** The files that git has, and nothing else; what was forgotten at `git add` is missing here too. */
function freshClone(): string {
  const clone = freshFolder();
  const there = tracked.stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  for (const file of there) cpSync(join(root, file), join(clone, file));
  return clone;
}

/** A started front door. */
interface Started {
  readonly url: string;
  readonly tookMs: number;
  said(): string;
  /** Asks it to end; how it ended, once whatever it started is gone too. */
  end(): Promise<{ code: number | null; tookMs: number }>;
}

/** Runs a command in the clone until it has said where Talka is. */
async function begin(
  clone: string,
  port: number,
  [program, ...args]: [string, ...string[]],
): Promise<Started> {
  const env = freshEnvironment({ PORT: String(port), DATA_DIR: join(clone, 'data') });
  const startMs = Date.now();
  // A group of its own, so that none of it outlives a test that fails.
  const child = spawn(program, args, { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '';
  // Every program that it starts says what it has to say here too: this is closed when the last is gone.
  const gone = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    if (child.pid === undefined || child.stdout.closed) return;
    process.kill(-child.pid, 'SIGKILL');
    await gone;
  });
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no URL within ${firstMsMax} ms: ${said}`)), firstMsMax);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        said += data.toString();
        const found = /Talka is at (http:\S+)\//.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)));
    void gone.finally(() => clearTimeout(late));
  });
  return {
    url,
    tookMs: Date.now() - startMs,
    said: () => said,
    end: async () => {
      const endMs = Date.now();
      child.kill('SIGTERM');
      const late = new Promise<never>((_, reject) => {
        setTimeout(
          () => reject(new Error(`something is left after ${endMsMax} ms: ${said}`)),
          endMsMax,
        ).unref();
      });
      return { code: await Promise.race([gone, late]), tookMs: Date.now() - endMs };
    },
  };
}

/** The page, the built files that it names, and what there is to compute. */
async function looksRight(url: string): Promise<void> {
  const status = (await (await fetch(`${url}/api/status`)).json()) as StatusView;
  expect([status.name, status.storeFault]).toEqual(['Talka', null]);
  const page = await fetch(`${url}/`);
  expect([page.status, page.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/html'),
  ]);
  const assets = (await page.text()).match(/(?<=(href|src)=")\/assets\/[\w.-]+(?=")/g) ?? [];
  expect(assets.length).toBeGreaterThan(1);
  for (const asset of assets) {
    const file = await fetch(url + asset);
    expect([asset, file.status, (await file.bytes()).length > 100]).toEqual([asset, 200, true]);
  }
  const { jobs } = (await (await fetch(`${url}/api/jobs`)).json()) as { jobs: JobView[] };
  const shown = jobs.map(({ kernel, demonstration, state }) => `${kernel} ${state} ${demonstration}`);
  expect(shown.toSorted()).toEqual(['mersenne-tf@1 open true', 'path-trace@1 open true']);
}

/** What the first Node on the path lacks, by the door's own question. */
function lackingOf(clone: string): string {
  const question = `import { lacks } from './scripts/door/toolchain.mjs'; console.log((await lacks()).join(', '))`;
  const env = freshEnvironment();
  return spawnSync('node', ['--input-type=module', '--eval', question], {
    cwd: clone,
    encoding: 'utf8',
    env,
  }).stdout.trim();
}

describe.skipIf(why !== null)(`the front door${why === null ? '' : ` (${why})`}`, () => {
  it('npm start in a fresh clone installs, builds and shows two demonstrations within two minutes; it ends whole, and begins again at once', async () => {
    const clone = freshClone();
    onTestFinished(sweep);
    expect(readdirSync(clone)).not.toContain('node_modules');
    const port = await freePort();
    const first = await begin(clone, port, ['npm', 'start']);
    expect(first.url).toBe(`http://127.0.0.1:${port}`);
    expect(first.tookMs).toBeLessThanOrEqual(firstMsMax);
    await looksRight(first.url);
    expect(first.said()).toContain('packages are ready');
    expect(existsSync(join(clone, 'node_modules/vitest')), 'the test tools are left out').toBe(false);
    const lacking = lackingOf(clone);
    expect(
      existsSync(join(clone, '.tools/node24')),
      `a Node is brought for one that lacks ${lacking || 'nothing'}`,
    ).toBe(lacking !== '');
    // npm itself dies of the signal; what it started hears of that and ends.
    await first.end();

    const again = await begin(clone, port, ['node', 'scripts/door.mjs', 'start']);
    expect(again.tookMs).toBeLessThan(againMsMax);
    expect(again.said(), 'nothing is made twice').not.toContain('talka: ');
    expect(again.said(), 'nothing is put in twice').not.toContain('a demonstration was put in');
    await looksRight(again.url);
    expect((await again.end()).code).toBe(0);
    console.log(
      `      ${(first.tookMs / 1000).toFixed(1)} s to the URL (this Node lacks ${lacking || 'nothing'}), ${(again.tookMs / 1000).toFixed(1)} s the second time`,
    );
  });
});
