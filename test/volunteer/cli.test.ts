/** The command line as a person meets it: help, mistakes in one line, consent before anything, Ctrl-C once and twice. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { talka } from './command.ts';
import { freshFolder, jobOf, startHouse, submitJob } from './house.ts';

describe('talka', () => {
  let house: RunningCoordinator;
  let folder: ReturnType<typeof freshFolder>;
  beforeEach(async () => void (house = await startHouse({ graceMs: 0 })));
  afterEach(() => house.close());
  afterEach(() => folder?.remove());

  it('helps', async () => {
    const { code, out } = await talka(['--help']);
    expect(code).toBe(0);
    for (const command of ['volunteer', 'object']) expect(out).toContain(`talka ${command} --url URL`);
  });

  it.each([
    [['fly'], "talka: there is no 'fly'; see talka --help\n"],
    [['volunteer'], 'talka: --url is missing: which coordinator?\n'],
    [['volunteer', '--url', 'ftp://x'], "talka: --url must be http(s)://host, not 'ftp://x'\n"],
    [
      ['volunteer', '--url', 'http://x', '--cores', '0'],
      "talka: --cores must be a whole number above 0, not '0'\n",
    ],
    [
      ['volunteer', '--url', 'http://x', '--share', '15'],
      "talka: --share must be a number from 0.1 to 1, not '15'\n",
    ],
    [['object', '--text', 'no'], 'talka: --url is missing: which coordinator?\n'],
    [['epoch'], 'talka: epoch is followed by seal or verify\n'],
    [['epoch', 'verify'], 'talka: epoch verify takes the files of an epoch, or a claim\n'],
    [['epoch', 'seal', '--token', 'x'], 'talka: --url is missing: which coordinator?\n'],
    [
      ['epoch', 'seal', '--url', 'http://x', '--budget', '1.0000001'],
      "talka: --budget must be credits above 0, to six decimals, not '1.0000001'\n",
    ],
    [
      ['epoch', 'seal', '--url', 'http://x', '--until', 'soon'],
      "talka: --until must be a time, not 'soon'\n",
    ],
    [
      ['epoch', 'seal', '--url', 'http://x', '--token='],
      'talka: the operator’s token is missing: --token, or TALKA_TOKEN in the environment\n',
    ],
    [['audit', '--token', 'x'], 'talka: --url is missing: which coordinator?\n'],
    [
      ['audit', '--url', 'http://x'],
      'talka: the operator’s token is missing: --token, or TALKA_TOKEN in the environment\n',
    ],
    [
      ['audit', '--url', 'http://x', '--token', 'x', '--share', '2'],
      "talka: --share must be a number from 0.1 to 1, not '2'\n",
    ],
  ])('tells a mistake in one line: %j', async (args, line) => {
    expect(await talka(args)).toEqual({ code: 2, out: '', err: line });
  });

  it('tells of an unknown option in one line', async () => {
    const { code, err } = await talka(['volunteer', '--speed', '9']);
    expect([code, err.trim().split('\n').length]).toEqual([2, 1]);
    expect(err).toContain("'--speed'");
  });

  it('does nothing when nobody agrees', async () => {
    folder = freshFolder();
    const { code, out } = await talka(['volunteer', '--url', house.url, '--data', folder.path]);
    expect(code).toBe(1);
    expect(out).toContain('Nothing was started.');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('computes for as long as it was told to, then leaves nothing behind', { timeout: 30_000 }, async () => {
    folder = freshFolder();
    const job = await submitJob(house, house.operatorToken ?? '', { units: 4000, quorum: 1 });
    const { code, out, err } = await talka([
      'volunteer',
      '--url',
      house.url,
      '--data',
      folder.path,
      '--cores',
      '1',
      '--for',
      '2',
      '--yes',
    ]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/finished; \d+ units, [1-9]\d* chunks returned/);
    const { final, committed, leased } = await jobOf(house, job);
    expect(final).toBeGreaterThan(0);
    expect([committed, leased]).toEqual([0, 0]);
    expect(existsSync(join(folder.path, 'running.pid'))).toBe(false);
  });

  it('finishes at the first Ctrl-C, gives everything back at the second', { timeout: 30_000 }, async () => {
    folder = freshFolder();
    const job = await submitJob(house, house.operatorToken ?? '', {
      units: 400,
      quorum: 1,
      unitsPerChunk: 400,
      kPerUnit: 1 << 21,
    });
    let pressed = 0;
    const startedAt = Date.now();
    const { code, out } = await talka(
      ['volunteer', '--url', house.url, '--data', folder.path, '--cores', '1', '--yes'],
      (shown, interrupt) => {
        const wait = ['computing on 1', 'once more'][pressed];
        if (wait === undefined || !shown.includes(wait)) return;
        pressed += 1;
        interrupt();
      },
    );
    expect(pressed).toBe(2);
    expect(code).toBe(0);
    expect(out).toContain('0 chunks returned');
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    const { leased, free } = await jobOf(house, job);
    expect([leased, free]).toEqual([0, 1]);
  });
});
