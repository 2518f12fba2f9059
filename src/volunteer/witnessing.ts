/**
 * A volunteer as a witness [LO9]: some time after it has accepted a head of the log, when nothing else is due, it looks
 * at the log once more, countersigns with its device key what extends that head and the last one it countersigned, and
 * sends it. At most once in ten minutes, over all its visits. What does not extend them is not countersigned; the loop's own
 * comparison decides what follows.
 */
import type { DeviceKey } from './crypto.ts';
import type { KeptHead } from './outbox.ts';
import type { TreeHead } from '../wire/volunteer.ts';

/** Between two countersignatures, at least. */
export const cosignEveryMs = 600_000;
/** The first chunk, and what it needs, has the line to itself for so long. */
export const cosignAfterMs = 5_000;

/** What it needs of its surroundings. */
export interface WitnessPlace {
  /** Scheme and host of the coordinator. */
  readonly url: string;
  now(): number;
  /** Calls when there is nothing better to do; null where nobody is to be a witness. */
  readonly whenIdle: ((work: () => void) => void) | null;
  /** Keeps the head together with what was last countersigned. */
  keep(kept: KeptHead): void;
}

/** The newest head that an earlier visit was told: what it countersigned may be newer than what it heard. */
export function toldBefore(kept: KeptHead | null): TreeHead | null {
  const [told = null, signed = null] = [kept?.told, kept?.cosigned?.head];
  return signed !== null && signed.size > (told?.size ?? 0) ? signed : told;
}

export class Witnessing {
  readonly #place: WitnessPlace;
  #kept: KeptHead | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped: AbortController | null = null;

  constructor(place: WitnessPlace) {
    this.#place = place;
  }

  /** What an earlier visit kept: its countersignature counts. */
  recall(kept: KeptHead | null): void {
    this.#kept = kept;
  }

  /** The loop has accepted a head: it is kept, and some time later countersigned. */
  accept(head: KeptHead, key: DeviceKey): void {
    const cosigned = cosignedBefore(this.#kept, head);
    this.#keep(cosigned === undefined ? head : { ...head, cosigned });
    const { whenIdle, now } = this.#place;
    if (whenIdle === null || this.#timer !== null || this.#stopped !== null) return;
    const dueMs = cosigned === undefined ? 0 : cosigned.at + cosignEveryMs - now();
    // A clock that was put back must not keep us waiting for years.
    const waitMs = Math.min(cosignEveryMs, Math.max(cosignAfterMs, dueMs));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const stopped = new AbortController();
      this.#stopped = stopped;
      whenIdle(() => void this.#cosign(key, stopped.signal).finally(() => this.#over(stopped)));
    }, waitMs);
  }

  /** The visit is over: nothing more is signed. */
  rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#stopped?.abort();
    this.#stopped = null;
  }

  #keep(kept: KeptHead): void {
    this.#kept = kept;
    this.#place.keep(kept);
  }

  #over(stopped: AbortController): void {
    if (this.#stopped === stopped) this.#stopped = null;
  }

  async #cosign(key: DeviceKey, signal: AbortSignal): Promise<void> {
    const kept = this.#kept;
    if (kept === null || signal.aborted) return;
    const { url, now } = this.#place;
    // Noted before it is tried: whatever comes of it, the next one is in ten minutes.
    const at = now();
    this.#keep({ ...kept, cosigned: { at, head: kept.cosigned?.head ?? null } });
    const signed = (head: TreeHead): boolean => {
      if (this.#kept?.coordinator !== kept.coordinator) return false;
      this.#keep({ ...this.#kept, cosigned: { at, head } });
      return true;
    };
    try {
      const { takeWitnessTurn } = await import('./witness-turn.ts');
      await takeWitnessTurn({ url, kept, key, at, signal, signed });
    } catch {
      // The line is gone and took the program with it: another time.
    }
  }
}

/** What was countersigned of this coordinator's log. A restore that the person went on from may have lost the head; the time stands. */
function cosignedBefore(kept: KeptHead | null, { coordinator, restores }: KeptHead): KeptHead['cosigned'] {
  if (kept?.coordinator !== coordinator || kept.cosigned === undefined) return undefined;
  const { at } = kept.cosigned;
  const isLost = restores?.accepted.some((accepted) => accepted.at >= at) === true;
  return isLost ? { at, head: null } : kept.cosigned;
}
