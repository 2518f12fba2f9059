/** A small real HTTP server for tests of the pages: serves a folder of built pages and replays views of a coordinator, its stream included. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import type { AccountView, ChecksView, JobView, LeaderboardView, StatusView } from '../../src/wire/views.ts';
import { clothOf, mersenneInput, pictureOf, report } from './fixture-data.ts';

/** What the coordinator of a test says; may be changed while it runs. */
export interface Scene {
  /** False: every answer of the coordinator is 503, as behind a proxy whose coordinator is gone. */
  up: boolean;
  /** How long its answers take. */
  delayMs: number;
  status: StatusView;
  jobs: readonly JobView[];
  leaderboard: LeaderboardView;
  accounts: Readonly<Record<string, AccountView>>;
  /** What `/api/checks` says; absent where no test looks. */
  checks?: ChecksView;
}

export interface FixtureServer {
  readonly origin: string;
  readonly scene: Scene;
  /** Every path asked for since the last call. */
  asked(): string[];
  /** Sends a pulse to every open stream. */
  pulse(): void;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** Serves `folder` and `scene` on a port of 127.0.0.1 (0 = any free one). */
export async function serveFixture(folder: string, scene: Scene, port = 0): Promise<FixtureServer> {
  const streams = new Set<ServerResponse>();
  let asked: string[] = [];
  const pulseOf = (): string => {
    const open = scene.jobs.filter(({ endedAt }) => endedAt === null);
    const pulse = {
      at: scene.status.at,
      live: scene.status.live,
      storeFault: scene.status.storeFault,
      jobs: open,
    };
    return `event: pulse\ndata: ${JSON.stringify(pulse)}\n\n`;
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    asked.push(pathname);
    if (pathname === '/api/live' && scene.up) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(pulseOf());
      streams.add(response);
      request.on('close', () => streams.delete(response));
    } else if (pathname.startsWith('/api/') || pathname.startsWith('/blobs/')) {
      setTimeout(() => answer(scene, pathname, searchParams, response), scene.delayMs);
    } else {
      file(folder, pathname, request, response);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the fixture server has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    scene,
    asked: () => {
      const before = asked;
      asked = [];
      return before;
    },
    pulse: () => {
      for (const stream of streams) stream.write(pulseOf());
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function answer(scene: Scene, path: string, query: URLSearchParams, response: ServerResponse): void {
  const json = (value: unknown): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const bytes = (type: string, body: Uint8Array | string): void => {
    response.writeHead(200, { 'content-type': type });
    response.end(body);
  };
  if (!scene.up) {
    response.writeHead(503);
    response.end();
    return;
  }
  if (path === '/api/status') return json(scene.status);
  if (path === '/api/jobs') return json({ jobs: scene.jobs });
  if (path === '/api/leaderboard') return json(scene.leaderboard);
  if (path === '/api/checks' && scene.checks !== undefined) return json(scene.checks);
  const [, , kind, id, part] = path.split('/');
  const job = scene.jobs.find((each) => each.job === id);
  const account = scene.accounts[id ?? ''];
  if (kind === 'account' && account !== undefined) return json(account);
  if (job !== undefined && part === 'cloth') {
    return bytes(
      'application/octet-stream',
      clothOf(
        job,
        Number(query.get('bins')),
        Number(query.get('from') ?? 0),
        Number(query.get('to') ?? job.chunks),
      ),
    );
  }
  if (job !== undefined && part === 'report.txt') return bytes('text/plain; charset=utf-8', report);
  if (job !== undefined && (part === 'preview.png' || part === 'picture.png')) {
    return bytes('image/png', pictureOf((job.accepted + job.final) / job.chunks));
  }
  if (path.startsWith('/blobs/')) return bytes('application/octet-stream', mersenneInput);
  response.writeHead(404);
  response.end('not found');
}

function file(folder: string, path: string, request: IncomingMessage, response: ServerResponse): void {
  const place = join(folder, normalize(path === '/' ? '/index.html' : path));
  const there = place.startsWith(folder) && existsSync(place) && request.method === 'GET';
  response.writeHead(there ? 200 : 404, {
    'content-type': types[extname(place)] ?? 'application/octet-stream',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'",
  });
  response.end(there ? readFileSync(place) : 'not found');
}
