/**
 * [LO10] A verifier that was written from docs/SPEC.md alone (spec-verifier.ts) rebuilds every balance of a coordinator that ran
 * jobs under `replicate` and `audit` with a liar and a volunteer that audits, and names a record that was tampered with.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { playedOut } from './played-out.ts';
import type { PlayedOut } from './played-out.ts';
import { rebuild } from './spec-verifier.ts';
import type { Head, Rebuilt, Record1 } from './spec-verifier.ts';

const specification = readFileSync(join(import.meta.dirname, '../../docs/SPEC.md'), 'utf8');

/** The table of events: each kind's fields, and which of them may be absent. */
function eventsInSpec(): Map<string, { fields: string[]; mayLack: Set<string> }> {
  const section = specification.split('### Events\n')[1]?.split('\n### ')[0] ?? '';
  const found = new Map<string, { fields: string[]; mayLack: Set<string> }>();
  for (const [, kinds = '', said = ''] of section.matchAll(/^\| (`[^|]+`) \| ([^|]*) \|/gm)) {
    // What stands in brackets explains the field before it.
    const names = [...said.replaceAll(/\([^)]*\)+/g, '').matchAll(/`(\w+\??)`/g)].map(([, name]) =>
      String(name),
    );
    const mayLack = new Set(names.filter((name) => name.endsWith('?')).map((name) => name.slice(0, -1)));
    const fields = names.map((name) => name.replace('?', ''));
    for (const [, kind] of kinds.matchAll(/`(\w+)`/g))
      if (kind !== 'e') found.set(String(kind), { fields, mayLack });
  }
  return found;
}

describe('[LO10] a verifier written from the specification', () => {
  let house: PlayedOut;
  beforeAll(async () => void (house = await playedOut()), 60_000);
  afterAll(() => house.close());

  const look = async (lines: readonly string[]): Promise<Rebuilt> => {
    const head = JSON.parse(await house.get('/api/log/head')) as Head;
    const { coordinator } = JSON.parse(await house.get('/api/status')) as { coordinator: string };
    return rebuild(lines, head, coordinator, async (from, to) => {
      const proof = JSON.parse(await house.get(`/api/log/consistency?from=${from}&to=${to}`)) as {
        path: string[];
      };
      return proof.path;
    });
  };
  const records = async (): Promise<string[]> => {
    const lines: string[] = [];
    for (;;) {
      const text = await house.get(`/api/log/records?from=${lines.length + 1}`);
      if (text === '') return lines;
      lines.push(...text.slice(0, -1).split('\n'));
    }
  };

  test('rebuilds every balance', async () => {
    const lines = await records();
    const { ledger, wrong, under } = await look(lines);
    expect(wrong).toBeNull();
    expect(under).toBe(house.ticks());
    const rebuilt = [...ledger.balances].filter(([, balance]) => balance !== 0n);
    expect(new Map(rebuilt)).toEqual(new Map(house.balances()));
    const kinds = new Set(lines.flatMap((line) => (JSON.parse(line) as Record1).events.map(({ e }) => e)));
    for (const kind of [
      'audited',
      'rechecked',
      'disproved',
      'voided',
      'vested',
      'drawn',
      'finished',
      'closing',
      'cancelled',
      'expired',
      'epochSealed',
    ])
      expect(kinds).toContain(kind);
    expect(
      lines.some((line) =>
        (JSON.parse(line) as Record1).events.some((event) => event.e === 'audited' && 'site' in event),
      ),
      'a volunteer made an audit',
    ).toBe(true);
    const { rows } = JSON.parse(await house.get('/api/leaderboard')) as {
      rows: { account: string; creditMicro: number }[];
    };
    expect(rows.length).toBeGreaterThan(2);
    for (const { account, creditMicro } of rows) expect(ledger.earned.get(account)).toBe(BigInt(creditMicro));
  });

  test('names the first record that was tampered with, whatever was changed in it', async () => {
    const lines = await records();
    const bend = async (tick: number, change: (line: string) => string): Promise<Rebuilt> => {
      const bent = lines.map((line, i) => (i === tick - 1 ? change(line) : line));
      expect(bent[tick - 1]).not.toBe(lines[tick - 1]);
      return look(bent);
    };
    const paying = 1 + lines.findIndex((line) => line.includes('"e":"accepted"'));
    const richer = await bend(paying, (line) => line.replace(/"amountMicro":(\d)/, '"amountMicro":9$1'));
    expect(richer.under).toBe(paying - 1);
    expect(richer.wrong).toMatch(new RegExp(`^tick ${paying}: Error: accepted moves`));
    const sealing = 1 + lines.findIndex((line) => line.includes('"e":"epochSealed"'));
    const shared = await bend(sealing, (line) => line.replace(/"totalMicro":"(\d)/, '"totalMicro":"9$1'));
    expect(shared.wrong).toMatch(new RegExp(`^tick ${sealing}: Error: epoch 1 shares out`));
    // Of what moves no credits only the trees tell: that of the log, and where an epoch was sealed after it the one that this names.
    for (const tick of [1, paying, lines.length]) {
      const salted = await bend(tick, (line) =>
        line.replace(/"salt":"./, (before) => (before.endsWith('A') ? '"salt":"B' : '"salt":"A')),
      );
      const named = tick < sealing ? `tick ${sealing}: Error: epoch 1 is of another log` : null;
      expect([salted.under, salted.wrong]).toEqual([tick - 1, named]);
    }
    const missing = await look([...lines.slice(0, 4), ...lines.slice(5)]);
    expect(missing).toMatchObject({ under: 4, wrong: 'tick 5: Error: no record' });
  });

  test('finds every event with exactly the fields that the table says, and no kind that it does not', async () => {
    const table = eventsInSpec();
    const source = readFileSync(join(import.meta.dirname, '../../src/core/events.ts'), 'utf8');
    const inSource = [...source.matchAll(/readonly e: ([^;]+);/g)].flatMap(([, kinds]) =>
      [...String(kinds).matchAll(/'(\w+)'/g)].map(([, kind]) => kind),
    );
    expect(new Set(table.keys())).toEqual(new Set(inSource));
    for (const line of await records())
      for (const event of (JSON.parse(line) as Record1).events) {
        const { fields = [], mayLack = new Set<string>() } = table.get(event.e) ?? {};
        const own = Object.keys(event).filter((name) => name !== 'e');
        expect({ e: event.e, own: own.toSorted() }).toEqual({
          e: event.e,
          own: fields.filter((name) => !mayLack.has(name) || own.includes(name)).toSorted(),
        });
      }
  });
});
