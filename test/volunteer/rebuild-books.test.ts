/** The books of `talka rebuild` take no record and no credits but those that docs/SPEC.md allows; each forgery is named with its tick. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { treeHash } from '../../src/core/merkle.ts';
import { Books } from '../../src/volunteer/rebuild-books.ts';
import { Rebuild } from '../../src/volunteer/rebuild.ts';
import { playedOut } from '../coordinator/played-out.ts';
import type { PlayedOut } from '../coordinator/played-out.ts';

const hash = treeHash((bytes) => createHash('sha256').update(bytes).digest());

interface Word {
  tick: number;
  receipts: string;
  events: Record<string, unknown>[];
}
type Happening = { readonly e: string } & Readonly<Record<string, unknown>>;
type Bend = (events: Record<string, unknown>[]) => void;

let house: PlayedOut;
let lines: string[];
let coordinator: string;
beforeAll(async () => {
  house = await playedOut();
  lines = (await house.get('/api/log/records')).split('\n').slice(0, -1);
  ({ coordinator } = JSON.parse(await house.get('/api/status')) as { coordinator: string });
}, 60_000);
afterAll(() => house.close());

/** The records with the first event of a kind bent. */
function bent(kind: string, bend: Bend): { tick: number; lines: string[] } {
  const place = lines.findIndex((line) => line.includes(`"e":"${kind}"`));
  const word = JSON.parse(lines[place] as string) as Word;
  bend(word.events.filter(({ e }) => e === kind));
  return { tick: place + 1, lines: lines.with(place, JSON.stringify(word)) };
}

const entriesOf = (event: Record<string, unknown> | undefined): Record<string, unknown>[] =>
  event?.['entries'] as Record<string, unknown>[];
const set =
  (name: string, value: unknown, place = 0): Bend =>
  ([event]) => {
    const entry = entriesOf(event)[place];
    if (entry === undefined) throw new Error('there is no such entry');
    entry[name] = value;
  };

/** Every way that somebody who signs the log might move credits as the kind of event does not. */
const forgeries: readonly [says: string, kind: string, bend: Bend][] = [
  ['issued to somebody else', 'funded', set('to', 'vested:me')],
  ['issued by a requester', 'funded', set('from', 'requester:x')],
  ['a price that is too high', 'submitted', set('amountMicro', 10_000_000)],
  ['a price of somebody else', 'submitted', set('from', 'requester:x')],
  ['paid to somebody else', 'accepted', set('to', 'vested:me')],
  ['paid too much', 'accepted', set('amountMicro', 90_000)],
  ['paid a fraction', 'accepted', set('amountMicro', 0.5)],
  [
    'paid at once what is provisional',
    'accepted',
    ([event]) => {
      if (event !== undefined) event['final'] = false;
    },
  ],
  ['paid to one and not to the other', 'accepted', ([event]) => void entriesOf(event).pop()],
  [
    'paid to one twice',
    'accepted',
    ([event]) => {
      const [first] = (event?.['winners'] ?? []) as Record<string, unknown>[];
      const winners = [first, first];
      if (event !== undefined)
        Object.assign(event, { winners, entries: [entriesOf(event)[0], entriesOf(event)[0]] });
    },
  ],
  [
    'a chunk outside its job',
    'accepted',
    ([event]) => {
      if (event !== undefined) event['chunk'] = 9_999;
    },
  ],
  [
    'a job that is not',
    'accepted',
    ([event]) => {
      if (event !== undefined) event['job'] = 'j77';
    },
  ],
  ['an audit paid by the one who was audited', 'audited', set('from', 'pending:me')],
  ['an audit paid too much', 'audited', set('amountMicro', 1_000_000)],
  ['what engines settle paid by a job', 'rechecked', set('from', 'escrow:j1')],
  ['what engines settle paid too much', 'rechecked', set('amountMicro', 1_000_000)],
  ['what engines settle paid to somebody else', 'rechecked', set('to', 'vested:me')],
  ['vested more than was pending', 'vested', set('amountMicro', 999_999)],
  ['vested to somebody else', 'vested', set('to', 'vested:me')],
  [
    'vested without end',
    'vested',
    ([event]) => {
      if (event !== undefined) event['chunks'] = [0, Number.MAX_SAFE_INTEGER];
    },
  ],
  ['void, and kept', 'voided', ([event]) => void entriesOf(event).pop()],
  ['void, and paid to somebody else', 'voided', set('to', 'vested:me')],
  [
    'reopened what is not accepted',
    'voided',
    ([event]) => {
      if (event !== undefined) event['reopened'] = [100, 101];
    },
  ],
  ['what is left goes elsewhere', 'cancelled', set('to', 'vested:me')],
  ['less than is left', 'cancelled', set('amountMicro', 1)],
  [
    'ended twice',
    'cancelled',
    ([event]) => {
      if (event !== undefined) Object.assign(event, { job: 'j1', entries: [] });
    },
  ],
  [
    'finished before its end',
    'submitted',
    ([event]) => {
      if (event !== undefined) Object.assign(event, { e: 'finished', entries: [] });
    },
  ],
  ...['audited', 'rechecked', 'vested', 'voided'].map((kind): (typeof forgeries)[number] => [
    `of a job that is not (${kind})`,
    kind,
    ([event]) => {
      if (event !== undefined) event['job'] = 'j77';
    },
  ]),
  [
    'void, but not pending',
    'voided',
    ([event]) => {
      if (event !== undefined) event['chunks'] = [50, 51];
    },
  ],
  [
    'void, and a gift beside',
    'voided',
    ([event]) => void entriesOf(event).push({ from: 'operator', to: 'vested:me', amountMicro: 1 }),
  ],
  [
    'not there at all',
    'funded',
    ([event]) => {
      delete event?.['entries'];
    },
  ],
  [
    'a join that pays',
    'joined',
    ([event]) => {
      if (event !== undefined) event['entries'] = [{ from: 'operator', to: 'vested:me', amountMicro: 1 }];
    },
  ],
  [
    'a kind that is not',
    'misdeed',
    ([event]) => {
      if (event !== undefined) event['e'] = 'gift';
    },
  ],
  [
    'no kind',
    'misdeed',
    ([event]) => {
      if (event !== undefined) delete event['e'];
    },
  ],
];

