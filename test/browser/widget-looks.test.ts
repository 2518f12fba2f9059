/** The widget in its three sizes, both themes and both languages, on a phone and on a desk: readable by everybody, and nothing out of its frame. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Frame } from 'playwright-core';
import { words as consentEn } from '../../src/widget/consent-en.ts';
import { words as consentZh } from '../../src/widget/consent-zh.ts';
import { words as en } from '../../src/widget/later-en.ts';
import { words as zh } from '../../src/widget/later-zh.ts';
import { cardWords } from '../../src/widget/words.ts';
import { launchChromium, whyNo } from './browsers.ts';
import { findingsOf } from './pages-looks.ts';
import { orGone, Visitor, WidgetStage } from './widget-stage.ts';

const later = { en, zh };
const consent = { en: consentEn, zh: consentZh };
const languages = ['en', 'zh'] as const;
const themes = ['light', 'dark'] as const;
const screens = { phone: { width: 360, height: 700 }, desk: { width: 1200, height: 800 } } as const;

/** What lies outside of the frame, or outside of what can be scrolled to in it. */
function cutOff(frame: Frame): Promise<string[]> {
  return frame.evaluate(() => {
    const found = document.documentElement.scrollWidth > innerWidth ? ['the frame scrolls sideways'] : [];
    for (const element of document.querySelectorAll('button, h1, .brand')) {
      const { left, right, top, bottom, width } = element.getBoundingClientRect();
      const whole = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
      if (width > 0 && !whole) found.push(element.textContent ?? '');
    }
    return found;
  });
}

describe.skipIf(whyNo.chromium() !== null)('the widget', () => {
  let stage: WidgetStage;
  let browser: Browser;
  beforeAll(async () => {
    [stage, browser] = await Promise.all([WidgetStage.open(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  it.each(['s', 'm', 'l'])(
    '[WG1] of size %s is readable in every state, theme and language',
    async (size) => {
      for (const language of languages)
        for (const theme of themes)
          for (const screen of ['phone', 'desk'] as const) {
            const where = `${size} ${language} ${theme} ${screen}`;
            const url = `${stage.partner.url}/?size=${size}&lang=${language}&theme=${theme}`;
            const visitor = await Visitor.open(browser, url, { ...screens[screen], dark: theme === 'dark' });
            const frame = await visitor.frame();
            const sound = async (state: string): Promise<void> => {
              expect([where, state, await cutOff(frame)]).toEqual([where, state, []]);
              expect([where, state, await findingsOf(frame)]).toEqual([where, state, []]);
            };
            await sound('card');
            // Work looks alike in both themes but for its colours, which the card has shown.
            if (theme === 'light') {
              const words = later[language];
              const popup = await visitor.asks(cardWords[language].look);
              await popup.setViewportSize(screens[screen]);
              const yes = popup.getByRole('button', { name: consent[language].agree });
              await yes.waitFor();
              expect([where, 'window', await findingsOf(popup)]).toEqual([where, 'window', []]);
              await sound('asking');
              await orGone(popup, yes.click());
              await visitor.page.bringToFront();
              await visitor.says(cardWords[language].stop);
              await sound('beginning');
              await visitor.computes(1);
              await sound('work');
              await visitor.press(cardWords[language].stop);
              await visitor.says(words.stopped('', true)[0]);
              await sound('stopped');
            }
            expect(visitor.faults).toEqual([]);
            await visitor.close();
          }
    },
  );
});
