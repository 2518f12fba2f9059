/**
 * Runs benchmarks one after the other: every `bench/*.ts`, or those named.
 *
 * node scripts/bench.mjs [NAME …] [-- arguments for the benchmark]
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './door/place.mjs';

/** Names of the benchmarks: files of `bench/` that answer a question, without their ending; what they share does not. */
const all = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts') && file !== 'measure.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

const given = process.argv.slice(2);
const split = given.findIndex((word) => word.startsWith('-'));
const names = split < 0 ? given : given.slice(0, split);
const rest = split < 0 ? [] : given.slice(given[split] === '--' ? split + 1 : split);
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0 || all.length === 0) {
  process.stderr.write(`no benchmark is called '${unknown.join("', '")}'; there are: ${all.join(', ')}\n`);
  process.exit(2);
}
let failed = 0;
for (const name of names.length > 0 ? names : all) {
  process.stdout.write(`\n== ${name}\n`);
  const done = spawnSync(process.execPath, [`bench/${name}.ts`, ...rest], { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
