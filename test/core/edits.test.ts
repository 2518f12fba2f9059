/** What the simulator's tests change in a copy of the rules is still there, once: else they would fail late, and about nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bugs } from '../sim/bugs.ts';
import { zoo } from '../sim/zoo.ts';

const edits = [...bugs, ...zoo.flatMap(({ off }) => ('map' in off ? off : []))];

test('every planted bug, and every defence that is switched off, finds its place in the rules', () => {
  expect(edits.length).toBeGreaterThan(40);
  const lost = edits.filter(({ file, from }) => {
    const source = readFileSync(join(import.meta.dirname, '../../src/core', file), 'utf8');
    return source.split(from).length !== 2;
  });
  expect(lost).toStrictEqual([]);
});
