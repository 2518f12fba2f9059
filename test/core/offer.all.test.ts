/** Checks what an offer may be, what it costs and who is paid of it [JB1] [LG1] [LG3] [LG5], at all bounds, against the words of docs/SPEC.md. */
import { describe, expect, test } from 'vitest';
import { conclude } from '../../src/core/concluding.ts';
import { balanceOf, refund, spareMicro } from '../../src/core/ledger.ts';
import { faultOf, priceOf } from '../../src/core/offer.ts';
import { chunkCostMicro, chunksOf, emptyState, unitsOf } from '../../src/core/state.ts';
import type { Chunk, Entry, JobSpec, Policy, Replica } from '../../src/core/state.ts';
import { languageTag, textsFault } from '../../src/core/texts.ts';
import { deviceOf, jobOf } from './handmade.ts';
import { specOf } from './house.ts';

const terms = { quorum: 1, windowUnits: 1, leaverUnits: 1, verifyMilli: 0 } as const;
const sha = 'a'.repeat(64);
/** Numbers that are no whole ones, or none at all. */
const strange = [-1, 0.5, 1.5, Number.NaN, Infinity, -Infinity, 2 ** 53];

/** Which of these values an offer may have in one place, all else being right. */
function taken(values: readonly number[], put: (value: number) => Partial<JobSpec>): number[] {
  return values.filter((value) => faultOf({ ...specOf(), ...put(value) }) === null);
}

