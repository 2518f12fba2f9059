/** What the coordinator said its log was, beyond what was compared: a later log must extend that too. */
import type { TreeHead } from '../../wire/volunteer.ts';

export interface Told {
  /** The newest head that it told, in this visit or an earlier one. */
  newest: TreeHead | null;
  /** The newest one of an earlier connection, until the log of this one is shown to extend it. */
  before: TreeHead | null;
  /** The log of this connection was shown to extend what we remember, or there was nothing to show. */
  isShown: boolean;
  /** When that was asked last, in this connection. */
  checkedAt: number | null;
  /** The newest head that was kept for another visit: its size, and when. */
  keptSize: number;
  keptAt: number;
}

/** Of a coordinator that has said nothing yet; `newest`: but in an earlier visit. */
export function toldSoFar(newest: TreeHead | null = null): Told {
  return { newest, before: null, isShown: false, checkedAt: null, keptSize: newest?.size ?? 0, keptAt: 0 };
}
