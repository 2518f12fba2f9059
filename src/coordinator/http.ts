/**
 * The coordinator over HTTP: a function from Request to Response (docs/SPEC.md, section 8). Every answer shows
 * only what is durable; every request's Host, and the Origin of those that change something, is looked at first.
 */
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import type { Context, MiddlewareHandler } from 'hono';
import { completeNodes, consistencyRanges, foldNodes, inclusionRanges } from '../core/merkle.ts';
import { anchorAfterMs } from '../core/schedule.ts';
import type { JobView, LeaderboardView, PulseView, RefusalView, StatusView } from '../wire/views.ts';
import { protocol } from '../wire/version.ts';
import { blobBytesMax, isDigest } from './blobs.ts';
import { tree } from './digests.ts';
import { clothOf, clothOfEnded, windowOf } from './cloth.ts';
import { bodyAtMost } from './bodies.ts';
import type { House } from './house.ts';
import { encodingOf, Packed, packNow } from './packing.ts';
import { accountRoutes } from './http-account.ts';
import { auditRoutes } from './http-audits.ts';
import { epochRoutes, sealingRoutes } from './http-epochs.ts';
import { LivePulse } from './http-live.ts';
import { judgingRoutes } from './http-objections.ts';
import { embedRoutes } from './http-embed.ts';
import { operatorRoutes } from './http-operator.ts';
import { receiptRoutes } from './http-receipts.ts';
import { PublicRecords, recordsAnswer } from './http-records.ts';
import { publicSites, siteRoutes } from './http-sites.ts';
import { siteShares } from './site-shares.ts';
import { staticFiles } from './http-static.ts';
import { chunksOf, verdictsOf } from './http-verdicts.ts';
import { cosignaturesOf, hearWitness, witnessesOf } from './http-witness.ts';
import { isToken } from './keys.ts';
import { addressOf, isLoopback } from './network.ts';
import { StoreFault } from './log.ts';
import { restoredWordOf } from './restored.ts';
import type { Witnesses } from './witnesses.ts';

const leaderboardMax = 1000;
/** A form's body; a blob may be longer. */
const formBytesMax = 65_536;
/** What a witness sends is shorter than this. */
const cosignatureBytesMax = 4_096;
const tooLarge = (c: Context): Response => c.json({ refused: 'too-large' } satisfies RefusalView, 413);
const digestText = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

/** What node-server hands over beside the request; absent when the function is called directly. */
interface Bindings {
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string } };
}
type Env = { Bindings: Bindings };

/** All of HTTP. `close` ends the event streams, which would otherwise keep the server from stopping. */
export function httpOf(house: House): { app: Hono<Env>; live: LivePulse } {
  const app = new Hono<Env>();
  const live = new LivePulse(async () => {
    await house.runtime.durable();
    return pulseOf(house);
  });
  house.runtime.listeners.add(() => live.changed());
  house.runtime.healthListeners.add(() => live.changed());
  app.use('*', async (c, next) => {
    if (!house.origins.isOwnHost(c.req.header('host') ?? new URL(c.req.url).host))
      return refuse(c, 403, 'host', 'this is not a name of this coordinator');
    const origin = c.req.header('origin');
    if (
      c.req.method !== 'GET' &&
      c.req.method !== 'HEAD' &&
      origin !== undefined &&
      !house.origins.isOwnOrigin(origin)
    )
      return refuse(c, 403, 'origin', 'another site may not change anything here');
    await house.runtime.durable();
    return next();
  });
  app.onError((error, c) => {
    if (error instanceof StoreFault)
      return refuse(c, error.reason === 'full' ? 507 : 503, 'store', error.reason);
    house.metrics.refused('internal');
    console.error(error);
    return refuse(c, 500, 'internal');
  });
  for (const path of ['/api/*', '/metrics']) {
    app.use(path, async (c, next) => {
      await next();
      c.header('Cache-Control', c.res.headers.get('Cache-Control') ?? 'no-store');
      c.header('X-Content-Type-Options', 'nosniff');
    });
  }
  const witnesses = witnessesOf(house);
  statusRoutes(app, house, live, witnesses);
  fileRoutes(app, house);
  jobRoutes(app, house);
  logRoutes(app, house);
  witnessRoutes(app, house, witnesses);
  // Before anything is read: a body that is too long is refused by its length, not kept to be measured.
  app.use('/api/account/*', bodyAtMost(formBytesMax, tooLarge));
  const blob = bodyAtMost(blobBytesMax, tooLarge);
  // Of who is not the operator nothing is read: the routes refuse them.
  const blobs: MiddlewareHandler<Env> = (c, next) => (isOperator(c, house) ? blob(c, next) : next());
  app.use('/api/operator/*', blobs);
  const judging = judgingRoutes(house).route('/epochs', sealingRoutes(house));
  app.route('/api/operator', operatorRoutes(house, auditRoutes(house), judging, siteRoutes(house)));
  app.route('/api/account', accountRoutes(house));
  app.route('/', receiptRoutes(house));
  app.route('/api/epochs', epochRoutes(house));
  app.route('/api/sites', publicSites(house));
  app.route('/embed', embedRoutes(house));
  app.all('/api/*', (c) => refuse(c, 404, 'unknown-path'));
  app.route('/', staticFiles(house.webDir, pageHeaders));
  return { app, live };
}

