/** What every Log must keep, whoever implements it; each suite is given a way to make a log, and to open the same one again. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sha256, tree } from '../../src/coordinator/digests.ts';
import { StoreFault } from '../../src/coordinator/log.ts';
import type { Log, TickBatch } from '../../src/coordinator/log.ts';
import {
  appendLeaf,
  completeNodes,
  emptyFrontier,
  foldNodes,
  inclusionRanges,
  rootOfFrontier,
  verifyInclusion,
} from '../../src/core/merkle.ts';
import type { Frontier } from '../../src/core/merkle.ts';

/** A fresh log, and the same log after its process ended (null where nothing outlives it). */
export interface LogMaker {
  make(): Promise<Log>;
  reopen: ((log: Log) => Promise<Log>) | null;
}

/** A batch whose record and tree are right. */
export function batchOf(frontier: Frontier, parts: Partial<TickBatch> = {}): TickBatch {
  const tick = frontier.size + 1;
  const record = Buffer.from(`{"tick":${tick},"salt":"${randomBytes(8).toString('hex')}"}`);
  const nodes = appendLeaf(tree, frontier, tree.leaf(record));
  return {
    tick,
    record,
    root: rootOfFrontier(tree, frontier),
    nodes,
    answers: [],
    settled: [],
    reopened: [],
    dropped: [],
    concluded: [],
    credited: [],
    ...parts,
  };
}

