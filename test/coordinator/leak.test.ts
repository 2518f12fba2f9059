/**
 * The leak rule [WR9] from outside: what somebody has committed to a chunk is nowhere to be heard or read by others while the
 * chunk waits for a second answer. Everything that another device hears is searched, and what every public path answers.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpOf } from '../../src/coordinator/http.ts';
import type { JobView } from '../../src/wire/views.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';
import type { Answered } from './volunteer.ts';

/** So many bytes of a secret are looked for: whoever is told more of it is told these. */
const partBytes = 8;

/** The ways in which bytes may be told. In base64 they look different at each of three places among other bytes. */
const forms: Readonly<Record<string, (bytes: Buffer) => string[]>> = {
  raw: (bytes) => [bytes.toString('latin1')],
  hex: (bytes) => [bytes.toString('hex'), bytes.toString('hex').toUpperCase()],
  base64: (bytes) => [0, 1, 2].map((shift) => sixes(bytes, shift, 'base64')),
  base64url: (bytes) => [0, 1, 2].map((shift) => sixes(bytes, shift, 'base64url')),
  numbers: (bytes) => [[...bytes].join(',')],
};

/** The letters that these bytes alone decide, where so many other bytes come before. */
function sixes(bytes: Buffer, shift: number, as: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString(as);
  return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
}

/** What is to stay unknown, by name. */
type Secrets = ReadonlyMap<string, Buffer>;

function secretsOf({ item, digests }: Answered, outputs: readonly Buffer[]): Secrets {
  const secrets = new Map<string, Buffer>([['root', Buffer.from(item.root, 'hex').subarray(0, partBytes)]]);
  for (const [i, output] of outputs.entries()) {
    secrets.set(`digest ${i}`, digests.subarray(i * partBytes, (i + 1) * partBytes));
    secrets.set(`output ${i}`, output.subarray(0, partBytes));
  }
  return secrets;
}

/** What of the secrets stands in a text of bytes, and how. */
function foundIn(told: Uint8Array | string, secrets: Secrets): string[] {
  const text = typeof told === 'string' ? told : Buffer.from(told).toString('latin1');
  return [...secrets].flatMap(([name, bytes]) =>
    Object.entries(forms)
      .filter(([, written]) => written(bytes).some((one) => text.includes(one)))
      .map(([form]) => `${name} as ${form}`),
  );
}

/** A scripted device, and every byte that came to it. */
class Hearing extends Scripted {
  readonly heard: Buffer[] = [];
  constructor(url: string) {
    super(url);
    this.ws.on('message', (data: Buffer) => void this.heard.push(data));
  }
}

let one: Started;

/** Where each public path is asked while A's answer waits, and what is answered: a path that is not here fails the test. */
function asked(job: JobView, account: string, root: string): Record<string, Record<string, number>> {
  const of = `/api/jobs/${job.job}`;
  // Each record for itself: an answer ends before the first that is held back.
  const ticks = Array.from({ length: one.runtime.head?.size ?? 0 }, (_, i) => i + 1);
  const each = (address: string) => Object.fromEntries(ticks.map((tick) => [`${address}${tick}`, 200]));
  return {
    '/api/status': { '/api/status': 200 },
    '/api/live': { '/api/live': 200 },
    '/api/leaderboard': { '/api/leaderboard': 200 },
    '/api/checks': { '/api/checks': 200 },
    '/api/account/:account': { [`/api/account/${account}`]: 200 },
    '/api/account/:account/receipts': { [`/api/account/${account}/receipts`]: 200 },
    '/metrics': { '/metrics': 401 },
    '/blobs/:digest': { [`/blobs/${job.input}`]: 200, [`/blobs/${root}`]: 404 },
    '/api/jobs': { '/api/jobs': 200 },
    '/api/jobs/:job': { [of]: 200 },
    '/api/jobs/:job/cloth': { [`${of}/cloth`]: 200 },
    '/api/jobs/:job/verdicts': { [`${of}/verdicts`]: 200 },
    '/api/jobs/:job/chunks': { [`${of}/chunks`]: 403 },
    '/api/jobs/:job/preview.png': { [`${of}/preview.png`]: 404 },
    '/api/jobs/:job/picture.png': { [`${of}/picture.png`]: 403 },
    '/api/jobs/:job/report.txt': { [`${of}/report.txt`]: 403 },
    '/api/jobs/:job/results.bin': { [`${of}/results.bin`]: 403 },
    '/api/log/head': { '/api/log/head': 200 },
    '/api/log/consistency': { '/api/log/consistency?from=1': 200 },
    '/api/log/inclusion': each('/api/log/inclusion?tick='),
    '/api/log/records': each('/api/log/records?from='),
    '/api/log/cosignatures': { '/api/log/cosignatures': 200 },
    '/api/epochs': { '/api/epochs': 200 },
    '/api/epochs/:number': { '/api/epochs/1': 404 },
    '/api/epochs/:number/rows.csv': { '/api/epochs/1/rows.csv': 404 },
    '/api/epochs/:number/rows/:account': { [`/api/epochs/1/rows/${account}`]: 404 },
    '/api/sites': { '/api/sites': 200 },
    '/embed/v1.js': { '/embed/v1.js': 200 },
    '/embed/frame': { '/embed/frame': 200 },
    '/embed/consent': { '/embed/consent': 200 },
    '/*': { '/page.html': 200 },
  };
}

