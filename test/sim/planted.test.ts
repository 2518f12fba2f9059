/**
 * Plants one bug at a time in a copy of the rules and plays days until an oracle finds it: a net that never caught
 * anything is not known to be a net.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { Oracle } from './oracles.ts';
import { Nursery } from './plant.ts';
import type { Edit } from './plant.ts';
import { play } from './world.ts';

interface Bug extends Edit {
  readonly what: string;
  readonly caughtBy: Oracle;
  /** Where to begin looking for a day in which it shows, where that takes long. */
  readonly first?: number;
}

const bugs: readonly Bug[] = [
  {
    what: 'one person votes twice',
    file: 'chunk.ts',
    from: 'r.account === account ||',
    to: 'false ||',
    caughtBy: 'safe',
  },
  {
    what: 'a quorum is one vote short',
    file: 'chunk.ts',
    from: 'c.winners.length >= quorum)',
    to: 'c.winners.length >= Math.max(1, quorum - 1))',
    caughtBy: 'safe',
  },
  {
    what: 'what is left of a price is lost',
    file: 'ledger.ts',
    from: 'return left > 0n\n',
    to: 'return left > 1_000_000_000_000_000n\n',
    caughtBy: 'safe',
  },
  {
    what: 'a short last chunk is paid as a whole one',
    file: 'state.ts',
    from: 'return (to - from) * spec.unitCostMicro;',
    to: 'return Math.max(to - from, spec.unitsPerChunk) * spec.unitCostMicro;',
    caughtBy: 'safe',
  },
  {
    what: 'a lost lease is never offered again',
    file: 'machine.ts',
    from: "if (at < lease.deadline) return refuse('not-due');",
    to: "if (at > 0) return refuse('not-due');",
    caughtBy: 'progress',
  },
  {
    what: 'other people’s replicas can be moved',
    file: 'machine.ts',
    from: "if (lease.device !== device) return refuse('not-yours');",
    to: '',
    caughtBy: 'safe',
  },
  {
    what: 'a chunk is handed out to more people than needed',
    file: 'chunk.ts',
    from: 'quorum - best - live',
    to: 'quorum - best - Math.floor(live / 2)',
    caughtBy: 'fair',
  },
  {
    what: 'a chunk is given up after a few answers',
    file: 'chunk.ts',
    from: 'let live = 0;',
    to: 'if (committedCount(chunk) >= spec.policy.quorum + 1) return 0;\n  let live = 0;',
    caughtBy: 'safe',
  },
  {
    what: 'leases are too short for their work',
    file: 'schedule.ts',
    from: 'const patient = Math.max(deadlineMsMin, deadlineFactor * expected);',
    to: 'const patient = expected / 2;',
    caughtBy: 'fair',
  },
  {
    what: 'a lease ahead runs from the start',
    file: 'schedule.ts',
    from: 'heldMicro / rateMilli + expectedMs',
    to: 'heldMicro * 0 + expectedMs',
    caughtBy: 'fair',
  },
  {
    what: 'a GPU opens chunks where one answer is enough',
    file: 'schedule.ts',
    from: 'job.spec.policy.quorum > 1 &&',
    to: '',
    caughtBy: 'fair',
  },
  {
    what: 'a replica is committed a second time',
    file: 'machine.ts',
    from: "if (replica.phase.is === 'committed')\n",
    to: "if (replica.phase.is === 'committed' && replica.phase.root === root)\n",
    caughtBy: 'safe',
  },
  {
    what: 'saying the same twice is held against people',
    file: 'machine.ts',
    from: "replica.phase.root === root ? 'same-commitment' : 'already-committed'",
    to: "'already-committed'",
    caughtBy: 'honest',
  },
  {
    what: 'answers are counted without being compared',
    file: 'chunk.ts',
    from: 'other.phase.root === root || agreesWithRoot(chunk, other, root)',
    to: "other.phase.root !== ''",
    caughtBy: 'honest',
  },
  {
    what: 'a settled chunk stays open',
    file: 'evolve.ts',
    from: '  dropChunk(state, job, chunk);\n  if (event.final)',
    to: '  if (event.final)',
    caughtBy: 'safe',
  },
  {
    what: 'a returned chunk is nobody’s',
    file: 'evolve.ts',
    from: '      add(job.free, index, index + 1);\n',
    to: '',
    caughtBy: 'safe',
  },
  {
    what: 'a finished job is not noticed',
    file: 'machine.ts',
    from: 'if (!final || job.finalChunks + 1 < chunksOf(job.spec) || job.batches > 0) return events;',
    to: 'return events;',
    caughtBy: 'progress',
  },
  {
    what: 'GPUs join a dispute that only a WASM answer can end',
    file: 'chunk.ts',
    from: 'candidate.losers.length === 0',
    to: 'candidate.losers.length >= 0',
    caughtBy: 'progress',
    first: 5260,
  },
  // Who never answers and gets the same chunk again and again is no danger to progress since the anchor steps in
  // five minutes after a chunk was opened: [LS8] is held by test/core/leases.test.ts alone.
  {
    what: 'somebody of the same network is given a chunk while four are live',
    file: 'schedule.ts',
    from: 'mayStandBeside(state, chunk, device.network, wish, asker) &&',
    to: '',
    caughtBy: 'safe',
    first: 14,
  },
  {
    what: 'work becomes final before its audits are made',
    file: 'checking.ts',
    from: 'if (!closed || passed < drawn.length) return false;',
    to: '',
    caughtBy: 'honest',
    first: 3,
  },
  {
    what: 'nobody is held to what an audit found wrong',
    file: 'auditing.ts',
    from: 'if (wrong.length === 0) return events;',
    to: 'return events;',
    caughtBy: 'safe',
    first: 3,
  },
  {
    what: 'who leaves is not looked at once more',
    file: 'checking.ts',
    from: 'Math.min(undrawn(batch), Math.ceil((short * undrawn(batch)) / total))',
    to: '0',
    caughtBy: 'honest',
    first: 3,
  },
  {
    what: 'a newcomer’s chunk is settled by one',
    file: 'chunk.ts',
    from: 'if (replica.beside) return 2;',
    to: 'if (replica.beside) return 1;',
    caughtBy: 'safe',
    first: 3,
  },
  {
    what: 'a newcomer is believed against whoever says otherwise',
    file: 'chunk.ts',
    from: 'winners.some(({ beside }) => !beside)',
    to: 'winners.length > 0',
    caughtBy: 'safe',
    first: 3,
  },
  {
    what: 'who is banned is given work',
    file: 'checking.ts',
    from: "if (identity === undefined || identity.phase === 'open') return null;",
    to: 'return null;',
    caughtBy: 'safe',
    first: 183,
  },
  {
    what: 'void work is not computed again',
    file: 'evolve-checks.ts',
    from: '    add(job.free, chunk, chunk + 1);\n',
    to: '',
    caughtBy: 'safe',
    first: 3,
  },
  {
    what: 'credit for void work is kept',
    file: 'checking.ts',
    from: 'if (escrowMicro > 0) entries.push({ from: pending, to: escrow, amountMicro: escrowMicro });',
    to: '',
    caughtBy: 'safe',
    first: 3,
  },
  {
    what: 'the work of who is suspended is kept without being examined',
    file: 'examining.ts',
    from: 'return isBeingExamined(batch) && batch.passed === batch.units;',
    to: 'return isBeingExamined(batch) && batch.passed <= batch.units;',
    caughtBy: 'honest',
    first: 3,
  },
  {
    what: 'the good work of who is suspended is void',
    file: 'checking.ts',
    from: 'const chunks = isBanned ? batch.chunks : lostOf(job, batch);',
    to: 'const chunks = batch.chunks;',
    caughtBy: 'honest',
    first: 3,
  },
  {
    what: 'nobody is ever found to be examined',
    file: 'examining.ts',
    from: 'if (nextOf(batches) !== undefined) due',
    to: 'if (nextOf(batches) === null) due',
    caughtBy: 'progress',
    first: 3,
  },
  {
    what: 'a first fault is a ban',
    file: 'trust.ts',
    from: "return isKnownLie ? 'ban' : 'suspend';",
    to: "return 'ban';",
    caughtBy: 'honest',
    first: 3,
  },
  {
    what: 'an examination believes volunteers',
    file: 'examining.ts',
    from: '  for (const unit of vouched) before.delete(unit);\n',
    to: '',
    caughtBy: 'progress',
    first: 3,
  },
  {
    what: 'people audit their own network',
    file: 'auditing.ts',
    from: "own.group === '' || !groups.has(own.group)",
    to: 'true',
    caughtBy: 'safe',
    first: 143,
  },
  {
    what: 'an auditor that was wrong is believed',
    file: 'machine.ts',
    from: 'return refute(state, command, now);',
    to: "return auditAnswered(state, { ...command, c: 'audit' }, now);",
    caughtBy: 'honest',
    first: 3,
  },
  {
    what: 'an audit that was made is given again',
    file: 'evolve-checks.ts',
    from: '  state.audits.delete(event.audit);\n',
    to: '',
    caughtBy: 'safe',
    first: 3,
  },
  {
    what: 'ids are used again',
    file: 'evolve.ts',
    from: 'state.nextReplica = event.lease + count;',
    to: 'state.nextReplica = event.lease + 1;',
    caughtBy: 'safe',
  },
];

/** Days in which a bug must show itself. */
const seedsMax = 120;

const nursery = new Nursery();
afterAll(() => nursery.clear());

describe('a bug planted in the rules', () => {
  test.each(bugs.map((bug, i) => [bug.what, bug.caughtBy, bug, i] as const))(
    '%s: caught by “%s”',
    async (_, caughtBy, bug, i) => {
      const rules = await nursery.rulesWith(`bug-${i}`, [bug]);
      const step = caughtBy === 'fair' ? 6 : bug.first !== undefined && bug.first % 4 === 3 ? 4 : 1;
      const first = bug.first ?? step;
      for (let seed = first; seed < first + seedsMax; seed += step) {
        const { fault } = play(seed, rules);
        if (fault !== null) return expect(fault.oracle, fault.sentence).toBe(caughtBy);
      }
      expect.fail(`not caught in ${seedsMax} days`);
    },
  );

  test('and none where none was planted', async () => {
    const rules = await nursery.rulesWith('none', []);
    for (let seed = 1; seed <= 12; seed++) {
      const day = play(seed, rules);
      expect(day.fault).toBeNull();
      expect(day.log).toBe(play(seed).log);
    }
  });
});
