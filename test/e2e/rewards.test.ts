/** What does credit come to? Somebody computes, an epoch is sealed when its day has come, and row, proof and certificate are checked. */
import { describe, expect, it } from 'vitest';
import { rewardWords } from '../../src/app/words/rewards.ts';
import { whyNo } from '../browser/browsers.ts';
import { factoring } from './orders.ts';
import { downloaded, epochsOf, findsOwnRow, provenByCommand, sealedBySchedule, talka } from './sealed.ts';
import { stage } from './stage.ts';

const weekMs = 7 * 86_400_000;
const r = rewardWords.en;

describe.skipIf(whyNo.chromium() !== null)('what credit comes to', () => {
  const scene = stage();

  it('is sealed when its day has come, found by who earned it, checked in the page and by the command', async () => {
    const house = await scene.house({ anchorShare: 1, epochEveryMs: weekMs });
    // All that is left of who goes is recomputed: no chance takes part in this story.
    const policy = { kind: 'audit', windowUnits: 1e6, leaverUnits: 1e6 } as const;
    const { job } = await house.door.submit({ ...factoring(6, 60, 1 << 14), policy });
    const [ada, ben] = [await scene.person(house.door.url), await scene.person(house.door.url)];
    await house.door.finished(job);
    const account = await ada.account();
    const { open } = await epochsOf(house);
    expect(BigInt(open.vestedMicro)).toBeGreaterThan(0n);
    expect(open.dueAt).toBe((open.fromAt ?? 0) + weekMs);
    await sealedBySchedule(house, 1, weekMs);
    const claim = await findsOwnRow(ada, house, account, 1);
    expect(claim.row.amountMicro).toBe(claim.row.creditMicro);
    // Its credit is shown by receipts that the log has, to the last microcredit.
    await ada.page.locator('.sources li').first().waitFor();
    expect(await ada.page.locator('.epoch-row').textContent()).toMatch(/come to [\d.]+ credits: all of it\./);
    const key = house.running.house.keys.coordinator.publicText;
    await provenByCommand(await downloaded(house, 1, account), key);
    // The certificate goes to somebody else, who lays it down on the page of another browser.
    const [file] = await Promise.all([
      ada.page.waitForEvent('download'),
      ada.page.getByRole('button', { name: r.claim.certificate }).click(),
    ]);
    const { page } = ben;
    await page.goto(`${house.door.url}/rewards.html?lang=en`);
    await page.locator('input[type=file]').setInputFiles(await file.path());
    await page.locator('#laid-outcome').waitFor();
    expect(await page.locator('#laid-outcome').textContent()).toBe(r.proof.holds);
    expect(await page.locator('.laid-found').textContent()).toContain(account);
    // What is sealed is sealed once: the operator finds nothing more to seal.
    const again = await talka(['epoch', 'seal', '--url', house.door.url], {
      TALKA_TOKEN: house.running.operatorToken ?? '',
    });
    expect([again.code, again.out]).toEqual([
      1,
      'talka: nothing was sealed: nothing vested in this period\n',
    ]);
    const told = await scene.told(house);
    const [sealed] = told.of('epochSealed');
    const paid = [...told.state.balances].filter(([name]) => /^vested:(?!anchor$)/.test(name));
    expect(sealed?.totalMicro).toBe(String(paid.reduce((sum, [, micro]) => sum + micro, 0n)));
    expect(sealed?.root).toBe(claim.epoch.root);
  });
});
