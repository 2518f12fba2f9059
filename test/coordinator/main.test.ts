/** Starts the coordinator as people do, as a process: its help, its one-line errors, its first start, its stop, its backup. */
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { JobView } from '../../src/wire/views.ts';
import { freePort } from '../e2e/house.ts';
import { certificateIn, whyNoOpenssl } from './openssl.ts';
import { Scripted } from './volunteer.ts';

/** As `npm start` runs it; every run of the tests begins by building it. */
const main = join(import.meta.dirname, '../../dist/coordinator/main.mjs');
const dir = mkdtempSync(join(tmpdir(), 'talka-main-'));
afterAll(() => rmSync(dir, { recursive: true }));
/** Free now; the coordinators of this file take turns on it, as one that is restarted does. */
const port = await freePort();

function once(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, PORT: String(port), DATA_DIR: join(dir, 'data'), ...env },
    timeout: 20_000,
  });
}

/** Starts it and waits until it says where it is. */
async function begin(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, LOG: 'silent', PORT: String(port), DATA_DIR: join(dir, 'data'), ...env },
  });
  children.push(child);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      if (said.includes('Talka is at')) setTimeout(resolve, 50);
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)));
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, ended, said: () => said };
}

const children: { kill(signal: 'SIGKILL'): void }[] = [];
afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

