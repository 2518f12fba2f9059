/** The widget in WebKit, which does not tell what covers a frame, and whose frames may keep nothing: the second door is open there too. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { words as consent } from '../../src/widget/consent-en.ts';
import { holds, until } from '../e2e/house.ts';
import { launchWebKit, whyNo } from './browsers.ts';
import type { WebKit } from './webkit.ts';
import { WidgetStage } from './widget-stage.ts';

/** The page notes what it is told: the driver does not reach into our frame, which lies in a closed shadow. */
const listens = `<script>
  window.told = { state: '', chunks: 0 };
  for (const name of ['talka-state', 'talka-credit']) addEventListener(name, ({ detail }) => Object.assign(told, detail));
</script>`;

interface Told {
  readonly state: string;
  readonly chunks: number;
}

describe.skipIf(whyNo.webkit() !== null)('the widget, in WebKit', () => {
  let stage: WidgetStage;
  let webkit: WebKit;
  beforeAll(async () => {
    [stage, webkit] = await Promise.all([WidgetStage.open(), launchWebKit()]);
  });
  afterAll(async () => {
    await webkit?.close();
    await stage?.close();
  });

  const told = async (): Promise<Told> => (await webkit.evaluate('return told')) as Told;
  const isIn = (state: string, maxMs?: number): Promise<void> =>
    holds(`the page is told ${state}`, async () => (await told()).state === state, maxMs);

  /** Presses a button of the frame's last row: up from its bottom, until the page is told. */
  async function press(left: number, state: string): Promise<void> {
    const { x, bottom } = (await webkit.evaluate(
      'return document.querySelector("talka-widget").getBoundingClientRect().toJSON()',
    )) as { x: number; bottom: number };
    for (let up = 16; up < 90 && (await told()).state !== state; up += 12) {
      await webkit.press(x + left, bottom - up);
      await new Promise((heard) => setTimeout(heard, 400));
    }
    await isIn(state);
  }

  it('[WG2] asks in a window of our own, computes while it is seen, rests when it is not, and stops', async () => {
    await webkit.goto(stage.host.page(stage.tag() + listens));
    await isIn('card');
    const [page = ''] = await webkit.windows();
    await press(60, 'consent');
    // Whoever feels its way up the frame may have pressed a link of it before, as fonts have it: that opens a window too.
    await until('the window is there', async () => {
      for (const one of await webkit.windows()) {
        if (one === page) continue;
        await webkit.turnTo(one);
        if (String(await webkit.evaluate('return location.pathname')).includes('consent')) return { is: one };
      }
      return { not: 'not yet' };
    });
    // Without a window manager no new window on this screen gets the focus, which whoever reads it there gives it.
    await webkit.evaluate('document.hasFocus = () => true; dispatchEvent(new Event("focus"))');
    const yes = await until('it can be agreed to', async () => {
      const at = await webkit.evaluate(`
        const yes = document.querySelector('button.loud');
        if (yes === null || yes.disabled || yes.textContent !== ${JSON.stringify(consent.agree)}) return null;
        const { x, y, width, height } = yes.getBoundingClientRect();
        return [x + width / 2, y + height / 2];`);
      return Array.isArray(at) ? { is: at as [number, number] } : { not: 'not yet' };
    });
    expect(stage.running.house.live().people).toBe(0);
    await webkit.press(...yes);
    await webkit.turnTo(page);
    await holds('it computes', async () => (await told()).chunks >= 2);
    const small = (css: string): Promise<unknown> =>
      webkit.evaluate(`document.querySelector('style').textContent = ${JSON.stringify(css)}`);
    await small('talka-widget { width: 1px !important; height: 1px !important }');
    await isIn('resting', 25_000);
    await small('talka-widget { display: block; height: 332px }');
    await isIn('working');
    const { chunks } = await told();
    await holds('it computes again', async () => (await told()).chunks > chunks);
    await press(130, 'stopped');
    await holds('the coordinator sees nobody', () => stage.running.house.live().people === 0);
    const [[device, { site }] = ['', { site: null }]] = [...stage.running.runtime.state.devices];
    expect(site).toBe(stage.host.key);
    expect(stage.running.house.side.sites.revokedAt(device, stage.host.key)).not.toBeNull();
  });
});
