/** Does the demonstration notice when what a requester got is wrong, and does it fetch the one program that it needs? */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  faultsOfJobs,
  faultsOfPicture,
  faultsOfReport,
  faultsOfTiles,
  judgeTime,
} from '../../scripts/demo/judge.ts';
import { Watch } from '../../scripts/demo/share.ts';
import type { JobView } from '../../src/wire/views.ts';

const job = (kernel: string, result: Partial<JobView['result']>, state = 'finished'): JobView =>
  ({ kernel, state, result: { report: false, picture: false, ...result } }) as JobView;

describe('the jobs', () => {
  const factoring = job('mersenne-tf@1', { report: true });
  const picture = job('path-trace@1', { picture: true });

  it('must have both kinds of result', () => {
    expect(faultsOfJobs([factoring, picture])).toEqual([]);
    expect(faultsOfJobs([])).toHaveLength(2);
    expect(faultsOfJobs([factoring])).toEqual([expect.stringContaining('no picture')]);
    expect(faultsOfJobs([job('mersenne-tf@1', {}), picture])).toEqual([expect.stringContaining('no report')]);
    expect(faultsOfJobs([job('mersenne-tf@1', { report: true }, 'open'), picture])).toHaveLength(1);
  });
});

describe('the report', () => {
  const known = { exponent: 332198467, factor: 8604892794012093487n };
  const line = (exponent: number, factor: string): string =>
    `M${exponent} has a factor: ${factor} (62.89 bits, TF:2^62.75 to 2^63, mersenne-tf@1)\n`;
  const right = line(332198467, '8604892794012093487');

  it('must name the known factor, and nothing else', () => {
    expect(faultsOfReport(right, known)).toEqual([]);
    expect(faultsOfReport(line(332198467, '860489279401209348'), known)).toHaveLength(1);
    expect(faultsOfReport(line(332198461, '8604892794012093487'), known)).toHaveLength(1);
    expect(faultsOfReport(right + line(332198467, '7'), known)).toHaveLength(1);
    expect(faultsOfReport('no factor for M332198467 from 2^62.75 to 2^63\n', known)).toEqual([
      expect.stringContaining('it names none'),
    ]);
  });
});

describe('the picture', () => {
  const size = 32;
  const drawn = (
    shade: (x: number, y: number) => number,
    width = size,
  ): Parameters<typeof faultsOfPicture>[0] => {
    const data = new Uint8Array(width * size * 4).fill(255);
    for (let i = 0; i < width * size; i++)
      data.fill(shade(i % width, Math.floor(i / width)), 4 * i, 4 * i + 3);
    return { width, height: size, data };
  };
  const lively = (x: number, y: number): number => 60 + ((x * 37 + y * 91) % 120);
  const faults = (picture: Parameters<typeof faultsOfPicture>[0]): string =>
    faultsOfPicture(picture, size, size).join();

  it('must be of its size and not blank', () => {
    expect(faults(drawn(lively))).toBe('');
    expect(faults(drawn(lively, 40))).toContain('40 × 32, not 32 × 32');
    expect(faults(drawn(() => 128))).toContain('flat');
    expect(faults(drawn((x, y) => lively(x, y) / 8))).toContain('mean');
    expect(faults(drawn(() => 255))).toContain('mean');
    expect(faults(drawn((x, y) => (x < 8 && y >= 24 ? 0 : lively(x, y))))).toContain('1 tiles');
  });

  it('must be what the results come to, pixel by pixel: a tile in the wrong place is told', () => {
    const { data } = drawn(lively);
    expect(faultsOfTiles(drawn(lively), data)).toEqual([]);
    const moved = drawn((x, y) => lively(x < 16 && y < 8 ? (x + 8) % 16 : x, y));
    expect(faultsOfTiles(moved, data).join()).toMatch(/^\d+ pixels of the picture are not/);
    const three = { ...drawn(lively), data: Array.from(data).filter((_, i) => i % 4 < 3) };
    expect(faultsOfTiles(three, data)).toEqual([]);
  });
});

describe('the time', () => {
  it('must be kept, unless others had the cores', () => {
    expect(judgeTime(180, 180, null)).toBeNull();
    expect(judgeTime(181, 180, null)).toEqual({ fault: expect.stringContaining('181 s') as string });
    expect(judgeTime(181, 180, { cores: 1.9, busy: 1 })).toHaveProperty('fault');
    expect(judgeTime(181, 180, { cores: 0.5, busy: 0.4 })).toHaveProperty('fault');
    expect(judgeTime(181, 180, { cores: 0.5, busy: 0.98 })).toHaveProperty('warning');
  });

  it.skipIf(process.platform !== 'linux')(
    'that a program and its descendants had is counted (Linux)',
    async () => {
      const burn = `for (const end = Date.now() + 600; Date.now() < end;);`;
      const watch = new Watch(process.pid);
      const child = spawn(process.execPath, [
        '-e',
        `require('child_process').spawn(process.execPath, ['-e', '${burn}']).on('exit', () => setTimeout(() => {}, 300))`,
      ]);
      const ended = new Promise((done) => child.once('exit', done));
      const looking = setInterval(() => watch.look(), 50);
      await ended;
      clearInterval(looking);
      const share = watch.share();
      const idle = new Watch(child.pid ?? 0).share();
      expect(share?.cores).toBeGreaterThan(0.05);
      expect(share?.busy).toBeGreaterThan(0);
      expect(idle).toBeNull();
    },
  );
});

describe('programs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'talka-apt-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const isDebianRoot = existsSync('/etc/debian_version') && process.getuid?.() === 0;

  it.skipIf(!isDebianRoot)('are installed by name: Chromium alone (Debian, as root)', () => {
    const said = join(folder, 'said');
    writeFileSync(join(folder, 'apt-get'), `#!/bin/sh\necho "$@" >> ${said}\n`);
    chmodSync(join(folder, 'apt-get'), 0o755);
    const script = new URL('../../scripts/test/programs.mjs', import.meta.url).href;
    const { TALKA_NO_APT: _, CHROMIUM_PATH: __, ...env } = process.env;
    spawnSync(
      process.execPath,
      ['-e', `(await import('${script}')).installPrograms(['Chromium'])`, '--input-type=module'],
      {
        env: { ...env, PATH: `${folder}:/bin-of-nobody` },
      },
    );
    const told = existsSync(said) ? readFileSync(said, 'utf8') : '';
    expect(told.split('\n').filter((line) => line.includes('install '))).toEqual([
      '-y -q --no-install-recommends install chromium',
    ]);
  });
});
