/**
 * What partners' pages are given [WG1]: the loader at `/embed/v1.js`, the widget's frame with what it may say before anybody
 * agrees, and the window in which a person agrees where a frame could be covered. A frame only works inside pages of its site.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import type { Context } from 'hono';
import type { Job } from '../core/state.ts';
import type { EmbedFacts, EmbedJob } from '../wire/views.ts';
import { clothOf } from './cloth.ts';
import type { Window } from './cloth.ts';
import type { House } from './house.ts';
import { siteName, siteOrigin } from './sites.ts';
import type { Site } from './sites.ts';

/** Stitches of the band in a card. */
const bandBins = 48;
/** A loader is asked for again after so long: what it loads is named by its content, so that an old one stays right. */
const loaderSeconds = 300;
/** Where the facts are put into the built pages. */
const place = '<script type="application/json" id="facts"></script>';

export function embedRoutes(house: House): Hono {
  const app = new Hono();
  app.get('/v1.js', async (c) => {
    const code = await builtFile(house, 'v1.js');
    if (code === null) return c.text('Not found', 404);
    return c.body(code, 200, {
      'Content-Type': 'text/javascript; charset=utf-8',
      'Cache-Control': `public, max-age=${loaderSeconds}`,
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'X-Content-Type-Options': 'nosniff',
    });
  });
  app.get('/frame', (c) => {
    const from = siteOrigin(c.req.query('from') ?? '');
    const facts = factsOf(house, c.req.query('site') ?? '', from, refererOf(c));
    // A card that does no work may be shown anywhere: nothing can be got from it by covering it.
    const site = facts.state === 'ready' ? house.side.sites.find(facts.site?.key ?? '') : null;
    return pageWith(c, house, 'frame.html', facts, site === null ? '*' : site.origins.join(' '));
  });
  app.get('/consent', (c) => {
    const site = house.side.sites.find(c.req.query('site') ?? '');
    const from = siteOrigin(c.req.query('from') ?? '');
    return pageWith(c, house, 'consent.html', factsOf(house, site?.key ?? '', from, null), "'none'");
  });
  return app;
}

/** What a frame is told, and so what it may do. */
function factsOf(house: House, key: string, from: string | null, referer: string | null): EmbedFacts {
  const site = house.side.sites.find(key);
  const [job, ...others] = house.views.openJobs();
  return {
    state: stateOf(site, from, referer),
    site: site === null ? null : { key: site.key, name: siteName(site) },
    from,
    job: job === undefined ? null : jobOf(house, job.job),
    further: others.length,
  };
}

function stateOf(site: Site | null, from: string | null, referer: string | null): EmbedFacts['state'] {
  if (site === null) return 'unknown';
  if (site.state === 'suspended') return 'suspended';
  // What a page says of itself is held against what its browser says, where that says anything.
  const named = [from, ...(referer === null ? [] : [referer])];
  return named.every((origin) => origin !== null && site.origins.includes(origin)) ? 'ready' : 'elsewhere';
}

function jobOf(house: House, id: string): EmbedJob | null {
  const job = house.runtime.state.jobs.get(id);
  const view = house.views.job(id);
  if (job === undefined || view === null) return null;
  const { kernel, title, cause, texts, unitCostMicro, chunks, final } = view;
  const band = [...clothOf(job, bandWindow(job, chunks))];
  const words = { title, cause, ...(texts === undefined ? {} : { texts }) };
  return { job: id, kernel, ...words, unitCostMicro, chunks, final, band };
}

/** The chunks around those that were given out last: of a long job's whole cloth a band would show nothing. */
function bandWindow({ chunks: inWork, accepted, final }: Job, chunks: number): Window {
  let last = 0;
  for (const index of inWork.keys()) last = Math.max(last, index);
  for (const runs of [accepted, final]) last = Math.max(last, runs.at(-1) ?? 0);
  const bins = Math.min(bandBins, chunks);
  const from = Math.max(0, Math.min(chunks - bins, last - Math.floor(bins * 0.75)));
  return { from, to: from + bins, bins };
}

/** The origin of the page that asked, as its browser says; null where it says nothing, or where that is ourselves. */
function refererOf(c: Context): string | null {
  const url = URL.parse(c.req.header('referer') ?? '');
  const own = new URL(c.req.url).host === url?.host || c.req.header('host') === url?.host;
  return url === null || own ? null : url.origin;
}

async function pageWith(
  c: Context,
  house: House,
  name: string,
  facts: EmbedFacts,
  ancestors: string,
): Promise<Response> {
  const page = await builtFile(house, name);
  if (page === null) return c.text('Not found', 404);
  const text = Buffer.from(page).toString();
  if (!text.includes(place)) throw new Error(`${name} has no place for its facts`);
  // A requester's words are in it: nothing of them may end the element.
  const json = JSON.stringify(facts).replaceAll('<', '\\u003c');
  const filled = text.replace(place, () => place.replace('></', `>${json}</`));
  return c.body(filled, 200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ws: wss:; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors ${ancestors}`,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  });
}

async function builtFile(house: House, name: string): Promise<Uint8Array<ArrayBuffer> | null> {
  if (house.webDir === null) return null;
  return readFile(join(house.webDir, 'embed', name)).then(
    (bytes) => Uint8Array.from(bytes),
    () => null,
  );
}