describe('the program', () => {
  test('says what it can do', () => {
    const { status, stdout } = once(['--help']);
    expect(status).toBe(0);
    for (const word of [
      'PORT',
      'HOST',
      'DATA_DIR',
      '--memory',
      '--anchor-share',
      '--auditor-groups',
      '--seed-demo',
      '--partner',
      '--trust-proxy',
      '--networks',
      'backup',
      'restore',
    ])
      expect(stdout).toContain(word);
  });

  test.each([
    [['--nonsense'], {}, /nonsense/],
    [['fly'], {}, /no command 'fly'/],
    [['backup'], {}, /needs a file/],
    [['restore', '/nowhere'], {}, /not there/],
    [['--seed-demo', 'huge'], {}, /one of none, seed, demo/],
    [['--anchor-share', 'lots'], {}, /number from 0/],
    [['--auditor-groups', '0'], {}, /number from 1/],
    [['--trust-proxy', 'everybody'], {}, /no network/],
    [['--networks', import.meta.filename], {}, /line 1: '.+' is no address/],
    [['--allow-origin', 'talka'], {}, /an address such as/],
    [['--memory', '--partner', 'x'], {}, /--partner is a number/],
    [['--memory'], { PORT: 'x' }, /PORT is a number/],
    [['--memory'], { PORT: '87.5' }, /PORT is a whole number/],
    [[], { DATA_DIR: '/dev/null/x' }, /\/dev\/null/],
  ] as const)('%j %j fails in one line', (args, env, says) => {
    const { status, stderr } = once(args, env);
    expect(status).toBe(1);
    expect(stderr).toMatch(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('a port in use is named', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { status, stderr } = once(['--memory']);
    other.close();
    expect([status, stderr.trim()]).toEqual([
      1,
      `talka-coordinator: port ${port} is in use: stop the other program, or set PORT`,
    ]);
  });

  test('shows a partner’s page on a port of its own, under a strict policy with the two entries that a site needs; talka site looks after it', async () => {
    const own = await freePort();
    const { said, child, ended } = await begin(['--memory', '--seed-demo', 'none', '--partner', '0'], {
      PORT: String(own),
    });
    const shown = /a partner's page with the widget: (http:\/\/localhost:\d+)\//.exec(said())?.[1] ?? '';
    const page = await fetch(shown);
    const talka = `http://127.0.0.1:${own}`;
    expect(page.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src ${talka}/embed/; frame-src ${talka}/embed/`,
    );
    const key = /<talka-widget data-site="([0-9a-f]{16})"/.exec(await page.text())?.[1] ?? '';
    const token = /shown this once: (\S+)/.exec(said())?.[1] ?? '';
    const site = (...args: string[]) => {
      const cli = join(import.meta.dirname, '../../src/cli.ts');
      const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'site', ...args], {
        encoding: 'utf8',
        env: { ...process.env, TALKA_TOKEN: token },
      });
      return { status, says: stdout + stderr };
    };
    expect(site('list', '--url', talka)).toEqual({
      status: 0,
      says: `${key}  active     ${shown} ${shown.replace('localhost', '127.0.0.1')}\n`,
    });
    const added = site('add', 'https://paper.example', 'https://www.paper.example', '--url', talka);
    expect(added.says).toMatch(
      new RegExp(
        `^[0-9a-f]{16}  active     https://paper.example https://www.paper.example\n[^]*<script async src="${talka}/embed/v1.js" data-site="[0-9a-f]{16}"></script>\n$`,
      ),
    );
    expect(site('suspend', key, '--url', talka).says).toContain(`${key}  suspended`);
    const refused = await fetch(`${talka}/embed/frame?site=${key}&from=${shown}`);
    expect(refused.status === 404 || (await refused.text()).includes('"state":"suspended"')).toBe(true);
    expect(site('resume', key, '--url', talka).says).toContain(`${key}  active`);
    expect(site('add', 'paper.example', '--url', talka)).toMatchObject({
      status: 1,
      says: expect.stringContaining('bad-origin') as string,
    });
    expect(site('suspend', 'nobody', '--url', talka)).toMatchObject({ status: 1 });
    expect(site('add', '--url', talka)).toMatchObject({ status: 2 });
    expect(site('fly', 'x', '--url', talka)).toMatchObject({ status: 2 });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('seeds the demonstrations, shows the token once, says goodbye at SIGTERM and goes on where it was', async () => {
    const first = await begin(['--anchor-share', '0']);
    expect(first.said()).toMatch(/operator's token, shown this once: [\w-]{32}/);
    expect(first.said()).toContain(`no anchor computes here (--anchor-share 0)`);
    expect(first.said()).toContain('count as different people (--loopback-exempt off: as one)');
    expect(first.said()).toContain(`talka -- audit --url http://127.0.0.1:${port}`);
    expect(first.said()).toContain(`a partner's page with the widget: http://localhost:${port + 1}/`);
    const jobs = async () =>
      ((await (await fetch(`http://127.0.0.1:${port}/api/jobs`)).json()) as { jobs: JobView[] }).jobs;
    const seeded = await jobs();
    expect(seeded.map(({ kernel, demonstration, policy }) => [kernel, demonstration, policy])).toEqual([
      ['path-trace@1', true, 'audit'],
      ['mersenne-tf@1', true, 'audit'],
    ]);
    for (const { unitsPerChunk, unitCostMicro, cause } of seeded) {
      expect(unitsPerChunk * unitCostMicro).toBeGreaterThanOrEqual(250_000);
      expect(unitsPerChunk * unitCostMicro).toBeLessThanOrEqual(1_000_000);
      expect(cause).toMatch(/demonstration/);
    }
    const guest = new Scripted(`http://127.0.0.1:${port}`);
    await guest.signIn();
    const lease = await guest.leaseOf('mersenne-tf@1');
    const saved = once(['backup', join(dir, 'copy')]);
    expect([saved.status, saved.stderr]).toEqual([0, '']);
    expect(once([], { PORT: '0' }).stderr).toMatch(/in use by another coordinator/);
    first.child.kill('SIGTERM');
    expect(await guest.of('bye')).toMatchObject({ reason: 'shutting-down' });
    expect(await first.ended).toBe(0);
    const second = await begin(['--anchor-share', '0']);
    expect(second.said()).not.toMatch(/token/);
    expect(await jobs()).toHaveLength(2);
    const back = new Scripted(`http://127.0.0.1:${port}`, guest.who);
    expect((await back.signIn({ holding: [lease.lease] })).holding).toEqual([lease.lease]);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
    const restored = once(['restore', join(dir, 'copy')], { DATA_DIR: join(dir, 'elsewhere') });
    expect([restored.status, restored.stderr]).toEqual([0, '']);
    const third = await begin(['--anchor-share', '0'], { DATA_DIR: join(dir, 'elsewhere') });
    expect(await jobs()).toHaveLength(2);
    third.child.kill('SIGTERM');
    expect(await third.ended).toBe(0);
  }, 60_000);

  const given = (): string[] => {
    const { cert, key } = certificateIn(dir, 'given');
    return ['--tls-cert', cert, '--tls-key', key];
  };
  const noOpenssl = whyNoOpenssl();
  test.each([
    ['of its own making', () => ['--tls'], true],
    ...(noOpenssl === null ? ([['that it is given', given, false]] as const) : []),
  ] as const)(
    'serves https with a certificate %s',
    async (_whose, flags, isOwn) => {
      const args = ['--memory', ...flags(), '--seed-demo', 'none'];
      const running = await begin(args, { DATA_DIR: join(dir, 'tls') });
      expect(running.said()).toMatch(/https:\/\/127\.0\.0\.1/);
      expect(/self-signed/.test(running.said())).toBe(isOwn);
      const { get } = await import('node:https');
      const status = await new Promise((resolve, reject) =>
        get(`https://127.0.0.1:${port}/api/status`, { rejectUnauthorized: false }, (answer) =>
          resolve(answer.statusCode),
        ).once('error', reject),
      );
      expect(status).toBe(200);
      running.child.kill('SIGTERM');
      expect(await running.ended).toBe(0);
    },
    30_000,
  );
  test.skipIf(noOpenssl === null)(
    `serves https with a certificate that it is given (${noOpenssl})`,
    () => {},
  );
});
