/** What is told of a finding is looked up in the log: the very event, and what had been claimed. */
import { describe, expect, test } from 'vitest';
import { claimedOf, foundAt, foundIn } from '../../src/coordinator/evidence.ts';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import { leafOf } from '../../src/coordinator/record.ts';
import type { Event } from '../../src/core/state.ts';

describe('evidence is found in the log', () => {
  const nobody = { account: 'A', site: null };
  const committed = (device: string, chunk: number, digests: string): Event => ({
    ...{ e: 'committed', job: 'j1', chunk, replica: 1, device, ...nobody, root: '' },
    ...{ digests, stored: true, agrees: [] },
  });
  const found = (device: string, chunk: number): Event => ({
    ...{ e: 'disproved', device, backend: 'wasm', ...nobody, job: 'j1', chunk },
    ...{ wrong: [chunk * 2 + 1], right: ['r'], consequence: 'suspend' },
  });

  test('by its time, among ticks of the same moment, however many ticks there are', async () => {
    const log = new MemoryLog();
    const ticks: [number, Event[]][] = Array.from({ length: 600 }, (_, i) => [
      1_000 + 10 * Math.floor(i / 3),
      [],
    ]);
    ticks[100]?.[1].push(committed('d', 3, Buffer.from('0123456789abcdef').toString('base64url')));
    ticks[101]?.[1].push(committed('e', 3, Buffer.from('fedcba9876543210').toString('base64url')));
    ticks[500]?.[1].push(found('e', 3), found('d', 3));
    for (const [i, [at, events]] of ticks.entries()) {
      const record = leafOf(i + 1, at, '', events).subarray(1);
      const nothing = {
        answers: [],
        settled: [],
        reopened: [],
        dropped: [],
        concluded: [],
        credited: [],
        nodes: [],
      };
      await log.append({ tick: i + 1, record, root: Buffer.alloc(32), ...nothing });
    }
    const at = ticks[500]?.[0] as number;
    const evidence = await foundAt(log, 600, at, 'd', 'wasm');
    expect(evidence).toMatchObject({ tick: 501, at, found: { device: 'd', chunk: 3, wrong: [7] } });
    expect(await foundIn(log, 501, { device: 'd', job: 'j1', chunk: 3 })).toEqual(evidence);
    expect(await foundIn(log, 501, { device: 'd', job: 'j1', chunk: 4 })).toBeNull();
    expect(await foundIn(log, 601, { device: 'd', job: 'j1', chunk: 3 })).toBeNull();
    for (const [device, backend, when] of [
      ['d', 'webgpu', at],
      ['f', 'wasm', at],
      ['d', 'wasm', at + 1],
      ['d', 'wasm', at - 10],
      ['d', 'wasm', 1e9],
    ] as const)
      expect(await foundAt(log, 600, when, device, backend)).toBeNull();
    if (evidence === null) throw new Error('it was found a moment ago');
    expect(await claimedOf(log, evidence, 6, 8)).toEqual([Buffer.from('89abcdef').toString('hex')]);
    expect(await claimedOf(log, { ...evidence, tick: 100 }, 6, 8)).toEqual([]);
    // What an auditor answered stands in the event alone, and not in what it committed itself for that chunk.
    const byAuditor = { ...evidence.found, audit: 3 };
    expect(await claimedOf(log, { ...evidence, found: byAuditor }, 6, 8)).toEqual([]);
    const told = { ...byAuditor, claimed: ['c1'] };
    expect(await claimedOf(log, { ...evidence, found: told }, 6, 8)).toEqual(['c1']);
  });
});
