/** Does the page about checks tell of a real coordinator what really happened there: a job under audits, computed by a volunteer, audited by the anchor? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeChecks } from '../../src/app/checks/decode.ts';
import { checksWords } from '../../src/app/words/checks.ts';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { encodeInput } from '../../src/kernels/mersenne-tf/index.ts';
import type { ChecksView } from '../../src/wire/views.ts';
import { agreed, freshFolder, joinHouse, startHouse } from '../volunteer/house.ts';
import { launchChromium, whyNo } from './browsers.ts';
import { buildPages } from './pages-build.ts';
import type { BuiltPages } from './pages-build.ts';

const title = 'A sum under audits';

/** Submits a small job as an operator does who chose audits. */
async function submitAudited(house: RunningCoordinator, units: number): Promise<void> {
  const post = async (path: string, body: string | Uint8Array<ArrayBuffer>): Promise<unknown> => {
    const headers = { authorization: `Bearer ${house.operatorToken}`, 'content-type': 'application/json' };
    const answer = await fetch(`${house.url}/api/operator${path}`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const input = encodeInput({ exponent: 332198467, kFrom: 1n << 32n, kPerUnit: 1 << 14, units });
  const { digest } = (await post('/blobs', new Uint8Array(input))) as { digest: string };
  await post('/fund', JSON.stringify({ account: 'operator', amountMicro: 1e12 }));
  const wish = { kernel: 'mersenne-tf@1', input: digest, title, cause: 'a test', unitsPerChunk: 8 };
  await post('/jobs', JSON.stringify({ ...wish, policy: { kind: 'audit' } }));
}

describe.skipIf(whyNo.chromium() !== null)('the page about checks on a real coordinator', () => {
  let built: BuiltPages;
  let house: RunningCoordinator;
  const folder = freshFolder();
  beforeAll(async () => {
    built = await buildPages();
    house = await startHouse({ graceMs: 0, webDir: built.folder, anchorShare: 0.5 });
    await submitAudited(house, 400);
  });
  afterAll(async () => {
    await house?.close();
    built?.remove();
    folder.remove();
  });

  const checks = async (): Promise<ChecksView> =>
    decodeChecks(await (await fetch(`${house.url}/api/checks`)).json());

  it('tells its job before, and what audits came to after', async () => {
    const browser = await launchChromium();
    const page = await browser.newPage();
    await page.goto(`${house.url}/checks?lang=en`);
    await page.locator('.now').waitFor();
    expect(await page.locator('.so-far').textContent()).toBe(checksWords.en.none);
    const job = (await page.locator('.checked li').textContent()) ?? '';
    for (const said of [title, checksWords.en.policies.name('audit', 1), '0 of 50 chunks final'])
      expect(job).toContain(said);
    const volunteer = joinHouse(house.url, folder.path);
    await volunteer.actions.start(agreed);
    // The view is kept for two seconds.
    await expect.poll(async () => (await checks()).jobs, { timeout: 60_000 }).toEqual([]);
    await volunteer.actions.finish();
    const { made, paid } = await checks();
    expect(made.audits).toBeGreaterThan(0);
    expect(made).toMatchObject({ mismatches: 0, voidedChunks: 0, suspended: 0, banned: 0 });
    // One who computes all there is and goes is looked at until enough units were drawn.
    expect(paid.redundancy).toBeCloseTo(1 + made.units / 400, 9);
    await page.getByText(checksWords.en.soFar(made.audits, made.units, 0)).waitFor({ timeout: 20_000 });
    expect(await page.locator('.checked').textContent()).toContain(checksWords.en.jobs.none);
    await browser.close();
  });
});
