/** Checks the small rules about one chunk on all small chunks: who may join, what is wanted, what is judged. */
import { describe, expect, test } from 'vitest';
import {
  helps,
  judge,
  mayJoin,
  soleAccount,
  wanted,
  wantsBytes,
  withCommitment,
  withReplica,
} from '../../src/core/chunk.ts';
import type { Backend, Chunk, Replica, ReplicaPhase } from '../../src/core/state.ts';
import { specOf } from './house.ts';

const people = ['A', 'B', 'C', 'D'] as const;
const phases: readonly ReplicaPhase[] = [
  { is: 'leased', deadline: 1 },
  { is: 'closed', why: 'expired' },
  { is: 'closed', why: 'returned' },
  { is: 'committed', root: 'x', stored: true, agrees: [] },
  { is: 'committed', root: 'x', stored: false, agrees: [] },
  { is: 'committed', root: 'y', stored: true, agrees: [] },
  { is: 'committed', root: 'y', stored: false, agrees: [] },
];

function replica(id: number, account: string, group: string, backend: Backend, phase: ReplicaPhase): Replica {
  return { id, lease: id, device: `d${account}`, account, site: null, group, backend, beside: false, phase };
}

/** All chunks of up to `sizeMax` replicas made of these parts. */
function* chunks(
  sizeMax: number,
  accounts: readonly string[],
  backends: readonly Backend[],
): Generator<Chunk> {
  const grow = function* (replicas: readonly Replica[]): Generator<Chunk> {
    if (replicas.length > 0) yield { index: 0, openedAt: 0, since: 0, replicas };
    if (replicas.length === sizeMax) return;
    for (const account of accounts)
      for (const backend of backends)
        for (const phase of phases)
          yield* grow([...replicas, replica(replicas.length + 1, account, `g${account}`, backend, phase)]);
  };
  yield* grow([]);
}

/** [CH2] holds in it, and the first commitment brought bytes as [CH7] demands. */
function canBe(chunk: Chunk): boolean {
  const holders = chunk.replicas.filter((r) => r.phase.is !== 'closed').map((r) => r.account);
  if (new Set(holders).size < holders.length) return false;
  const committed = chunk.replicas.filter((r) => r.phase.is === 'committed');
  return committed.length === 0 || committed.some((r) => r.phase.is === 'committed' && r.phase.stored);
}

const committedTo = (chunk: Chunk, root: string): readonly Replica[] =>
  chunk.replicas.filter((r) => r.phase.is === 'committed' && r.phase.root === root);
const isStored = (r: Replica): boolean => r.phase.is === 'committed' && r.phase.stored;

describe('one chunk under exact agreement, all of up to 4 replicas', () => {
  test('[CH4] the winner has its bytes stored and a quorum of distinct accounts, and nobody else has', () => {
    let cases = 0;
    for (const chunk of chunks(4, people.slice(0, 3), ['wasm'])) {
      for (const quorum of [1, 2, 3]) {
        cases++;
        const verdict = judge(chunk, specOf({ quorum }));
        const entitled = ['x', 'y'].filter((root) => {
          const backers = committedTo(chunk, root);
          return backers.some(isStored) && new Set(backers.map((r) => r.account)).size >= quorum;
        });
        if (entitled.length === 0) {
          if (verdict !== null) expect.fail(`accepted without a quorum: ${JSON.stringify(chunk)}`);
          continue;
        }
        if (verdict === null || !entitled.includes(verdict.root))
          expect.fail(`did not accept ${entitled.join()}: ${JSON.stringify(chunk)}`);
        const accounts = verdict.winners.map((w) => w.account);
        expect(new Set(accounts).size).toBe(accounts.length);
        expect(isStored(verdict.canonical)).toBe(true);
        expect(
          verdict.winners.every((w) => w.phase.is === 'committed' && w.phase.root === verdict.root),
        ).toBe(true);
        expect(verdict.winners.length + verdict.losers.length).toBe(
          chunk.replicas.filter((r) => r.phase.is === 'committed').length,
        );
      }
    }
    expect(cases).toBeGreaterThan(500_000);
  });

  test('[CH5] as many further people as are wanted, all agreeing, settle it; one fewer does not', () => {
    let cases = 0;
    for (const chunk of chunks(3, people.slice(0, 3), ['wasm'])) {
      if (!canBe(chunk)) continue;
      for (const quorum of [1, 2, 3]) {
        const spec = specOf({ quorum });
        if (judge(chunk, spec) !== null) continue;
        cases++;
        const best =
          ['x', 'y']
            .filter((root) => committedTo(chunk, root).some(isStored))
            .sort((a, b) => committedTo(chunk, b).length - committedTo(chunk, a).length)[0] ?? 'x';
        const settles = (more: number): boolean => {
          let grown = chunk;
          for (const r of chunk.replicas)
            if (r.phase.is === 'leased') grown = withCommitment(grown, r.id, best, true, []);
          for (let i = 0; i < more; i++)
            grown = withReplica(
              grown,
              replica(10 + i, `new${i}`, `n${i}`, 'wasm', {
                is: 'committed',
                root: best,
                stored: true,
                agrees: [],
              }),
            );
          return judge(grown, spec) !== null;
        };
        const want = wanted(chunk, spec);
        if (!settles(want))
          expect.fail(`${want} more are not enough: ${JSON.stringify(chunk)} quorum ${quorum}`);
        if (want > 0 && settles(want - 1))
          expect.fail(`${want} more are too many: ${JSON.stringify(chunk)} quorum ${quorum}`);
      }
    }
    expect(cases).toBeGreaterThan(7_000);
  });

  test('[CH5] a chunk that nobody holds and that is not settled wants somebody: nobody gives up on it', () => {
    for (const chunk of chunks(4, people.slice(0, 3), ['wasm'])) {
      if (!canBe(chunk) || chunk.replicas.some((r) => r.phase.is === 'leased')) continue;
      for (const quorum of [1, 2, 3]) {
        const spec = specOf({ quorum });
        if (judge(chunk, spec) === null && wanted(chunk, spec) === 0)
          expect.fail(`given up: ${JSON.stringify(chunk)} quorum ${quorum}`);
      }
    }
  });
});

