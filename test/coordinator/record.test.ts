/** The record's text: written faster for the events that come with every chunk, and never other than JSON.stringify writes it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leafOf, readRecord } from '../../src/coordinator/record.ts';
import type { Event } from '../../src/core/state.ts';

/** The events of a leaf, as they are written there. */
function eventsIn(leaf: Buffer): string {
  expect(leaf[0]).toBe(0);
  expect(readRecord(leaf.subarray(1))).toMatchObject({ v: 1, tick: 7, at: 8, receipts: 'ab' });
  const text = leaf.toString('utf8', 1);
  return text.slice(text.indexOf('"events":') + '"events":'.length, -1);
}

const id = fc.stringMatching(/^[A-Za-z0-9_-]{16}$/);
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const job = fc.integer({ min: 1, max: 1e9 }).map((n) => `j${n}`);
const whole = fc.maxSafeNat();
const who = {
  device: id,
  account: id,
  site: fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/)),
};
const backend = fc.constantFrom('wasm' as const, 'webgpu' as const);

const events: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    e: fc.constant('leased' as const),
    lease: whole,
    job,
    chunk: whole,
    count: whole,
    ...who,
    slot: fc.nat(300),
    backend,
    rateMilli: fc.integer({ min: 1, max: 1e9 }),
    deadline: whole,
  }),
  fc.record({
    e: fc.constant('committed' as const),
    job,
    chunk: whole,
    replica: whole,
    ...who,
    root: hex,
    digests: fc.base64String({ maxLength: 400 }),
    stored: fc.boolean(),
    agrees: fc.array(whole, { maxLength: 4 }),
  }),
  fc.record({
    e: fc.constant('accepted' as const),
    job,
    chunk: whole,
    root: hex,
    replica: whole,
    winners: fc.array(fc.record({ replica: whole, ...who }), { maxLength: 5 }),
    losers: fc.array(whole, { maxLength: 5 }),
    final: fc.boolean(),
    entries: fc.array(
      fc.record({
        from: job.map((one) => `escrow:${one}` as const),
        to: id.map((one) => `vested:${one}` as const),
        amountMicro: whole,
      }),
      { maxLength: 5 },
    ),
  }),
  fc
    .record({
      e: fc.constant('audited' as const),
      audit: whole,
      job,
      chunk: whole,
      units: fc.array(whole, { minLength: 1, maxLength: 5 }),
      wrong: fc.array(whole, { maxLength: 5 }),
      ...who,
      entries: fc.array(
        fc.record({
          from: fc.constant('operator' as const),
          to: id.map((one) => `vested:${one}` as const),
          amountMicro: whole,
        }),
        { maxLength: 2 },
      ),
    })
    // An anchor's names no site.
    .map(({ site, entries, ...event }) =>
      site === null && event.chunk % 2 === 0 ? { ...event, entries } : { ...event, site, entries },
    ),
  fc.record({ e: fc.constant('kernelPaused' as const), kernel: fc.string(), reason: fc.string() }),
);

describe('[LO1] a record’s events', () => {
  test('are what JSON.stringify makes of them', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 5 }), (list) => {
        expect(eventsIn(leafOf(7, 8, 'ab', list))).toBe(JSON.stringify(list));
      }),
    );
  });
});
