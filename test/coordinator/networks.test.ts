/** The table of networks: what is read, what is refused and where, and that a look-up finds what a slow look through the lines finds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { BadTable, readNetworks } from '../../src/coordinator/networks.ts';
import type { NetworkTable } from '../../src/coordinator/networks.ts';
import { placingOf } from '../../src/coordinator/placing.ts';
import { SideTables } from '../../src/coordinator/side.ts';
import { dice } from '../sim/random.ts';

const dir = mkdtempSync(join(tmpdir(), 'talka-networks-'));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;
function fileOf(content: string | Buffer): string {
  const file = join(dir, `table-${files++}`);
  writeFileSync(file, content);
  return file;
}
const tableOf = (content: string | Buffer): NetworkTable => readNetworks([fileOf(content)]) as NetworkTable;
/** What is said of a table that is refused, without the file's name. */
function faultOf(content: string | Buffer): string {
  try {
    tableOf(content);
  } catch (error) {
    if (error instanceof BadTable) return error.message.replace(/^--networks: \S+?table-\d+,? ?/, '');
    throw error;
  }
  return 'none';
}

describe('a table of networks', () => {
  test('is read with commas, tabs, quotes, comments, a header, and gzipped', () => {
    const commas = '# made by hand\nfrom,to,asn,name\n\n192.0.2.0,192.0.2.255,64500,"Example, Inc."\n';
    const quoted = '\ufeff"first","last","as"\r\n"192.0.2.0","192.0.2.255","AS64500","x"\r\n';
    const tabs =
      '192.0.2.0\t192.0.2.255\t64500\tXX\tEXAMPLE, EXAMPLE\n2001:db8::\t2001:db8::ffff\t64501\tXX\tE';
    for (const content of [commas, quoted, tabs, gzipSync(tabs)]) {
      const table = tableOf(content);
      const at = ['192.0.1.255', '192.0.2.0', '::ffff:192.0.2.9', '192.0.2.255', '192.0.3.0'];
      expect(at.map((one) => table.systemOf(one))).toEqual([0, 64_500, 64_500, 64_500, 0]);
    }
    expect(tableOf(tabs).systemOf('2001:db8::12')).toBe(64_501);
    expect(tableOf(tabs).systemOf('fe80::1%eth0')).toBe(0);
    expect(tableOf(tabs).systemOf('no address')).toBe(0);
    const both = readNetworks([fileOf(commas), fileOf('2001:db8::,2001:db8::ffff,7')]);
    expect([both?.size, both?.systemOf('192.0.2.1'), both?.systemOf('2001:db8::1')]).toEqual([2, 64_500, 7]);
    expect(readNetworks([])).toBeNull();
  });

  test('may be in any order and overlap: the range that begins last holds, then the narrower, then the later line', () => {
    const table = tableOf(
      ['10.0.0.50,10.0.0.99,2', '10.0.0.0,10.0.0.255,1', '10.0.0.60,10.0.0.120,3', '10.0.0.50,10.0.0.55,4', '10.0.0.50,10.0.0.55,5'].join('\n'), // prettier-ignore
    );
    const at = (last: number): number => table.systemOf(`10.0.0.${last}`);
    expect([0, 49, 50, 55, 56, 59, 60, 99, 100, 120, 121, 255].map(at)).toEqual([
      1, 1, 5, 5, 2, 2, 3, 3, 3, 3, 1, 1,
    ]);
  });

  test('leaves out what nobody announces', () => {
    expect(tableOf('10.0.0.0\t10.0.0.255\t0\tNone\tNot routed\n10.0.1.0\t10.0.1.9\t5').size).toBe(1);
  });

  test('is refused by the line where it is malformed', () => {
    const cases: [string, string][] = [
      ['10.0.0.0,10.0.0.255,1\n10.0.1.0,10.0.1.256,2', "line 2: '10.0.1.256' is no address"],
      ['# x\n\nten,10.0.0.1,1,x\nten,10.0.0.1,1', "line 4: 'ten' is no address"],
      ['10.0.0.0,2001:db8::,1', 'line 1: a range begins and ends with addresses of one kind'],
      ['10.0.0.9,10.0.0.8,1', 'line 1: the range ends before it begins'],
      ['2001:db8::1:0,2001:db8::ffff,1', 'line 1: the range ends before it begins'],
      ['10.0.0.0,10.0.0.8,', "line 1: '' is no number of an autonomous system"],
      ['10.0.0.0,10.0.0.8,4294967296', "line 1: '4294967296' is no number of an autonomous system"],
      ['10.0.0.0,10.0.0.8,-1', "line 1: '-1' is no number of an autonomous system"],
      ['10.0.0.0 10.0.0.8 1', "line 1: '10.0.0.0 10.0.0.8 1' is no address"],
      ['10.0.0.0,10.0.0.8', "line 1: '' is no number of an autonomous system"],
      ['from,to,asn\nfrom,to,asn', "line 2: 'from' is no address"],
      ['', 'holds no range of addresses'],
      ['# nothing', 'holds no range of addresses'],
    ];
    for (const [content, fault] of cases) expect([content, faultOf(content)]).toEqual([content, fault]);
    expect(faultOf(Buffer.from([0x1f, 0x8b, 1, 2, 3]))).toMatch(/cannot be read/);
    expect(() => readNetworks([join(dir, 'absent')])).toThrow(/absent cannot be read/);
  });

  test('finds what a slow look through all lines finds', () => {
    const throws = dice(7);
    for (let round = 0; round < 40; round++) {
      const isSix = round % 2 === 1;
      const text = (value: number): string =>
        isSix ? `2001:db8::${(value >> 8).toString(16)}:0:0:${(value & 255).toString(16)}` : `10.9.${value >> 8}.${value & 255}`; // prettier-ignore
      const rows = Array.from({ length: throws.between(1, 30) }, (_, i) => {
        const from = throws.below(1_024);
        return { from, to: Math.min(1_023, from + throws.below(300)), system: i + 1 };
      });
      const table = tableOf(rows.map(({ from, to, system }) => `${text(from)},${text(to)},${system}`).join('\n')); // prettier-ignore
      for (let value = 0; value < 1_024; value++) {
        let best = { from: -1, to: 0, system: 0 };
        for (const row of rows)
          if (row.from <= value && value <= row.to && (row.from > best.from || (row.from === best.from && row.to <= best.to))) best = row; // prettier-ignore
        expect([round, value, table.systemOf(text(value))]).toEqual([round, value, best.system]);
      }
    }
  });
});

