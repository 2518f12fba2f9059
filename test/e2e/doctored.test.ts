/** Is a doctored volunteer caught, a real page whose program was patched, however it lies; and is the result what honest people would have made? */
import { describe, expect, it } from 'vitest';
import { words } from '../../src/app/words/en.ts';
import { judgedWords } from '../../src/app/words/judged.ts';
import { accidentChunks } from '../../src/core/trust.ts';
import type { ObjectionView } from '../../src/wire/objections.ts';
import { whyNo } from '../browser/browsers.ts';
import { checksumAt, doctored } from './doctor.ts';
import { holds } from './house.ts';
import { answersOf, factoring } from './orders.ts';
import type { Person } from './person.ts';
import { pressStart } from './person.ts';
import { stage } from './stage.ts';

/** Whoever leaves, or whose job is all given out, has every unit recomputed: no chance takes part in the story. */
const whole = { kind: 'audit', windowUnits: 1e6, leaverUnits: 1e6 } as const;
/** What a requester gets who names no numbers: of so small jobs 48 units of a leaver's, at least, are recomputed. */
const usual = { kind: 'audit' } as const;
const orders = {
  /** Of 3,828 units. */
  large: factoring(12, 60, 1 << 14),
  /** Of 44 units, so that all are recomputed under the usual terms too: four chunks of eleven. */
  small: factoring(4, 80, 1 << 20),
};
const oneInEleven = `const size = real.run(unit); if (Number(unit) % 11 === 3) outputOf(size)[${checksumAt}] ^= 1; return size;`;

/**
 * Three ways to lie, each in every chunk: made up throughout, one unit in many, and the answer of another unit instead of the work. Under the
 * usual terms who makes everything up has no right answer for any unit that is drawn, and who is wrong in every other unit is right in 48 with
 * probability 4·10⁻¹⁵. One unit in eleven of the large job would pass in four stories of a thousand (some sixty units are drawn of it), so
 * there every unit is recomputed; of the small one all are in any case.
 */
const lies = [
  {
    how: 'makes every answer up, under the usual terms',
    bend: `const size = real.run(unit); outputOf(size)[${checksumAt}] ^= 0xff; return size;`,
    order: { ...orders.large, policy: usual },
  },
  {
    how: 'falsifies one unit in eleven',
    bend: oneInEleven,
    order: { ...orders.large, policy: whole },
  },
  {
    how: 'falsifies one unit in eleven of a small job, under the usual terms',
    bend: oneInEleven,
    order: { ...orders.small, policy: usual },
  },
  {
    how: 'computes one unit in two and says the same again for the other, under the usual terms',
    bend: `
      if (seen.bytes !== null && Number(unit) % 2 === 1) {
        outputOf(seen.length).set(seen.bytes);
        return seen.length;
      }
      const size = real.run(unit);
      // An answer that names a factor would be found out at the door if another unit gave it.
      if (size === plainBytes) {
        seen.length = size;
        seen.bytes = outputOf(size).slice();
      }
      return size;`,
    order: { ...orders.large, policy: usual },
  },
];

