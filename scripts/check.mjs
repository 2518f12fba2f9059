/**
 * Checks types, lint and format; `--format` writes the format instead of checking it.
 *
 * node scripts/check.mjs [--format | --only types,pure,lint,format] [paths for --format]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './door/place.mjs';

/** Each check by name: what it looks at, and the program that does. Paths are relative to the root. */
export const checks = {
  types: { title: 'types', args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'] },
  pure: {
    title: 'types of the pure rooms',
    args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.pure.json'],
  },
  lint: { title: 'lint', args: ['node_modules/oxlint/bin/oxlint', '--type-aware'] },
  format: { title: 'format', args: ['node_modules/oxfmt/bin/oxfmt', '--check', '.'] },
};

function runCheck(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

function main(given) {
  if (given[0] === '--format') {
    const paths = given.length > 1 ? given.slice(1) : ['.'];
    return runCheck(['node_modules/oxfmt/bin/oxfmt', ...paths]);
  }
  const names = given[0] === '--only' ? (given[1] ?? '').split(',') : Object.keys(checks);
  const unknown = names.filter((name) => !Object.hasOwn(checks, name));
  if (unknown.length > 0) throw new Error(`no check is called '${unknown.join("', '")}'`);
  const failed = [];
  for (const name of names) {
    const fine = runCheck(checks[name].args);
    process.stdout.write(`${fine ? 'ok    ' : 'FAILED'} ${checks[name].title}\n`);
    if (!fine) failed.push(name);
  }
  return failed.length === 0;
}

if (
  process.argv[1] === fileURLToPath(import.meta.url) ||
  process.argv[1] === join(root, 'scripts/check.mjs')
) {
  process.exitCode = main(process.argv.slice(2)) ? 0 : 1;
}
