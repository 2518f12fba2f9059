/** Small things a conversation asks: where a replica stands, how bytes are read as text, when to ask again. */
import { mayJoin } from '../core/chunk.ts';
import type { State } from '../core/state.ts';
import { readWishes } from '../wire/frame.ts';
import type { FrameTools } from '../wire/frame.ts';
import type { Malformed } from '../wire/schema.ts';
import { protocol } from '../wire/version.ts';
import type { SlotWord } from '../wire/volunteer.ts';

const nodeBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The platform's own reading of a frame, six times as fast as a pure one; wishes that come again are not read again. */
export class NodeFrameTools implements FrameTools {
  #text = '';
  #wishes: readonly SlotWord[] = [];

  text(bytes: Uint8Array, from: number, to: number): string {
    return nodeBuffer(bytes).toString('latin1', from, to);
  }

  hex(bytes: Uint8Array, from: number, to: number): string {
    return nodeBuffer(bytes).toString('hex', from, to);
  }

  wishes(text: string): readonly SlotWord[] | Malformed {
    if (text === this.#text) return this.#wishes;
    const read = readWishes(text);
    if ('malformed' in read) return read;
    this.#text = text;
    return (this.#wishes = read);
  }
}

/** Root of a log without ticks: SHA-256(''). */
export const emptyRoot = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Where a replica of a device stands: still worth computing or committing, over, or not known to any open chunk. */
export function whereIs(
  state: State,
  device: string,
  account: string,
  group: string,
  id: number,
): 'yours' | 'over' | 'unknown' {
  const lease = state.leases.get(state.replicas.get(id) ?? -1);
  if (lease === undefined) return 'unknown';
  if (lease.device !== device) return 'over';
  const chunk = state.jobs.get(lease.job)?.chunks.get(lease.chunk + (id - lease.id));
  const replica = chunk?.replicas.find((one) => one.id === id);
  if (chunk === undefined || replica === undefined) return 'over';
  return replica.phase.is !== 'closed' || mayJoin(chunk, account, group) ? 'yours' : 'over';
}

/** Whether a message claims to be of another version, before anything else of it is understood: it may look quite different. */
export function isOtherVersion(data: Buffer): boolean {
  try {
    const word: unknown = JSON.parse(data.toString());
    return (
      typeof word === 'object' &&
      word !== null &&
      'protocol' in word &&
      typeof word.protocol === 'number' &&
      word.protocol !== protocol
    );
  } catch {
    return false;
  }
}

const retryMsBase: Readonly<Record<string, number>> = {
  'waiting-for-others': 5_000,
  'kernel-paused': 60_000,
  suspended: 300_000,
  banned: 3_600_000,
};

/** How long a slot without work need not ask again: it is told by itself when there is some. */
export function retryMsOf(reason: string): number {
  const base = retryMsBase[reason] ?? 15_000;
  return base + Math.floor(Math.random() * base);
}
