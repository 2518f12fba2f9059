/** Is the page a good host: by keyboard alone, to a visitor who is alone, over plain http, without WebGPU? */
import { describe, expect, it } from 'vitest';
import { boardWords } from '../../src/app/words/board.ts';
import { words } from '../../src/app/words/en.ts';
import { ownWords } from '../../src/app/words/own.ts';
import { launchFirefox, whyNo } from '../browser/browsers.ts';
import { freePort, holds, until } from './house.ts';
import { factoring, picture } from './orders.ts';
import { accountOn, pressStart } from './person.ts';
import type { Person, View } from './person.ts';
import { stage } from './stage.ts';

const { plain, heading } = words.work;
const own = ownWords.en;

/** Presses Tab until what has the focus is a button of that name. */
async function tabTo(person: Person, name: string): Promise<void> {
  const tabsMax = 60;
  for (let i = 0; i < tabsMax; i++) {
    if ((await focused(person)) === name) return;
    await person.page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${name}`);
}

function focused(person: Person): Promise<unknown> {
  return person.ask(`document.activeElement?.tagName === 'BUTTON' ? document.activeElement.textContent : ''`);
}

/** A worker hears of a pause within 200 ms, and may finish a chunk until then. */
const heardMs = 500;

/** Computing has stopped: the units done stay the same for longer than a pause takes to be heard. */
async function standing(person: Person): Promise<number> {
  let before = -1;
  return until('the page rests', async () => {
    await new Promise((later) => setTimeout(later, heardMs));
    const now = await person.units();
    const same = now === before;
    before = now;
    return same ? { is: now } : { not: `${now} units` };
  });
}

describe.skipIf(whyNo.chromium() !== null)('visitors', () => {
  const scene = stage();

  it('starts, pauses, continues and finishes by keyboard alone', async () => {
    const house = await scene.house();
    await house.door.submit(factoring(400, 100));
    const ona = await scene.person(house.door.url, { looks: true });
    await holds('Start can be pressed', () => ona.page.locator('button.loud').isEnabled());
    await tabTo(ona, words.start.start);
    await ona.page.keyboard.press('Enter');
    await ona.stands(heading.running);
    const account = await ona.account();
    await ona.computed(3);
    expect(await focused(ona)).toBe(words.start.pause);
    await ona.page.keyboard.press('Space');
    await ona.stands(heading.paused);
    expect(await ona.lede()).toBe(plain['paused-by-you']);
    const units = await standing(ona);
    const jonas = await scene.person(house.door.url);
    await jonas.computed(5);
    expect(await ona.units()).toBe(units);
    expect(await focused(ona)).toBe(words.start.resume);
    await ona.page.keyboard.press('Enter');
    await ona.stands(heading.running);
    await holds('it computes again', async () => (await ona.units()) > units);
    await tabTo(ona, words.start.finish);
    await ona.page.keyboard.press('Enter');
    await ona.stands(heading.finished, 30_000);
    expect(house.heldBy(account)).toBe(0);
    const told = await scene.told(house);
    expect(told.expired + told.misdeeds + told.refuted).toBe(0);
    const mine = told.of('returned').filter((event) => event.account === account);
    // On a busy machine the pause may outlast half of a lease, which is then given back for that.
    expect(new Set([...mine.map(({ why }) => why), 'paused'])).toEqual(new Set(['finished', 'paused']));
  });

  it('a lone visitor sees the work accepted through the anchor, and is told so', async () => {
    const house = await scene.house({ anchorShare: 1 });
    const { job, chunks } = await house.door.submit(factoring(6, 50));
    const ona = await scene.person(house.door.url);
    await ona.computed(chunks);
    await ona.says(plain['waiting-for-others']);
    expect((await house.door.job(job)).final).toBe(0);
    house.passMs(31_000);
    await house.door.finished(job, 40_000);
    await ona.says(own.tally.withAnchor(chunks, chunks));
    await ona.says(words.done.verifiedBy(chunks, 0, chunks));
    const account = await ona.account();
    const told = await scene.told(house);
    expect(told.settledWithAnchor).toBe(chunks);
    expect(told.paidMicro(account)).toBeGreaterThan(0);
    expect(told.misdeeds + told.refuted).toBe(0);
  });

  it('a lone visitor of an audited job, as the seeded ones are, does all of it beside an anchor with a quarter of a core, and is told who looked', async () => {
    const house = await scene.house({ anchorShare: 0.25 });
    const { job, chunks } = await house.door.submit({ ...factoring(6, 50), policy: { kind: 'audit' } });
    const ona = await scene.person(house.door.url);
    await ona.computed(chunks);
    await house.door.finished(job, 60_000);
    await ona.says(words.done.audited(chunks, 0));
    const account = await ona.account();
    const told = await scene.told(house);
    expect(told.settledWithAnchor).toBe(0);
    // It is paid for all of it, and for good; what was drawn the anchor has recomputed.
    expect(told.state.balances.get(`pending:${account}`)).toBeUndefined();
    expect(told.paidMicro(account)).toBeGreaterThan(0);
    expect(new Set(told.of('audited').map((event) => event.account))).toEqual(new Set(['anchor']));
    expect(told.misdeeds + told.refuted).toBe(0);
  });

  it('a picture under audit is seen while none of its tiles is verified yet', async () => {
    // Nobody is there who could audit: all stays provisional.
    const house = await scene.house();
    const { job, title } = await house.door.submit({ ...picture(64, 64, 1, 20), policy: { kind: 'audit' } });
    const ona = await scene.person(house.door.url);
    await ona.computed(2);
    await ona.page.getByRole('img', { name: words.cloth.picture(title) }).waitFor();
    const { accepted, final } = await house.door.job(job);
    expect(accepted).toBeGreaterThan(0);
    expect(final).toBe(0);
    // It is no empty one.
    const seen = await ona.ask(`(() => {
      const image = document.querySelector('.picture img');
      const { naturalWidth: width, naturalHeight: height } = image;
      const pen = new OffscreenCanvas(width, height).getContext('2d');
      pen.drawImage(image, 0, 0);
      return pen.getImageData(0, 0, width, height).data.some((value, at) => at % 4 === 3 && value > 0);
    })()`);
    expect(seen).toBe(true);
    expect((await scene.told(house)).misdeeds).toBe(0);
  });

  it('who has helped sets a name in the list, reads it there, and takes it away again', async () => {
    const house = await scene.house();
    // One answer alone counts under audit, and its credit stands in the list though it is pending.
    await house.door.submit({ ...factoring(400, 50), policy: { kind: 'audit' } });
    const ona = await scene.person(house.door.url);
    const account = await ona.account();
    await holds(
      'its work counts',
      () => (house.running.runtime.state.accounts.get(account)?.chunks ?? 0) > 0,
    );
    const b = boardWords.en;
    const { page } = ona;
    const inList = async (name: string): Promise<void> => {
      const shown = page.locator(`#row-${account} .person a`);
      await holds(`the list shows ${name}`, async () => (await shown.textContent()) === name, 15_000);
    };
    const unfolded = async (): Promise<void> => {
      await page.getByRole('button', { name: b.find }).click();
      await page.getByText(b.name, { exact: true }).click();
    };
    await page.goto(`${house.door.url}/leaderboard.html?lang=en`);
    await inList(account.slice(0, 6));
    await unfolded();
    await page.getByLabel(b.nameLabel).fill(' Ona of the green ');
    await page.getByRole('button', { name: b.nameSave }).click();
    await page.getByText(b.nameSaved).waitFor();
    await inList('Ona of the green');
    await page.reload();
    await inList('Ona of the green');
    await unfolded();
    expect(await page.getByLabel(b.nameLabel).inputValue()).toBe('Ona of the green');
    await page.getByRole('button', { name: b.nameDrop }).click();
    await page.getByText(b.nameDropped).waitFor();
    await inList(account.slice(0, 6));
    await page.reload();
    await inList(account.slice(0, 6));
    expect((await scene.told(house)).misdeeds).toBe(0);
  });

  it('who comes back goes on over the socket that was opened ahead, also where the page asks for the volunteer first', async () => {
    const house = await scene.house();
    await house.door.submit(factoring(400, 50));
    const ona = await scene.person(house.door.url);
    await ona.computed(1);
    // The lines in the page's head come no further than what they opened; the page is left to begin.
    const { page } = ona;
    await page.addInitScript(`Object.defineProperty(globalThis, 'talkaAhead', {
      set(ahead) { this.opened = ahead; throw new Error('no further'); },
      get() { return this.opened; },
    })`);
    let sockets = 0;
    page.on('websocket', () => (sockets += 1));
    await page.goto(`${house.door.url}/`);
    await ona.computed(1);
    expect(sockets).toBe(1);
    expect((await scene.told(house)).misdeeds).toBe(0);
  });

  it('over plain http the page says what is missing and computes with the cores', async () => {
    const port = await freePort();
    const url = `http://talka.test:${port}`;
    const house = await scene.house({ port, allowOrigins: [url], loopbackExempt: true });
    const { job, chunks } = await house.door.submit(factoring(16, 50));
    const browser = await scene.browser({
      webgpu: true,
      args: ['--host-resolver-rules=MAP talka.test 127.0.0.1'],
    });
    const ona = await scene.person(url, { browser });
    await ona.says(words.here.insecure);
    await ona.says(own.settings.gpuStates({ state: 'absent', why: 'insecure-origin' }));
    expect(await ona.ask('isSecureContext')).toBe(false);
    await scene.person(url, { browser });
    await house.door.finished(job);
    const told = await scene.told(house);
    expect(told.settlements.length).toBe(chunks);
    expect(told.misdeeds + told.refuted).toBe(0);
  });

  it('a browser with WebGPU and no graphics processor says so and computes with the cores', async () => {
    const house = await scene.house();
    const { job, chunks } = await house.door.submit(factoring(16, 50));
    const ona = await scene.person(house.door.url);
    await scene.person(house.door.url);
    expect(await ona.ask(`'gpu' in navigator`)).toBe(true);
    await ona.says(own.settings.gpuStates({ state: 'absent', why: 'no-adapter' }));
    await house.door.finished(job);
    const told = await scene.told(house);
    expect(told.settlements.length).toBe(chunks);
    expect(told.settlements.flatMap(({ backends }) => backends)).not.toContain('webgpu');
  });

  it.skipIf(whyNo.firefox() !== null)(
    'a browser without WebGPU says so before Start and after, and computes with the cores',
    async () => {
      const house = await scene.house();
      const { job, chunks } = await house.door.submit(factoring(16, 50));
      const firefox = await launchFirefox();
      try {
        const page = await firefox.newPage();
        const ona: View = { ask: (expression) => page.evaluate(expression) };
        const text = async (): Promise<string> =>
          String(await ona.ask(`document.querySelector('#page').textContent`));
        await page.goto(`${house.door.url}/?lang=en`);
        expect(await ona.ask(`'gpu' in navigator`)).toBe(false);
        await holds('it says so before Start', async () => (await text()).includes(words.cost.gpuAbsent));
        await pressStart(ona);
        const absent = own.settings.gpuStates({ state: 'absent', why: 'no-webgpu' });
        await holds('it says so after Start', async () => (await text()).includes(absent));
        const account = await accountOn(ona);
        await scene.person(house.door.url);
        await house.door.finished(job);
        const told = await scene.told(house);
        expect(told.settlements.filter(({ accounts }) => accounts.includes(account)).length).toBe(chunks);
      } finally {
        await firefox.close();
      }
    },
  );
});
