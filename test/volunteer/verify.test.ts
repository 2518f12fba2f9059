/** `talka verify` on the receipts that a real volunteer got from a real coordinator: they hold, and whatever is changed is named. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import { examineReceipt, rowsIn } from '../../src/volunteer/receipt-check.ts';
import { tamperings } from './tampered.ts';
import { agreed, freshFolder, joinHouse, startHouse, submitJob, until } from './house.ts';

const cli = join(import.meta.dirname, '../../src/cli.ts');

describe('[LO6] receipts, checked without asking anybody', () => {
  let house: RunningCoordinator;
  const folder = freshFolder();
  let receipts: KeptReceipt[];
  let file: string;
  let key: string;

  beforeAll(async () => {
    house = await startHouse({ graceMs: 0 });
    await submitJob(house, house.operatorToken ?? '', { units: 41, quorum: 1 });
    const volunteer = joinHouse(house.url, folder.path, 1);
    await volunteer.actions.start(agreed);
    await until(volunteer, ({ chunks }) => chunks.final === 21);
    await volunteer.actions.finish();
    key = house.house.keys.coordinator.publicText;
    await house.close();
    file = join(folder.path, new URL(house.url).host.replace(':', '_'), 'receipts.jsonl');
    receipts = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as KeptReceipt);
  });
  afterAll(() => folder.remove());

  const talka = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [cli, 'verify', ...args], { encoding: 'utf8' });

  it('all that were kept hold, the coordinator being gone; chunks, credits and the short last chunk are right', () => {
    const { status, stdout } = talka(file, `--coordinator=${key}`);
    expect(stdout).toContain(`signed by the coordinator ${key}, for `);
    expect(stdout).toContain('accepted and vested at once: 21 chunks, ');
    expect(stdout).toContain(`all ${receipts.length} receipts hold`);
    expect(stdout).not.toContain('price');
    expect(status).toBe(0);
  });

  it('a file with one that was changed says which, and why', () => {
    const [first, ...rest] = receipts as [KeptReceipt, ...KeptReceipt[]];
    const bent = join(folder.path, 'bent.json');
    writeFileSync(bent, JSON.stringify([...rest, { ...first, index: first.index + 1 }]));
    const { status, stdout } = talka(bent);
    expect(stdout).toContain(`receipt ${receipts.length} (tick ${first.tick.tick}) is not in the tree`);
    expect(stdout).toContain(`1 of ${receipts.length} receipts do not hold`);
    expect(status).toBe(1);
    writeFileSync(bent, '{"leaf": 5}');
    expect(talka(bent).stdout).toContain('is no whole receipt');
    writeFileSync(bent, '\n');
    expect(talka(bent)).toMatchObject({ status: 2 });
    expect(talka(join(folder.path, 'nowhere'))).toMatchObject({ status: 2 });
  });

  it.each(tamperings)('%s changed: named', async (_what, change, fault) => {
    for (const receipt of receipts.slice(-2)) {
      expect((await examineReceipt(receipt, key)).fault).toBeNull();
      expect((await examineReceipt(change(receipt), key)).fault).toBe(fault);
    }
  });

  it('another coordinator’s key is not that one’s; a receipt without prices holds and says so', async () => {
    const receipt = receipts[0] as KeptReceipt;
    expect((await examineReceipt(receipt, 'C'.repeat(43))).fault).toBe('other-coordinator');
    const { jobs: _jobs, ...older } = receipt;
    const verdict = await examineReceipt(older, key);
    expect(verdict.fault).toBeNull();
    expect(verdict.unpriced).toBe(rowsIn(verdict.rows).length);
  });
});
