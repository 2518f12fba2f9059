/** Claims that are kept at hand: the right bytes for each unit, for as long as there is room and they stand; and the store where there is none. */
import { afterEach, describe, expect, test } from 'vitest';
import { claimOf, DrawnClaims } from '../../src/coordinator/drawn-claims.ts';
import type { Outputs } from '../../src/coordinator/log.ts';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { bent, right, stage } from './auditors.ts';

/** Units of 1, 2, 3, … bytes, each full of its number, in the middle of a frame. */
function inFrame(units: number): Outputs {
  const lengths = Array.from({ length: units }, (_, i) => i + 1);
  const own = lengths.flatMap((length, i) => new Array<number>(length).fill(i));
  const frame = new Uint8Array(own.length + 5_000).fill(255);
  frame.set(own, 2_000);
  return { lengths, bytes: frame.subarray(2_000, 2_000 + own.length) };
}

describe('claims at hand', () => {
  test('are those of the units that were drawn, in the order in which they are asked for, without their frame', () => {
    const claim = claimOf({ job: 'j1', chunk: 3 }, [48, 51, 63], 48, inFrame(16));
    expect(claim.outputs.map((output) => [...output])).toEqual([
      [0],
      [3, 3, 3, 3],
      new Array<number>(16).fill(15),
    ]);
    for (const output of claim.outputs) expect(output.buffer.byteLength).toBe(output.length);
    const claims = new DrawnClaims();
    claims.see({ claims: [claim], voided: [] });
    const of = (units: number[], chunk = 3, job = 'j1') => claims.of({ job, chunk, units });
    expect(of([63, 48])?.map((output) => output[0])).toEqual([15, 0]);
    expect([of([48, 49]), of([48], 4), of([48], 3, 'j2')]).toEqual([null, null, null]);
  });

  test('go when they are void, and when others need their room; what is accepted anew takes their place', () => {
    const claims = new DrawnClaims(3_000);
    const claim = (chunk: number, fill: number) =>
      claimOf({ job: 'j1', chunk }, [chunk], chunk, {
        lengths: [1_000],
        bytes: new Uint8Array(1_000).fill(fill),
      });
    const has = (): (number | undefined)[] =>
      [0, 1, 2, 3].map((chunk) => claims.of({ job: 'j1', chunk, units: [chunk] })?.[0]?.[0]);
    claims.see({ claims: [claim(0, 10), claim(1, 11)], voided: [] });
    expect(has()).toEqual([10, 11, undefined, undefined]);
    // In the same tick one is void and computed again by somebody else.
    claims.see({ claims: [claim(1, 21)], voided: [{ job: 'j1', chunks: [0, 2] }] });
    expect(has()).toEqual([undefined, 21, undefined, undefined]);
    for (let round = 0; round < 50; round++) {
      claims.see({ claims: [claim(2, 12)], voided: [] });
      claims.see({ claims: [claim(3, 13)], voided: [] });
      expect(has()).toEqual([undefined, undefined, 12, 13]);
    }
    claims.see({
      claims: [],
      voided: [
        { job: 'j1', chunks: [2, 4] },
        { job: 'j2', chunks: [0, 9] },
      ],
    });
    expect(has()).toEqual([undefined, undefined, undefined, undefined]);
    claims.see({ claims: [claim(0, 30), claim(1, 31)], voided: [] });
    expect(has()).toEqual([30, 31, undefined, undefined]);
  });
});

/** Counts what is read of chunks' answers. */
class CountingLog extends MemoryLog {
  reads = 0;

  override results(...asked: Parameters<MemoryLog['results']>): ReturnType<MemoryLog['results']> {
    this.reads++;
    return super.results(...asked);
  }
}

describe('an answer to an audit', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  test('is held against what came with the commitment, without asking the store; a lie is found all the same', async () => {
    const log = new CountingLog();
    const { house, person, drawn } = await stage({ log });
    open.push(house);
    await house.house.auditor.join();
    const answer = async (compute: (unit: number) => Uint8Array) => {
      const audit = await drawn(await person(1, { audits: false }), compute);
      const taken = house.house.auditor.take(256).audits.find((one) => one.audit === audit.id);
      if (taken === undefined) throw new Error('it is not given to an anchor');
      return house.house.auditor.answer(audit.id, taken.units.map(right));
    };
    expect(await answer(right)).toMatchObject({ became: 'right' });
    expect(log.reads).toBe(0);
    expect(await answer(bent)).toMatchObject({ became: 'wrong' });
    expect(log.reads).toBe(0);
  });
});
