/** Do the pages keep their promises in a real browser: nothing before Start, by keyboard, in two languages, whatever happens? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boardWords } from '../../src/app/words/board.ts';
import { words as en } from '../../src/app/words/en.ts';
import { ownWords } from '../../src/app/words/own.ts';
import { words as zh } from '../../src/app/words/zh.ts';
import { whyNo } from './browsers.ts';
import * as data from './fixture-data.ts';
import { close, openStage } from './pages-stage.ts';
import type { Stage } from './pages-stage.ts';
import { board, calm, me, reasons } from './pages-states.ts';

describe.skipIf(whyNo.chromium() !== null)('the pages', () => {
  let stage: Stage;
  const open: Stage['open'] = (...told) => stage.open(...told);
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage?.end());

  it('store nothing, start no worker and open no socket before Start', async () => {
    for (const path of ['/?', `${board}?`]) {
      Object.assign(stage.server.scene, calm());
      stage.server.asked();
      const context = await stage.browser.newContext();
      const page = await context.newPage();
      const opened: string[] = [];
      page.on('worker', (worker) => opened.push(worker.url()));
      page.on('websocket', (socket) => opened.push(socket.url()));
      const probed = `
        window.probed = [];
        for (const [owner, name] of [[navigator.gpu, 'requestAdapter'], [navigator, 'getBattery'], [indexedDB, 'open'], [WebAssembly, 'compile']]) {
          if (owner?.[name]) owner[name] = () => { window.probed.push(name); throw new Error(name); };
        }`;
      await page.addInitScript(probed);
      await page.goto(`${stage.server.origin}${path}lang=en`);
      await page.getByText('Here now').waitFor();
      await page.waitForTimeout(500);
      const kept = await page.evaluate(async () => ({
        databases: (await indexedDB.databases()).length,
        local: localStorage.length,
        session: sessionStorage.length,
        caches: (await caches.keys()).length,
        cookies: document.cookie,
        probed: Reflect.get(window, 'probed') as string[],
        serviceWorkers: (await navigator.serviceWorker.getRegistrations()).length,
      }));
      expect(kept).toEqual({
        databases: 0,
        local: 0,
        session: 0,
        caches: 0,
        cookies: '',
        probed: [],
        serviceWorkers: 0,
      });
      expect(opened).toEqual([]);
      expect(stage.server.asked().filter((asked) => /volunteer|\.wasm|travel/.test(asked))).toEqual([]);
      await context.close();
    }
  });

  it('can be used by keyboard alone: Start, Pause, Continue, Finish', async () => {
    const page = await open({});
    const focused = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe(en.page.skip);
    for (let i = 0; i < 20 && (await focused()) !== en.start.start; i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: en.work.heading.running }).waitFor();
    expect(await focused()).toBe(en.start.pause);
    await page.keyboard.press('Space');
    expect(await focused()).toBe(en.start.resume);
    expect(await page.locator('.lede').textContent()).toBe(en.work.plain['paused-by-you']);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe(en.start.finish);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: en.work.heading.finished }).waitFor();
    const asked = await page.evaluate(() => window.asked.map(([name]) => name));
    expect(asked).toEqual(['configure', 'start', 'pause', 'resume', 'finish']);
    await close(page);
  });

  it('say exactly what was agreed to, with the choices made before', async () => {
    const page = await open({}, {}, 'zh');
    const shown = await page.locator('#consent').textContent();
    await page.getByRole('button', { name: zh.cost.fewer }).click();
    await page.locator('button.loud').click();
    await page.waitForFunction(() => window.asked.length > 1);
    const [configured, started] = await page.evaluate(() => window.asked);
    expect(configured).toEqual(['configure', { cores: 3, gpu: true }]);
    expect(started).toEqual(['start', { text: shown, language: 'zh' }]);
    await close(page);
  });

  it('[RS4] show what a restore lost, and go on from it only when the person presses', async () => {
    const page = await open({ view: data.running });
    const reason = { why: 'restored' as const, at: 1_790_000_000_000, kept: 17_002, remembered: 18_204 };
    await page.evaluate((view) => window.say(view), { reason, phase: 'stopped' as const, workers: [] });
    await page.getByText(en.work.restored(reason.at, reason.kept, reason.remembered)).waitFor();
    const asked = (): Promise<unknown[]> => page.evaluate(() => window.asked.map(([name]) => name));
    expect(await asked()).not.toContain('acceptRestore');
    await page.getByRole('button', { name: en.start.acceptRestore }).click();
    expect(await asked()).toContain('acceptRestore');
    await close(page);
  });

  it('always say why nothing runs, with a countdown where there is one', async () => {
    const page = await open({ view: data.running });
    const said = new Set<string>();
    for (const reason of reasons) {
      const told = 'retryAt' in reason ? { ...reason, retryAt: Date.now() + 42_000 } : reason;
      await page.evaluate((view) => window.say(view), { reason: told, phase: 'running' as const });
      const lede = (await page.locator('.work-head .lede').textContent())?.trim() ?? '';
      expect(lede.length, reason.why).toBeGreaterThan(20);
      if ('retryAt' in reason) expect(lede).toMatch(/Next try in (3\d|4[0-2]) seconds/);
      if (reason.why === 'no-worker-works') expect(lede).toContain(reason.detail);
      said.add(lede);
    }
    expect(said.size).toBe(reasons.length);
    await close(page);
  });

  it('say who refuses whom, what is safe and what to do, when a log has shrunk', async () => {
    for (const [language, w] of [
      ['en', en],
      ['zh', zh],
    ] as const) {
      const page = await open({ view: data.running }, {}, language);
      await page.evaluate((view) => window.say(view), {
        reason: { why: 'log-shrunk' as const },
        phase: 'stopped' as const,
        workers: [],
      });
      await page.getByRole('heading', { level: 1, name: w.work.heading.stopped }).waitFor();
      const lede = (await page.locator('.work-head .lede').textContent()) ?? '';
      expect(lede).toMatch(
        /log is shorter.*safe in this browser.*ask the operator|日志.*存在这个浏览器里.*运营方/,
      );
      expect(lede).toContain(w.start.again);
      expect(lede).not.toMatch(/refused|拒绝|log-shrunk/);
      await close(page);
    }
  });

  it('show a job in the language of the page, where its requester wrote in it', async () => {
    const texts = { zh: { title: '彩球丛中的兔子', cause: '演示：大家一起画完一幅画。' } };
    const rabbit = { ...data.picture, requester: 'demonstrations', texts };
    const page = await open({ scene: { jobs: [rabbit] } }, {}, 'zh');
    const words = (await page.locator('.loom-words').textContent()) ?? '';
    for (const said of [texts.zh.title, texts.zh.cause, zh.job.itself]) expect(words).toContain(said);
    expect(words).not.toMatch(/[A-Za-z]{3,}/);
    await close(page);
  });

  it('[LO8] say where the log is spoken of how many witnesses saw it, and what that is worth', async () => {
    for (const [count, said] of [
      [3, 'by 3 witnesses'],
      [1, 'by 1 witness '],
      [0, 'by no witness'],
    ] as const) {
      const status = data.status({ witnesses: { count, lastAt: null } });
      const page = await open({ scene: { status } });
      const footer = (await page.locator('footer').textContent()) ?? '';
      expect(footer).toContain(`18,204 records in the log, seen in the last hour ${said}`);
      expect(footer.includes('evidence, not proof')).toBe(count > 0);
      await close(page);
    }
  });

  it('show the coordinator coming back, jobs ending, and say so', async () => {
    const page = await open({ scene: { up: false } });
    await page.getByRole('alert').waitFor();
    expect(await page.locator('button.loud').isDisabled()).toBe(true);
    stage.server.scene.up = true;
    await page.getByRole('heading', { name: /small factor/ }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.locator('button.loud').isDisabled()).toBe(false);
    stage.server.scene.jobs = [{ ...data.factoring, final: 1500, free: 1318 }];
    stage.server.pulse();
    await page.getByText('1,500 of 3,000').waitFor();
    stage.server.scene.jobs = [{ ...data.finished, job: 'j2' }];
    stage.server.pulse();
    await page.getByRole('heading', { name: en.job.none }).waitFor();
    await page.getByText(en.done.report).click();
    await page.getByText('No factor below 2^40.').waitFor();
    await close(page);
  });

  it('weave the cloth: bare warp, then stitches of the job’s dye, and mine among them', async () => {
    const page = await open({ view: { ...data.running, stitches: [] } });
    const colours = (): Promise<number> =>
      page.locator('.loom canvas').evaluate((canvas: HTMLCanvasElement) => {
        const { data: pixels } = canvas
          .getContext('2d')
          ?.getImageData(0, 0, canvas.width, canvas.height >> 1) ?? { data: [] };
        let shining = 0;
        for (let i = 0; i < pixels.length; i += 4) {
          const [red, green, blue] = [pixels[i] ?? 0, pixels[i + 1] ?? 0, pixels[i + 2] ?? 0];
          if (red > 215 && green > 175 && blue < 130) shining++;
        }
        return shining;
      });
    expect(await colours()).toBe(0);
    await page.evaluate((view) => window.say(view), { stitches: data.running.stitches });
    await page.waitForTimeout(400);
    expect(await colours()).toBeGreaterThan(50);
    await close(page);
  });

  it('show of what has ended the last, the newest first', async () => {
    const ended = Array.from({ length: 20 }, (_, i) => ({
      ...data.finished,
      job: `e${i}`,
      title: `Old ${i}`,
    }));
    const page = await open({ scene: { jobs: [data.factoring, ...ended] } });
    const titles = await page.locator('.piece h3').allTextContents();
    expect(titles).toEqual(ended.slice(0, 12).map(({ title }) => title));
    await close(page);
  });

  it('keep on the loom what was there when Start was pressed, and name the other job that a core is at', async () => {
    const page = await open({ scene: { jobs: [data.picture, data.factoring] }, view: data.running });
    expect(await page.locator('.loom-words h2').textContent()).toBe(data.picture.title);
    expect(await page.locator('.thread-row .what').first().textContent()).toContain(
      data.factoring.title.slice(0, 4),
    );
    await page.getByRole('button', { name: en.job.show }).click();
    await page.getByRole('heading', { level: 2, name: /2\s*20000047/ }).waitFor();
    expect(await page.locator('.thread-row .what').first().textContent()).not.toContain('Does');
    await close(page);
  });

  it('say nothing of speed and connection once nothing runs any more', async () => {
    const over = {
      phase: 'finished',
      reason: { why: 'finished-by-you' },
      workers: [],
      rateMilli: null,
    } as const;
    const page = await open({ view: { ...data.running, ...over, connection: 'none', outbox: 0 } });
    const text = (await page.locator('main').textContent()) ?? '';
    expect(text).not.toContain(ownWords.en.tally.rateSoon);
    expect(text).not.toContain(en.work.connection.none);
    await page.evaluate((view) => window.say(view), { outbox: 2 });
    await page.getByText(en.work.outbox(2)).waitFor();
    await close(page);
  });

  it('send a stitch on its way, but never for those who want no motion', async () => {
    for (const reducedMotion of ['no-preference', 'reduce'] as const) {
      const page = await open(
        { view: { ...data.running, stitches: [] } },
        { reducedMotion, viewport: { width: 1280, height: 1400 } },
      );
      await page.evaluate(() => {
        Reflect.set(window, 'shuttles', 0);
        Reflect.set(window, 'aboveWords', 0);
        new MutationObserver((records) => {
          for (const { addedNodes } of records) {
            for (const node of addedNodes) {
              if (!(node instanceof HTMLElement) || !node.classList.contains('shuttle')) continue;
              Reflect.set(window, 'shuttles', Number(Reflect.get(window, 'shuttles')) + 1);
              // All of its way, looked at before it goes: beside the cloth it stays behind what is written.
              const [flight] = node.getAnimations();
              const cloth = document.querySelector('.loom canvas')?.getBoundingClientRect();
              for (let ms = 0; flight !== undefined && cloth !== undefined && ms < 240; ms += 5) {
                flight.currentTime = ms;
                const { top, left, right } = node.getBoundingClientRect();
                const onCloth = top <= cloth.bottom && left >= cloth.left - 1 && right <= cloth.right + 1;
                if (!onCloth && getComputedStyle(node).zIndex !== '-1')
                  Reflect.set(window, 'aboveWords', Number(Reflect.get(window, 'aboveWords')) + 1);
              }
            }
          }
        }).observe(document.body, { childList: true });
      });
      const stitches = [{ job: 'j2', chunk: 40, state: 'final' as const, at: data.noon }];
      await page.evaluate((view) => window.say(view), { stitches });
      await page.waitForTimeout(700);
      expect(await page.evaluate(() => Number(Reflect.get(window, 'shuttles')))).toBe(
        reducedMotion === 'reduce' ? 0 : 1,
      );
      expect(await page.evaluate(() => Number(Reflect.get(window, 'aboveWords')))).toBe(0);
      expect(await page.locator('.shuttle').count()).toBe(0);
      await close(page);
    }
  });

  it('change language in place, by address, without storing it', async () => {
    const page = await open({ path: '/?' });
    await page.getByRole('link', { name: '中文' }).click();
    await page.getByRole('heading', { level: 1, name: zh.page.heading }).waitFor();
    expect(
      await page.evaluate(() => [
        document.documentElement.lang,
        document.title,
        location.search,
        localStorage.length,
      ]),
    ).toEqual(['zh-Hans', zh.page.title, '?lang=zh', 0]);
    await page.getByRole('link', { name: zh.page.leaderboard }).click();
    await page.getByRole('heading', { level: 1, name: boardWords.zh.heading }).waitFor();
    await close(page);
  });

  it('bring me to my row of the list, and keep it when the list changes', async () => {
    const page = await open({ path: `${board}#${me}` });
    const row = page.locator('tr.mine');
    await row.waitFor();
    expect(await row.textContent()).toContain('(you)');
    // What the list counts is not all verified: both are said of one's own.
    const mine = { ...stage.server.scene.accounts[me], pendingMicro: 2.5e6, vestedMicro: 7e6 };
    Object.assign(stage.server.scene.accounts, { [me]: mine });
    await page.reload();
    await page.getByText('You are number 4; 7.00 credits are verified and yours, 2.50 pending.').waitFor();
    await row.waitFor();
    await page.getByRole('button', { name: boardWords.en.jump }).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe(`row-${me}`);
    await close(page);
  });

  it('have something to read before and without scripts', async () => {
    const context = await stage.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    for (const path of ['/', board]) {
      await page.goto(`${stage.server.origin}${path}`);
      expect(await page.locator('h1').textContent()).toBeTruthy();
      expect(await page.locator('noscript').textContent()).toContain('JavaScript');
      const described = await page.locator('meta[name=description]').getAttribute('content');
      expect(described).toBeTruthy();
      // Who checks hangs on the job's policy, and the list is of everybody whose answers count, pending or not.
      expect(described).not.toMatch(/every answer|another person|verified/i);
      if (path !== board) continue;
      const lede = (await page.locator('.lede').textContent()) ?? '';
      expect(lede.trim().replace(/\s+/g, ' ')).toBe(boardWords.en.lede);
    }
    await context.close();
  });
});
