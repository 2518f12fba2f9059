/** Remembers what the coordinator's log was, and does not accept that it shrinks or changes. */
import type { TreeHead } from '../../wire/volunteer.ts';
import { stopLoop } from './phases.ts';
import type { Loop } from './state.ts';

const logCheckEveryMs = 600_000;
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
  if (loop.headCheckedAt !== null || loop.counts.committed > 0 || loop.link.is !== 'open') return null;
  const due = loop.link.since + logCheckAfterMs;
  return loop.at < due ? due : null;
}

function rememberHead(loop: Loop, coordinator: string, head: TreeHead): void {
  loop.head = head;
  loop.out.push({ do: 'keepHead', coordinator, head });
}

/** The proof came, failed to come, or shows that the log was rewritten. */
export function onLogChecked(
  loop: Loop,
  head: TreeHead,
  verdict: 'extends' | 'contradicts' | 'unknown',
): void {
  if (verdict === 'contradicts') return stopLoop(loop, { why: 'refused', code: 'log-rewritten', detail: null });
  if (
    verdict === 'extends' &&
    loop.coordinator !== null &&
    (loop.head === null || head.size > loop.head.size)
  ) {
    rememberHead(loop, loop.coordinator, head);
  }
}
