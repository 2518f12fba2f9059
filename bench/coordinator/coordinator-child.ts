/** A real coordinator on a SQLite file in a process of its own, with one large job; answers the bench's questions over IPC. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { beginYoung } from '../../src/coordinator/collecting.ts';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import { strictTerms } from '../../src/core/audit.ts';
import { priceOf } from '../../src/core/offer.ts';
import type { JobSpec } from '../../src/core/state.ts';
import { collect, collectAll } from './collect.ts';
import { benchInput, madeUpOutput } from './job.ts';

/** Several, so that what one of them waits for delays none of the others. */
const anchors = 4;
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

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
// As `npm start` does.
beginYoung();
const { house, runtime } = coordinator;
const served = house.shelf.get('mersenne-tf@1');
if (served === undefined) throw new Error('build the kernels first');
const input = benchInput(unitsPerChunk);
/** Audited: units are drawn from every commitment, and anchors who know all answers take them as fast as they come. */
const audited = process.argv[3] === 'audit';
/** So many chunks come first whose units are said to be ten thousand times as much work: who computes one has a record at once [TR2]. */
const costlyChunks = Number(process.argv[4] ?? 0);
const costFactor = 10_000;
const policy: JobSpec['policy'] = audited
  ? { kind: 'audit', quorum: 1, ...strictTerms, verifyMilli: 300 }
  : { kind: 'replicate', quorum: 2 };
const kernel = served.kernel;
const spec: JobSpec = {
  kernel: kernel.id,
  wasm: served.wasmDigest,
  wgsl: served.wgslDigest,
  input: await house.blobs.put(input),
  agreement: 'exact',
  units: kernel.units(input),
  unitsPerChunk,
  unitCostMicro: kernel.unitCostMicro(input),
  policy,
  weight: 1,
  title: 'bench',
  cause: 'measuring the coordinator',
  demonstration: true,
};

async function submit(job: JobSpec): Promise<void> {
  for (const command of [
    { c: 'fund', account: 'bench', amountMicro: priceOf(job) },
    { c: 'submit', requester: 'bench', spec: job },
  ] as const) {
    const outcome = await runtime.run(command);
    if (outcome.refused !== null) throw new Error(`${command.c}: ${outcome.refused} ${outcome.detail ?? ''}`);
  }
}

/** An anchor's way to take audits and to answer them, but for the computing: what it would find is made up. */
async function auditing(): Promise<never> {
  const { auditor } = house;
  await auditor.join();
  for (;;) {
    const { audits } = auditor.take(256);
    if (audits.length === 0) await sleep(20);
    for (const answer of audits.map(({ audit, units }) => auditor.answer(audit, units.map(madeUpOutput))))
      if ('refused' in (await answer))
        throw new Error(`an audit was not answered: ${JSON.stringify(await answer)}`);
  }
}

/** The job that is measured. */
let measured: string | undefined;
async function begin(): Promise<void> {
  await submit(spec);
  measured = [...runtime.state.jobs.keys()].at(-1);
}

if (costlyChunks > 0) {
  const few = benchInput(unitsPerChunk, costlyChunks);
  const costly = {
    ...spec,
    input: await house.blobs.put(few),
    units: kernel.units(few),
    unitCostMicro: costFactor * spec.unitCostMicro,
  };
  await submit(costly);
  // Jobs share the people by what they cost: the other begins when this one is final.
  const looking = setInterval(() => {
    if (runtime.state.jobs.size > 0) return;
    clearInterval(looking);
    void begin();
  }, 50);
} else await begin();
if (audited) for (let i = 0; i < anchors; i++) void auditing();

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
  const job = measured === undefined ? undefined : runtime.state.jobs.get(measured);
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
