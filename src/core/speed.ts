/** How fast a slot is taken to be: what it claims, but no further than its account has shown, since claims cost nothing. */
import type { AccountRecord } from './state.ts';

/** What a slot without a record may count for: one reference core and a half. */
export const unprovenRateMilli = 1_500;
/** An account's mean counts its rests too: a slot may be this many times as fast as it. With four a boaster had half as much again (docs/decisions/0005-audits.md). */
export const shownFactor = 2;

/** Speed in thousandths of the reference core that counts when work is shared out. */
export function knownRateMilli(account: AccountRecord | undefined, claimedMilli: number, at: number): number {
  if (account === undefined || at <= account.firstAt) return Math.min(claimedMilli, unprovenRateMilli);
  // Microcredits per millisecond are thousandths of the reference core.
  const shownMilli = account.earnedMicro / (at - account.firstAt);
  return Math.min(claimedMilli, Math.ceil(unprovenRateMilli + shownFactor * shownMilli));
}
