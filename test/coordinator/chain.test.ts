/** Chains of commitments are bound together over all sessions, and each is what its own device makes of it [WR8]. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Links, SessionChain } from '../../src/coordinator/chain.ts';
import { chainStart } from '../../src/coordinator/digests.ts';
import { chainNext } from './links.ts';
import { built } from './four.ts';

const hex = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const replica = fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.nat({ max: Number.MAX_SAFE_INTEGER - 1 }));
/** Whose commitment each is, by number of its session. */
const commitments = fc.array(fc.record({ session: fc.nat({ max: 12 }), replica, root: hex }), {
  maxLength: 600,
});

const signature = 'A'.repeat(86);
const publicKey = 'A'.repeat(43);

/** Whether a chain is where its device says: the signature, which nobody made here, is looked at only then. */
function isAt(chain: SessionChain, count: number, hash: string): boolean {
  return chain.faultOf({ t: 'chain', count, hash, signature }, publicKey)?.refused === 'signature';
}

describe('[WR8] chains of sessions', () => {
  test('are bound as each device binds its own, whoever else commits meanwhile', () => {
    fc.assert(
      fc.property(commitments, (all) => {
        const sessions = Array.from({ length: 13 }, (_, i) => {
          const nonce = `nonce-${i}`;
          return { chain: new SessionChain(nonce), hash: chainStart(nonce), count: 0 };
        });
        for (const one of all) {
          const session = sessions[one.session];
          if (session === undefined) throw new Error('no such session');
          session.chain.add(one.replica, one.root);
          session.hash = chainNext(session.hash, one.replica, one.root);
          session.count++;
        }
        for (const { chain, hash, count } of sessions) {
          expect(isAt(chain, count, hash)).toBe(true);
          expect(isAt(chain, count + 1, hash)).toBe(false);
          expect(isAt(chain, count, chainStart('another'))).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ['four at once', () => new Links(built())],
    ['one by one', () => new Links(null)],
  ])('%s', (_name, linksOf) => {
    fc.assert(
      fc.property(fc.array(fc.record({ replica, root: hex }), { minLength: 1, maxLength: 256 }), (all) => {
        const chains = all.map((_, i) => new SessionChain(`${i}`));
        const links = linksOf();
        links.bind(all.map((one, i) => ({ ...one, chain: chains[i] as SessionChain })));
        for (const [i, one] of all.entries())
          expect(
            isAt(chains[i] as SessionChain, 1, chainNext(chainStart(`${i}`), one.replica, one.root)),
          ).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
