/**
 * A partner's page for trying the widget: a site on an origin of its own, with a strict content policy that has the two entries a
 * site needs (docs/EMBEDDING.md). It is no part of the coordinator, and knows nothing but the coordinator's address and its key.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { RunningCoordinator } from './coordinator.ts';
import type { Site } from './sites.ts';

const folder = resolve(import.meta.dirname, '../../partner');

export interface Partner {
  readonly url: string;
  readonly port: number;
  readonly site: Site;
  close(): Promise<void>;
}

/** What the partner needs of the coordinator. */
export interface PartnerHouse {
  /** Where the coordinator is, as its visitors call it. */
  readonly url: string;
  /** The site of that origin; added where there is none. */
  siteOf(origins: readonly string[]): Site;
}

/**
 * Serves the page on a port. On this machine it is called `localhost` where the coordinator is called 127.0.0.1: not only
 * another origin but another site too, as a partner's is. Rejects where the port cannot be opened.
 */
export async function startPartner(house: PartnerHouse, host: string, port: number): Promise<Partner> {
  const server = await listening(host, port);
  const { port: given } = server.address() as AddressInfo;
  const own = new URL(house.url).hostname;
  const name = own === '127.0.0.1' ? 'localhost' : own;
  const url = `http://${name}:${given}`;
  const site = house.siteOf([url, `http://${own}:${given}`]);
  const policy =
    `default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; ` +
    `script-src ${house.url}/embed/; frame-src ${house.url}/embed/`;
  server.on('request', (request, response) => {
    void answerTo(request.url ?? '/', house.url, site.key).then(
      ({ status, type, text }) => {
        response.writeHead(status, {
          'Content-Type': type,
          'Content-Security-Policy': policy,
          'Cache-Control': 'no-store',
        });
        response.end(text);
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  return {
    url,
    port: given,
    site,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The page beside a coordinator of this process, whose site is added the first time. */
export function partnerBeside(
  { url, house }: Pick<RunningCoordinator, 'url' | 'house'>,
  host: string,
  port: number,
): Promise<Partner> {
  const { sites } = house.side;
  const known = ([origin]: readonly string[]): Site | undefined =>
    sites.all().find((site) => site.origins[0] === origin);
  return startPartner(
    { url, siteOf: (origins) => known(origins) ?? sites.add(origins, house.now()) },
    host,
    port,
  );
}

async function answerTo(path: string, talka: string, key: string) {
  const [where, query = ''] = path.split('?');
  if (where === '/style.css')
    return {
      status: 200,
      type: 'text/css; charset=utf-8',
      text: await readFile(join(folder, 'style.css'), 'utf8'),
    };
  if (where !== '/') return { status: 404, type: 'text/plain', text: 'There is no such page.' };
  const page = await readFile(join(folder, 'index.html'), 'utf8');
  const filled = page.replaceAll('{{talka}}', talka).replaceAll('{{key}}', key);
  return { status: 200, type: 'text/html; charset=utf-8', text: as(filled, new URLSearchParams(query)) };
}

/** For trying, `?size=`, `?theme=` and `?lang=` are passed on to the widget. */
function as(page: string, asked: URLSearchParams): string {
  const known = { size: /^[sml]$/, theme: /^(light|dark)$/, lang: /^(en|zh)$/ };
  const wishes = Object.entries(known).filter(([name, form]) => form.test(asked.get(name) ?? ''));
  const attributes = wishes.map(([name]) => ` data-${name}="${asked.get(name) ?? ''}"`).join('');
  const plain = asked.has('size') ? page.replace(' data-size="l"', '') : page;
  return plain.replace('<talka-widget', `<talka-widget${attributes}`);
}

function listening(host: string, port: number): Promise<Server> {
  const server = createServer();
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, () => done(server));
  });
}
