/**
 * A log that goes on from a backup says so: one event in the log [RS1], and a signed word of it to whoever asks or
 * signs in [RS2], so that volunteers who remember a longer log can tell an honest operator's bad day from a rewriting.
 */
import type { Restored } from '../core/state.ts';
import type { RestoredWord } from '../wire/volunteer.ts';
import { restoredBytes } from './digests.ts';
import { emptyRoot } from './hearing.ts';
import { signText } from './keys.ts';
import type { SigningKey } from './keys.ts';
import type { Log } from './log.ts';
import { Runtime } from './runtime.ts';

/** Signed once: every challenge carries it. */
const signed = new WeakMap<Restored, RestoredWord>();

/** The signed word of the last restore; null where there was none. */
export function restoredWordOf(key: SigningKey, restored: Restored | null): RestoredWord | null {
  if (restored === null) return null;
  const known = signed.get(restored);
  if (known !== undefined) return known;
  const { kept, root, at } = restored;
  const word = { kept, root, at, signature: signText(key, restoredBytes(key.publicText, restored)) };
  signed.set(restored, word);
  return word;
}

/** Writes into a log that was just put back that it goes on from here. Throws when it cannot be written. */
export async function stateRestore(log: Log, key: SigningKey, now: () => number): Promise<void> {
  const runtime = await Runtime.open({
    log,
    key,
    now,
    live: new Map(),
    measureOf: () => null,
    lastView: () => '{}',
    onNote: () => {},
    onFatal: (error) => {
      throw error;
    },
  });
  const { size, root } = runtime.head ?? { size: 0, root: emptyRoot };
  const outcome = await runtime.run({ c: 'restore', kept: size, root });
  await runtime.close();
  if (outcome.refused !== null)
    throw new Error(
      `the log does not take the word that it was restored: ${outcome.detail ?? outcome.refused}`,
    );
}
