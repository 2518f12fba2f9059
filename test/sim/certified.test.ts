/** Does the row about `certify` in `npm run sim:verify` show what the certificate does, and would it show where it did nothing? */
import { describe, expect, test } from 'vitest';
import { certified } from './verify/certified.ts';
import { wordsOf } from './verify/words.ts';

describe('[CT1] nine of ten answers bent in what is certified', () => {
  test('none of them gets through, and no right one is refused', () => {
    const row = certified(0.9, 20_000, wordsOf(5));
    expect(row).toMatchObject({ answers: 20_000, wrong: 0, refused: 0 });
    expect(row.bent / row.answers).toBeCloseTo(0.9, 1);
  });

  test('they get through where nobody asks the certificate, and a few where it looks at heads alone', () => {
    const unasked = certified(0.9, 5_000, wordsOf(5), () => true);
    expect(unasked.wrong).toBe(unasked.bent);
    const half = certified(
      0.9,
      5_000,
      wordsOf(5),
      (certificate, unit, output) => output.length > 16 || certificate.holds(unit, output),
    );
    expect(half.wrong).toBeGreaterThan(0);
    expect(half.wrong).toBeLessThan(half.bent);
  });
});