describe('[JB1] an offer', () => {
  test('has whole numbers within their bounds, to the last one', () => {
    const of = (...values: number[]): number[] => [...strange, 0, ...values];
    expect(taken(of(1, 2, 2 ** 40), (units) => ({ units, unitsPerChunk: 4_096, unitCostMicro: 1 }))).toEqual([1, 2, 2 ** 40]); // prettier-ignore
    expect(taken(of(1, 4_096, 4_097), (unitsPerChunk) => ({ unitsPerChunk }))).toEqual([1, 4_096]);
    expect(taken(of(1, 1e12, 1e12 + 1), (unitCostMicro) => ({ unitCostMicro }))).toEqual([1, 1e12]);
    expect(taken(of(1e-9, 1, 999.5, 1_000, 1_000.5), (weight) => ({ weight }))).toEqual([0.5, 1.5, 1e-9, 1, 999.5, 1_000]); // prettier-ignore
    // At most 2^31 chunks, and a price that can be counted.
    expect(taken([2 ** 31, 2 ** 31 + 1], (units) => ({ units, unitsPerChunk: 1, unitCostMicro: 1 }))).toEqual([2 ** 31]); // prettier-ignore
    const perUnit = { unitsPerChunk: 4_096, policy: { kind: 'none', quorum: 1 } } as const;
    const most = Number.MAX_SAFE_INTEGER;
    expect(taken([most / 2 ** 13, (most - 8_191) / 2 ** 13 + 1].map(Math.floor), (units) => ({ ...perUnit, units, unitCostMicro: 8_192 }))).toEqual([Math.floor(most / 8_192)]); // prettier-ignore
  });

  test('has a policy whose numbers are within their bounds, and no quorum where one answer stands alone', () => {
    const of = (...values: number[]): number[] => [...strange, 0, ...values];
    expect(taken(of(1, 2, 3, 4, 5, 6), (quorum) => ({ policy: { kind: 'replicate', quorum } }))).toEqual([1, 2, 3, 4, 5]); // prettier-ignore
    for (const kind of ['none', 'certify', 'audit', 'adaptive'] as const)
      expect(taken(of(1, 2), (quorum) => ({ policy: { ...terms, certificate: sha, kind, quorum } as Policy }))).toEqual([1]); // prettier-ignore
    for (const kind of ['audit', 'adaptive', 'certify'] as const) {
      for (const name of ['windowUnits', 'leaverUnits'])
        expect(taken(of(1, 1e9, 1e9 + 1), (value) => ({ policy: { ...terms, certificate: sha, kind, [name]: value } as Policy }))).toEqual([1, 1e9]); // prettier-ignore
      expect(taken(of(1, 4_000, 4_001), (verifyMilli) => ({ policy: { ...terms, certificate: sha, kind, verifyMilli } as Policy }))).toEqual([0, 1, 4_000]); // prettier-ignore
    }
    for (const certificate of [
      '',
      'a'.repeat(63),
      `${sha}a`,
      'A'.repeat(64),
      'g'.repeat(64),
      sha,
      `${'0'.repeat(63)}f`,
    ])
      expect(faultOf(specOf({ policy: { kind: 'certify', quorum: 1, certificate } })) === null).toBe(
        certificate.length === 64 &&
          certificate.split('').every((digit) => '0123456789abcdef'.includes(digit)),
      );
  });

  test('has texts that are not empty nor too long, in 16 further languages at most', () => {
    const texts = ['', ' ', 'a', 'a'.repeat(200), 'a'.repeat(201), 'a'.repeat(1_000), 'a'.repeat(1_001)];
    for (const title of texts)
      for (const cause of texts) {
        const isTitle = title.trim().length > 0 && title.length <= 200;
        const isCause = cause.trim().length > 0 && cause.length <= 1_000;
        const own = { title: 'a', cause: 'b' };
        expect(textsFault({ title, cause }, undefined) === null).toBe(isTitle && isCause);
        expect(textsFault(own, { zh: own, en: { title, cause } }) === null).toBe(isTitle && isCause);
      }
    for (let count = 0; count <= 18; count++) {
      const many = Object.fromEntries(Array.from({ length: count }, (_, i) => [`zz-${10 + i}`, { title: 'a', cause: 'b' }])); // prettier-ignore
      expect(textsFault({ title: 'a', cause: 'b' }, many) === null).toBe(count >= 1 && count <= 16);
    }
  });

  test('names languages in one spelling: for all words of up to six signs', () => {
    const signs = ['a', 'Z', '7', '-'];
    let named = 0;
    const grow = (word: string): void => {
      const [first = '', ...rest] = word.split('-');
      const isName = first.length >= 2 && first.length <= 3 && first.split('').every((sign) => sign === 'a');
      const areParts = rest.every((part) => part.length >= 2 && part.length <= 8 && !part.includes('Z'));
      const want = isName && areParts && rest.length <= 2;
      if (languageTag.test(word) !== want) expect.fail(`${word}: not ${want}`);
      if (want) named++;
      if (word.length < 6) for (const sign of signs) grow(word + sign);
    };
    grow('');
    expect(named).toBe(2 + 4 + 8 + 4);
    expect(['zh-hant-tw', 'zh-12345678', 'zh-123456789', 'a-b', 'zh-aa-bb-cc', 'zh '].map((tag) => languageTag.test(tag))).toEqual([true, true, false, false, false, false]); // prettier-ignore
  });
});

