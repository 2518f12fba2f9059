/**
 * On which programs the cores of this very browser have proven themselves, in its storage: who comes back within a week is not tested
 * anew each time. A program is known by its digest, a browser by its user agent; graphics processors, whose drivers change
 * unseen, are tested in each visit.
 */

/** So long a proof holds. */
export const proofMs = 7 * 24 * 3_600_000;
/** So many are kept: those that were made last. */
export const proofsMax = 16;

interface Kept {
  readonly browser: string;
  /** When each was proven, in ms since 1970. */
  readonly programs: Readonly<Record<string, number>>;
}

/** Programs that were proven in the last week, by this browser; none where the storage says no, or says something else. */
export function recallProofs(key: string, now: number, browser: string): readonly string[] {
  return Object.keys(kept(key, now, browser));
}

/** Notes one more, or with null forgets all. Where the storage says no, the next visit is tested. */
export function rememberProof(key: string, program: string | null, now: number, browser: string): void {
  try {
    if (program === null) return localStorage.removeItem(key);
    const all = { ...kept(key, now, browser), [program]: now };
    const last = Object.entries(all).sort(([, a], [, b]) => b - a);
    const next: Kept = { browser, programs: Object.fromEntries(last.slice(0, proofsMax)) };
    localStorage.setItem(key, JSON.stringify(next));
  } catch {
    // As said.
  }
}

function kept(key: string, now: number, browser: string): Kept['programs'] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (typeof value !== 'object' || value === null) return {};
    const { browser: by, programs } = value as Partial<Kept>;
    if (by !== browser || typeof programs !== 'object' || programs === null) return {};
    const isFresh = (at: unknown): boolean => typeof at === 'number' && now >= at && now < at + proofMs;
    return Object.fromEntries(Object.entries(programs).filter(([, at]) => isFresh(at)));
  } catch {
    return {};
  }
}
