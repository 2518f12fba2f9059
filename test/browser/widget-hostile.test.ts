/** Five hostile host pages: covering, scaling, auto-clicking, forging messages, hiding. None gets a consent, or work that its person does not see. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { cardWords } from '../../src/widget/words.ts';
import { words as consent } from '../../src/widget/consent-en.ts';
import { words as later } from '../../src/widget/later-en.ts';
import { holds } from '../e2e/house.ts';
import { launchChromium, whyNo } from './browsers.ts';
import { plainMs } from '../../src/widget/agreeing.ts';
import { orGone, Visitor, WidgetStage } from './widget-stage.ts';

const card = cardWords.en;

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

  it('that covers the card gets a window opened at most, and there no second of two clicks agrees', async () => {
    // The bait lets clicks through: what is pressed is our button, what is seen is the page's.
    const bait = `<div style="position:fixed;inset:0;background:white;pointer-events:none">Win a bicycle: double-click here</div>`;
    const visitor = await visit(stage.tag() + bait);
    await visitor.says(card.invite);
    await waiting(700);
    const at = await placeOf(visitor, card.look);
    const [opened] = await Promise.all([visitor.context.waitForEvent('page'), clickAt(visitor, at)]);
    const yes = opened.getByRole('button', { name: consent.agree });
    const place = await yes.boundingBox();
    await opened.mouse.click((place?.x ?? 0) + 9, (place?.y ?? 0) + 9);
    expect(await opened.locator('body').innerText()).toContain(new URL(stage.host.origin).host);
    expect(opened.isClosed()).toBe(false);
    nobody();
    // In plain view for long enough, the same click does it: the test could have failed.
    await waiting(plainMs + 300);
    await orGone(opened, opened.mouse.click((place?.x ?? 0) + 9, (place?.y ?? 0) + 9));
    await holds('somebody works', () => stage.running.house.live().people === 1);
    await visitor.close();
    await holds('nobody works', () => stage.running.house.live().people === 0);
    forget(stage);
  });

  it('that scales, turns, fades, masks, zooms, cuts or shrinks it finds no consent in the frame to do it to', async () => {
    const visitor = await visit(`<style id="bent"></style><div id="room">${stage.tag()}</div>`);
    const opened = await visitor.asks(card.look);
    await visitor.says(card.inWindow);
    const frame = await visitor.frame();
    for (const style of [
      '#room { transform: scale(0.4) }',
      '#room { transform: rotate(2deg); opacity: 0.1 }',
      '#room { mask-image: linear-gradient(transparent 70%, black 70%) }',
      '#room { zoom: 0.3 }',
      '#room { clip-path: inset(250px 0 0 0) }',
      'talka-widget { height: 64px !important }',
    ]) {
      await visitor.page.evaluate(`bent.textContent = '${style}'`);
      for (const name of await frame.getByRole('button').allInnerTexts())
        expect([card.reopen, card.decline]).toContain(name);
      expect(await frame.locator('body').innerText()).not.toContain(consent.title);
    }
    nobody();
    // Nothing of the page is in the window, and it says no for good.
    expect(new URL(opened.url()).origin).toBe(stage.running.url);
    await orGone(opened, opened.getByRole('button', { name: consent.decline }).click());
    await visitor.says(card.invite);
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
    const opened = await visitor.asks(card.look);
    await waiting(1_500);
    expect(await opened.locator('body').innerText()).toContain(consent.agree);
    expect(await visitor.text()).toContain(card.inWindow);
    expect(await visitor.page.evaluate('tried')).toBeGreaterThan(20);
    expect(await visitor.page.evaluate('reached')).toBe(0);
    nobody();
  });

  it('that forges messages starts nothing, and cannot speak for the window in which people agree', async () => {
    const visitor = await visit(`${stage.tag()}<script>
      const words = [
        { talka: 1, agreed: 'all of it' }, { talka: 1, do: 'start' }, { talka: 1, do: 'resume' }, { talka: 1, do: 'agree' },
        { talka: 2, do: 'pause' }, { talka: 1, is: 'state', state: 'working' }, 'resume', null, [], { agreed: 'all of it' },
      ];
      setInterval(() => { for (const word of words) for (let i = 0; i < frames.length; i++) frames[i].postMessage(word, '*'); }, 50);
      // And a window of its own that shows our consent: it answers our frames alone, not whoever opened it.
      window.told = [];
      addEventListener('message', ({ data, origin }) => { if (data?.agreed !== undefined) told.push([origin, data]); });
      window.bait = () => window.open('${stage.running.url}/embed/consent?site=${stage.host.key}&from=${stage.host.origin}');
    </script>`);
    await visitor.says(card.invite);
    await waiting(500);
    await visitor.asks(card.look);
    await visitor.says(card.inWindow);
    await visitor.page.bringToFront();
    await waiting(1_000);
    expect(await visitor.text()).toContain(card.inWindow);
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
    const visitor = await visit(`<style id="hiding"></style><div id="room">${stage.tag()}</div>`);
    await visitor.agree(card.look, consent.agree);
    await visitor.computes(2);
    const tiny = 'talka-widget { width: 1px !important; height: 1px !important }';
    for (const style of ['#room { opacity: 0 }', tiny, '#room { visibility: hidden }']) {
      await visitor.page.evaluate(`hiding.textContent = '${style}'`);
      await holds('it rests', async () => (await allText(visitor)).includes(later.standing.unseen), 20_000);
      // What was computed by then is still on its way, and counted when it arrives.
      await waiting(1_500);
      const before = await visitor.chunks();
      await waiting(1_500);
      expect((await visitor.chunks()) - before).toBe(0);
      await visitor.page.evaluate(`hiding.textContent = ''`);
      await visitor.computes(1);
    }
    await visitor.press(card.stop);
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
