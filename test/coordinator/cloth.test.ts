/** Holds the cloth to the state it is woven from: every window of every size tells what each of its chunks is. */
import { describe, expect, test } from 'vitest';
import { clothBinsMax, clothOf, clothOfEnded, windowOf } from '../../src/coordinator/cloth.ts';
import type { Job } from '../../src/core/state.ts';
import type { JobView } from '../../src/wire/views.ts';
import { ask, commit, house, join, slotOf, specOf, submit } from '../core/house.ts';

/** A job of 60 chunks with some of every state, and where each chunk stands: 0 leased, 1 committed, 2 final, 3 free. */
function woven(): { job: Job; standing: readonly number[] } {
  const h = house();
  const job = submit(h, specOf({ units: 60, unitsPerChunk: 1 }));
  for (const name of ['a', 'b']) join(h, name);
  const standing = Array.from({ length: 60 }, () => 3);
  for (let slot = 0; slot < 4; slot++) {
    for (const device of ['a', 'b']) {
      const { lease, chunk, count } = ask(h, device, slotOf({ slot }));
      for (let i = 0; i < count; i++) {
        const answers = (chunk + i) % 4 !== 3 && !(device === 'b' && (chunk + i) % 3 === 1);
        if (answers) commit(h, device, lease + i);
        const before = standing[chunk + i];
        standing[chunk + i] = answers ? (before === 1 ? 2 : 1) : before === 1 ? 1 : 0;
      }
    }
  }
  return { job, standing };
}

const bytesOf = (standing: number): number[] => [0, 1, 2].map((k) => (standing === k ? 255 : 0));

describe('the cloth', () => {
  test('of one chunk a bin tells each chunk, in every window', () => {
    const { job, standing } = woven();
    expect(new Set(standing)).toEqual(new Set([0, 1, 2, 3]));
    for (let from = 0; from < 60; from++)
      for (let to = from + 1; to <= 60; to++)
        expect([...clothOf(job, { from, to, bins: to - from })], `${from} to ${to}`).toEqual(
          standing.slice(from, to).flatMap(bytesOf),
        );
  });

  test('of several chunks a bin tells their shares, and loses none', () => {
    const { job, standing } = woven();
    for (const [from, to, bins] of [
      [0, 60, 20],
      [3, 57, 9],
      [7, 60, 10],
    ] as const) {
      const cloth = clothOf(job, { from, to, bins });
      for (let bin = 0; bin < bins; bin++) {
        const inside = standing
          .slice(from, to)
          .filter((_, at) => Math.floor((at * bins) / (to - from)) === bin);
        const shares = [0, 1, 2].map((k) =>
          Math.round((inside.filter((each) => each === k).length * 255) / inside.length),
        );
        expect([...cloth.slice(bin * 3, bin * 3 + 3)], `${from} to ${to}, bin ${bin}`).toEqual(shares);
      }
    }
  });

  test('of an ended job is woven from the left, in windows too', () => {
    const view = { chunks: 60, final: 25 } as JobView;
    const cloth = clothOfEnded(view, { from: 20, to: 30, bins: 10 });
    expect([...cloth].filter((_, i) => i % 3 === 2)).toEqual([255, 255, 255, 255, 255, 0, 0, 0, 0, 0]);
    expect(Math.max(...clothOfEnded(view, { from: 25, to: 60, bins: 7 }))).toBe(0);
  });

  test('of a million chunks is a window of a few thousand bins', () => {
    const runs = Array.from({ length: 200_000 }, (_, i) => [i * 5, i * 5 + 3]).flat();
    const job = { chunks: new Map(), accepted: [], final: runs } as unknown as Job;
    const cloth = clothOf(job, { from: 500_000, to: 500_000 + clothBinsMax, bins: clothBinsMax });
    expect(cloth.filter((_, i) => i % 3 === 2).reduce((sum, byte) => sum + byte / 255, 0)).toBe(2458);
  });
});

describe('a window', () => {
  test('is the whole job unless it is asked for in whole numbers within it', () => {
    expect(windowOf(60, {})).toEqual({ from: 0, to: 60, bins: 512 });
    expect(windowOf(60, { bins: '99999', from: '12', to: '13' })).toEqual({
      from: 12,
      to: 13,
      bins: clothBinsMax,
    });
    for (const query of [
      { from: '60' },
      { to: '61' },
      { to: '0' },
      { from: '5', to: '5' },
      { from: '-1' },
      { from: '1.5' },
      { from: 'x' },
      { from: '' },
      { to: '1e1' },
      { to: '99999999999999999999' },
    ])
      expect(windowOf(60, query), JSON.stringify(query)).toBe('0 ≤ from < to ≤ 60');
  });
});