/** Appends until the log takes it: a log that fails sometimes must be as good as one that never does. */
async function append(log: Log, batch: TickBatch): Promise<number> {
  for (let failures = 0; ; failures++) {
    try {
      await log.append(batch);
      return failures;
    } catch (error) {
      if (!(error instanceof StoreFault) || failures > 100) throw error;
    }
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

export function logSuite(name: string, { make, reopen }: LogMaker): void {
  describe(`the log's promises: ${name}`, () => {
    test('ticks come back in order, as they were, and nothing before its tick', async () => {
      const log = await make();
      const frontier = emptyFrontier();
      expect(await log.size()).toBe(0);
      const batches = Array.from({ length: 7 }, () => batchOf(frontier));
      for (const batch of batches) await append(log, batch);
      expect(await log.size()).toBe(7);
      expect((await log.read(0, 3)).map(({ tick }) => tick)).toEqual([1, 2, 3]);
      const tail = await log.read(5, 100);
      expect(tail.map(({ record, root }) => [text(record), text(root)])).toEqual(
        batches.slice(5).map(({ record, root }) => [text(record), text(root)]),
      );
      await log.close();
    });

    test('a tick that does not follow the last one is refused whole', async () => {
      const log = await make();
      const frontier = emptyFrontier();
      await append(log, batchOf(frontier));
      const skipped = {
        ...batchOf(frontier),
        tick: 5,
        answers: [{ replica: 9, job: 'j1', chunk: 0, outputs: null }],
      };
      await expect(log.append(skipped)).rejects.toThrow(StoreFault);
      const again = { ...skipped, tick: 1 };
      await expect(log.append(again)).rejects.toThrow(StoreFault);
      expect(await log.size()).toBe(1);
      expect(await log.answer(9)).toBeNull();
      await log.close();
    });

    test('[LO4] a tick that cannot be stored whole leaves nothing behind', async () => {
      const log = await make();
      const frontier = emptyFrontier();
      const answer = { replica: 1, job: 'j1', chunk: 0, outputs: null };
      await append(log, batchOf(frontier, { answers: [answer] }));
      const before = { size: frontier.size, peaks: [...frontier.peaks] };
      // The tree's node is there already: a second one in its place would be another history.
      const torn = {
        ...batchOf(frontier),
        nodes: [{ level: 0, index: 0, hash: sha256(new Uint8Array(1)) }],
        answers: [{ ...answer, replica: 2, outputs: { lengths: [1], bytes: Uint8Array.of(7) } }],
      };
      await log.append(torn).catch(() => {});
      if ((await log.size()) === 1) {
        expect(await log.answer(2)).toBeNull();
        await append(log, batchOf(before, { answers: [{ ...answer, replica: 3 }] }));
        expect((await log.answer(3))?.chunk).toBe(0);
      }
      await log.close();
    });

    test('answers, results and what settled them are kept; dropped bytes are gone', async () => {
      const log = await make();
      const frontier = emptyFrontier();
      const outputs = { lengths: [2, 0, 3], bytes: Uint8Array.of(1, 2, 3, 4, 5) };
      const answer = (replica: number, chunk: number, withBytes: boolean) => ({
        replica,
        job: 'j12',
        chunk,
        outputs: withBytes ? outputs : null,
      });
      await append(
        log,
        batchOf(frontier, {
          answers: [answer(4, 7, true), answer(5, 7, false), answer(6, 2, true), answer(8, 3, true)],
        }),
      );
      await append(
        log,
        batchOf(frontier, {
          settled: [
            { job: 'j12', chunk: 7, replica: 4 },
            { job: 'j12', chunk: 2, replica: 6 },
          ],
          dropped: [8],
        }),
      );
      const kept = await log.answer(4);
      expect([...(kept?.outputs?.bytes ?? [])]).toEqual([1, 2, 3, 4, 5]);
      expect(kept?.outputs?.lengths).toEqual([2, 0, 3]);
      expect(await log.answer(5)).toEqual(answer(5, 7, false));
      expect((await log.answer(8))?.outputs).toBeNull();
      expect(await log.answer(99)).toBeNull();
      expect(await log.settled('j12', 7)).toEqual({ job: 'j12', chunk: 7, replica: 4, tick: 2 });
      expect(await log.settled('j12', 8)).toBeNull();
      expect(await log.settled('j1', 7)).toBeNull();
      expect((await log.results('j12', 0, 10)).map(({ chunk }) => chunk)).toEqual([2, 7]);
      expect((await log.results('j12', 3, 10)).map(({ replica }) => replica)).toEqual([4]);
      expect((await log.results('j12', 0, 1)).map(({ replica }) => replica)).toEqual([6]);
      await log.close();
    });

    test('what is stored does not change when the sender reuses its buffer', async () => {
      const log = await make();
      const bytes = Uint8Array.of(1, 2);
      await append(
        log,
        batchOf(emptyFrontier(), {
          answers: [{ replica: 1, job: 'j1', chunk: 0, outputs: { lengths: [2], bytes } }],
        }),
      );
      bytes.fill(9);
      expect([...((await log.answer(1))?.outputs?.bytes ?? [])]).toEqual([1, 2]);
      await log.close();
    });

    test('[LO2] the tree can be proven from what is stored', async () => {
      const log = await make();
      const frontier = emptyFrontier();
      const batches = Array.from({ length: 21 }, () => batchOf(frontier));
      for (const batch of batches) await append(log, batch);
      for (const size of [1, 2, 13, 21]) {
        const root = batches[size - 1]?.root as Uint8Array;
        for (let index = 0; index < size; index++) {
          const path: Uint8Array[] = [];
          for (const [from, to] of inclusionRanges(index, size))
            path.push(foldNodes(tree, await log.nodes(completeNodes(from, to))));
          expect(
            verifyInclusion(tree, tree.leaf(batches[index]?.record as Uint8Array), index, size, path, root),
          ).toBe(true);
        }
      }
      await expect(log.nodes([{ level: 0, index: 21 }])).rejects.toThrow();
      await log.close();
    });

    test('the latest snapshot and concluded jobs are kept', async () => {
      const log = await make();
      expect(await log.latestSnapshot()).toBeNull();
      const frontier = emptyFrontier();
      await append(log, batchOf(frontier, { concluded: [{ job: 'j3', view: '{"a":1}' }] }));
      for (const tick of [1, 2, 3]) await settle(() => log.saveSnapshot({ tick, text: `state ${tick}` }));
      expect(await log.latestSnapshot()).toEqual({ tick: 3, text: 'state 3' });
      expect(await log.concluded()).toEqual([{ job: 'j3', view: '{"a":1}' }]);
      await settle(() => log.probe());
      expect(await log.size()).toBe(1);
      await log.close();
      await expect(log.size().then(() => log.append(batchOf(frontier)))).rejects.toThrow();
    });

    test('ticks that credited an account are found in order, from one on, as many as are asked for', async () => {
      const log = await make();
      const frontier = emptyFrontier();
      for (const credited of [['a'], [], ['b', 'a'], ['a'], ['b']])
        await append(log, batchOf(frontier, { credited }));
      expect(await log.creditedIn('a', 1, 10)).toEqual([1, 3, 4]);
      expect(await log.creditedIn('a', 2, 10)).toEqual([3, 4]);
      expect(await log.creditedIn('a', 1, 2)).toEqual([1, 3]);
      expect(await log.creditedIn('b', 4, 10)).toEqual([5]);
      expect(await log.creditedIn('c', 1, 10)).toEqual([]);
      await log.close();
    });

    test.skipIf(reopen === null)('all of it is there after the log is opened again', async () => {
      const log = await make();
      const frontier = emptyFrontier();
      await append(
        log,
        batchOf(frontier, {
          answers: [{ replica: 4, job: 'j1', chunk: 7, outputs: { lengths: [1], bytes: Uint8Array.of(7) } }],
        }),
      );
      await append(
        log,
        batchOf(frontier, {
          settled: [{ job: 'j1', chunk: 7, replica: 4 }],
          concluded: [{ job: 'j1', view: '{}' }],
          credited: ['a'],
        }),
      );
      await log.saveSnapshot({ tick: 1, text: 'one' });
      const again = await (reopen as NonNullable<typeof reopen>)(log);
      expect(await again.size()).toBe(2);
      expect(await again.latestSnapshot()).toEqual({ tick: 1, text: 'one' });
      expect((await again.results('j1', 0, 5)).map(({ outputs }) => [...(outputs?.bytes ?? [])])).toEqual([
        [7],
      ]);
      expect(await again.concluded()).toHaveLength(1);
      expect(await again.creditedIn('a', 1, 5)).toEqual([2]);
      await append(again, batchOf(frontier));
      expect(text(foldNodes(tree, await again.nodes(completeNodes(0, 3))))).toBe(
        text(rootOfFrontier(tree, frontier)),
      );
      await again.close();
    });
  });
}

async function settle(work: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreFault) || tries > 100) throw error;
    }
  }
}
