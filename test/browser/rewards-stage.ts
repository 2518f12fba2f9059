/** A stage for tests of the reward page: the built pages on a real coordinator with two sealed epochs, earned there, and Chromium. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Claim } from '../../src/wire/epochs.ts';
import type { JobView, SiteView } from '../../src/wire/views.ts';
import { cheapInput, cheapShelf } from '../coordinator/cheap.ts';
import { started } from '../coordinator/started.ts';
import type { Started } from '../coordinator/started.ts';
import { right, shelf, submit, until, works } from '../coordinator/under-audit.ts';
import { answerOf, identity, outputsOf, Scripted } from '../coordinator/volunteer.ts';
import type { Identity } from '../coordinator/volunteer.ts';
import { launchChromium } from './browsers.ts';
import { buildPages } from './pages-build.ts';

export interface RewardsStage {
  readonly house: Started;
  readonly browser: Browser;
  /** Worked under audit, in epoch 1 alone: its receipts are public. */
  readonly audited: string;
  /** Came by a partner's site, in both epochs. */
  readonly byPaper: string;
  /** As a person gets it. */
  claim(number: number, account: string): Promise<Claim>;
  /** The reward page; `hash` as in its address. */
  open(hash?: string, language?: string, options?: BrowserContextOptions): Promise<Page>;
  end(): Promise<void>;
}

const paper = 'https://paper.example';
const kernel = 'cheap@1';

/** Computes a whole job of so many cheap units, final at once. */
async function cheap(house: Started, who: Identity, units: number, site: SiteView | null): Promise<void> {
  const query = site === null ? '' : `?from=${encodeURIComponent(paper)}`;
  const job = await house.job({ units, unitsPerChunk: units, quorum: 1 });
  const one = new Scripted(house.url, who, {}, query);
  await one.signIn({ site: site?.key ?? null });
  const { lease } = await one.leaseOf(kernel);
  one.commit([answerOf(job.job, 'exact', lease, 0, outputsOf(cheapInput(units), 0, units))]);
  await one.settled(lease);
  one.ws.close();
}

async function seal(house: Started, wish: object): Promise<void> {
  const answer = await house.operator('/epochs', wish);
  if (answer.status !== 201) throw new Error(await answer.text());
}

/** `sealed`: how many epochs. */
export async function openRewardsStage(sealed: 0 | 2): Promise<RewardsStage> {
  const [built, browser] = await Promise.all([buildPages(), launchChromium()]);
  const house = await started({
    shelf: new Map([...shelf, ...cheapShelf]),
    anchorShare: 1,
    webDir: built.folder,
    loopbackExempt: true,
  });
  const [auditedOne, byPaper] = [identity(), identity()];
  const job = (await (await submit(house)).json()) as JobView;
  const one = new Scripted(house.url, auditedOne);
  await one.signIn();
  await works(one, job, right, job.chunks);
  await until(house, job, ({ state }) => state === 'finished');
  one.ws.close();
  if (sealed > 0) {
    const answer = await house.operator('/sites', { origins: [paper] });
    const site = (await answer.json()) as SiteView;
    await cheap(house, byPaper, 40, site);
    for (let i = 0; i < 9; i++) await cheap(house, identity(), 3 + i, null);
    await seal(house, {});
    await cheap(house, byPaper, 7, site);
    for (let i = 0; i < 3; i++) await cheap(house, identity(), 2, null);
    await seal(house, { budgetMicro: '1000000000' });
    await cheap(house, byPaper, 5, site);
  }
  return {
    house,
    browser,
    audited: auditedOne.account,
    byPaper: byPaper.account,
    claim: async (number, account) =>
      (await (await house.call(`/api/epochs/${number}/rows/${account}`)).json()) as Claim,
    open: async (hash = '', language = 'en', options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      await page.goto(`${house.url}/rewards.html?lang=${language}${hash}`);
      await page.locator('#open').waitFor();
      await page.locator('footer').waitFor();
      return page;
    },
    end: async () => {
      await browser.close();
      await house.close();
      built.remove();
    },
  };
}
