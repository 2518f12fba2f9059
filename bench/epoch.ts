/**
 * Asks what sealing an epoch costs a row beside `@openzeppelin/merkle-tree`, which builds nothing but the tree: 100,000 rows, the
 * same root. Ours shares out, builds the tree, writes the rows and digests them. Both count processor time.
 *
 * node bench/epoch.ts [--rows N] [--json FILE]
 */
import { createHash } from 'node:crypto';
import process from 'node:process';
import { keccak } from '../src/coordinator/keccak.ts';
import { StandardMerkleTree } from '@openzeppelin/merkle-tree';
import { EpochTree, leafTypes, shareOut } from '../src/core/epoch.ts';
import type { Credited, EpochRow } from '../src/core/epoch.ts';
import { rowsText } from '../src/wire/epochs.ts';
import { median, report } from './measure.ts';

const at = process.argv.indexOf('--rows');
const count = at < 0 ? 100_000 : Number(process.argv[at + 1]);
const budgetMicro = 10n ** 15n;
const id = keccak(Buffer.from('bench'));
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;

/** Microseconds of processor time for a row, and what came of it. */
function measured<T>(work: () => T): { readonly micro: number; readonly found: T } {
  const from = process.cpuUsage();
  const found = work();
  const { user, system } = process.cpuUsage(from);
  return { micro: (user + system) / count, found };
}

const credited = Array.from({ length: count }, (_, i): Credited => {
  const name = createHash('sha256').update(`person ${i}`).digest();
  return { account: name.toString('base64url', 0, 12), creditMicro: BigInt(1 + name.readUInt32BE(12)) };
});

function ours(): { readonly root: string; readonly rows: readonly EpochRow[] } {
  const rows = shareOut(credited, budgetMicro);
  const tree = EpochTree.of(keccak, id, rows);
  createHash('sha256').update(rowsText(rows)).digest();
  return { root: hex(tree.root), rows };
}

const { rows } = ours();
const before = measured(ours);
const values = rows.map(({ account, amountMicro }, index) => [
  hex(id),
  BigInt(index),
  hex(Buffer.from(account.padEnd(32, '\0'))),
  amountMicro,
]);
const theirs = measured(() => StandardMerkleTree.of(values, [...leafTypes]).root);
const after = measured(ours);
for (const { found } of [before, after])
  if (found.root !== theirs.found) throw new Error(`ours says ${found.root}, theirs ${theirs.found}`);
console.log(`\n${count.toLocaleString('en-US')} rows, the root of both: ${theirs.found}`);

report('Sealing an epoch', [
  {
    what: 'a row shared out, hashed, written and digested',
    unit: 'µs',
    ours: median([before.micro, after.micro]),
    reference: theirs.micro,
    beside: '@openzeppelin/merkle-tree, the tree alone',
    goal: { atMost: 0.1 },
  },
]);
