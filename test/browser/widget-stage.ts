/** What tests of the widget need: a coordinator that serves it, and pages of other origins that show it, honest or hostile. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import { buildEmbedded } from '../../scripts/door/embed.mjs';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import type { CoordinatorOptions, RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { partnerBeside } from '../../src/coordinator/partner.ts';
import type { Partner } from '../../src/coordinator/partner.ts';
import { Door, holds, until } from '../e2e/house.ts';
import { factoring } from '../e2e/orders.ts';

/** A partner of another site (`localhost` beside 127.0.0.1), whose pages a test writes. */
export interface Host {
  readonly origin: string;
  readonly key: string;
  /** The address of a page with that body. `policy`: its content policy. */
  page(body: string, policy?: string): string;
}

/** A window of either driver, or a frame. */
interface Closing {
  isClosed?(): boolean;
  once?(event: 'close', done: () => void): unknown;
}

/** A window that closes itself at a press may be gone before the driver has heard that it was pressed: some wait for half a minute. */
export async function orGone(where: object, pressing: Promise<void>): Promise<void> {
  const { isClosed, once }: Closing = where;
  const gone = new Promise<void>((done) => once?.call(where, 'close', done));
  const pressed = pressing.catch(async (error: unknown) => {
    await holds('the window is gone', () => isClosed?.call(where) === true, 2_000).catch(() => {
      throw error;
    });
  });
  await Promise.race([gone, pressed]);
}

export class WidgetStage {
  readonly running: RunningCoordinator;
  readonly door: Door;
  readonly partner: Partner;
  readonly host: Host;
  readonly #folder: string;
  readonly #server: Server;

  private constructor(
    folder: string,
    running: RunningCoordinator,
    partner: Partner,
    server: Server,
    host: Host,
  ) {
    this.#folder = folder;
    this.running = running;
    this.door = new Door(running.url, running.operatorToken ?? '');
    this.partner = partner;
    this.#server = server;
    this.host = host;
  }

  /** Builds the widget, starts a coordinator with one job, and both partners. */
  static async open(options: CoordinatorOptions = {}, jobs = 1): Promise<WidgetStage> {
    const folder = mkdtempSync(join(tmpdir(), 'talka-widget-'));
    await buildEmbedded(join(folder, 'embed'));
    const running = await startCoordinator({
      dataDir: null,
      webDir: folder,
      seed: 'none',
      socketThread: true,
      anchorShare: 0,
      graceMs: 10,
      ...options,
    });
    const partner = await partnerBeside(running, '127.0.0.1', 0);
    const pages = new Map<string, { body: string; policy: string | undefined }>();
    const server = createServer((request, response) => {
      const page = pages.get(new URL(request.url ?? '/', 'http://here').pathname);
      if (page === undefined) {
        response.writeHead(404).end();
        return;
      }
      const policy = page.policy === undefined ? {} : { 'Content-Security-Policy': page.policy };
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...policy });
      response.end(`<!doctype html><meta charset="utf-8" /><title>A page</title><body>${page.body}</body>`);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    const { key } = running.house.side.sites.add([origin], Date.now());
    const host: Host = {
      origin,
      key,
      page(body, policy) {
        const path = `/${pages.size + 1}`;
        pages.set(path, { body, policy });
        return origin + path;
      },
    };
    const stage = new WidgetStage(folder, running, partner, server, host);
    for (let i = 0; i < jobs; i++)
      await stage.door.submit({ ...factoring(2_000, 60), policy: { kind: 'audit' } });
    return stage;
  }

  /** The line that a site owner copies. */
  line(attributes = '', key = this.host.key): string {
    return `<script async src="${this.running.url}/embed/v1.js" data-site="${key}" ${attributes}></script>`;
  }

  /** The widget's tag with its script, the tag's room kept. */
  tag(attributes = '', key = this.host.key): string {
    return (
      `<style>talka-widget{display:block;height:332px}</style><script async src="${this.running.url}/embed/v1.js"></script>` +
      `<talka-widget data-site="${key}" data-lang="en" ${attributes}></talka-widget>`
    );
  }

  async close(): Promise<void> {
    await this.partner.close();
    await new Promise((done) => {
      this.#server.close(done);
      this.#server.closeAllConnections();
    });
    await this.running.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Chromium gives a frame of another origin no clicks for half a second after it came or moved; people take longer anyway. */
const settledMs = 700;

/** Somebody's browser window on a page with the widget. */
export class Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page, its frames and its policy complained of. */
  readonly faults: string[] = [];

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(message.text());
    });
  }

  static async open(
    browser: Browser | BrowserContext,
    url: string,
    options: {
      readonly width?: number;
      readonly height?: number;
      readonly script?: string;
      readonly dark?: boolean;
    } = {},
  ): Promise<Visitor> {
    const { width = 1000, height = 800, script, dark = false } = options;
    const how = {
      viewport: { width, height },
      locale: 'en-US',
      colorScheme: dark ? 'dark' : 'light',
    } as const;
    const context = 'newContext' in browser ? await browser.newContext(how) : browser;
    if (script !== undefined) await context.addInitScript(script);
    const visitor = new Visitor(context, await context.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  /** The widget's frame, once it is there. */
  async frame(): Promise<Frame> {
    return until('the widget’s frame is there', async () => {
      const frame = this.page.frames().find((one) => one.url().includes('/embed/frame'));
      return frame !== undefined && (await frame.locator('main').count()) > 0
        ? { is: frame }
        : { not: 'none yet' };
    });
  }

  async text(): Promise<string> {
    return (await this.frame()).locator('body').innerText();
  }

  async says(what: string, maxMs?: number): Promise<void> {
    await until(
      `the widget says “${what}”`,
      async () => {
        const text = await this.text();
        return text.includes(what) ? { is: true } : { not: text.replaceAll('\n', ' ').slice(0, 300) };
      },
      maxMs,
    );
  }

  /** Presses a button of the widget by its name, as a person does: by moving there and clicking. */
  async press(name: string): Promise<void> {
    await this.says(name);
    await new Promise((settled) => setTimeout(settled, settledMs));
    await (await this.frame()).getByRole('button', { name, exact: true }).click();
  }

  /** Presses the button that asks, and gives the window of the consent. */
  async asks(look: string): Promise<Page> {
    const [opened] = await Promise.all([this.context.waitForEvent('page'), this.press(look)]);
    await opened.bringToFront();
    return opened;
  }

  /** Reads the consent in its window and agrees, or declines, by a button's name. */
  async agree(look: string, yes: string): Promise<void> {
    const opened = await this.asks(look);
    await orGone(opened, opened.getByRole('button', { name: yes }).click());
    await holds('the window is gone', () => opened.isClosed());
    await this.page.bringToFront();
  }

  /** Chunks computed, as the widget counts them. */
  async chunks(): Promise<number> {
    const text = await (
      await this.frame()
    )
      .locator('.tally')
      .textContent({ timeout: 1_000 })
      .catch(() => '');
    return Number(/^[\d,]+/.exec(text ?? '')?.[0].replaceAll(',', '') ?? 0);
  }

  async computes(more = 2, maxMs?: number): Promise<number> {
    const before = await this.chunks();
    return until(
      `${more} more chunks are computed`,
      async () => {
        const now = await this.chunks();
        return now >= before + more ? { is: now } : { not: `${now}; ${(await this.text()).slice(0, 200)}` };
      },
      maxMs,
    );
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