describe.skipIf(whyNo.chromium() !== null)('a doctored volunteer', () => {
  const scene = stage();

  async function liar(url: string, input: Uint8Array, bend: string): Promise<Person> {
    const person = await scene.person(url, { looks: true });
    await person.context.route(/\/assets\/compute\.worker-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: doctored(input, bend) + (await response.text()) });
    });
    await pressStart(person);
    return person;
  }

  it.for(lies)(
    'who $how is caught; its credit is void, its work is done again, and the result is right',
    async ({ bend, order }) => {
      const house = await scene.house({ anchorShare: 1 });
      const { job, units } = await house.door.submit(order);
      const { policy } = house.running.runtime.state.jobs.get(job)?.spec ?? {};
      expect(policy).toMatchObject({ leaverUnits: order.policy === usual ? 48 : whole.leaverUnits });
      const bad = await liar(house.door.url, order.input, bend);
      const account = await bad.account();
      await bad.says(judgedWords.en.heading, 90_000);
      await holds('its work is free again', async () => (await house.door.job(job)).free > 0, 30_000);
      // Suspended at first; then its other work is examined. Who was found out before it had answered more stays suspended.
      await holds(
        'all that it answered is void, or too much of it was',
        async () =>
          (await bad.text()).includes(words.work.plain.banned) || (await house.door.job(job)).accepted === 0,
        60_000,
      );
      const good = await scene.person(house.door.url);
      await house.door.finished(job);
      const results = await house.door.bytes(`/api/jobs/${job}/results.bin`);
      const honest = await good.account();
      const told = await scene.told(house);
      const balance = (name: 'pending' | 'vested', who: string): bigint =>
        told.state.balances.get(`${name}:${who}`) ?? 0n;
      expect(Buffer.compare(results, answersOf(order, units))).toBe(0);
      expect([balance('pending', account), balance('vested', account)]).toEqual([0n, 0n]);
      expect(balance('vested', honest)).toBeGreaterThan(0n);
      const [fault] = told.of('disproved');
      expect(fault).toMatchObject({ account, consequence: 'suspend' });
      const answered = told
        .of('accepted')
        .filter(({ winners }) => winners.some((one) => one.account === account)).length;
      expect(told.of('disproved').map(({ consequence }) => consequence)).toEqual(
        answered > accidentChunks ? ['suspend', 'ban'] : ['suspend'],
      );
      expect(fault?.right.length).toBe(fault?.wrong.length);
      const voided = told.of('voided');
      expect(voided.every((event) => event.account === account)).toBe(true);
      // There was something to void: it was pending, and went back.
      const back = voided.flatMap(({ entries }) => entries.map(({ from }) => from));
      expect(back.length).toBeGreaterThan(0);
      expect(new Set(back)).toEqual(new Set([`pending:${account}`]));
    },
  );

  it('whose machine erred once keeps what was right, says that it is sound, and reads another day what the operator answered', async () => {
    const house = await scene.house({ anchorShare: 1 });
    const { url } = house.door;
    const order = { ...orders.large, policy: whole };
    const once = `const size = real.run(unit); if (Number(unit) === 130) outputOf(size)[${checksumAt}] ^= 1; return size;`;
    const { job } = await house.door.submit(order);
    const person = await liar(url, order.input, once);
    const account = await person.account();
    const j = judgedWords.en;
    await person.says(j.heading, 90_000);
    await person.page.getByText(j.object, { exact: true }).click();
    await person.page.locator('.objecting textarea').fill('My machine is sound.');
    await person.page.getByRole('button', { name: j.send }).click();
    await person.says(j.sent);
    await person.says(j.yours);
    const asOperator = { authorization: `Bearer ${house.running.operatorToken ?? ''}` };
    const listed = await fetch(`${url}/api/operator/objections`, { headers: asOperator });
    const { objections } = (await listed.json()) as { objections: ObjectionView[] };
    const [objection] = objections;
    expect(objection).toMatchObject({ account, text: 'My machine is sound.', phase: 'suspended' });
    const { wrong = [], right = [], claimed } = objection?.evidence ?? {};
    expect([wrong.length > 0, right.length, claimed?.length]).toEqual([true, wrong.length, wrong.length]);
    // On the wire a digest of an exact kernel has eight bytes; this liar changed each answer.
    expect(right.filter((digest, i) => digest.startsWith(claimed?.[i] ?? ''))).toEqual([]);
    const shown = await person.page.locator('.digests').textContent();
    for (const digest of [...right, ...(claimed ?? [])]) expect(shown).toContain(digest);
    await fetch(`${url}/api/operator/objections/${objection?.id}`, {
      method: 'POST',
      headers: asOperator,
      body: JSON.stringify({ answer: 'Three engines say otherwise.', readmit: false }),
    });
    // The unit may have been drawn while it was still at work: then it was sent away before it had answered everything.
    const isSettled = async (): Promise<boolean> => {
      const { accepted, final } = await house.door.job(job);
      return accepted === 0 && final > 0;
    };
    await holds('all that it answered is final or void', isSettled, 60_000);
    await person.page.reload();
    await person.says('Three engines say otherwise.', 60_000);
    expect(await person.page.locator('.judged').count()).toBe(1);
    const told = await scene.told(house);
    expect(told.of('disproved').map(({ consequence }) => consequence)).toEqual(['suspend']);
    const { chunk } = objection ?? { chunk: -1 };
    expect(told.of('voided').map(({ chunks }) => chunks)).toEqual([[chunk, chunk + 1]]);
    expect(told.state.jobs.get(job)?.finalChunks).toBe(told.of('accepted').length - 1);
    expect(told.state.balances.get(`vested:${account}`)).toBeGreaterThan(0n);
  });
});
