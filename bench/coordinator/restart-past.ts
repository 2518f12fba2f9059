/**
 * Lives through a past of so many events in a data folder, and is killed in the middle of it, at the worst moment:
 * when the next snapshot was just due, with the log's last megabytes not yet moved into the database's main file.
 */
import { mkdirSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { FolderBlobs } from '../../src/coordinator/blobs.ts';
import { tokenWasShown } from '../../src/coordinator/keys.ts';
import { shelfOf } from '../../src/coordinator/kernels.ts';
import type { Log } from '../../src/coordinator/log.ts';
import { strictTerms } from '../../src/core/audit.ts';
import type { JobSpec } from '../../src/core/state.ts';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { benchInput } from './job.ts';
import { auditing, live, openRules, submit } from './restart-fill.ts';
import type { Past } from './restart-fill.ts';

const unitsPerChunk = 16;
const people = 1_000;
/** At the end people go at this pace, in milliseconds a chunk (0 = as fast as the coordinator goes), for so long. */
const lastMs = 4_000;
const dataDir = process.argv[2] as string;
const [wanted, paceMs] = [Number(process.argv[3]), Number(process.argv[4])];
/** Units are drawn from every commitment, and an anchor answers; else two people compute each chunk. */
const audited = process.argv[5] === 'audit';

mkdirSync(dataDir, { recursive: true, mode: 0o700 });

async function specOf(): Promise<JobSpec> {
  const shelf = shelfOf(resolve(import.meta.dirname, '../../build/kernels'), kernelOf);
  const served = shelf.get('mersenne-tf@1');
  if (served === undefined) throw new Error('build the kernels first');
  const blobs = new FolderBlobs(join(dataDir, 'blobs'));
  await blobs.put(served.wasm);
  const input = benchInput(unitsPerChunk, 100_000 + Math.ceil(wanted / 2));
  return {
    kernel: served.kernel.id,
    wasm: served.wasmDigest,
    wgsl: null,
    input: await blobs.put(input),
    agreement: 'exact',
    units: served.kernel.units(input),
    unitsPerChunk,
    unitCostMicro: 15_000,
    policy: audited
      ? { kind: 'audit', quorum: 1, ...strictTerms, verifyMilli: 300 }
      : { kind: 'replicate', quorum: 2 },
    weight: 1,
    title: 'bench',
    cause: 'measuring a restart',
    demonstration: true,
  };
}

const past: Past = { events: 0, restMs: 0 };
/** When enough had happened. */
let enoughAt: number | null = null;

/** Ends the process instead of writing a snapshot, once enough has happened and people have gone their pace for a while. */
function mortal(log: Log): Log {
  const saveSnapshot = log.saveSnapshot.bind(log);
  log.saveSnapshot = async (snapshot) => {
    if (enoughAt === null && past.events >= wanted) {
      past.restMs = paceMs;
      enoughAt = performance.now();
    } else if (enoughAt !== null && performance.now() > enoughAt + lastMs) {
      writeSync(1, String(past.events));
      process.kill(process.pid, 'SIGKILL');
    }
    await saveSnapshot(snapshot);
  };
  return log;
}

const runtime = await openRules(dataDir, mortal);
// Its first start came to its end: later ones make no other token.
tokenWasShown(dataDir);
await submit(runtime, await specOf());
await (audited
  ? Promise.race([auditing(runtime), live(runtime, people, past)])
  : live(runtime, people, past));
