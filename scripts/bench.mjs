/**
 * Runs benchmarks one after the other: every one of `bench/`, or those named.
 *
 * node scripts/bench.mjs [NAME …] [--json [FILE]] [--] [arguments for each benchmark]
 *
 * `--json` collects what all of them found in one file, an array (build/bench-results.json unless FILE is named).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { root } from './door/place.mjs';

/** A benchmark prints its figures through bench/measure.ts; what its pages and child processes run does not. */
const answersAQuestion = (file) =>
  file.endsWith('.ts') && /\bfrom '\.\/measure\.ts'/.test(readFileSync(join(root, 'bench', file), 'utf8'));

const all = readdirSync(join(root, 'bench'))
  .filter(answersAQuestion)
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

/** Splits names from arguments, and takes `--json` out of these: it is ours. */
function read(given) {
  const split = given.findIndex((word) => word.startsWith('-'));
  const names = split < 0 ? given : given.slice(0, split);
  const rest = split < 0 ? [] : given.slice(split).filter((word) => word !== '--');
  const at = rest.indexOf('--json');
  if (at < 0) return { names, rest, file: null };
  const named = rest[at + 1]?.startsWith('-') === false;
  const [, file = 'build/bench-results.json'] = rest.splice(at, named ? 2 : 1);
  return { names, rest, file: resolve(root, file) };
}

/** Runs one; `found` is what it would write as JSON, null where it measured nothing. */
function run(name, rest, folder) {
  const file = join(folder, `${name}.json`);
  process.stdout.write(`\n== ${name}\n`);
  const { status } = spawnSync(process.execPath, [`bench/${name}.ts`, ...rest, '--json', file], {
    cwd: root,
    stdio: 'inherit',
  });
  let found = null;
  try {
    found = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // It said why on its output: nothing to measure here, or a failure, which the exit code tells.
  }
  return { bench: name, passed: status === 0, found };
}

function main(given) {
  const { names, rest, file } = read(given);
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0 || all.length === 0) {
    process.stderr.write(`no benchmark is called '${unknown.join("', '")}'; there are: ${all.join(', ')}\n`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'talka-bench-'));
  const results = [];
  try {
    for (const name of names.length > 0 ? names : all) {
      results.push(run(name, rest, folder));
      if (file === null) continue;
      // After each, so that an interrupted evening keeps what was found.
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (file !== null) process.stdout.write(`\n${results.length} results in ${file}\n`);
  return results.every(({ passed }) => passed) ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
