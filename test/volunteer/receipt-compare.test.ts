/** Receipts beside what their coordinator says of itself now: the same log, a shorter one, another one, another key, a restore. */
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '@noble/hashes/sha2.js';
import { completeNodes, consistencyRanges, foldNodes, rootOf, treeHash } from '../../src/core/merkle.ts';
import { base64urlOf, bytesOfHex, hexOf, makeKey, openKey, tagged, u64 } from '../../src/volunteer/crypto.ts';
import type { DeviceKey } from '../../src/volunteer/crypto.ts';
import { compareReceipts, headsMax } from '../../src/volunteer/receipt-compare.ts';
import type { AskLog } from '../../src/volunteer/witness.ts';
import type { TreeHead } from '../../src/wire/volunteer.ts';

const hash = treeHash(sha256);

/** A log of so many records; `fork`: from which record on they differ from another log's. */
function logOf(size: number, fork = size): Uint8Array[] {
  return Array.from({ length: size }, (_, i) => hash.leaf(Uint8Array.of(i, i < fork ? 0 : 1)));
}
const headOf = (log: readonly Uint8Array[], size = log.length): TreeHead => ({
  size,
  root: hexOf(rootOf(hash, log.slice(0, size))),
});

describe('[LO6] receipts beside the log of now', () => {
  let key: DeviceKey;
  let name: string;
  beforeAll(async () => {
    key = await openKey(await makeKey(true));
    name = base64urlOf(key.publicKey);
  });

  /** A coordinator that tells of this log; `asked` counts its proofs. */
  function coordinatorOf(
    log: readonly Uint8Array[],
    more: { restored?: unknown; signer?: DeviceKey; named?: string } = {},
  ): { ask: AskLog; proofs: () => number } {
    let proofs = 0;
    const node = ({ level, index }: { level: number; index: number }): Uint8Array =>
      rootOf(hash, log.slice(index * 2 ** level, (index + 1) * 2 ** level));
    const ask: AskLog = async (path) => {
      if (path === '/api/status') return { coordinator: more.named ?? name, restored: more.restored ?? null };
      const { size, root } = headOf(log);
      if (path === '/api/log/head') {
        const words = tagged('talka/head/1', u64(9), u64(1), u64(size), bytesOfHex(root), new Uint8Array(32));
        const signature = base64urlOf(await (more.signer ?? key).sign(words));
        return { tick: 9, at: 1, size, root, receipts: '', signature };
      }
      proofs++;
      const [from = 0, to = 0] = [...path.matchAll(/=(\d+)/g)].map(([, count]) => Number(count));
      return {
        path: consistencyRanges(from, to).map(([a, b]) =>
          hexOf(foldNodes(hash, completeNodes(a, b).map(node))),
        ),
      };
    };
    return { ask, proofs: () => proofs };
  }
  const compare = (log: readonly Uint8Array[], heads: readonly TreeHead[], more = {}): Promise<unknown> =>
    compareReceipts(coordinatorOf(log, more).ask, name, heads);

  it('a log that goes on, or stands still, holds them all; each head is asked for once, and no more than so many', async () => {
    const log = logOf(60);
    expect(await compare(log, [headOf(log, 20), headOf(log, 7), headOf(log, 20), headOf(log)])).toEqual({
      is: 'extends',
      size: 60,
      at: 60,
      compared: 3,
    });
    const every = Array.from({ length: 59 }, (_, i) => headOf(log, i + 1));
    const told = coordinatorOf(log);
    expect(await compareReceipts(told.ask, name, every)).toEqual({
      is: 'extends',
      size: 60,
      at: 59,
      compared: headsMax,
    });
    expect(told.proofs()).toBe(headsMax);
  });

  it('a shorter log, one of another past, and one that gives no proof are named', async () => {
    const log = logOf(40);
    expect(await compare(log.slice(0, 30), [headOf(log)])).toEqual({ is: 'shrunk', size: 30, at: 40 });
    // The newest may stand in it while an older one does not: a log has one past only where every proof is asked for.
    for (const size of [40, 50])
      expect(await compare(logOf(size, 10), [headOf(log)])).toEqual({
        is: 'not-extending',
        size,
        at: 40,
      });
    const { ask } = coordinatorOf(log);
    const silent: AskLog = async (path) => (path.includes('consistency') ? { path: [] } : ask(path));
    expect(await compareReceipts(silent, name, [headOf(log, 20)])).toMatchObject({ is: 'not-extending' });
  });

  it('another key, a head that is not signed, and no answer are each their own word', async () => {
    const log = logOf(5);
    const other = await openKey(await makeKey(true));
    expect(await compare(log, [headOf(log)], { named: base64urlOf(other.publicKey) })).toMatchObject({
      is: 'other-key',
    });
    expect(await compare(log, [headOf(log)], { signer: other })).toEqual({ is: 'not-signed' });
    const gone: AskLog = async () => {
      throw new Error('gone');
    };
    expect(await compareReceipts(gone, name, [headOf(log)])).toEqual({ is: 'unanswered' });
    expect(await compareReceipts(async () => null, name, [headOf(log)])).toEqual({ is: 'unanswered' });
  });

  it('a restore that is stated and signed explains what is lost after it, and nothing before it', async () => {
    const log = logOf(40);
    const now = logOf(50, 25);
    const stated = async (signer: DeviceKey): Promise<unknown> => {
      const { size: kept, root } = headOf(now, 25);
      const said = new TextEncoder().encode(JSON.stringify([name, kept, root, 7]));
      return {
        kept,
        root,
        at: 7,
        signature: base64urlOf(await signer.sign(tagged('talka/restored/1', said))),
      };
    };
    const restored = await stated(key);
    expect(await compare(now, [headOf(log)], { restored })).toEqual({
      is: 'restored',
      since: 7,
      kept: 25,
      at: 40,
    });
    expect(await compare(now, [headOf(log, 20)], { restored })).toMatchObject({ is: 'extends' });
    expect(await compare(now, [headOf(logOf(20, 3))], { restored })).toMatchObject({ is: 'not-extending' });
    const forged = await stated(await openKey(await makeKey(true)));
    expect(await compare(now, [headOf(log)], { restored: forged })).toMatchObject({ is: 'not-extending' });
  });
});
