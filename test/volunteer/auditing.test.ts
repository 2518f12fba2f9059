/** Do two volunteers without a page check one another on a real coordinator, and does their summary say so? */
import { afterEach, expect, it } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { statusOf } from '../../src/volunteer/headless-node.ts';
import type { Volunteer } from '../../src/volunteer/volunteer.ts';
import type { ChecksView } from '../../src/wire/views.ts';
import { agreed, freshFolder, joinHouse, startHouse, submitJob, until } from './house.ts';

let house: RunningCoordinator | null = null;
const folders = [freshFolder(), freshFolder()];
const people: Volunteer[] = [];
afterEach(async () => {
  for (const { actions } of people.splice(0)) actions.leave();
  await house?.close();
  for (const { remove } of folders) remove();
});

it(
  '[AU7] volunteers in Node audit one another: counted, paid and told in one line',
  { timeout: 120_000 },
  async () => {
    // No lot leaves an audit to an anchor, since there is none.
    const auditorDice = (n: number): number => (n === 4 || n === 32 ? n - 1 : Math.floor(Math.random() * n));
    house = await startHouse({ graceMs: 0, auditorGroupsMin: 2, auditorDice });
    const token = house.operatorToken ?? '';
    // Of about 150 reference seconds, so that it does not end before both have a record.
    await submitJob(house, token, { units: 60_000, unitsPerChunk: 40, kPerUnit: 1 << 14, isAudited: true });
    for (const { path } of folders) people.push(joinHouse(house.url, path));
    expect(people.map(({ store }) => statusOf(store.getState())).join()).not.toContain('of others');
    await Promise.all(people.map(({ actions }) => actions.start(agreed)));
    const views = await Promise.all(
      people.map((one) => until(one, ({ checked }) => checked.audits >= 2, 100_000)),
    );
    for (const view of views) {
      const { checked, credit } = view;
      expect(statusOf(view)).toContain(`${view.units} units, ${checked.units} units of others checked`);
      // An audit is paid for at once; what else this visit earned is pending still.
      expect(checked.amountMicro).toBeGreaterThan(0);
      expect(credit.vestedMicro).toBeGreaterThanOrEqual(checked.amountMicro);
      expect(credit.sessionMicro).toBeGreaterThan(checked.amountMicro);
    }
    const checks = (await (await fetch(`${house.url}/api/checks`)).json()) as ChecksView;
    expect(checks.sharedWithPeople).toBe(true);
    expect(checks.auditsByPeople).toBeGreaterThanOrEqual(2);
    expect(checks.made).toMatchObject({ mismatches: 0 });
  },
);