describe('[LO5] where somebody stands', () => {
  test('a number for the prefix and one for its network; nothing without a table, nor for who is exempt', () => {
    const side = new SideTables(new DatabaseSync(':memory:'), Buffer.alloc(32));
    const networks = tableOf(
      '10.0.0.0,10.0.255.255,64500\n10.1.0.128,10.1.0.255,64501\n127.0.0.0,127.0.0.255,5',
    );
    const placeOf = placingOf({ side, loopbackExempt: true, networks });
    const [a, b] = [placeOf('10.0.0.1'), placeOf('10.0.1.1')];
    expect(a.network).toMatch(/^n\d+$/);
    expect(b.network).toBe(a.network);
    expect(new Set([a.group, b.group, a.network]).size).toBe(3);
    expect(placeOf('10.2.0.1').network).toBe('');
    // A prefix is in one network, its first address's, wherever in it somebody is.
    expect(placeOf('10.1.0.200')).toEqual(placeOf('10.1.0.1'));
    expect(placeOf('10.1.0.200').network).toBe('');
    expect(placeOf('127.0.0.1')).toEqual({ group: '', network: '' });
    expect(placingOf({ side, loopbackExempt: false, networks })('127.0.0.1').network).not.toBe('');
    expect(placingOf({ side, loopbackExempt: false, networks: null })('10.0.0.1')).toEqual({ group: a.group, network: '' }); // prettier-ignore
    side.close();
  });
});