const webDir = mkdtempSync(join(tmpdir(), 'talka-leak-'));
beforeAll(async () => {
  const facts = '<script type="application/json" id="facts"></script>';
  mkdirSync(join(webDir, 'embed'));
  for (const page of ['page.html', 'embed/v1.js', 'embed/frame.html', 'embed/consent.html'])
    writeFileSync(join(webDir, page), facts);
  one = await started({ webDir });
});
afterAll(async () => {
  await one.close();
  rmSync(webDir, { recursive: true, force: true });
});

/** The paths that everybody may ask, as the program itself lists them. */
function publicPaths(): string[] {
  const { app, live } = httpOf(one.house);
  live.close();
  const gets = app.routes.filter(({ method }) => method === 'GET').map(({ path }) => path);
  return [...new Set(gets)].filter((path) => !path.startsWith('/api/operator'));
}

/** An answer's head and body; of a stream that does not end, what comes first. */
async function toldBy(answer: Response): Promise<Buffer> {
  const head = Buffer.from(JSON.stringify([...answer.headers]));
  if (answer.headers.get('content-type') !== 'text/event-stream')
    return Buffer.concat([head, Buffer.from(await answer.arrayBuffer())]);
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const { value = new Uint8Array() } = await reader.read();
  await reader.cancel();
  return Buffer.concat([head, value]);
}

/** What the operator reads of a job's chunks, whether the job is over or not. */
async function chunksRead(job: JobView): Promise<Buffer> {
  const headers = { authorization: `Bearer ${one.operatorToken}` };
  const answer = await one.call(`/api/jobs/${job.job}/chunks`, { headers });
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

/** The first chunk of a lease, computed. */
async function answered(job: JobView, who: Scripted) {
  const lease = await who.leaseOf(job.kernel);
  const from = lease.chunk * job.unitsPerChunk;
  const outputs = outputsOf(cheapInput(job.units), from, from + job.unitsPerChunk);
  return { lease, outputs, answer: answerOf(job.job, job.agreement, lease.lease, from, outputs) };
}

describe('[WR9] the leak rule', () => {
  test('until a chunk is settled no other device hears, and no path tells, what was committed to it', async () => {
    const job = await one.job({ units: 16 });
    const a = new Scripted(one.url);
    const beside = new Hearing(one.url);
    for (const who of [a, beside]) await who.signIn();
    const first = await answered(job, a);
    a.commit([first.answer]);
    await a.acked(first.lease.lease);
    const secrets = secretsOf(first.answer, first.outputs);

    const b = new Hearing(one.url);
    await b.signIn();
    const second = await answered(job, b);
    expect(second.lease.chunk).toBe(first.lease.chunk);
    const places = asked(job, a.who.account, first.answer.item.root);
    expect(Object.keys(places).toSorted()).toEqual(publicPaths().toSorted());
    for (const [address, status] of Object.values(places).flatMap((each) => Object.entries(each))) {
      const answer = await one.call(address);
      expect({ address, status: answer.status }).toEqual({ address, status });
      expect(foundIn(await toldBy(answer), secrets), address).toEqual([]);
    }
    expect(foundIn(await toldBy(await fetch(`${one.url}/metrics`)), secrets), '/metrics here').toEqual([]);
    expect(foundIn(await chunksRead(job), secrets), 'chunks, for the operator').toEqual([]);
    for (const who of [b, beside]) {
      expect(who.heard.length).toBeGreaterThan(0);
      for (const word of who.heard) expect(foundIn(word, secrets), word.toString()).toEqual([]);
    }

    // The same paths tell it as soon as the second answer is there: so the search finds what there is to find.
    b.commit([second.answer]);
    await b.settled(second.lease.lease);
    const records = await toldBy(await one.call('/api/log/records?from=1&count=1000'));
    const found = [...foundIn(records, secrets), ...foundIn(await chunksRead(job), secrets)];
    expect(found).toEqual(
      expect.arrayContaining(['root as hex', 'digest 0 as base64url', 'output 0 as base64']),
    );
  });

  test.each(Object.keys(forms))('bytes that are told as %s among others are found', (form) => {
    const secrets: Secrets = new Map([['root', Buffer.from('00ff3e7f80c1a5fb', 'hex')]]);
    for (const before of [0, 1, 2, 3]) {
      const all = Buffer.concat([Buffer.alloc(before, 7), ...secrets.values(), Buffer.of(9)]);
      const texts: Record<string, string> = {
        raw: all.toString('latin1'),
        numbers: JSON.stringify([...all]),
      };
      const text = texts[form] ?? all.toString(form as BufferEncoding);
      expect(foundIn(text, secrets)).toContain(`root as ${form}`);
    }
  });
});
