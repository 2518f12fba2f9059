/**
 * How long it takes a returning visitor from opening the address until the coordinator has acknowledged the first
 * chunk as durable, with nothing in the browser's cache and consent remembered; beside a bare page that fetches the
 * same kernel and input, opens a WebSocket, computes one unit and has it echoed. Unthrottled, and on a slow phone:
 * the page's thread at a quarter of its speed (CDP; worker threads are not slowed by it), every connection through
 * a line of 1.6 Mbit/s and 150 ms.
 *
 * node bench/first-impression.ts [--json FILE]
 */
import process from 'node:process';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import type { JobView } from '../src/wire/views.ts';
import { launchChromium, whyNo } from '../test/browser/browsers.ts';
import { freePort, freshFolder, openApart, sweep } from '../test/e2e/house.ts';
import { join, pageIn, settledMs } from '../test/e2e/person.ts';
import { median, report } from './measure.ts';
import type { Line } from './measure.ts';
import { serveBare } from './volunteer/bare-page.ts';
import type { Bare } from './volunteer/bare-page.ts';
import { timeVisit } from './volunteer/milestones.ts';
import type { Milestones, Namer } from './volunteer/milestones.ts';
import { buildSite } from './volunteer/site.ts';
import { fast, openRelay, slowPhone } from './volunteer/slow-link.ts';
import type { Relay } from './volunteer/slow-link.ts';

const visits = 7;

/** A way of visiting, how long the first chunk may take, and how long the window has been open. Only of one that the browser is through with something is demanded. */
const conditions = [
  { name: 'unthrottled', speed: fast, slowdown: 1, budgetMs: 800, openMs: settledMs },
  { name: 'slow phone', speed: slowPhone, slowdown: 4, budgetMs: 2_500, openMs: settledMs },
  { name: 'unthrottled, window just opened', speed: fast, slowdown: 1, budgetMs: 800, openMs: 0 },
  { name: 'slow phone, window just opened', speed: slowPhone, slowdown: 4, budgetMs: 2_500, openMs: 0 },
] as const;
type Condition = (typeof conditions)[number];

const acknowledged = 'first chunk acknowledged';

/**
 * What a word on the volunteer's socket means to the visit. Only what was leased in this visit counts: a result that
 * the visit before left in the outbox is sent again first. Commits are the only binary frames; a frame may carry
 * several words.
 */
function namedFor(): Namer {
  const leases: { readonly lease: number; readonly count: number }[] = [];
  const isOurs = (replica: number): boolean =>
    leases.some(({ lease, count }) => replica >= lease && replica < lease + count);
  return ({ up, text }) => {
    if (up && text === '') return leases.length === 0 ? null : 'commit sent';
    const said: unknown = JSON.parse(text);
    let name: string | null = null;
    for (const word of Array.isArray(said) ? said : [said]) {
      if (!isRecord(word)) continue;
      if (word['t'] === 'lease') leases.push({ lease: Number(word['lease']), count: Number(word['count']) });
      const acks = word['t'] === 'receipt' && Array.isArray(word['acks']) ? word['acks'].map(Number) : [];
      if (acks.some(isOurs)) return acknowledged;
      name ??= wordNames[String(word['t'])] ?? null;
    }
    return name;
  };
}

