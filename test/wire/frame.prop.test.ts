/** Checks that what is encoded is decoded as it was, and that a frame is taken whole or not at all. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCommit, encodeCommit } from '../../src/wire/frame.ts';
import type { CommitFrame } from '../../src/wire/frame.ts';
import { isMalformed, parse } from '../../src/wire/schema.ts';
import { limits, protocol } from '../../src/wire/version.ts';
import { fromCoordinator, fromVolunteer, hello } from '../../src/wire/volunteer.ts';
import type { CommitHeader, FromVolunteer } from '../../src/wire/volunteer.ts';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

/** A part: an item and the digests and bytes that go with it. */
const part = fc
  .record({
    replica: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    root: hex,
    digestBytes: fc.nat(64),
    lengths: fc.option(fc.array(fc.nat(40), { maxLength: 8 })),
  })
  .chain((item) =>
    fc.record({
      item: fc.constant(item),
      digests: bytesOf(item.digestBytes),
      bytes:
        item.lengths === null
          ? fc.constant(null)
          : bytesOf(item.lengths.reduce((sum, length) => sum + length, 0)),
    }),
  );
const rates = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}@[1-9]$/),
  fc.integer({ min: 1, max: 1e9 }),
  { maxKeys: 3, noNullPrototype: true },
);
const slots = fc.array(
  fc.record({ slot: fc.nat(limits.slotsMax - 1), backend: fc.constantFrom('wasm', 'webgpu'), rates }),
  { maxLength: 4 },
);

const frame: fc.Arbitrary<CommitFrame> = fc
  .record({
    parts: fc.array(part, { minLength: 1, maxLength: 6 }),
    slots: fc.option(slots, { nil: undefined }),
  })
  .map(({ parts, slots: wishes }) => {
    const header: CommitHeader = {
      t: 'commit',
      items: parts.map(({ item }) => item),
      ...(wishes === undefined ? {} : { slots: wishes }),
    };
    return { header, parts };
  });

describe('[WR4] a commit frame', () => {
  test('is decoded as it was encoded', () => {
    fc.assert(
      fc.property(frame, (one) => {
        expect(decodeCommit(encodeCommit(one))).toEqual(one);
      }),
    );
  });

  test('is refused when a byte is missing or one too many is there', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.integer({ min: 1, max: 9 }), (one, cut, more) => {
        const whole = encodeCommit(one);
        const shorter = decodeCommit(whole.subarray(0, cut % whole.length));
        expect(isMalformed(shorter)).toBe(true);
        const longer = new Uint8Array(whole.length + more);
        longer.set(whole);
        expect(isMalformed(decodeCommit(longer))).toBe(true);
      }),
    );
  });

  test('is refused beyond its limits before anything is read', () => {
    expect(isMalformed(decodeCommit(new Uint8Array(limits.frameBytesMax + 1)))).toBe(true);
    const header = new Uint8Array(8);
    new DataView(header.buffer).setUint32(0, 0xffffffff);
    expect(isMalformed(decodeCommit(header))).toBe(true);
  });

  test('whose parts contradict its items is our own mistake', () => {
    const item = { replica: 1, root: 'a'.repeat(64), digestBytes: 8, lengths: null };
    expect(() =>
      encodeCommit({
        header: { t: 'commit', items: [item] },
        parts: [{ item, digests: new Uint8Array(7), bytes: null }],
      }),
    ).toThrow('contradicts');
  });

  test('lies in a larger buffer without looking beside itself', () => {
    fc.assert(
      fc.property(frame, (one) => {
        const whole = encodeCommit(one);
        const larger = new Uint8Array(whole.length + 20).fill(0xff);
        larger.set(whole, 7);
        expect(decodeCommit(larger.subarray(7, 7 + whole.length))).toEqual(one);
      }),
      { numRuns: 30 },
    );
  });
});

describe('control messages', () => {
  const words: readonly FromVolunteer[] = [
    { t: 'ask', slots: [{ slot: 0, backend: 'wasm', rates: { 'weave@1': 1000 } }] },
    { t: 'giveBack', replicas: [1, 2], why: 'closing' },
    { t: 'returnAudits', audits: [3, 4] },
    { t: 'chain', count: 3, hash: 'b'.repeat(64), signature: 'A'.repeat(86) },
  ];

  test.each(words.map((word) => [word.t, word] as const))(
    '%s is taken as it is, and with a key more it is not',
    (_, word) => {
      expect(parse(fromVolunteer, JSON.stringify(word), limits.textBytesMax)).toEqual(word);
      expect(
        isMalformed(parse(fromVolunteer, JSON.stringify({ ...word, admin: true }), limits.textBytesMax)),
      ).toBe(true);
      for (const key of Object.keys(word))
        expect(
          isMalformed(
            parse(fromVolunteer, JSON.stringify({ ...word, [key]: undefined }), limits.textBytesMax),
          ),
          key,
        ).toBe(true);
    },
  );

  test('hello is taken with all its parts and no other', () => {
    const consent = {
      text: 'c'.repeat(64),
      language: 'en',
      origin: 'http://127.0.0.1:8787',
      site: null,
      at: 1,
      signature: 'B'.repeat(86),
    };
    const word = {
      t: 'hello',
      protocol,
      publicKey: 'C'.repeat(43),
      account: 'D'.repeat(16),
      site: null,
      consent,
      holding: [1],
      head: null,
      cores: 4,
      gpu: false,
      signature: 'E'.repeat(86),
    };
    expect(parse(hello, JSON.stringify(word), limits.strangerBytesMax)).toEqual(word);
    const auditing = { ...word, audits: true };
    expect(parse(hello, JSON.stringify(auditing), limits.strangerBytesMax)).toEqual(auditing);
    for (const over of [
      { cores: -1 },
      { cores: 0.5 },
      { publicKey: 'short' },
      { holding: [0] },
      { audits: false },
      { site: '../..' },
      { consent: { ...consent, text: 'C'.repeat(64) } },
    ])
      expect(
        isMalformed(parse(hello, JSON.stringify({ ...word, ...over }), limits.strangerBytesMax)),
        JSON.stringify(over),
      ).toBe(true);
  });

  test('an audit names units in ascending order, and what became of it', () => {
    const read = (word: object): object => parse(fromCoordinator, JSON.stringify(word), limits.textBytesMax);
    const audit = { t: 'audit', audit: 5, job: 'j1', units: [0, 7, 9], limitMs: 60_000 };
    expect(read(audit)).toEqual(audit);
    const many = Array.from({ length: limits.unitsPerChunkMax + 1 }, (_, i) => i);
    for (const over of [
      { audit: 0 },
      { units: [] },
      { units: many },
      { units: [3, 3] },
      { units: [4, 3] },
      { units: [-1, 3] },
      { units: [0.5] },
      { limitMs: -1 },
      { claim: 'a'.repeat(64) },
    ])
      expect(read({ ...audit, ...over }), JSON.stringify(over).slice(0, 60)).toHaveProperty('malformed');
    const audited = { t: 'audited', audit: 5, became: 'counted', amountMicro: 12 };
    expect(read(audited)).toEqual(audited);
    for (const over of [{ became: 'wrong' }, { amountMicro: -1 }, { amountMicro: undefined }])
      expect(read({ ...audited, ...over })).toHaveProperty('malformed');
  });

  test('one that is too long is not even parsed', () => {
    expect(parse(fromVolunteer, ' '.repeat(limits.textBytesMax + 1), limits.textBytesMax)).toEqual({
      malformed: `message: longer than ${limits.textBytesMax} characters`,
    });
  });
});
