/** How fast a slot is taken to be: what it claims, but no further than its account has shown, since claims cost nothing. */
import type { Shown } from './state.ts';

/** What a slot without a record may count for: one reference core and a half. */
export const unprovenRateMilli = 1_500;
/** Who claims so many times what it has shown… */
export const boastFactor = 10;
/** …counts for this part of it: to claim too much is never worth it (docs/decisions/0005-audits.md). */
export const boastShare = 0.25;

/**
 * Speed in thousandths of the reference core that counts when work is shared out. `shown`: what the account's slots with the same
 * backend have shown, on average and for the time that they held work: rests are nobody's slowness, and a second core nobody's speed.
 */
export function knownRateMilli(shown: Shown | undefined, claimedMilli: number, at: number): number {
  if (shown === undefined || shown.micro === 0) return Math.min(claimedMilli, unprovenRateMilli);
  const busyMs = shown.busyMs + shown.busy * (at - shown.at);
  // Microcredits per millisecond are thousandths of the reference core.
  const shownMilli = shown.micro / Math.max(1, busyMs);
  if (claimedMilli > boastFactor * shownMilli) return Math.ceil(boastShare * shownMilli);
  return Math.min(claimedMilli, Math.ceil(shownMilli));
}
