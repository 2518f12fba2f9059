/** Remembers what the coordinator's log was, and does not accept that it shrinks or changes. */
import type { RestoredWord, TreeHead } from '../../wire/volunteer.ts';
import type { Reason } from '../store.ts';
import { hasBegun } from './beginning.ts';
import { stopLoop } from './phases.ts';
import type { Loop } from './state.ts';

const logCheckEveryMs = 600_000;
/** Restores that are noted. */
const restoresMax = 20;
/** The first comparison leaves the line to the first chunk, for no longer than this. */
const logCheckAfterMs = 5_000;

/** A log never shrinks, and never has two roots for one size. */
export function headFault(known: TreeHead | null, told: TreeHead): 'log-shrunk' | 'log-rewritten' | null {
  if (known === null) return null;
  if (told.size < known.size) return 'log-shrunk';
  return told.size === known.size && told.root !== known.root ? 'log-rewritten' : null;
}

/** Has the newest head compared with the one we remember, now and then. */
export function checkLog(loop: Loop): void {
  const { head, newestHead, coordinator } = loop;
  if (newestHead === null || coordinator === null) return;
  if (loop.headCheckedAt !== null && loop.at < loop.headCheckedAt + logCheckEveryMs) return;
  // Every log extends the empty one, so there is nothing to prove the first time.
  const nothingToProve = head === null || head.size === 0;
  if (!nothingToProve && (loop.link.is !== 'open' || logCheckWaitsUntil(loop) !== null)) return;
  loop.headCheckedAt = loop.at;
  if (nothingToProve) return rememberHead(loop, coordinator, newestHead);
  if (newestHead.size > head.size) loop.out.push({ do: 'checkLog', from: head, to: newestHead });
}

/** Until when the first comparison of a visit waits; null when it does not. */
export function logCheckWaitsUntil(loop: Loop): number | null {
  if (loop.headCheckedAt !== null || hasBegun(loop) || loop.link.is !== 'open') return null;
  const due = loop.link.since + logCheckAfterMs;
  return loop.at < due ? due : null;
}

function rememberHead(loop: Loop, coordinator: string, head: TreeHead): void {
  loop.head = head;
  const { stated, restores } = loop;
  if (stated !== null) loop.restores = { statedAt: stated.at, accepted: restores?.accepted ?? [] };
  loop.out.push({
    do: 'keepHead',
    coordinator,
    head,
    ...(loop.restores === null ? {} : { restores: loop.restores }),
  });
}

/** The stated restore, if it explains that what we remember is gone [RS3]: it lost that, and was stated after we remembered it. */
function explanation({ head, stated, restores }: Loop): RestoredWord | null {
  if (head === null || stated === null) return null;
  return stated.kept < head.size && stated.at > (restores?.statedAt ?? 0) ? stated : null;
}

/** Why we stop before a log that is not the one we remember. */
export function lossReason(loop: Loop, fault: 'log-shrunk' | 'log-rewritten'): Reason {
  const stated = explanation(loop);
  if (stated !== null)
    return { why: 'restored', at: stated.at, kept: stated.kept, remembered: loop.head?.size ?? 0 };
  return fault === 'log-shrunk' ? { why: fault } : { why: 'refused', code: fault, detail: null };
}

/** Whether the person wants to go on from the restore that is stated. Both heads are noted [RS4]; from here on the log must extend what was kept. */
export function wentOn(loop: Loop, told: TreeHead): boolean {
  const { head: before, coordinator, goesOn } = loop;
  const stated = explanation(loop);
  if (stated === null || before === null || coordinator === null || goesOn !== stated.at) return false;
  loop.goesOn = null;
  const accepted = [...(loop.restores?.accepted ?? []), { before, stated, told, at: loop.at }];
  loop.restores = { statedAt: stated.at, accepted: accepted.slice(-restoresMax) };
  loop.headCheckedAt = null;
  rememberHead(loop, coordinator, { size: stated.kept, root: stated.root });
  return true;
}

/** The proof came, failed to come, or shows that the log was rewritten. */
export function onLogChecked(
  loop: Loop,
  head: TreeHead,
  verdict: 'extends' | 'contradicts' | 'unknown',
): void {
  if (verdict === 'contradicts') return stopLoop(loop, lossReason(loop, 'log-rewritten'));
  if (
    verdict === 'extends' &&
    loop.coordinator !== null &&
    (loop.head === null || head.size > loop.head.size)
  ) {
    rememberHead(loop, loop.coordinator, head);
  }
}
