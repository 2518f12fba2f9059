/** [RS3, RS4] What a volunteer does when a coordinator says, signed, that its log goes on from a backup; and what it does not believe. */
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/volunteer/loop.ts';
import type { LoopEffect } from '../../src/volunteer/loop.ts';
import type { Remembered } from '../../src/volunteer/loop/words.ts';
import { protocol } from '../../src/wire/version.ts';
import type { RestoredWord, TreeHead } from '../../src/wire/volunteer.ts';
import { Hand, hex, kinds, remembered } from './hand.ts';

const coordinator = 'C'.repeat(43);
const before: TreeHead = { size: 10, root: hex('1') };
const after: TreeHead = { size: 8, root: hex('2') };
const stated: RestoredWord = { kept: 7, root: hex('7'), at: 500_000, signature: 'S'.repeat(86) };
const kept: TreeHead = { size: 7, root: hex('7') };
const asked = { why: 'restored', at: 500_000, kept: 7, remembered: 10 };

function started(over: Partial<Remembered> = {}): Hand {
  const hand = new Hand();
  hand.on({ on: 'start' });
  hand.on({ on: 'prepared', remembered: { ...remembered, head: before, ...over } });
  return hand;
}

function told(hand: Hand, head: TreeHead, restored?: RestoredWord): LoopEffect[] {
  return hand.word({
    t: 'challenge',
    protocol,
    nonce: 'N'.repeat(22),
    coordinator,
    head,
    ...(restored === undefined ? {} : { restored }),
  });
}

/** The person reads it, presses the button, and the visit begins again. */
function goesOn(hand: Hand, over: Partial<Remembered> = {}): void {
  hand.on({ on: 'acceptRestore' });
  hand.on({ on: 'start' });
  hand.on({ on: 'prepared', remembered: { ...remembered, head: before, ...over } });
}

describe('[RS4] a stated restore', () => {
  it('is shown before anything is said, and gone on from only when the person wants it', () => {
    const hand = started();
    expect(kinds(told(hand, after, stated))).not.toContain('hello');
    expect(viewOf(hand.loop)).toMatchObject({ phase: 'stopped', reason: asked });
    // Starting again is not agreeing.
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered: { ...remembered, head: before } });
    expect(kinds(told(hand, after, stated))).not.toContain('hello');
    expect(viewOf(hand.loop)).toMatchObject({ phase: 'stopped', reason: asked });
    goesOn(hand);
    const effects = told(hand, after, stated);
    expect(effects).toContainEqual({
      do: 'keepHead',
      coordinator,
      head: kept,
      restores: { statedAt: 500_000, accepted: [{ before, stated, told: after, at: hand.at }] },
      isCut: true,
    });
    expect(effects).toContainEqual(expect.objectContaining({ do: 'hello', head: kept }));
  });

  it('is what the log must grow from: what does not is refused, and the old word explains it no more', () => {
    const hand = started();
    told(hand, after, stated);
    goesOn(hand);
    told(hand, after, stated);
    hand.welcome();
    expect(hand.wait(5_000)).toContainEqual({ do: 'checkLog', from: kept, to: after });
    hand.on({ on: 'logChecked', head: after, verdict: 'contradicts' });
    expect(viewOf(hand.loop).reason).toMatchObject({ why: 'refused', code: 'log-rewritten' });
  });

  it('also explains a log that has grown past what is remembered', () => {
    const grown: TreeHead = { size: 20, root: hex('9') };
    const hand = started();
    told(hand, grown, stated);
    hand.welcome();
    expect(hand.wait(5_000)).toContainEqual({ do: 'checkLog', from: before, to: grown });
    hand.on({ on: 'logChecked', head: grown, verdict: 'contradicts' });
    expect(viewOf(hand.loop).reason).toEqual(asked);
    goesOn(hand);
    expect(kinds(told(hand, grown, stated))).toContain('hello');
    expect(hand.loop.head).toEqual(kept);
  });
});

describe('[RS3] nothing is explained', () => {
  const shrunk = { why: 'log-shrunk' };

  it('without a statement', () => {
    const hand = started();
    told(hand, after);
    expect(viewOf(hand.loop).reason).toEqual(shrunk);
    hand.on({ on: 'acceptRestore' });
    hand.on({ on: 'start' });
    hand.on({ on: 'prepared', remembered: { ...remembered, head: before } });
    told(hand, after);
    expect(viewOf(hand.loop).reason).toEqual(shrunk);
  });

  it('by a statement that the remembered log already held, or that kept what is remembered', () => {
    for (const [restores, word] of [
      [{ statedAt: 500_000, accepted: [] }, stated],
      [undefined, { ...stated, kept: 10 }],
    ] as const) {
      const hand = started({ restores });
      told(hand, after, word);
      expect(viewOf(hand.loop).reason).toEqual(shrunk);
    }
  });

  it('by an old statement to who first came after it', () => {
    const hand = started({ head: null });
    told(hand, after, stated);
    hand.welcome();
    hand.wait(5_000);
    expect(hand.loop.restores).toEqual({ statedAt: 500_000, accepted: [] });
    hand.on({ on: 'socketClosed', socket: hand.loop.sockets, detail: '' });
    hand.wait(60_000);
    told(hand, { size: 7, root: hex('3') }, stated);
    expect(viewOf(hand.loop).reason).toEqual(shrunk);
  });

  it('by another restore than the one that was shown: that is shown too', () => {
    const hand = started();
    told(hand, after, stated);
    goesOn(hand);
    const later = { ...stated, kept: 3, at: 600_000 };
    expect(kinds(told(hand, after, later))).not.toContain('hello');
    expect(viewOf(hand.loop).reason).toEqual({ ...asked, at: 600_000, kept: 3 });
  });

  it('to a coordinator with another key', () => {
    const hand = started({ coordinator: 'D'.repeat(43) });
    expect(kinds(told(hand, after, stated))).toContain('hello');
    expect(hand.loop.restores).toEqual({ statedAt: 500_000, accepted: [] });
  });
});