const wordNames: Readonly<Record<string, string>> = {
  hello: 'hello sent',
  ask: 'work asked for',
  welcome: 'welcome',
  lease: 'lease',
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

interface Visit {
  readonly milestones: Milestones;
  readonly kilobytes: number;
}

/** What is visited, until what is said, and how it is left. */
interface Place {
  readonly url: string;
  readonly relay: Relay;
  readonly name: () => Namer;
  readonly last: string;
  readonly leave: (page: Page) => Promise<void>;
}

/** One visit with an empty cache. */
async function once(context: BrowserContext, place: Place, { slowdown, openMs }: Condition): Promise<Visit> {
  const { url, relay, name, last, leave } = place;
  const page = await pageIn(context, openMs);
  const prepare = async (session: CDPSession): Promise<void> => {
    await session.send('Network.clearBrowserCache');
    await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    relay.takeBytes();
  };
  const milestones = await timeVisit(page, url, name(), last, prepare);
  const { down, up } = relay.takeBytes();
  await leave(page);
  return { milestones, kilobytes: (down + up) / 1000 };
}

/** Our visits and the bare page's, in turns. */
async function inTurns(
  browser: Browser,
  port: number,
  relay: Relay,
  bare: Bare,
  condition: Condition,
): Promise<{ ours: Visit[]; bares: Visit[] }> {
  const bareRelay = await openRelay(bare.port, condition.speed);
  const origin = `http://127.0.0.1:${relay.port}`;
  const here: Place = {
    url: `${origin}/`,
    relay,
    name: namedFor,
    last: acknowledged,
    leave: (page) => leaveForLong(page, origin),
  };
  const there: Place = {
    url: `http://127.0.0.1:${bareRelay.port}/`,
    relay: bareRelay,
    name:
      () =>
      ({ up, text }) =>
        !up && text === 'echo' ? 'echo' : null,
    last: 'echo',
    leave: (page) => page.close(),
  };
  const ours: Visit[] = [];
  const bares: Visit[] = [];
  const context = await browser.newContext({ locale: 'en-US' });
  try {
    await rememberConsent(browser, context, origin);
    for (let i = 0; i < visits; i++) {
      ours.push(await once(context, here, condition));
      bares.push(await once(context, there, condition));
    }
  } finally {
    await context.close();
    await bareRelay.close();
  }
  return { ours, bares };
}

/** The visit before: Start was pressed, and the page closed while it ran. */
async function rememberConsent(browser: Browser, context: BrowserContext, url: string): Promise<void> {
  const person = await join(browser, url, '', context);
  await person.computed(1);
  await leaveForLong(person.page, url);
}

/**
 * Somebody leaves, and comes back when what was leased to the page is long over: what a page that comes back at once
 * would go on with or send again is not there any more, and its first chunk is of a lease of its own.
 */
async function leaveForLong(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/icon.svg`);
  await page.evaluate(`new Promise((done, fail) => {
    const opening = indexedDB.open('talka');
    opening.onerror = fail;
    opening.onsuccess = () => {
      const change = opening.result.transaction(['leases', 'results'], 'readwrite');
      for (const name of ['leases', 'results']) change.objectStore(name).clear();
      change.onerror = fail;
      change.oncomplete = done;
    };
  })`);
  await page.close();
}

const middle = (found: readonly Visit[], what: string): number =>
  median(found.map(({ milestones }) => milestones[what] ?? NaN));

/** Where the time went: medians, in the order in which things happened. */
function tellMilestones(name: string, found: readonly Visit[]): void {
  const names = [...new Set(found.flatMap(({ milestones }) => Object.keys(milestones)))];
  const rows = names.map((what) => [what, middle(found, what)] as const).sort((a, b) => a[1] - b[1]);
  console.log(`\n${name}, ms after the document was asked for (medians of ${found.length})`);
  for (const [what, ms] of rows) console.log(`  ${ms.toFixed(0).padStart(6)}  ${what}`);
}

async function measured(browser: Browser, webDir: string, condition: Condition): Promise<Line[]> {
  // The page's origin is the relay's, which the coordinator must know before either has a port.
  const relayPort = await freePort();
  const apart = await openApart({
    port: 0,
    dataDir: freshFolder(),
    webDir,
    seed: 'seed',
    anchorShare: 0,
    allowOrigins: [`http://127.0.0.1:${relayPort}`],
  });
  const port = Number(new URL(apart.listening.url).port);
  const relay = await openRelay(port, condition.speed, relayPort);
  const { jobs } = (await (await fetch(`${apart.listening.url}/api/jobs`)).json()) as { jobs: JobView[] };
  const bare = await serveBare(apart.listening.url, jobs);
  try {
    const { ours, bares } = await inTurns(browser, port, relay, bare, condition);
    tellMilestones(condition.name, ours);
    const took = middle(ours, acknowledged);
    const bareTook = middle(bares, 'echo');
    const { name, budgetMs, openMs } = condition;
    return [
      {
        what: `${name}: address → first chunk acknowledged`,
        unit: 'ms',
        ours: took,
        reference: budgetMs,
        beside: 'the budget',
        goal: openMs === 0 ? null : { atMost: 1 },
      },
      {
        what: `${name}: the same`,
        unit: 'ms',
        ours: took,
        reference: bareTook,
        beside: 'a bare page: one unit, echoed',
        goal: null,
      },
      {
        what: `${name}: transferred`,
        unit: 'kB',
        ours: median(ours.map(({ kilobytes }) => kilobytes)),
        reference: median(bares.map(({ kilobytes }) => kilobytes)),
        beside: 'the bare page',
        goal: null,
      },
    ];
  } finally {
    await relay.close();
    await bare.close();
    await apart.end('SIGKILL');
  }
}

const missing = whyNo.chromium();
if (missing !== null) {
  console.error(`This bench needs Chromium: ${missing}`);
  process.exit(1);
}
const site = await buildSite();
const browser = await launchChromium({ stock: true });
try {
  const lines: Line[] = [];
  for (const condition of conditions) lines.push(...(await measured(browser, site.folder, condition)));
  report(
    `First impression: a returning visitor, empty cache, the two jobs of a new coordinator; medians of ${visits}`,
    lines,
  );
} finally {
  await browser.close();
  site.remove();
  sweep();
}
