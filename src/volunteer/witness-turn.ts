/** One turn of a volunteer as a witness [LO9]. Loaded when it is due, so that nobody's first chunk waits for it. */
import type { TreeHead } from '../wire/volunteer.ts';
import type { DeviceKey } from './crypto.ts';
import type { KeptHead } from './outbox.ts';
import { sendCosignature } from './witness-send.ts';
import { countersign, extension, seeLog } from './witness.ts';

export interface WitnessTurn {
  /** Scheme and host of the coordinator. */
  readonly url: string;
  readonly kept: KeptHead;
  readonly key: DeviceKey;
  /** What it is dated, in ms since 1970. */
  readonly at: number;
  readonly signal: AbortSignal;
  /** Hears what was countersigned before it is sent; false: it is no longer wanted. */
  signed(head: TreeHead): boolean;
}

/** Looks at the log and countersigns what extends both the head that was accepted and the last one countersigned. */
export async function takeWitnessTurn({ url, kept, key, at, signal, signed }: WitnessTurn): Promise<void> {
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.json();
  };
  const look = await seeLog(ask, kept.coordinator, kept.head.size === 0 ? null : kept.head);
  if (look.is !== 'extends') return;
  const last = kept.cosigned?.head ?? null;
  if (last !== null && (await extension(ask, last, look.head)) !== true) return;
  const said = await countersign(look.head, kept.coordinator, key, at);
  if (signal.aborted || !signed({ size: look.head.size, root: look.head.root })) return;
  const headers = { 'content-type': 'application/json' };
  await sendCosignature(
    (path, body) => fetch(`${url}${path}`, { method: 'POST', headers, body, signal }),
    said,
  );
}