test('[CH7] who sends bytes where they are wanted, and digests elsewhere, always settles it with two who agree', () => {
  for (const chunk of chunks(3, people.slice(0, 3), ['wasm'])) {
    if (
      !canBe(chunk) ||
      chunk.replicas.some((r) => r.phase.is === 'leased') ||
      judge(chunk, specOf()) !== null
    )
      continue;
    let grown = chunk;
    for (const id of [10, 11])
      grown = withReplica(
        grown,
        replica(id, `new${id}`, `n${id}`, 'wasm', {
          is: 'committed',
          root: 'y',
          stored: wantsBytes(grown, specOf()),
          agrees: [],
        }),
      );
    if (judge(grown, specOf())?.root !== 'y')
      expect.fail(`two who agree do not settle ${JSON.stringify(chunk)}`);
  }
});

describe('one chunk under tolerance, all of up to 3 replicas', () => {
  /** All ways in which the GPU answers agree, or do not, with the WASM ones. */
  function* withAgreement(chunk: Chunk): Generator<Chunk> {
    const gpus = chunk.replicas.filter((r) => r.phase.is === 'committed' && r.backend === 'webgpu');
    const wasms = chunk.replicas
      .filter((r) => r.phase.is === 'committed' && r.backend === 'wasm')
      .map((r) => r.id);
    for (let mask = 0; mask < 1 << (gpus.length * wasms.length); mask++) {
      let next = chunk;
      gpus.forEach((gpu, g) => {
        const agrees = wasms.filter((_, w) => (mask >> (g * wasms.length + w)) & 1);
        if (gpu.phase.is === 'committed')
          next = withCommitment(next, gpu.id, gpu.phase.root, gpu.phase.stored, agrees);
      });
      yield next;
    }
  }

  test('[CH4] only a WASM answer is the result, and a GPU backs it only where its bytes were found to agree', () => {
    let accepted = 0;
    for (const plain of chunks(3, people.slice(0, 3), ['wasm', 'webgpu'])) {
      if (!canBe(plain)) continue;
      for (const chunk of withAgreement(plain))
        for (const quorum of [1, 2, 3]) {
          const verdict = judge(chunk, specOf({ agreement: 'tolerance', quorum }));
          const ofRoot = (root: string): number => {
            const own = committedTo(chunk, root);
            const ids = own.filter((r) => r.backend === 'wasm').map((r) => r.id);
            if (!own.some((r) => isStored(r) && r.backend === 'wasm')) return 0;
            const agreeing = chunk.replicas.filter(
              (r) =>
                r.backend === 'webgpu' &&
                r.phase.is === 'committed' &&
                r.phase.root !== root &&
                r.phase.agrees.some((id) => ids.includes(id)),
            );
            return new Set([...own, ...agreeing].map((r) => r.account)).size;
          };
          const entitled = ['x', 'y'].filter((root) => ofRoot(root) >= quorum);
          if ((verdict !== null) !== entitled.length > 0)
            expect.fail(`wrong verdict: ${JSON.stringify(chunk)} quorum ${quorum}`);
          if (verdict === null) continue;
          accepted++;
          if (!entitled.includes(verdict.root) || verdict.canonical.backend !== 'wasm')
            expect.fail(`wrong winner: ${JSON.stringify(chunk)}`);
        }
    }
    expect(accepted).toBeGreaterThan(1000);
  });

  test('[CH5] GPU answers alone always leave a place for the WASM one', () => {
    for (const chunk of chunks(3, people.slice(0, 3), ['wasm', 'webgpu'])) {
      if (!canBe(chunk)) continue;
      const open = chunk.replicas.filter((r) => r.phase.is !== 'closed');
      if (open.some((r) => r.phase.is === 'leased' || r.backend === 'wasm')) continue;
      for (const quorum of [1, 2, 3]) {
        const spec = specOf({ agreement: 'tolerance', quorum });
        expect(wanted(chunk, spec)).toBeGreaterThan(0);
        expect(helps(chunk, spec, 'wasm')).toBe(true);
      }
    }
  });

  test('[CH6] a GPU helps exactly where a WASM replica holds a place and nobody disagrees with it', () => {
    for (const plain of chunks(3, people.slice(0, 2), ['wasm', 'webgpu'])) {
      if (!canBe(plain)) continue;
      for (const chunk of withAgreement(plain)) {
        const committed = chunk.replicas.filter((r) => r.phase.is === 'committed');
        const beside = chunk.replicas.some((r) => r.backend === 'wasm' && r.phase.is !== 'closed');
        const dispute = committed.some((wasm) => {
          if (wasm.backend !== 'wasm' || wasm.phase.is !== 'committed') return false;
          const { root } = wasm.phase;
          // What nobody stored cannot be the result.
          const references = committed.filter(
            (r) => r.backend === 'wasm' && r.phase.is === 'committed' && r.phase.root === root,
          );
          if (!references.some(isStored)) return false;
          const ids = references.map((r) => r.id);
          return committed.some(({ backend, phase }) => {
            if (phase.is !== 'committed' || phase.root === root) return false;
            return backend === 'wasm' || !phase.agrees.some((id) => ids.includes(id));
          });
        });
        expect(helps(chunk, specOf({ agreement: 'tolerance' }), 'webgpu')).toBe(beside && !dispute);
        expect(helps(chunk, specOf(), 'webgpu')).toBe(true);
      }
    }
  });
});

