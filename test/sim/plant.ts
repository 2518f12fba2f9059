/** Plants bugs in a copy of the rules: what a net is for is seen when what it holds back is let in. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Rules } from './disk.ts';
import { realRules } from './world.ts';

/** One place of the rules, and what stands there instead. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A folder for copies of the rules. */
export class Nursery {
  readonly #folder = mkdtempSync(join(tmpdir(), 'talka-planted-'));

  /** The rules with some places changed. Throws when one of them is no longer there: then whoever asked is out of date. */
  async rulesWith(name: string, edits: readonly Edit[]): Promise<Rules> {
    const copy = join(this.#folder, name);
    cpSync(join(import.meta.dirname, '../../src/core'), copy, { recursive: true });
    for (const { file, from, to } of edits) {
      const path = join(copy, file);
      const source = readFileSync(path, 'utf8');
      if (source.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
      writeFileSync(
        path,
        source.replace(from, () => to),
      );
    }
    const load = async (file: string): Promise<unknown> =>
      import(/* @vite-ignore */ pathToFileURL(join(copy, file)).href);
    const { decide } = (await load('machine.ts')) as Rules;
    const { evolve } = (await load('evolve.ts')) as Rules;
    const { upkeep } = (await load('checking.ts')) as Rules;
    const { whoMay } = (await load('auditing.ts')) as Rules;
    return { ...realRules, decide, evolve, upkeep, whoMay };
  }

  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
