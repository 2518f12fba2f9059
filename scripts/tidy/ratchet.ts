/** Reads and writes `test/tidy-ratchet.json`: the files and functions that are longer than the house likes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root } from './house.ts';
import type { Ratchet } from './rules.ts';

const place = 'test/tidy-ratchet.json';

/** The committed ratchet; throws when it is damaged. */
export function readRatchet(): Ratchet {
  const value = readJson(place) ?? { files: {}, functions: {} };
  if (typeof value !== 'object' || !('files' in value) || !('functions' in value)) {
    throw new Error(`${place} needs files and functions`);
  }
  return { files: lengths(value.files), functions: lengths(value.functions) };
}

function lengths(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) throw new Error(`${place}: lengths are an object`);
  return Object.fromEntries(
    Object.entries(value).map(([name, lines]: [string, unknown]) => {
      if (typeof lines !== 'number') throw new Error(`${place}: ${name} has no length`);
      return [name, lines];
    }),
  );
}

/** Writes the ratchet. */
export function writeRatchet(ratchet: Ratchet): void {
  writeFileSync(join(root, place), `${JSON.stringify(ratchet, null, 2)}\n`);
}