function firstFault(records: readonly string[]): { tick: number; says: string } | null {
  const built = new Rebuild(coordinator, hash);
  for (const record of records) {
    const fault = built.take(Buffer.from(record));
    if (fault !== null) return fault;
  }
  return null;
}

describe('the books', () => {
  test('come out as the coordinator has them', () => {
    const built = new Rebuild(coordinator, hash);
    for (const line of lines) expect(built.take(Buffer.from(line))).toBeNull();
    expect(built.books.balances).toEqual(new Map(house.balances()));
    expect(built.size).toBe(house.ticks());
  });

  test.each(forgeries)('take no credits that are %s', (_, kind, bend) => {
    const forged = bent(kind, bend);
    // By the books, and not because its receipts are others now.
    const says = expect.not.stringContaining('receipts') as string;
    expect(firstFault(forged.lines)).toEqual({ tick: forged.tick, says });
  });

  test('open no job twice, and pay for no chunk outside it', () => {
    const place = lines.findIndex((line) => line.includes('"e":"submitted","job":"j2"'));
    const again = (lines[place] ?? '').replace('"job":"j2"', '"job":"j1"').replace('escrow:j2', 'escrow:j1');
    const open = lines.findIndex((line) => line.includes('"e":"submitted","job":"j1"'));
    const early = again.replace(/"tick":\d+/, `"tick":${open + 2}`);
    expect(firstFault(lines.with(open + 1, early))?.says).toBe("'submitted': j1 is open already");
    const outside = bent('accepted', ([event]) => {
      if (event !== undefined) event['chunk'] = 9_999;
    });
    expect(firstFault(outside.lines)?.says).toBe("'accepted': chunk 9999 lies outside j1");
  });

  test('take no chunk that is paid twice', () => {
    const place = lines.findIndex((line) => line.includes('"e":"accepted"'));
    const eventsOf = (at_: number): Word => JSON.parse(lines[at_] ?? '') as Word;
    const paid = eventsOf(place).events.find(({ e }) => e === 'accepted');
    const next = eventsOf(place + 1);
    const twice = { ...next, events: [...next.events, paid] };
    expect(firstFault(lines.with(place + 1, JSON.stringify(twice)))).toEqual({
      tick: place + 2,
      says: expect.stringContaining('was paid already') as string,
    });
  });

  test.each<[says: string, kind: string, bend: Bend]>([
    ['is overdrawn', 'funded', set('amountMicro', 1)],
    [
      'j3 is cancelled',
      'cancelled',
      ([event]) => {
        if (event !== undefined) event['e'] = 'finished';
      },
    ],
  ])('end where it %s', (says, kind, bend) => {
    expect(firstFault(bent(kind, bend).lines)?.says).toContain(says);
  });

  describe('of a job that is cancelled', () => {
    const entry = (from: string, to: string, amountMicro: number): Record<string, unknown> => ({
      from,
      to,
      amountMicro,
    });
    const spec = { units: 4, unitsPerChunk: 2, unitCostMicro: 5, policy: { kind: 'audit', quorum: 1 } };
    const winners = [{ replica: 1, device: 'd', account: 'A', site: null }];
    const [escrow, requester] = ['escrow:j1', 'requester:r'];
    const accepts = (chunk: number): Happening => ({
      ...{ e: 'accepted', job: 'j1', chunk, winners, final: false },
      entries: [entry(escrow, 'pending:A', 10)],
    });
    const closing = (to: string, ...amounts: number[]): Happening => ({
      ...{ e: 'closing', job: 'j1' },
      entries: amounts.map((amountMicro) => entry(escrow, to, amountMicro)),
    });
    const ends = (e: string): Happening => ({ e, job: 'j1', entries: [] });
    const booksOf = (...events: Happening[]): string | null => {
      const books = new Books();
      const before = [
        { e: 'funded', account: 'r', entries: [entry('issue', requester, 20)] },
        { e: 'submitted', job: 'j1', requester: 'r', spec, entries: [entry(requester, escrow, 20)] },
      ];
      for (const event of [...before, accepts(0), ...events]) {
        const fault = books.post(event);
        if (fault !== null) return fault;
      }
      return null;
    };
    const vested = {
      ...{ e: 'vested', job: 'j1', account: 'A', chunks: [0, 1] },
      entries: [entry('pending:A', 'vested:A', 10)],
    };

    test('close when what is pending of it is vested or void, and not before', () => {
      expect(booksOf(closing(requester, 10), vested, ends('cancelled'))).toBeNull();
      expect(booksOf(closing(requester, 10), ends('cancelled'))).toContain('is neither vested nor void');
      expect(booksOf(closing(requester, 10), vested, ends('finished'))).toContain('j1 is cancelled');
      expect(booksOf(vested, { ...ends('finished'), entries: [entry(escrow, requester, 10)] })).toContain(
        'not all chunks of j1 are final',
      );
    });

    test('give back to its requester alone what is there, once, and pay for nothing more', () => {
      expect(booksOf(closing('vested:A', 10))).toContain('only the requester of j1');
      expect(booksOf(closing(requester, 4, 6))).toContain('only the requester of j1');
      expect(booksOf(closing(requester, 11))).toContain('overdrawn');
      expect(booksOf(closing(requester, 4), closing(requester, 6))).toContain('j1 is not open');
      expect(booksOf(closing(requester, 4), accepts(1))).toContain('j1 is cancelled');
    });
  });

  test.each([
    ['no JSON', () => 'x', 'it is no JSON text'],
    ['another tick', (line: string) => line.replace('"tick":3', '"tick":4'), 'it is the record of tick 4'],
    [
      'a name twice',
      (line: string) => line.replace('{"v":1', '{"v":1,"v":1'),
      'it is not written as JSON.stringify writes it',
    ],
    ['a space', (line: string) => `${line} `, 'it is not written as JSON.stringify writes it'],
    [
      'another version',
      (line: string) => line.replace('"v":1', '"v":2'),
      'it is no record: v: Invalid type: Expected 1 but received 2',
    ],
    [
      'receipts of nothing',
      (line: string) => line.replace('"receipts":""', `"receipts":"${'0'.repeat(64)}"`),
      'its receipts are not what its events pay',
    ],
  ])('take no record that is %s', (_, change, says) => {
    const line = change(lines[2] as string);
    expect(line).not.toBe(lines[2]);
    expect(firstFault(lines.with(2, line))).toEqual({ tick: 3, says });
  });

  test('take no receipts but those of the payments', () => {
    const place = lines.findIndex((line) => line.includes('"e":"accepted"'));
    const other = (lines[place] as string).replace(/"receipts":"./, (start) =>
      start.endsWith('0') ? '"receipts":"1' : '"receipts":"0',
    );
    const says = 'its receipts are not what its events pay';
    expect(firstFault(lines.with(place, other))).toEqual({ tick: place + 1, says });
  });
});
