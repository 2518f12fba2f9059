/**
 * Asks how long a coordinator with a long past takes from its start to the first lease, beside only opening the same
 * database: whole processes, in turn. The past ends without a farewell, as a power cut would end it.
 *
 * node bench/restart.ts [--events N] [--json FILE]      10,000,000 events take some minutes to live through
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fill } from './coordinator/restart-fill.ts';
import { median, report } from './measure.ts';

const at = process.argv.indexOf('--events');
const wanted = at < 0 ? 1_000_000 : Number(process.argv[at + 1]);
const rounds = 7;

if (process.argv[2] === '--live') {
  const filled = await fill(process.argv[3] as string);
  process.stdout.write(String(await filled.live(Number(process.argv[4]))));
  process.exit(0);
}

const dataDir = mkdtempSync(join(tmpdir(), 'talka-restart-'));
try {
  const run = (...args: string[]): { ms: number; out: string } => {
    const started = performance.now();
    const done = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (done.status !== 0) throw new Error(`${args.join(' ')} ended with ${done.status}`);
    return { ms: performance.now() - started, out: done.stdout.toString() };
  };
  const lived = Number(run(import.meta.filename, '--live', dataDir, String(wanted)).out);
  const child = join(import.meta.dirname, 'coordinator/restart-child.ts');
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(run(child, 'ours', dataDir).ms);
    bare.push(run(child, 'bare', dataDir).ms);
  }
  const megabytes = statSync(join(dataDir, 'log.db')).size / 1e6;
  report(
    `Restart after ${lived.toLocaleString('en-US')} events (${megabytes.toFixed(0)} MB), medians of ${rounds} starts`,
    [
      {
        what: 'process start to first lease',
        unit: 'ms',
        ours: median(ours),
        reference: median(bare),
        beside: 'process that opens the bare database',
        goal: { atMost: 3 },
      },
    ],
  );
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
