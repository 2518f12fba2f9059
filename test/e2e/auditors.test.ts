/** Do people check people: are drawn units of one computed again by another's page, counted, paid and shown; and is a liar found by a neighbour? */
import { describe, expect, it } from 'vitest';
import { checksWords } from '../../src/app/words/checks.ts';
import { auditingWords } from '../../src/app/words/auditing.ts';
import { judgedWords } from '../../src/app/words/judged.ts';
import { ownWords } from '../../src/app/words/own.ts';
import type { Event } from '../../src/core/state.ts';
import type { ChecksView } from '../../src/wire/views.ts';
import { whyNo } from '../browser/browsers.ts';
import { checksumAt, doctored } from './doctor.ts';
import { holds, until } from './house.ts';
import type { House } from './house.ts';
import { answersOf, factoring } from './orders.ts';
import type { Person } from './person.ts';
import { pressStart } from './person.ts';
import { stage } from './stage.ts';
import { eventsIn } from './told.ts';

const said = auditingWords.en;
type Audited = Extract<Event, { e: 'audited' }>;

/** What an account was paid for, by the log. */
async function auditedBy(house: House, account: string): Promise<Audited[]> {
  const events = await eventsIn(house.folder);
  return events.filter((event): event is Audited => event.e === 'audited' && event.account === account);
}

const unitsOf = (audits: readonly Audited[]): number =>
  audits.reduce((sum, { units }) => sum + units.length, 0);

/** How many units of others a page says that it checked. */
async function checkedOn(person: Person): Promise<number> {
  const notes = await person.page.locator('.tally .note').allTextContents();
  const note = notes.find((text) => text.startsWith('and checked ')) ?? 'and checked 0';
  return note.includes('one unit') ? 1 : Number(note.replace(/[^0-9]/g, ''));
}

const checks = async (house: House): Promise<ChecksView> =>
  (await (await fetch(`${house.door.url}/api/checks`)).json()) as ChecksView;

describe.skipIf(whyNo.chromium() !== null)('people check people', () => {
  const scene = stage();

  it('two neighbours recompute units of one another, are paid for it, and their pages say so', async () => {
    // One answer in two is looked at once more before it counts, so that this story has such answers too.
    const auditorDice = (n: number): number => Math.floor(Math.random() * (n === 32 ? 2 : n));
    const house = await scene.house({ anchorShare: 0.5, auditorGroupsMin: 2, auditorDice });
    const { url } = house.door;
    const policy = { kind: 'audit', windowUnits: 200, leaverUnits: 100 } as const;
    const order = { ...factoring(60, 200, 1 << 14), policy };
    const { job, units, unitCostMicro } = await house.door.submit(order);
    const pages = [await scene.person(url), await scene.person(url)];
    const accounts = await Promise.all(pages.map((page) => page.account()));
    let wasShared = false;
    await holds(
      'both have checked the other, and the view of checks, which may be some seconds old, says that it is so',
      async () => {
        wasShared ||= (await checks(house)).sharedWithPeople;
        return wasShared && (await Promise.all(pages.map(checkedOn))).every((count) => count > 0);
      },
      150_000,
    );
    const reader = await scene.person(url, { looks: true });
    await reader.page.goto(`${url}/checks?lang=en`);
    await reader.page
      .getByText(checksWords.en.now.byPeople(1, true, true).split('; ')[1] ?? '?')
      .waitFor({ timeout: 20_000 });
    await house.door.finished(job, 150_000);
    for (const [i, account] of accounts.entries())
      await until('the page tells what the log says', async () => {
        const [shown, logged] = [
          await checkedOn(pages[i] as Person),
          unitsOf(await auditedBy(house, account)),
        ];
        return shown === logged ? { is: shown } : { not: `${shown} on the page, ${logged} in the log` };
      });
    expect(await (pages[0] as Person).text()).toContain(said.note);
    // The last of them are made and counted after the job has ended, and what the page reads is some seconds old.
    await until('the checks count what the log says', async () => {
      const [{ auditsByPeople, made }, ...logged] = await Promise.all([
        checks(house),
        ...accounts.map((account) => auditedBy(house, account)),
      ]);
      expect(made.mismatches).toBe(0);
      const sum = logged.flat().length;
      return auditsByPeople === sum ? { is: sum } : { not: `${auditsByPeople} counted, ${sum} in the log` };
    });
    const results = await house.door.bytes(`/api/jobs/${job}/results.bin`);
    const told = await scene.told(house);
    expect(Buffer.compare(results, answersOf(order, units))).toBe(0);
    const byPeople = told.of('audited').filter(({ account }) => accounts.includes(account));
    expect(byPeople.length).toBeGreaterThan(0);
    for (const { account, chunk, units: drawn, entries, wrong } of byPeople) {
      const authors = told.settlements.find((one) => one.chunk === chunk)?.accounts ?? [];
      expect(authors).not.toContain(account);
      expect(authors.length).toBe(1);
      expect(wrong).toEqual([]);
      expect(entries.map(({ to, amountMicro }) => [to, amountMicro])).toEqual([
        [`vested:${account}`, drawn.length * unitCostMicro],
      ]);
    }
  });

  it('who lies is found by a neighbour, without any machine of the operator’s but the two engines that decide', async () => {
    // No anchor, and no lot that would leave an audit to one.
    const auditorDice = (n: number): number => (n === 4 || n === 32 ? n - 1 : Math.floor(Math.random() * n));
    const house = await scene.house({ anchorShare: 0, auditorGroupsMin: 1, auditorDice });
    const { url } = house.door;
    const policy = { kind: 'audit', windowUnits: 1e6, leaverUnits: 1e6 } as const;
    await house.door.submit({ ...factoring(60, 150, 1 << 13), policy });
    const good = await scene.person(url);
    const honest = await good.account();
    await holds(
      'the neighbour is no newcomer any more',
      () => (house.running.runtime.state.accounts.get(honest)?.earnedMicro ?? 0) > 5e6,
      90_000,
    );
    const order = { ...factoring(400, 60, 1 << 14), policy };
    await house.door.submit(order);
    const bad = await scene.person(url, { looks: true });
    await bad.context.route(/\/assets\/compute\.worker-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      const lie = `const size = real.run(unit); outputOf(size)[${checksumAt}] ^= 0xff; return size;`;
      await route.fulfill({ response, body: doctored(order.input, lie) + (await response.text()) });
    });
    await pressStart(bad);
    const liar = await bad.account();
    await bad.says(judgedWords.en.heading, 120_000);
    await holds('the neighbour’s page tells of it', async () => (await checkedOn(good)) > 0, 30_000);
    expect(await good.text()).toContain(ownWords.en.tally.heading);
    const told = await scene.told(house);
    const found = told.of('audited').filter(({ wrong }) => wrong.length > 0);
    expect(found.length).toBeGreaterThan(0);
    for (const { account, entries } of found) {
      expect(account).toBe(honest);
      expect(entries.map(({ to }) => to)).toEqual([`vested:${honest}`]);
    }
    expect(told.of('disproved').map(({ account }) => account)).toContain(liar);
    expect(told.of('disproved').map(({ account }) => account)).not.toContain(honest);
  });
});