describe('[LG3] [LG5] what it costs', () => {
  test('every unit for every person, and the thousandths that are set aside, a begun microcredit counted', () => {
    for (const units of [1, 7, 1_000, 123_456])
      for (const unitCostMicro of [1, 13, 125_000]) {
        const work = BigInt(units) * BigInt(unitCostMicro);
        for (let quorum = 1; quorum <= 5; quorum++)
          expect(priceOf(specOf({ units, unitCostMicro, quorum }))).toBe(Number(work) * quorum);
        for (const verifyMilli of [0, 1, 10, 333, 1_000, 3_999, 4_000]) {
          const exact = work + (work * BigInt(verifyMilli) + 999n) / 1_000n;
          const more = priceOf(specOf({ units, unitCostMicro, policy: { ...terms, kind: 'audit', verifyMilli } })) - Number(exact); // prettier-ignore
          // In double precision, in this order: a microcredit more now and then.
          if (more !== 0) expect([more, work % 1_000n === 0n]).toEqual([1, false]);
        }
      }
    const rounded = { units: 16_502_276, unitCostMicro: 1, policy: { ...terms, kind: 'audit', verifyMilli: 2_000 } } as const; // prettier-ignore
    expect(priceOf(specOf(rounded))).toBe(16_502_276 + 33_004_553);
  });

  test('a chunk its own units, the last one what is left', () => {
    for (let units = 1; units <= 40; units++)
      for (let unitsPerChunk = 1; unitsPerChunk <= 12; unitsPerChunk++) {
        const spec = specOf({ units, unitsPerChunk, unitCostMicro: 3 });
        const chunks: number[][] = [];
        for (let unit = 0; unit < units; unit++)
          if (unit % unitsPerChunk === 0) chunks.push([unit]);
          else chunks.at(-1)?.push(unit);
        expect(chunksOf(spec)).toBe(chunks.length);
        for (const [chunk, own] of chunks.entries()) {
          expect(unitsOf(spec, chunk)).toEqual([own[0], (own.at(-1) ?? 0) + 1]);
          expect(chunkCostMicro(spec, chunk)).toBe(3 * own.length);
        }
      }
  });

  test('what is spare is what the work still to be done does not cost, and a refund what nobody is paid', () => {
    for (const balance of [0n, 5n, 100n])
      for (const owedMicro of [0, 5, 7]) {
        const state = emptyState();
        if (balance > 0n) state.balances.set('escrow:j1', balance);
        expect(balanceOf(state, 'escrow:j1')).toBe(balance);
        expect(spareMicro(state, jobOf(1, { owedMicro }))).toBe(Number(balance) - owedMicro);
        const left = Number(balance) - owedMicro;
        const back = [{ from: 'escrow:j1', to: 'requester:r', amountMicro: left }];
        expect(refund(state, 'j1', 'r', BigInt(owedMicro))).toEqual(left > 0 ? back : []);
      }
  });
});

describe('[LG3] [LG5] who is paid for a chunk', () => {
  test('the first of its quorum by the requester, further ones while enough is set aside, then by the operator: for all of up to five', () => {
    const policies: Policy[] = [{ ...terms, kind: 'adaptive' }, ...[2, 3].map((quorum): Policy => ({ kind: 'replicate', quorum }))]; // prettier-ignore
    for (const policy of policies)
      for (let winners = policy.quorum; winners <= 5; winners++)
        for (let spare = 0; spare <= 100; spare += 10)
          for (const isAnchors of [false, true]) {
            // Under `replicate` nothing is set aside.
            if (policy.kind === 'replicate' && spare > 0) continue;
            const state = emptyState();
            const replicas = Array.from({ length: winners }, (_, i): Replica => {
              const device = `d${i}`;
              state.devices.set(device, deviceOf({ role: isAnchors && i === 0 ? 'anchor' : 'volunteer' }));
              return { id: i + 1, lease: 1, device, account: `A${i}`, site: null, group: '', backend: 'wasm', beside: false, phase: { is: 'committed', root: 'r', stored: true, agrees: [] } }; // prettier-ignore
            });
            const spec = specOf({ units: 6, unitsPerChunk: 2, unitCostMicro: 10, policy });
            const job = { ...jobOf(3), spec, owedMicro: 500 };
            state.balances.set('escrow:j1', BigInt(500 + spare));
            const chunk: Chunk = { index: 0, openedAt: 0, since: 0, replicas };
            const [event] = conclude(state, job, chunk, [0xffff_ffff], 0);
            // Under audits it is pending, but where an anchor computed it too.
            const isFinal = policy.kind === 'replicate' || isAnchors;
            let left = spare;
            const want = replicas.map(({ account }, i): Entry => {
              const isRequesters = i < policy.quorum || left >= 20;
              if (i >= policy.quorum && isRequesters) left -= 20;
              const to = isFinal ? (`vested:${account}` as const) : (`pending:${account}` as const);
              return { from: isRequesters ? 'escrow:j1' : 'operator', to, amountMicro: 20 };
            });
            expect(event).toMatchObject({ e: 'accepted', final: isFinal, entries: want });
          }
  });
});
