/** A real coordinator on a SQLite file in a process of its own, with one large job; answers the bench's questions over IPC. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import { strictTerms } from '../../src/core/audit.ts';
import { priceOf } from '../../src/core/offer.ts';
import type { JobSpec } from '../../src/core/state.ts';
import { collect, collectAll } from './collect.ts';
import { benchInput } from './job.ts';

const unitsPerChunk = Number(process.argv[2] ?? 16);
const dataDir = mkdtempSync(join(tmpdir(), 'talka-bench-'));
const coordinator = await startCoordinator({
  port: 0,
  dataDir,
  seed: 'none',
  anchorShare: 0,
  webDir: null,
  loopbackExempt: true,
  socketThread: true,
});
const { house, runtime } = coordinator;
const served = house.shelf.get('mersenne-tf@1');
if (served === undefined) throw new Error('build the kernels first');
const input = benchInput(unitsPerChunk);
/** Audited: units are drawn from every commitment, and an auditor who knows all answers takes them as fast as they come. */
const audited = process.argv[3] === 'audit';
/** A unit is so many times as much work as it is: who computes costly ones has a record after a few chunks. */
const costFactor = Number(process.argv[4] ?? 1);
const policy: JobSpec['policy'] = audited
  ? { kind: 'audit', quorum: 1, ...strictTerms, verifyMilli: 300 }
  : { kind: 'replicate', quorum: 2 };
const spec: JobSpec = {
  kernel: served.kernel.id,
  wasm: served.wasmDigest,
  wgsl: served.wgslDigest,
  input: await house.blobs.put(input),
  agreement: 'exact',
  units: served.kernel.units(input),
  unitsPerChunk,
  unitCostMicro: costFactor * served.kernel.unitCostMicro(input),
  policy,
  weight: 1,
  title: 'bench',
  cause: 'measuring the coordinator',
  demonstration: true,
};
for (const command of [
  { c: 'fund', account: 'bench', amountMicro: priceOf(spec) },
  { c: 'submit', requester: 'bench', spec },
] as const) {
  const outcome = await runtime.run(command);
  if (outcome.refused !== null) throw new Error(`${command.c}: ${outcome.refused} ${outcome.detail ?? ''}`);
}

const auditor = {
  device: 'auditor',
  account: 'anchor',
  site: null,
  group: 'anchor',
  role: 'anchor',
} as const;
if (audited) {
  await runtime.run({ c: 'join', ...auditor });
  // As auditors do, it answers each once: what it has answered may wait for its turn while it looks again.
  const answered = new Set<number>();
  setInterval(() => {
    for (const audit of runtime.state.audits.keys()) {
      if (answered.has(audit)) continue;
      answered.add(audit);
      runtime.submit({
        command: { c: 'audit', audit, device: auditor.device, wrong: [], right: [] },
        outputs: null,
        done: () => void answered.delete(audit),
      });
    }
  }, 50);
}

/** What the bench wants to know from inside. */
export interface Told {
  readonly port?: number;
  readonly rss: number;
  readonly cpuMicro: number;
  /** Provisional ones counted. */
  readonly final: number;
  readonly audits: number;
  readonly open: number;
  readonly storedBytes: number;
  readonly connected: number;
}

/** Bytes of the log once everything is in its main file. */
function storedBytes(): number {
  const db = new DatabaseSync(join(dataDir, 'log.db'), { timeout: 5_000 });
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  return statSync(join(dataDir, 'log.db')).size;
}

function told(): Told {
  const job = runtime.state.jobs.values().next().value;
  const cpu = process.cpuUsage();
  return {
    rss: process.memoryUsage().rss,
    cpuMicro: cpu.user + cpu.system,
    final: (job?.finalChunks ?? 0) + (job?.acceptedChunks ?? 0),
    audits: runtime.state.checks.audits,
    open: job?.chunks.size ?? 0,
    storedBytes: storedBytes(),
    connected: house.live().devices,
  };
}

const tell = (): void => void process.send?.(told());
process.on('message', (wish) => {
  if (wish === 'memory') void collectAll().then(tell);
  else {
    collect();
    tell();
  }
});
process.on('disconnect', () => {
  rmSync(dataDir, { recursive: true, force: true });
  process.exit(0);
});
process.send?.({ ...told(), port: coordinator.port });
