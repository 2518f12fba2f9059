/** Five hostile host pages: covering, scaling, auto-clicking, forging messages, hiding. None gets a consent, or work that its person does not see. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { cardWords } from '../../src/widget/words.ts';
import { words as later } from '../../src/widget/later-en.ts';
import { holds } from '../e2e/house.ts';
import { launchChromium, whyNo } from './browsers.ts';
import { orGone, Visitor, WidgetStage } from './widget-stage.ts';

const card = cardWords.en;
const { consent } = later;

const waiting = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe.skipIf(whyNo.chromium() !== null)('a hostile page', () => {
  let stage: WidgetStage;
  let browser: Browser;
  let visitors: Visitor[] = [];
  beforeAll(async () => {
    [stage, browser] = await Promise.all([WidgetStage.open(), launchChromium()]);
  });
  afterEach(async () => {
    for (const visitor of visitors) await visitor.close();
    visitors = [];
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  async function visit(body: string): Promise<Visitor> {
    const visitor = await Visitor.open(browser, stage.host.page(body));
    visitors.push(visitor);
    return visitor;
  }

  /** Where a button of the frame is seen in the page, whatever the page does to the frame. */
  async function placeOf(visitor: Visitor, name: string): Promise<{ x: number; y: number }> {
    const found = (await visitor.frame()).getByRole('button', { name, exact: true });
    const inside = await found.evaluate((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: (x + width / 2) / innerWidth, y: (y + height / 2) / innerHeight };
    });
    return visitor.page.evaluate(({ x, y }) => {
      const widget = document.querySelector('talka-widget')?.getBoundingClientRect() ?? new DOMRect();
      return { x: widget.x + x * widget.width, y: widget.y + y * widget.height };
    }, inside);
  }

  async function clickAt(visitor: Visitor, { x, y }: { x: number; y: number }): Promise<void> {
    await visitor.page.mouse.click(x, y);
  }

  /** Nobody agreed, by what the coordinator knows. */
  function nobody(): void {
    expect(stage.running.house.live().people).toBe(0);
    expect([...stage.running.runtime.state.devices.values()].filter(({ site }) => site !== null)).toEqual([]);
  }

  it('that covers the consent with a see-through bait gets no agreement by a click through it', async () => {
    // The bait lets clicks through: what is pressed is our button, what is seen is the page's.
    const bait = `<div style="position:fixed;inset:0;background:rgba(255,255,255,.98);pointer-events:none;display:none" id="bait">Win a bicycle: click here</div>`;
    const visitor = await visit(stage.tag() + bait);
    await visitor.press(card.look);
    const at = await placeOf(visitor, consent.agree);
    await visitor.page.evaluate(`bait.style.display = 'block'`);
    await waiting(900);
    await clickAt(visitor, at);
    await visitor.says(consent.covered, 10_000);
    nobody();
  });

  it('that uncovers it just before the click gets none either', async () => {
    const bait = `<div style="position:fixed;inset:0;background:white;pointer-events:none" id="bait">Double-click here</div>`;
    const visitor = await visit(stage.tag());
    await visitor.press(card.look);
    const at = await placeOf(visitor, consent.agree);
    await visitor.page.evaluate(`document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(bait)})`);
    await waiting(700);
    await visitor.page.evaluate(`bait.remove()`);
    await clickAt(visitor, at);
    await waiting(150);
    expect(await visitor.text()).toContain(consent.agree);
    nobody();
    // In plain view for long enough, the same click does it: the test could have failed.
    await waiting(1_100);
    await clickAt(visitor, at);
    await visitor.says(later.stop, 15_000);
    await visitor.press(later.stop);
    await visitor.says(later.stopped('', true)[0]);
    forget(stage);
  });

  it.each([
    ['scaled down to nothing that could be read', 'transform: scale(0.4)'],
    ['turned', 'transform: rotate(2deg)'],
    ['faded', 'opacity: 0.1'],
    ['blurred', 'filter: blur(3px)'],
  ])('that shows it %s gets no agreement', async (_, style) => {
    const visitor = await visit(`<div style="${style};transform-origin:0 0">${stage.tag()}</div>`);
    await visitor.says(card.invite);
    await clickAt(visitor, await placeOf(visitor, card.look));
    const at = await placeOf(visitor, consent.agree);
    await waiting(1_200);
    await clickAt(visitor, at);
    await visitor.says(consent.covered, 10_000);
    nobody();
  });

  it('that shows half of it gets no agreement', async () => {
    const visitor = await visit(
      `<div style="height:200px;overflow:hidden"><div style="margin-top:-132px">${stage.tag()}</div></div>`,
    );
    // The card's button lies in the half that is shown.
    await visitor.says(card.invite);
    await clickAt(visitor, await placeOf(visitor, card.look));
    const at = await placeOf(visitor, consent.agree);
    await waiting(1_200);
    await clickAt(visitor, at);
    await visitor.says(consent.covered, 10_000);
    nobody();
  });

  it('that clicks by itself reaches nothing in the frame', async () => {
    const visitor = await visit(`${stage.tag()}<script>
      window.tried = 0; window.reached = 0;
      setInterval(() => {
        const widget = document.querySelector('talka-widget');
        for (const target of [widget, document.elementFromPoint(100, 280), document.activeElement]) {
          if (!target) continue;
          for (const type of ['pointerdown', 'mousedown', 'mouseup', 'click'])
            target.dispatchEvent(new MouseEvent(type, { bubbles: true, composed: true, clientX: 100, clientY: 280 }));
          target.focus?.(); target.click?.();
          for (const key of ['Enter', ' '])
            target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true }));
          tried++;
        }
        for (const one of Array.from({ length: frames.length }, (_, i) => frames[i])) {
          try { one.document.querySelector('button').click(); reached++; } catch {}
        }
      }, 50);
    </script>`);
    await visitor.says(card.invite);
    await waiting(1_000);
    expect(await visitor.text()).toContain(card.look);
    await visitor.press(card.look);
    await waiting(2_000);
    expect(await visitor.text()).toContain(consent.agree);
    expect(await visitor.page.evaluate('tried')).toBeGreaterThan(20);
    expect(await visitor.page.evaluate('reached')).toBe(0);
    nobody();
  });

  it('that forges messages starts nothing, and cannot speak for the window in which people agree', async () => {
    const visitor = await visit(`${stage.tag()}<script>
      const words = [
        { talka: 1, agreed: true, cores: 64 }, { talka: 1, do: 'start' }, { talka: 1, do: 'resume' }, { talka: 1, do: 'agree' },
        { talka: 2, do: 'pause' }, { talka: 1, is: 'state', state: 'working' }, 'resume', null, [], { agreed: true },
      ];
      setInterval(() => { for (const word of words) for (let i = 0; i < frames.length; i++) frames[i].postMessage(word, '*'); }, 50);
      // And a window of its own that shows our consent: it answers our frames alone, not whoever opened it.
      window.told = [];
      addEventListener('message', ({ data, origin }) => { if (data?.agreed !== undefined) told.push([origin, data]); });
      window.bait = () => window.open('${stage.running.url}/embed/consent?site=${stage.host.key}&from=${stage.host.origin}');
    </script>`);
    await visitor.says(card.invite);
    await waiting(500);
    await visitor.press(card.look);
    await visitor.says(consent.title);
    await waiting(1_000);
    expect(await visitor.text()).toContain(consent.agree);
    const [popup] = await Promise.all([
      visitor.context.waitForEvent('page'),
      visitor.page.evaluate('void bait()'),
    ]);
    await popup.bringToFront();
    await orGone(popup, popup.getByRole('button', { name: consent.agree }).click());
    await waiting(500);
    expect(await visitor.page.evaluate('told')).toEqual([]);
    nobody();
    // The element believes its own frame alone.
    await visitor.page.evaluate(`postMessage({ talka: 1, is: 'state', state: 'working' }, '*')`);
    await waiting(200);
    expect(await visitor.page.evaluate(`document.querySelector('talka-widget').state`)).toBe('consent');
  });

  it('that hides it once it works gets ten seconds, and it goes on when it is seen again', async () => {
    const visitor = await visit(`<div id="room">${stage.tag()}</div>`);
    await visitor.agree(card.look, consent.agree);
    await visitor.computes(2);
    for (const style of ['opacity: 0', 'transform: translateX(-5000px)', 'visibility: hidden']) {
      await visitor.page.evaluate(`room.style.cssText = '${style}'`);
      await holds('it rests', async () => (await allText(visitor)).includes(later.standing.unseen), 20_000);
      // What was computed by then is still on its way, and counted when it arrives.
      await waiting(1_500);
      const before = await visitor.chunks();
      await waiting(1_500);
      expect((await visitor.chunks()) - before).toBe(0);
      await visitor.page.evaluate(`room.style.cssText = ''`);
      await visitor.computes(1);
    }
    await visitor.press(later.stop);
    forget(stage);
  });
});

/** All that the widget has in it, seen or not. */
async function allText(visitor: Visitor): Promise<string> {
  return (await (await visitor.frame()).locator('body').textContent()) ?? '';
}

/** Lets later tests of this file see a coordinator that nobody came to by a site. */
function forget(stage: WidgetStage): void {
  const { devices } = stage.running.runtime.state;
  for (const [id, { site }] of devices) if (site !== null) devices.delete(id);
}