function refuse(
  c: Pick<Context, 'json'>,
  status: 400 | 401 | 403 | 404 | 500 | 503 | 507,
  refused: string,
  detail?: string,
): Response {
  return c.json({ refused, ...(detail === undefined ? {} : { detail }) } satisfies RefusalView, status);
}

function pulseOf(house: House): PulseView {
  return {
    at: house.now(),
    live: house.live(),
    storeFault: house.runtime.storeFault?.reason ?? null,
    jobs: house.views.openJobs(),
  };
}

function statusRoutes(app: Hono<Env>, house: House, live: LivePulse, witnesses: Witnesses): void {
  app.get('/api/status', async (c) => {
    const { runtime, keys, shelf, loopbackExempt, anchorShare } = house;
    const head = runtime.head;
    return c.json({
      name: house.name,
      version: house.version,
      protocol,
      at: house.now(),
      coordinator: keys.coordinator.publicText,
      settings: { loopbackExempt, anchorAfterMs, anchorShare },
      live: house.live(),
      head: { size: head?.size ?? 0, root: head?.root ?? digestText(tree.empty) },
      witnesses: await witnesses.summary(),
      restored: restoredWordOf(keys.coordinator, runtime.state.restored),
      storeFault: runtime.storeFault?.reason ?? null,
      pausedKernels: [...runtime.state.pausedKernels].map(([kernel, reason]) => ({ kernel, reason })),
      kernels: [...shelf.values()].map(({ kernel, wasm, wasmDigest, wgslDigest }) => ({
        id: kernel.id,
        wasm: wasmDigest,
        wasmBytes: wasm.length,
        wgsl: wgslDigest,
      })),
    } satisfies StatusView);
  });
  app.get('/api/live', (c) => {
    const stream = live.open();
    if (stream === null) return refuse(c, 503, 'busy', 'too many listen');
    return c.body(stream, 200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
  });
  app.get('/api/leaderboard', (c) =>
    c.json({
      ...house.views.leaderboard(countOf(c.req.query('limit'), 100, leaderboardMax)),
      sites: siteShares(house),
    } satisfies LeaderboardView),
  );
  app.get('/api/checks', (c) => c.json(house.checks.view()));
  app.get('/api/account/:account', (c, next) => {
    const view = house.views.account(c.req.param('account'));
    return view === null ? next() : c.json(view);
  });
}

function fileRoutes(app: Hono<Env>, house: House): void {
  const packed = new Packed();
  app.get('/metrics', async (c) => {
    if (!isOperator(c, house) && !isLoopback(addressIn(c, house))) return refuse(c, 401, 'operator-only');
    return c.text(await house.metrics.text(), 200, {
      'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
    });
  });
  app.get('/blobs/:digest', async (c) => {
    const digest = c.req.param('digest');
    const headers = {
      'Cache-Control': 'public, max-age=31536000, immutable',
      ETag: `"${digest}"`,
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': 'sandbox',
      Vary: 'Accept-Encoding',
    };
    if (!isDigest(digest)) return refuse(c, 404, 'unknown-blob');
    if (c.req.header('if-none-match') === `"${digest}"`) return c.body(null, 304, headers);
    const bytes = await house.blobs.get(digest);
    if (bytes === null) return refuse(c, 404, 'unknown-blob');
    const wasm = bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
    const encoding = encodingOf(c.req.header('accept-encoding'));
    const shorter = encoding === null ? null : await packed.of(digest, bytes, encoding);
    return c.body(shorter ?? Uint8Array.from(bytes), 200, {
      ...headers,
      'Content-Type': wasm ? 'application/wasm' : 'application/octet-stream',
      ...(encoding === null || shorter === null ? {} : { 'Content-Encoding': encoding }),
    });
  });
}

function jobRoutes(app: Hono<Env>, house: House): void {
  app.get('/api/jobs', (c) => {
    const jobs = house.views.jobs().map((job) => {
      const inputBytes = house.inputs.of(job.job)?.input.length;
      return inputBytes === undefined ? job : { ...job, inputBytes };
    });
    return c.json({ at: house.now(), jobs });
  });
  app.get('/api/jobs/:job', (c) => {
    const job = house.views.job(c.req.param('job'));
    return job === null ? refuse(c, 404, 'unknown-job') : c.json(job);
  });
  app.get('/api/jobs/:job/cloth', (c) => {
    const view = house.views.job(c.req.param('job'));
    if (view === null) return refuse(c, 404, 'unknown-job');
    const window = windowOf(view.chunks, c.req.query());
    if (typeof window === 'string') return refuse(c, 400, 'out-of-range', window);
    const open = house.runtime.state.jobs.get(view.job);
    const cloth = open === undefined ? clothOfEnded(view, window) : clothOf(open, window);
    // Mostly runs of the same bytes: packed it is a hundredth, and a slow line has other things to carry.
    const encoding = encodingOf(c.req.header('accept-encoding'));
    if (encoding === null) return bytesAnswer(c, cloth, 'application/octet-stream');
    c.header('Content-Encoding', encoding);
    return bytesAnswer(c, packNow(cloth, encoding), 'application/octet-stream');
  });
  resultRoutes(app, house);
}

/** Verdicts and results: provisional ones too, for whoever may read them. */
function resultRoutes(app: Hono<Env>, house: House): void {
  app.get('/api/jobs/:job/verdicts', (c) => {
    const view = house.views.job(c.req.param('job'));
    return view === null ? refuse(c, 404, 'unknown-job') : c.json(verdictsOf(house, view));
  });
  app.get('/api/jobs/:job/chunks', (c) => {
    const view = house.views.job(c.req.param('job'));
    if (view === null) return refuse(c, 404, 'unknown-job');
    if (!mayRead(c, house, view)) return refuse(c, 403, 'operator-only', 'these results are its requester’s');
    return chunksOf(c, house, view);
  });
  const result = (
    name: string,
    type: string,
    read: (job: JobView) => Promise<Uint8Array | string | null>,
  ): void => {
    app.get(`/api/jobs/:job/${name}`, async (c) => {
      const job = house.views.job(c.req.param('job'));
      if (job === null) return refuse(c, 404, 'unknown-job');
      if (name !== 'preview.png' && !mayRead(c, house, job))
        return refuse(c, 403, 'operator-only', 'this result is its requester’s');
      if (name !== 'preview.png' && job.state !== 'finished') return refuse(c, 404, 'not-finished');
      const made = await read(job);
      if (made === null) return refuse(c, 404, 'no-such-result');
      return bytesAnswer(c, typeof made === 'string' ? Buffer.from(made) : made, type);
    });
  };
  result('preview.png', 'image/png', (job) => house.results.preview(job));
  result('picture.png', 'image/png', (job) => house.results.picture(job));
  result('report.txt', 'text/plain; charset=utf-8', (job) => house.results.report(job));
  app.get('/api/jobs/:job/results.bin', (c) => {
    const job = house.views.job(c.req.param('job'));
    if (job === null) return refuse(c, 404, 'unknown-job');
    if (!mayRead(c, house, job)) return refuse(c, 403, 'operator-only', 'this result is its requester’s');
    if (job.state !== 'finished') return refuse(c, 404, 'not-finished');
    return c.body(
      Readable.toWeb(Readable.from(house.results.bytes(job))) as ReadableStream<Uint8Array>,
      200,
      { 'Content-Type': 'application/octet-stream' },
    );
  });
}

/** The head that was signed, and proofs under any earlier size (RFC 9162). */
function logRoutes(app: Hono<Env>, house: House): void {
  const proofOf = async (ranges: readonly (readonly [number, number])[]): Promise<string[]> => {
    const path: string[] = [];
    for (const [from, to] of ranges)
      path.push(digestText(foldNodes(tree, await house.log.nodes(completeNodes(from, to)))));
    return path;
  };
  app.get('/api/log/head', (c) =>
    c.json(
      house.runtime.head ?? {
        tick: 0,
        at: 0,
        size: 0,
        root: digestText(tree.empty),
        receipts: '',
        signature: '',
      },
    ),
  );
  app.get('/api/log/consistency', async (c) => {
    const size = house.runtime.head?.size ?? 0;
    const [from, to] = [wholeOf(c.req.query('from'), -1, size), wholeOf(c.req.query('to'), size, size)];
    if (from < 0 || from > to) return refuse(c, 400, 'out-of-range', `0 ≤ from ≤ to ≤ ${size}`);
    return c.json({ from, to, path: await proofOf(consistencyRanges(from, to)) });
  });
  app.get('/api/log/inclusion', async (c) => {
    const last = house.runtime.head?.size ?? 0;
    const size = wholeOf(c.req.query('size'), last, last);
    const tick = wholeOf(c.req.query('tick'), -1, size);
    if (tick < 1) return refuse(c, 400, 'out-of-range', `1 ≤ tick ≤ size ≤ ${last}`);
    const [leaf] = await house.log.nodes([{ level: 0, index: tick - 1 }]);
    return c.json({
      tick,
      size,
      index: tick - 1,
      leaf: digestText(leaf as Uint8Array),
      path: await proofOf(inclusionRanges(tick - 1, size)),
    });
  });
  const records = new PublicRecords(house);
  app.get('/api/log/records', (c) => recordsAnswer(c, house, records));
}

function witnessRoutes(app: Hono<Env>, house: House, witnesses: Witnesses): void {
  app.use('/api/log/*', bodyAtMost(cosignatureBytesMax, tooLarge));
  app.post('/api/log/cosignatures', async (c) => hearWitness(c, house, witnesses, addressIn(c, house)));
  app.get('/api/log/cosignatures', async (c) => c.json(await cosignaturesOf(house, witnesses)));
}

/** A whole number from a query: `otherwise` when there is none, −1 when it is none or beyond `max`. */
function wholeOf(text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  return value > max ? -1 : value;
}

/** A count from a query, cut to 1 … `max`. */
function countOf(text: string | undefined, otherwise: number, max: number): number {
  return Math.min(max, Math.max(1, Math.floor(Number(text ?? otherwise)) || otherwise));
}

function bytesAnswer(c: Context<Env>, body: Uint8Array, type: string): Response {
  return c.body(Uint8Array.from(body), 200, { 'Content-Type': type });
}

function isOperator(c: Context<Env>, house: House): boolean {
  const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
  return token !== undefined && isToken(house.keys, token);
}

function addressIn(c: Context<Env>, house: House): string {
  return addressOf(c.env?.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for'), house.proxies);
}

/** Whole results are the requester's; those of a demonstration are everybody's once it has finished. */
function mayRead(c: Context<Env>, house: House, job: JobView): boolean {
  return (job.demonstration && job.state === 'finished') || isOperator(c, house);
}

/** Headers of pages: our own code only, compiled WebAssembly, our own sockets; nobody frames us. */
function pageHeaders(scripts: readonly string[]): Record<string, string> {
  const own = ["'self'", "'wasm-unsafe-eval'", ...scripts].join(' ');
  return {
    'Content-Security-Policy': `default-src 'self'; script-src ${own}; worker-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  };
}
