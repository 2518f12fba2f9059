/**
 * Asks how long it takes from a fresh clone to the URL, and how much is downloaded for it: `npm start` as the first thing that
 * is done in a clone of this checkout, with npm's cache and the data folder empty, and the Node that is on the path (one that is too
 * old is helped out). Needs git and the npm registry.
 *
 * node bench/front-door.ts [--json FILE]
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { report } from './measure.ts';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'talka-front-door-'));
const clone = join(folder, 'talka');
const cache = join(folder, 'cache');
/** From clone to URL, on two cores, at most. */
const budgetS = 120;

/** As a stranger has it: without the Node that this checkout brought. */
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((place) => !place.includes(join('.tools', 'node24')) && !place.includes('node_modules'))
  .join(delimiter);

/** Bytes of each file in a folder and its folders. */
const sizesUnder = (place: string): number[] =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);

/** Resolves as soon as `npm start` says where it is. */
function isOpen(child: ChildProcessByStdio<null, Readable, null>): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (piece: Buffer) => {
      said += piece.toString();
      if (/^Talka is at http/m.test(said)) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${said}`)));
  });
}

/** Seconds until `npm start` prints where it is. */
async function started(): Promise<number> {
  // Of what runs this only what anybody has: no wishes of the npm that may have started it.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|TALKA_)/i.test(name)),
  );
  const from = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...env, PATH: path, PORT: '0', DATA_DIR: join(folder, 'data'), npm_config_cache: cache },
  });
  const gone = new Promise((done) => child.once('exit', done));
  try {
    await isOpen(child);
    return (performance.now() - from) / 1000;
  } finally {
    if (child.pid !== undefined && child.exitCode === null) {
      process.kill(-child.pid, 'SIGTERM');
      await gone;
    }
  }
}

try {
  execFileSync('git', ['clone', '--quiet', root, clone]);
  const seconds = await started();
  const packages = sizesUnder(join(cache, '_cacache', 'content-v2'));
  const tools = join(clone, '.tools', 'node24', 'node_modules', '.package-lock.json');
  report('From a fresh clone to the URL', [
    {
      what: `npm start in a fresh clone, to the URL${existsSync(tools) ? ', bringing its own Node' : ''}`,
      unit: 's',
      ours: seconds,
      reference: budgetS,
      beside: 'its budget',
      goal: { atMost: 1 },
    },
    {
      what: 'downloaded for it, packed as npm fetches it',
      unit: 'MB',
      ours: packages.reduce((sum, size) => sum + size, 0) / 1e6,
      reference: Math.max(...packages) / 1e6,
      beside: 'its largest package (Node itself, where it is brought)',
      goal: null,
    },
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
