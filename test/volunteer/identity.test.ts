/** Ids, hello, consent and chain, accepted by a verifier that shares no code with them (node:crypto); with WebCrypto and without. */
import { createHash, createPublicKey, verify as nodeVerify } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { CommitChain } from '../../src/volunteer/chain.ts';
import { makeKey, openKey, sha256, verify } from '../../src/volunteer/crypto.ts';
import type { KeptKey } from '../../src/volunteer/crypto.ts';
import {
  consentHolds,
  makeIdentity,
  openIdentity,
  signConsent,
  signHello,
} from '../../src/volunteer/identity.ts';
import { protocol } from '../../src/wire/version.ts';

/** The first test of RFC 8032, 7.1. */
const seed = Uint8Array.from(
  Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'),
);
const publicKey = Uint8Array.from(
  Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'),
);
const emptySignature =
  'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b';
const rfcKey: KeptKey = { kind: 'seed', publicKey, seed };

const subtle = globalThis.crypto.subtle;
const without = (): void =>
  void Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined, configurable: true });
afterEach(
  () => void Object.defineProperty(globalThis.crypto, 'subtle', { value: subtle, configurable: true }),
);

/** The verifier of another implementation: text in, yes or no out. */
function accepts(key: string, parts: readonly (string | Buffer)[], signature: string): boolean {
  const message = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return nodeVerify(
    null,
    message,
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
}

const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

describe.each([
  ['WebCrypto', () => {}],
  ['an insecure origin', without],
])('with %s', (_, prepare) => {
  it('hashes and signs as the standards say', async () => {
    prepare();
    expect(Buffer.from(await sha256(Buffer.from('abc'))).toString('hex')).toBe(
      createHash('sha256').update('abc').digest('hex'),
    );
    const key = await openKey(rfcKey);
    const signature = await key.sign(new Uint8Array(0));
    expect(Buffer.from(signature).toString('hex')).toBe(emptySignature);
    expect(await verify(publicKey, new Uint8Array(0), signature)).toBe(true);
    expect(await verify(publicKey, Uint8Array.of(1), signature)).toBe(false);
  });

  it('makes keys that sign for their public half', async () => {
    prepare();
    for (const readable of [true, false]) {
      const kept = await makeKey(readable);
      const key = await openKey(kept);
      const message = Buffer.from('anything');
      expect(
        nodeVerify(
          null,
          message,
          createPublicKey({
            key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(kept.publicKey).toString('base64url') },
            format: 'jwk',
          }),
          await key.sign(message),
        ),
      ).toBe(true);
    }
  });

  it('[WR1] [WR2] names device and account and signs hello and consent as the spec says', async () => {
    prepare();
    const identity = await openIdentity(await makeIdentity(true));
    const raw = Buffer.from(identity.publicKey, 'base64url');
    const id = (tag: string): string =>
      createHash('sha256').update(`${tag}\0`).update(raw).digest('base64url').slice(0, 16);
    expect([identity.device, identity.account]).toEqual([id('talka/device/1'), id('talka/account/1')]);

    const consent = await signConsent(identity, {
      text: 'Ich bin einverstanden – 我同意',
      language: 'de',
      origin: 'http://127.0.0.1:8787',
      site: null,
      at: 1_795_000_000_000,
    });
    expect(consent.text).toBe(createHash('sha256').update('Ich bin einverstanden – 我同意').digest('hex'));
    const agreed = JSON.stringify([
      consent.text,
      'de',
      'http://127.0.0.1:8787',
      null,
      1_795_000_000_000,
      identity.account,
    ]);
    expect(accepts(identity.publicKey, ['talka/consent/1\0', agreed], consent.signature)).toBe(true);
    expect(
      accepts(identity.publicKey, ['talka/consent/1\0', agreed.replace('de', 'en')], consent.signature),
    ).toBe(false);

    const hello = await signHello(identity, 'NONCE', 'http://127.0.0.1:8787', {
      holding: [3],
      head: null,
      cores: 2,
      gpu: false,
      consent,
    });
    const said = JSON.stringify([
      'NONCE',
      'http://127.0.0.1:8787',
      identity.publicKey,
      identity.account,
      null,
      consent.text,
      consent.at,
      protocol,
    ]);
    expect(accepts(identity.publicKey, ['talka/hello/1\0', said], hello.signature)).toBe(true);
    expect(
      accepts(identity.publicKey, ['talka/hello/1\0', said.replace('NONCE', 'OTHER')], hello.signature),
    ).toBe(false);
  });

  it('[WR8] chains what was sent, in order, over any number of signatures', async () => {
    prepare();
    const identity = await openIdentity({ key: rfcKey, account: 'a'.repeat(16) });
    const chain = new CommitChain('NONCE');
    let hash = createHash('sha256').update('talka/chain/1\0NONCE').digest();
    for (const [count, replicas] of [
      [2, [7, 8]],
      [2, []],
      [3, [2 ** 40]],
      [3003, Array.from({ length: 3000 }, (_none, i) => 10 + i)],
    ] as const) {
      for (const replica of replicas) {
        const root = Buffer.alloc(32, replica % 251);
        chain.note(replica, root);
        hash = createHash('sha256').update(hash).update(u64(replica)).update(root).digest();
      }
      const word = await chain.sign(identity);
      expect(word).toMatchObject({ t: 'chain', count, hash: hash.toString('hex') });
      expect(accepts(identity.publicKey, ['talka/chain/1\0NONCE\0', u64(count), hash], word.signature)).toBe(
        true,
      );
    }
  });
});

describe('consent', () => {
  it('holds for 30 days, for its origin', async () => {
    const identity = await openIdentity({ key: rfcKey, account: 'a'.repeat(16) });
    const consent = await signConsent(identity, {
      text: 't',
      language: 'en',
      origin: 'http://a',
      site: null,
      at: 1000,
    });
    const day = 86_400_000;
    expect(consentHolds(consent, 'http://a', 1000 + 30 * day - 1)).toBe(true);
    expect(consentHolds(consent, 'http://a', 1000 + 30 * day)).toBe(false);
    expect(consentHolds(consent, 'http://b', 1000)).toBe(false);
    expect(consentHolds(consent, 'http://a', 999)).toBe(false);
  });
});
