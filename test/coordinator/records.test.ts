/** [LO10] The log over HTTP: word for word, within bounds, and nothing that is still secret, while real sockets play jobs out. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import {
  allowanceBytes,
  answerBytesMax,
  looksBytes,
  PublicRecords,
  recordsMax,
} from '../../src/coordinator/http-records.ts';
import { playedOut } from './played-out.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';
import { cheapInput } from './cheap.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

async function house(): Promise<Started> {
  const made = await started();
  open.push(made);
  return made;
}

/** So many ticks, each a grant with a long name. */
async function grants(made: Started, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await made.runtime.run({ c: 'fund', account: `r${i}`, amountMicro: 1 });
}

const linesOf = async (made: Started, query: string): Promise<string[]> => {
  const answer = await made.call(`/api/log/records${query}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
  return (await answer.text()).split('\n').slice(0, -1);
};

describe('[LO10] GET /api/log/records', () => {
  test('gives each record word for word, from where it is asked and as many', async () => {
    const made = await house();
    expect(await linesOf(made, '')).toEqual([]);
    await grants(made, 12);
    const lines = await linesOf(made, '?from=1');
    expect(lines.map((line) => (JSON.parse(line) as { tick: number }).tick)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    for (const [i, line] of lines.entries()) {
      const { leaf } = (await (await made.call(`/api/log/inclusion?tick=${i + 1}`)).json()) as {
        leaf: string;
      };
      expect(createHash('sha256').update('\0').update(line).digest('hex')).toBe(leaf);
    }
    expect(await linesOf(made, '?from=3&count=4')).toEqual(lines.slice(2, 6));
    expect(await linesOf(made, '?from=13')).toEqual([]);
  });

  test.each(['?from=0', '?from=-1', '?from=x', '?from=3', '?from=1&count=0'])(
    'refuses %s by its bounds',
    async (query) => {
      const made = await house();
      await grants(made, 1);
      const answer = await made.call(`/api/log/records${query}`);
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { refused: 'out-of-range', detail: '1 ≤ from ≤ 2, count ≥ 1' },
      ]);
    },
  );

  test('ends an answer at a thousand records and at a mebibyte, and asks who reads too much to come again', async () => {
    const record = Buffer.from(JSON.stringify({ v: 1, events: [], salt: 'x'.repeat(300_000) }));
    const short = Buffer.from(JSON.stringify({ v: 1, events: [] }));
    let long = true;
    let now = 1e12;
    const reads: number[] = [];
    const records = new PublicRecords({
      log: {
        read: async (after: number, max: number) => {
          reads.push(max);
          return Array.from({ length: max }, (_, i) => ({
            tick: after + i + 1,
            record: long ? record : short,
          }));
        },
      },
      runtime: { head: { size: 1e9 }, state: { audits: new Map() }, durable: async () => {} },
      now: () => now,
    } as unknown as ConstructorParameters<typeof PublicRecords>[0]);
    const found = await records.read(1, recordsMax);
    expect(found?.length).toBe(Math.ceil(answerBytesMax / record.length));
    // Long records are read one by one.
    expect(reads).toEqual([1, 1, 1, 1]);
    long = false;
    expect((await records.read(1, recordsMax))?.length).toBe(recordsMax);
    long = true;
    let answers = 0;
    while ((await records.read(1, recordsMax)) !== null) answers++;
    // What was looked into once is known to be public, so only what is sent counts here.
    expect(answers).toBeGreaterThan(allowanceBytes / (4 * record.length) - 2);
    expect(answers).toBeLessThan((2 * allowanceBytes) / (4 * record.length));
    now += 1_000;
    expect(await records.read(1, 1)).not.toBeNull();
    // Whoever asks while four are served comes again.
    now += 10_000;
    const many = await Promise.all(Array.from({ length: 6 }, () => records.read(1, 1)));
    expect(many.map((one) => one !== null)).toEqual([true, true, true, true, false, false]);
  });

  test('looks into no more than it may: whoever reads out of order is asked to come again sooner', async () => {
    const record = Buffer.from(JSON.stringify({ v: 1, events: [], salt: 'x'.repeat(1_000_000) }));
    let now = 1e12;
    const records = new PublicRecords({
      log: { read: async (after: number) => [{ tick: after + 1, record }] },
      runtime: { head: { size: 1e9 }, state: { audits: new Map() }, durable: async () => {} },
      now: () => now,
    } as unknown as ConstructorParameters<typeof PublicRecords>[0]);
    let answers = 0;
    for (; (await records.read(1_000, 1)) !== null; answers++) now += 1;
    // At the start both allowances are what may be had at once; what is new is over sooner.
    expect(answers).toBeGreaterThan(looksBytes / record.length - 1);
    expect(answers).toBeLessThan((2 * looksBytes) / record.length);
    now += 1_000;
    const lengths: (number | undefined)[] = [];
    for (const tick of [1, 2, 3]) lengths.push((await records.read(tick, 1))?.length);
    expect(lengths).toEqual([1, 1, undefined]);
    // What is known by then goes on being given.
    expect(await records.read(1, 2)).toHaveLength(2);
  });

  test('asks what is durable: what a tick that fails would make public stays back', async () => {
    const word = { e: 'committed', job: 'j1', chunk: 0 };
    const record = Buffer.from(JSON.stringify({ v: 1, events: [word] }));
    const audits = new Map();
    // The tick that ends the job is on its way to the store, which will not take it.
    const runtime = {
      head: { size: 1 },
      state: { audits, jobs: new Map() },
      durable: async (): Promise<void> => {
        runtime.state = { audits, jobs: new Map([['j1', { final: [] }]]) as Map<never, never> };
      },
    };
    const log = { read: async () => [{ tick: 1, record }] };
    const made = { log, runtime, now: () => 1e12 } as unknown as ConstructorParameters<
      typeof PublicRecords
    >[0];
    expect(await new PublicRecords(made).read(1, 1)).toEqual([]);
  });

  test('gives nothing away while jobs are played out under replicate and audit, and all of it afterwards', async () => {
    const played = await playedOut(true);
    open.push(played);
    const text = await played.get('/api/log/records');
    expect(text.split('\n').length - 1).toBe(played.ticks());
  }, 60_000);

  test('ends before the first lease or answer of an open chunk, and goes on once it is final', async () => {
    const made = await house();
    const job = await made.job({ units: 8, unitsPerChunk: 8, quorum: 2 });
    const before = made.runtime.head?.size ?? 0;
    const answer = outputsOf(cheapInput(8), 0, 8);
    const [a, b] = [new Scripted(made.url), new Scripted(made.url)];
    await a.signIn();
    await b.signIn();
    const joined = made.runtime.head?.size ?? 0;
    expect(joined).toBeGreaterThan(before);
    const lease = await a.leaseOf('cheap@1');
    expect((await linesOf(made, '')).length).toBe(joined);
    a.commit([answerOf(job.job, 'exact', lease.lease, 0, answer)]);
    await a.acked(lease.lease);
    expect((await linesOf(made, '')).length).toBe(joined);
    expect(await linesOf(made, `?from=${made.runtime.head?.size}`)).toEqual([]);
    const second = await b.leaseOf('cheap@1');
    b.commit([answerOf(job.job, 'exact', second.lease, 0, answer)]);
    await b.settled(second.lease);
    expect((await linesOf(made, '')).length).toBe(made.runtime.head?.size);
    a.ws.close();
    b.ws.close();
  });
});
