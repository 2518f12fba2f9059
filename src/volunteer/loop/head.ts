/** Remembers what the coordinator's log was, and does not accept that it shrinks or changes. */
import type { RestoredWord, TreeHead } from '../../wire/volunteer.ts';
import type { Reason } from '../store.ts';
import { hasBegun } from './beginning.ts';
import { stopLoop } from './phases.ts';
import { keepHead, lastHead } from './remembering.ts';
import type { Loop } from './state.ts';
import { toldSoFar } from './told.ts';

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

/** A connection begins with what the log is now: what was told before, and not compared, is to be compared first. */
export function beginLog(loop: Loop, told: TreeHead): void {
  const last = lastHead(loop);
  const before = last === loop.head ? null : last;
  const isShown = before === null && last?.size === told.size;
  loop.told = {
    ...loop.told,
    before,
    newest: told,
    isShown,
    checkedAt: isShown ? loop.told.checkedAt : null,
  };
}

/** Has the newest head compared with the one we remember, now and then; what is left of an earlier connection before it. */
export function checkLog(loop: Loop): void {
  const { head, coordinator, told } = loop;
  const newest = told.before ?? told.newest;
  if (newest === null || coordinator === null) return;
  if (told.checkedAt !== null && loop.at < told.checkedAt + logCheckEveryMs) return;
  // Every log extends the empty one, so there is nothing to prove the first time.
  const nothingToProve = head === null || head.size === 0;
  if (!nothingToProve && (loop.link.is !== 'open' || logCheckWaitsUntil(loop) !== null)) return;
  told.checkedAt = loop.at;
  if (nothingToProve) return rememberHead(loop, coordinator, newest);
  if (newest.size > head.size) loop.out.push({ do: 'checkLog', from: head, to: newest });
}

/** Until when the first comparison of a visit waits; null when it does not. */
export function logCheckWaitsUntil(loop: Loop): number | null {
  if (loop.told.checkedAt !== null || hasBegun(loop) || loop.link.is !== 'open') return null;
  const due = loop.link.since + logCheckAfterMs;
  return loop.at < due ? due : null;
}

function rememberHead(loop: Loop, coordinator: string, head: TreeHead): void {
  loop.head = head;
  const { told } = loop;
  // One more comparison is due: of this connection's log with what the one before told.
  if (told.before !== null) told.checkedAt = null;
  else told.isShown = true;
  told.before = null;
  keepHead(loop, coordinator, head);
}

/** The stated restore, if it explains that what we remember is gone [RS3]: it lost that, and was stated after we remembered it. */
function explanation(loop: Loop): RestoredWord | null {
  const { stated, restores } = loop;
  const last = lastKnown(loop);
  if (last === null || stated === null) return null;
  return stated.kept < last.size && stated.at > (restores?.statedAt ?? 0) ? stated : null;
}

/** The last head that we know of from before this connection. */
function lastKnown(loop: Loop): TreeHead | null {
  if (loop.link.is === 'connecting') return lastHead(loop);
  return loop.told.before ?? loop.head;
}

/** Why we stop before a log that is not the one we remember. */
export function lossReason(loop: Loop, fault: 'log-shrunk' | 'log-rewritten'): Reason {
  const stated = explanation(loop);
  if (stated !== null)
    return { why: 'restored', at: stated.at, kept: stated.kept, remembered: lastKnown(loop)?.size ?? 0 };
  return fault === 'log-shrunk' ? { why: fault } : { why: 'refused', code: fault, detail: null };
}

/** Whether the person wants to go on from the restore that is stated. Both heads are noted [RS4]; from here on the log must extend what was kept. */
export function wentOn(loop: Loop, told: TreeHead): boolean {
  const { coordinator, goesOn } = loop;
  const [before, stated] = [lastKnown(loop), explanation(loop)];
  if (stated === null || before === null || coordinator === null || goesOn !== stated.at) return false;
  loop.goesOn = null;
  const accepted = [...(loop.restores?.accepted ?? []), { before, stated, told, at: loop.at }];
  loop.restores = { statedAt: stated.at, accepted: accepted.slice(-restoresMax) };
  loop.told = toldSoFar();
  loop.head = { size: stated.kept, root: stated.root };
  keepHead(loop, coordinator, loop.head, true);
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
