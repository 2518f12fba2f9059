/** Are the fresh seeds of a run the same for everybody who has its commit, and others at the next? */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { freshSeedsFrom } from '../../scripts/test/steps.mjs';

const commit = 'c0ffee'.padEnd(40, '0');
const dayMs = 86_400_000;

it('begin where the commit says, far beyond the thousand that are always played', () => {
  expect(freshSeedsFrom(0, commit)).toBe(freshSeedsFrom(dayMs, commit));
  expect(freshSeedsFrom(0, commit)).not.toBe(freshSeedsFrom(0, 'decade'.padEnd(40, '0')));
  expect(freshSeedsFrom(0, '0'.repeat(40))).toBeGreaterThan(1_000);
});

it('begin elsewhere every day where there is no commit', () => {
  expect(freshSeedsFrom(0, null)).toBe(freshSeedsFrom(dayMs - 1, null));
  expect(freshSeedsFrom(dayMs, null)).not.toBe(freshSeedsFrom(0, null));
});

it('are printed with the command that plays them again, and end in time', () => {
  const given = ['test/sim/main.ts', '--from', '1234567', '--seeds', '100000', '--seconds', '1'];
  const { status, stdout } = spawnSync(process.execPath, given, { encoding: 'utf8', timeout: 30_000 });
  expect(stdout).toContain('npm run sim -- --from 1234567 --seeds 100000');
  expect(stdout).toContain('; 0 failed');
  expect(status).toBe(0);
}, 40_000);
