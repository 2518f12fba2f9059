/**
 * What somebody's unvested work takes in a coordinator, once all of a window of `strictTerms` waits: in memory and in a snapshot, for long
 * leases and short ones, beside the same in batches that were never joined.
 *
 * node bench/window.ts [--json FILE]
 */
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { batchUnitsMax, strictTerms } from '../src/core/audit.ts';
import { add } from '../src/core/intervals.ts';
import { mergedUnitsMax, mergeSettled } from '../src/core/merging.ts';
import { freeze } from '../src/core/snapshot.ts';
import { emptyState, identityKey } from '../src/core/state.ts';
import type { Batch } from '../src/core/state.ts';
import { newStanding } from '../src/core/trust.ts';
import { unitText } from '../src/core/unit-text.ts';
import { dice } from '../test/sim/random.ts';
import { median, report } from './measure.ts';
import type { Line } from './measure.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const [people, rounds, unitsPerChunk, drawnOneIn] = [30, 3, 16, 128];
/** All that is computed while a window's units are recomputed. */
const batchesPerWindow = (drawnOneIn * strictTerms.windowUnits) / batchUnitsMax;

/** One batch; its leases have so many chunks, and between two of them lie those of a thousand others. */
function batchFrom(first: number, chunksPerLease: number, below: (n: number) => number): [Batch, number] {
  const chunks: number[] = [];
  const drawn: number[] = [];
  let next = first;
  for (let left = batchUnitsMax / unitsPerChunk; left > 0; left -= chunksPerLease) {
    const end = next + Math.min(left, chunksPerLease);
    add(chunks, next, end);
    for (let unit = next * unitsPerChunk; unit < end * unitsPerChunk; unit++)
      if (below(drawnOneIn) === 0) drawn.push(unit);
    next += 1_000 * chunksPerLease;
  }
  const batch: Batch = {
    ...{ chunks, packed: '', units: batchUnitsMax, wrong: [], byOperator: [], closed: false },
    ...{ drawn: drawn.length, drawnUnits: unitText(drawn), passed: drawn.length, auditedBefore: first },
    // Three audits in four are volunteers'.
    vouched: unitText(drawn.filter(() => below(4) > 0)),
    ...{ escrowMicro: batchUnitsMax * 15_000, operatorMicro: 0 },
  };
  return [batch, next];
}

/** kB of memory and of a snapshot, for each of them. */
function weigh(chunksPerLease: number, isJoined: boolean): { heap: number; text: number } {
  const { below } = dice(1);
  const state = emptyState();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < people; i++) {
    const batches: Batch[] = [];
    let next = i * chunksPerLease;
    for (let n = 0; n < batchesPerWindow; n++) {
      const [batch, end] = batchFrom(next, chunksPerLease, below);
      batches.push(batch);
      next = end;
      if (isJoined) mergeSettled(batches, mergedUnitsMax(strictTerms));
    }
    const device = `device${String(i).padStart(10, '0')}`;
    const who = { device, backend: 'wasm', account: `a${device}` } as const;
    state.identities.set(identityKey(device, 'wasm'), {
      ...{ ...newStanding(1), ...who, lastAt: 1, open: new Map([['j1', batches]]) },
    });
  }
  collect();
  const heap = (process.memoryUsage().heapUsed - before) / people / 1_000;
  return { heap, text: freeze(state).length / people / 1_000 };
}

const lines: Line[] = [];
for (const [leases, chunksPerLease] of [
  ['long leases', 4_096],
  ['leases of 18 chunks', 18],
] as const) {
  const ours = Array.from({ length: rounds }, () => weigh(chunksPerLease, true));
  const apart = Array.from({ length: rounds }, () => weigh(chunksPerLease, false));
  for (const [where, part] of [
    ['memory', 'heap'],
    ['a snapshot', 'text'],
  ] as const)
    lines.push({
      what: `a full window of one volunteer in ${where}, ${leases}`,
      unit: 'kB',
      ours: median(ours.map((one) => one[part])),
      reference: median(apart.map((one) => one[part])),
      beside: 'the same, never joined',
      goal: null,
    });
}
report('Work that waits for its window', lines);