describe('who may join', () => {
  test('[CH2] nobody joins beside themselves or their network; the empty network is exempt', () => {
    const groups = ['', 'g', 'h'];
    for (const phase of phases)
      for (const account of people.slice(0, 2))
        for (const group of groups)
          for (const other of people.slice(0, 2))
            for (const otherGroup of groups) {
              const chunk: Chunk = {
                index: 0,
                openedAt: 0,
                since: 0,
                replicas: [replica(1, account, group, 'wasm', phase)],
              };
              const taken =
                phase.is !== 'closed' && (account === other || (group === otherGroup && group !== ''));
              expect(mayJoin(chunk, other, otherGroup)).toBe(!taken);
            }
  });

  test('the wanting index is keyed by the one account that holds places', () => {
    for (const chunk of chunks(3, people.slice(0, 3), ['wasm'])) {
      const holders = new Set(chunk.replicas.filter((r) => r.phase.is !== 'closed').map((r) => r.account));
      expect(soleAccount(chunk)).toBe(holders.size === 1 ? [...holders][0] : '');
    }
  });
});

test('[CH4] where one answer completes two quorums, the one committed first wins', () => {
  const spec = specOf({ agreement: 'tolerance' });
  let chunk: Chunk = { index: 0, openedAt: 0, since: 0, replicas: [] };
  for (const [id, account, backend] of [
    [1, 'A', 'wasm'],
    [2, 'B', 'wasm'],
    [3, 'C', 'webgpu'],
  ] as const)
    chunk = withReplica(chunk, replica(id, account, `g${account}`, backend, { is: 'leased', deadline: 1 }));
  chunk = withCommitment(chunk, 2, 'second leased', true, []);
  chunk = withCommitment(chunk, 1, 'first leased', true, []);
  chunk = withCommitment(chunk, 3, 'gpu', true, [1, 2]);
  expect(judge(chunk, spec)?.root).toBe('second leased');
});
