/** [EP4] Is the coordinator's own Keccak-256 Keccak-256, for every length, built or not? */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keccak_256 as noble } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { keccakOf } from '../../src/coordinator/keccak.ts';

const built = Uint8Array.from(readFileSync(join(import.meta.dirname, '../../build/coordinator/keccak.wasm')));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.each([
  ['as it is built', built],
  ['where it is not', null],
])('Keccak-256 %s: the digest of every message up to two blocks, whatever was digested before', (_, wasm) => {
  const keccak = keccakOf(wasm);
  // The digest of nothing, as Ethereum knows it.
  expect(hex(keccak(new Uint8Array(0)))).toBe(
    'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
  );
  let message = new Uint8Array(0);
  for (let length = 0; length <= 272; length++) {
    message = Uint8Array.from({ length }, (__, i) => (i * 131 + length * 7) % 256);
    const digest = keccak(message);
    expect(hex(digest), `${length} bytes`).toBe(hex(noble(message)));
    // It stays what it is when another is made.
    keccak(Uint8Array.of(length % 256));
    expect(hex(digest)).toBe(hex(noble(message)));
  }
});
