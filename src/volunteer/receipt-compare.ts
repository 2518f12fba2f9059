/**
 * Compares receipts with what their coordinator says of itself now: is its key the one that signed, and does its log still
 * begin with the log that each receipt's tick stood in. It is believed no further than it can prove (SPEC, [LO6], RFC 9162).
 */
import * as v from 'valibot';
import { check, isMalformed } from '../wire/schema.ts';
import { restoredWord } from '../wire/volunteer.ts';
import type { TreeHead } from '../wire/volunteer.ts';
import { isSigned, logExtends } from './checks.ts';
import { restoreHolds } from './identity.ts';
import { signedHead } from './witness.ts';
import type { AskLog } from './witness.ts';

const status = v.object({
  coordinator: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  restored: v.nullable(restoredWord),
});

/** No more heads than this are compared: each costs a question. */
export const headsMax = 20;

/** What came of it. `size`: records of the log now; `at`: of the receipt's head that the word is about. */
export type Compared =
  /** It was not reached, or what it said could not be read: nothing is proven. */
  | { readonly is: 'unanswered' }
  /** Another key than the one that signed. */
  | { readonly is: 'other-key'; readonly key: string }
  /** The log of now begins with that of the newest receipt, and with those of the others that were compared. */
  | { readonly is: 'extends'; readonly size: number; readonly at: number; readonly compared: number }
  /** Restored from a backup by its own signed word, which tells how much of the log was kept. */
  | { readonly is: 'restored'; readonly since: number; readonly kept: number; readonly at: number }
  /** It does not sign what it says of its log. */
  | { readonly is: 'not-signed' }
  /** The log of now is shorter than what was signed. */
  | { readonly is: 'shrunk'; readonly size: number; readonly at: number }
  /** The log of now does not begin with what was signed, or that is not shown. */
  | { readonly is: 'not-extending'; readonly size: number; readonly at: number };

/** Asks a coordinator about receipts that `key` signed under these heads. */
export async function compareReceipts(
  ask: AskLog,
  key: string,
  heads: readonly TreeHead[],
): Promise<Compared> {
  try {
    const said = check(status, await ask('/api/status'));
    if (isMalformed(said)) return { is: 'unanswered' };
    if (said.coordinator !== key) return { is: 'other-key', key: said.coordinator };
    const now = check(signedHead, Object(await ask('/api/log/head')) as object);
    if (isMalformed(now) || !(await isSigned(now, key))) return { is: 'not-signed' };
    let last: TreeHead | null = null;
    const chosen = spread(heads);
    for (const head of chosen) {
      last ??= head;
      if (await stands(ask, head, now)) continue;
      const { restored } = said;
      if (restored !== null && restored.kept < head.size && (await restoreHolds(key, restored)))
        return { is: 'restored', since: restored.at, kept: restored.kept, at: head.size };
      return { is: head.size > now.size ? 'shrunk' : 'not-extending', size: now.size, at: head.size };
    }
    return { is: 'extends', size: now.size, at: last?.size ?? 0, compared: chosen.length };
  } catch {
    return { is: 'unanswered' };
  }
}

/** Whether the log of `now` begins with the one that was signed. */
async function stands(ask: AskLog, head: TreeHead, now: TreeHead): Promise<boolean> {
  if (head.size > now.size) return false;
  if (head.size === now.size) return head.root === now.root;
  return logExtends(head, now, await ask(`/api/log/consistency?from=${head.size}&to=${now.size}`)) === true;
}

/** The newest head, the oldest, and others evenly between them; each size once. */
function spread(heads: readonly TreeHead[]): TreeHead[] {
  const bySize = new Map(heads.map((head) => [`${head.size} ${head.root}`, head]));
  const sorted = [...bySize.values()].toSorted((a, b) => b.size - a.size);
  if (sorted.length <= headsMax) return sorted;
  const step = (sorted.length - 1) / (headsMax - 1);
  return Array.from({ length: headsMax }, (_, i) => sorted[Math.round(i * step)]).filter(
    (head) => head !== undefined,
  );
}
