/** Behind a proxy as `docs/OPERATING.md` has it set up: the page, a volunteer's socket and the live events come through, and people are where it says. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import type { PulseView } from '../../src/wire/views.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, identity, outputsOf, receiptHolds, Scripted } from './volunteer.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A proxy of this machine, in front of whatever listens on the port that it is given. */
interface Proxy {
  readonly url: string;
  /** The coordinator's port. */
  to: number;
  /** Where those who connect are, as it sees them. */
  visitor: string;
}

/** As nginx's `$proxy_add_x_forwarded_for`: what the visitor wrote stands first. The name that was asked for is passed on. */
function passedOn({ headers }: IncomingMessage, visitor: string): OutgoingHttpHeaders {
  const written = headers['x-forwarded-for'];
  return {
    ...headers,
    'x-forwarded-for': written === undefined ? visitor : `${String(written)}, ${visitor}`,
  };
}

/** Starts one. As nginx does, it keeps an answer back until it is whole, unless the answer asks it not to. */
async function proxy(): Promise<Proxy> {
  const ends = new Set<Socket>();
  const server = createServer((asked, answer) => {
    const { method, url: path } = asked;
    const far = request({
      port: here.to,
      method,
      path,
      headers: passedOn(asked, here.visitor),
      agent: false,
    });
    far.on('response', (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      if (given.headers['x-accel-buffering'] === 'no') {
        answer.flushHeaders();
        given.pipe(answer);
        return;
      }
      const kept: Buffer[] = [];
      given.on('data', (data: Buffer) => kept.push(data));
      given.on('end', () => answer.end(Buffer.concat(kept)));
    });
    far.on('error', () => answer.destroy());
    answer.on('close', () => far.destroy());
    asked.pipe(far);
  });
  server.on('connection', (socket) => ends.add(socket));
  server.on('upgrade', (asked: IncomingMessage, near: Socket, head: Buffer) => {
    const far = connect(here.to, '127.0.0.1');
    ends.add(far);
    const lines = Object.entries(passedOn(asked, here.visitor)).map(
      ([name, value]) => `${name}: ${String(value)}`,
    );
    far.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    far.write(head);
    near.pipe(far).pipe(near);
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      end.on('error', () => {});
      end.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  open.push(() => {
    for (const end of ends) end.destroy();
    server.close();
  });
  const here: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    to: 0,
    visitor: '203.0.113.7',
  };
  return here;
}

const page = '<!doctype html><title>behind a proxy</title>';

/** A coordinator behind one, with a page. */
async function behind(options: CoordinatorOptions): Promise<{ house: Started; front: Proxy }> {
  const front = await proxy();
  const webDir = mkdtempSync(join(tmpdir(), 'talka-proxied-'));
  writeFileSync(join(webDir, 'index.html'), page);
  const house = await started({
    ...{ webDir, loopbackExempt: false, allowOrigins: [front.url], socketThread: true },
    ...options,
  });
  front.to = house.port;
  open.push(
    () => rmSync(webDir, { recursive: true }),
    () => house.close(),
  );
  return { house, front };
}

/** Somebody at an address who comes by the proxy as a page does, and perhaps writes where they would like to be. */
async function arrives(front: Proxy, address: string, written?: string): Promise<Scripted> {
  front.visitor = address;
  const headers = { origin: front.url, ...(written === undefined ? {} : { 'x-forwarded-for': written }) };
  const one = new Scripted(front.url, identity(), headers);
  await one.signIn();
  return one;
}

const groupOf = ({ runtime }: Started, { who }: Scripted): string | undefined =>
  runtime.state.devices.get(who.device)?.group;

/** The live events by way of the proxy, one after the other. */
async function* pulses(url: string): AsyncGenerator<PulseView> {
  const answer = await fetch(`${url}/api/live`);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  let text = '';
  for await (const bytes of answer.body as ReadableStream<Uint8Array>) {
    text += Buffer.from(bytes).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = /data: (.*)/.exec(text.slice(0, end))?.[1];
      if (data !== undefined) yield JSON.parse(data) as PulseView;
      text = text.slice(end + 2);
    }
  }
}

/** Listens until a pulse tells of it. */
async function hears(live: AsyncGenerator<PulseView>, told: (pulse: PulseView) => boolean): Promise<void> {
  for (;;) {
    const next: IteratorResult<PulseView, unknown> = await live.next();
    if (next.done === true) throw new Error('the live events ended');
    if (told(next.value)) return;
  }
}

test('the page comes through, two people of two networks settle a chunk, a neighbour may not, and the live events tell of it while it happens', async () => {
  const { house, front } = await behind({ trustProxy: ['127.0.0.1/32'] });
  const shown = await fetch(`${front.url}/`);
  expect([shown.status, await shown.text()]).toEqual([200, page]);
  expect((await fetch(`${front.url}/api/status`)).status).toBe(200);

  const live = pulses(front.url);
  await hears(live, ({ live: now, jobs }) => now.people === 0 && jobs.length === 0);

  // The third is of the first one's network, wherever they say that they are.
  const first = await arrives(front, '203.0.113.7');
  const other = await arrives(front, '198.51.100.1');
  const third = await arrives(front, '203.0.113.200', '192.0.2.1, 127.0.0.1');
  const { side } = house.house;
  expect([first, other, third].map((one) => groupOf(house, one))).toEqual([
    side.groupOf('203.0.113.0/24'),
    side.groupOf('198.51.100.0/24'),
    side.groupOf('203.0.113.0/24'),
  ]);
  expect(groupOf(house, first)).not.toBe(groupOf(house, other));

  const job = await house.job({ units: 8, unitsPerChunk: 8, quorum: 2 });
  const mine = await first.leaseOf('cheap@1');
  third.ask('cheap@1');
  expect((await third.refusal()).reason).toBe('waiting-for-others');
  const theirs = await other.leaseOf('cheap@1');
  await hears(live, ({ live: now, jobs }) => now.people === 3 && jobs[0]?.leased === 1);
  for (const [one, { lease }] of [
    [first, mine],
    [other, theirs],
  ] as const)
    one.commit([answerOf(job.job, job.agreement, lease, 0, outputsOf(cheapInput(8), 0, 8))]);
  for (const [one, { lease }] of [
    [first, mine],
    [other, theirs],
  ] as const)
    expect(receiptHolds(await one.settled(lease), house.house.keys.coordinator.publicText, one.who)).toBe(
      true,
    );
  await hears(live, ({ live: now, jobs }) => now.people === 3 && jobs.length === 0);
  await live.return(undefined);
});

test('where it is not trusted everybody is at the proxy, whatever is written', async () => {
  const { house, front } = await behind({});
  const people = [await arrives(front, '203.0.113.7'), await arrives(front, '198.51.100.1', '192.0.2.1')];
  const here = house.house.side.groupOf('127.0.0.0/24');
  expect(people.map((one) => groupOf(house, one))).toEqual([here, here]);
});

test('an address in front that the operator did not allow is refused, on the page and at the socket', async () => {
  const { front } = await behind({ allowOrigins: ['https://talka.example'], trustProxy: ['127.0.0.1/32'] });
  expect((await fetch(`${front.url}/api/status`)).status).toBe(403);
  const { ws } = new Scripted(front.url, identity(), { origin: front.url });
  const [fault] = (await once(ws, 'error')) as [Error];
  expect(fault.message).toBe('Unexpected server response: 403');
});
