/** The five hostile pages in Firefox, which does not tell what covers a frame: there no frame ever shows a consent, so there is none to cover. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Frame, Page } from 'puppeteer-core';
import { words as consent } from '../../src/widget/consent-en.ts';
import { words as later } from '../../src/widget/later-en.ts';
import { cardWords } from '../../src/widget/words.ts';
import { holds, until } from '../e2e/house.ts';
import { launchFirefox, whyNo } from './browsers.ts';
import { orGone, WidgetStage } from './widget-stage.ts';

const card = cardWords.en;

const waiting = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const textOf = (where: Frame | Page): Promise<string> =>
  // A page that is on its way has no body yet.
  where.evaluate(() => (document.body as HTMLElement | null)?.textContent ?? '');

/** Presses a button by its name, once it can be pressed. */
async function press(where: Frame | Page, name: string): Promise<void> {
  const button = await until(`${name} can be pressed`, async () => {
    for (const one of await where.$$('button')) {
      const found = await one.evaluate(
        (element, wanted) => element.textContent === wanted && !element.disabled,
        name,
      );
      if (found) return { is: one };
    }
    return { not: (await textOf(where)).slice(-200) };
  });
  await orGone(where, button.click());
}

describe.skipIf(whyNo.firefox() !== null)('a hostile page, in Firefox', () => {
  let stage: WidgetStage;
  let firefox: Browser;
  let pages: Page[] = [];
  beforeAll(async () => {
    [stage, firefox] = await Promise.all([WidgetStage.open(), launchFirefox(4)]);
  });
  afterEach(async () => {
    for (const page of pages) if (!page.isClosed()) await page.close();
    pages = [];
  });
  afterAll(async () => {
    await firefox?.close();
    await stage?.close();
  });

  async function visit(url: string, says = card.invite): Promise<{ page: Page; frame: Frame }> {
    const page = await firefox.newPage();
    pages.push(page);
    await page.goto(url);
    return { page, frame: await frameOf(page, says) };
  }

  /** The widget's frame, once it says so. */
  function frameOf(page: Page, says: string): Promise<Frame> {
    return until('the widget’s frame is there', async () => {
      const found = page.frames().find((one) => one.url().includes('/embed/frame'));
      const text = found === undefined ? '' : await textOf(found);
      return found !== undefined && text.includes(says) ? { is: found } : { not: text.slice(0, 200) };
    });
  }

  /** Presses the card's button, and gives the window that opens. */
  async function opening(page: Page, frame: Frame): Promise<Page> {
    const coming = new Promise<Page>((done) => {
      firefox.once(
        'targetcreated',
        (target) => void target.page().then((found) => found !== null && done(found)),
      );
    });
    await page.bringToFront();
    await press(frame, card.look);
    const opened = await coming;
    pages.push(opened);
    await holds('the consent is in the window', async () => (await textOf(opened)).includes(consent.title));
    return opened;
  }

  it('that covers, scales, clicks by itself and forges messages finds no consent in the frame, and starts nothing', async () => {
    const { page, frame } = await visit(
      stage.host.page(`<div id="room" style="transform-origin:0 0">${stage.tag()}</div><script>
      const words = [{ talka: 1, agreed: true, cores: 64 }, { talka: 1, do: 'resume' }, { talka: 1, do: 'start' }, { agreed: true }];
      setInterval(() => {
        for (let i = 0; i < frames.length; i++) for (const word of words) frames[i].postMessage(word, '*');
        const widget = document.querySelector('talka-widget');
        for (const type of ['mousedown', 'mouseup', 'click'])
          widget.dispatchEvent(new MouseEvent(type, { bubbles: true, composed: true, clientX: 80, clientY: 290 }));
        widget.focus(); widget.click();
      }, 50);
    </script>`),
    );
    const opened = await opening(page, frame);
    await page.evaluate(() => {
      const room = document.querySelector<HTMLElement>('#room');
      if (room !== null) room.style.transform = 'scale(0.4)';
      document.body.insertAdjacentHTML(
        'beforeend',
        '<div style="position:fixed;inset:0;background:white;pointer-events:none">Click here</div>',
      );
    });
    await waiting(1_500);
    expect(await textOf(frame)).toContain(card.inWindow);
    expect(await textOf(frame)).not.toContain(consent.agree);
    expect(stage.running.house.live().people).toBe(0);
    // The window itself asks for as much patience as the frame would.
    await opened.bringToFront();
    await press(opened, consent.decline);
    await holds('the card is back', async () => (await textOf(frame)).includes(card.invite));
    expect(stage.running.house.live().people).toBe(0);
  });

  it('that takes it away once it works gets ten seconds, and it goes on when it is back', async () => {
    const url = stage.host.page(`<div id="room">${stage.tag()}</div>`);
    const { page, frame } = await visit(url);
    const opened = await opening(page, frame);
    await opened.bringToFront();
    await press(opened, consent.agree);
    await page.bringToFront();
    const chunks = async (): Promise<number> => Number(/(\d+) chunk/.exec(await textOf(frame))?.[1] ?? 0);
    await holds('it computes', async () => (await chunks()) >= 3);
    await page.evaluate(`room.style.transform = 'translateX(-5000px)'`);
    await holds('it rests', async () => (await textOf(frame)).includes(later.standing.unseen), 25_000);
    // What was computed by then is still on its way, and counted when it arrives.
    await waiting(1_500);
    const before = await chunks();
    await waiting(1_500);
    expect((await chunks()) - before).toBe(0);
    await page.evaluate(`room.style.transform = ''`);
    await holds('it computes again', async () => (await chunks()) > before + 1);
    // In this tab it goes on by itself; in another one, whose page might hide it from the beginning, it asks.
    await page.reload();
    const again = await frameOf(page, card.stop);
    const other = await visit(url, card.stillHolds);
    await waiting(1_500);
    expect(await textOf(other.frame)).toContain(card.stillHolds);
    await page.bringToFront();
    await press(again, card.stop);
    await holds('it has stopped', async () => (await textOf(again)).includes(later.stopped('', true)[0]));
  });
});
