/** Installs the packages of the lockfile, unless what lies in `node_modules` is already exactly that. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, say, since } from './place.mjs';
import { callNpm, nodeEnvironment } from './toolchain.mjs';

/** `wanted` is `run` (without the test tools) or `all`. */
export async function installPackages(node, wanted) {
  if (packagesAreFresh(readLock('package-lock.json'), readLock('node_modules/.package-lock.json'), wanted))
    return;
  const startMs = Date.now();
  say(wanted === 'run' ? 'installing packages (without the test tools)' : 'installing packages');
  const omit = wanted === 'run' ? ['--omit=dev'] : ['--include=dev'];
  await callNpm(node, ['ci', '--no-audit', '--no-fund', ...omit], nodeEnvironment(node));
  say(`packages are ready (${since(startMs)})`);
}

function readLock(path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/**
 * Whether an install (npm's hidden lockfile, written last) holds what the lockfile asks for, version by
 * version. Optional packages may be absent: they are those of other platforms.
 */
export function packagesAreFresh(lock, installed, wanted) {
  if (installed === undefined) return false;
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || entry.optional === true) continue;
    if (wanted === 'run' && (entry.dev === true || entry.devOptional === true)) continue;
    if (installed.packages[path]?.version !== entry.version) return false;
  }
  return true;
}
