/** [RS1 – RS4] A coordinator is put back from a backup, and a real volunteer that had seen more: asked first, then on with both heads noted. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { restoreDataDir } from '../../src/coordinator/backup.ts';
import { restoreHolds } from '../../src/volunteer/identity.ts';
import type { StatusView } from '../../src/wire/views.ts';
import type { TreeHead } from '../../src/wire/volunteer.ts';
import { agreed, freshFolder, joinHouse, startHouse, submitJob, until } from './house.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'talka-restored-'));
  open.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it('[RS1, RS2, RS3, RS4] asks before it goes on, and never silently', { timeout: 60_000 }, async () => {
  const [first, second] = [join(folder(), 'first'), join(folder(), 'second')];
  const house = await startHouse({ dataDir: first, graceMs: 0 });
  const job = await submitJob(house, house.operatorToken ?? '', { units: 4_000, quorum: 1 });
  const backup = join(folder(), 'backup');
  await house.house.backup(backup);
  const backedUp = house.runtime.head;
  const { path, remove } = freshFolder();
  open.push(remove);
  const visit = () => joinHouse(house.url, path);
  const volunteer = visit();
  await volunteer.actions.start(agreed);
  await until(volunteer, ({ chunks }) => chunks.final > 3);
  volunteer.actions.leave();
  await volunteer.actions.finish();
  const state = join(path, new URL(house.url).host.replace(':', '_'), 'state.json');
  const keptHead = () =>
    (JSON.parse(readFileSync(state, 'utf8')) as { head: { head: TreeHead; told?: TreeHead } }).head;
  // The last that it was told, though it was compared once and early.
  const { told: seen } = keptHead();
  expect(seen?.size).toBeGreaterThan(backedUp?.size ?? Infinity);
  expect(seen?.size).toBeGreaterThan(keptHead().head.size);
  await house.close();

  await restoreDataDir(backup, second);
  const again = await startHouse({ dataDir: second, port: house.port, graceMs: 0 });
  open.push(() => again.close());
  expect(again.runtime.state.restored).toMatchObject({ kept: backedUp?.size, root: backedUp?.root });
  const status = (await (await fetch(`${again.url}/api/status`)).json()) as StatusView;
  const word = status.restored;
  if (word === null) throw new Error('no restore is stated');
  expect(await restoreHolds(status.coordinator, word)).toBe(true);
  expect(await restoreHolds(status.coordinator, { ...word, kept: word.kept - 1 })).toBe(false);

  const back = visit();
  open.push(async () => {
    back.actions.leave();
    await back.actions.finish();
  });
  await back.actions.start(agreed);
  expect((await until(back, ({ phase }) => phase === 'stopped')).reason).toEqual({
    why: 'restored',
    at: word.at,
    kept: backedUp?.size,
    remembered: seen?.size,
  });
  expect(keptHead().told).toEqual(seen);
  await back.actions.acceptRestore();
  await until(back, ({ chunks }) => chunks.final > 0);
  expect(keptHead()).toMatchObject({
    restores: {
      statedAt: word.at,
      accepted: [{ before: { size: seen?.size, root: seen?.root }, stated: word }],
    },
  });
  // Nothing that the lost part of the log gave out is given out again.
  expect([...again.runtime.state.leases.keys()].every((lease) => lease > 1e12)).toBe(true);
  expect(again.runtime.state.jobs.has(job)).toBe(true);
});
