/** The coordinator's randomness is enough for every draw: how closely somebody is looked at is decided after it was thrown. */
import { describe, expect, test } from 'vitest';
import { Drawing } from '../../src/coordinator/drawing.ts';
import { auditShare, drawUnits } from '../../src/core/audit.ts';
import type { Command } from '../../src/core/state.ts';
import type { Tier } from '../../src/core/trust.ts';
import { ask, auditedSpec, commitCommand, house, join, submit } from '../core/house.ts';

/** A commitment of a chunk of so many units, as the shell gives it to the rules. */
function thrownFor(drawing: Drawing, unitsPerChunk: number): () => ArrayLike<number> {
  const h = house();
  join(h, 'a');
  submit(h, auditedSpec({}, { units: unitsPerChunk, unitsPerChunk }));
  const command: Command = commitCommand('a', ask(h, 'a').lease, 'right');
  return () => {
    const given = drawing.withWords(h.state, command);
    return given.c === 'commit' && given.words !== undefined ? given.words : [];
  };
}

describe('[AU1] what is thrown for a commitment', () => {
  test.each([1, 7, 8, 64, 100, 4_096])(
    'draws from %i units by the share of each tier, and no more',
    (units) => {
      const throws = thrownFor(new Drawing(), units);
      const rounds = Math.ceil(200_000 / units);
      for (const tier of [0, 1, 2] as Tier[]) {
        let drawn = 0;
        for (let i = 0; i < rounds; i++) drawn += drawUnits(units, tier, throws()).length;
        const expected = rounds * units * auditShare(tier);
        // Six standard deviations of a binomial.
        expect(Math.abs(drawn - expected), `tier ${tier}`).toBeLessThan(6 * Math.sqrt(expected));
      }
    },
  );
});
