/**
 * Receipts: for each winner of a tick one leaf, under a root that the tick's signed head covers. Made when
 * chunks settle, and made again, word for word, from the tick's record when somebody missed theirs.
 */
import { levelsOf, pathIn } from '../core/merkle.ts';
import type { Event } from '../core/state.ts';
import { headBytes, textLeaf, textNode } from './digests.ts';
import { signText } from './keys.ts';
import type { SigningKey } from './keys.ts';
import type { TickWord } from './record.ts';

type Accepted = Extract<Event, { e: 'accepted' }>;

/** One paid replica. */
export interface Paid {
  readonly replica: number;
  readonly device: string;
  readonly amountMicro: number;
  readonly final: boolean;
  readonly withAnchor: boolean;
  /** The leaf's text: what the receipt says. */
  readonly leaf: string;
}

/** The winners of one accepted chunk, in order. `withAnchor`: whether the operator's anchor is among them. */
export function paidBy(event: Accepted, at: number, coordinator: string, withAnchor: boolean): Paid[] {
  return event.winners.map(({ replica, device, account, site }, i) => {
    const amountMicro = event.entries[i]?.amountMicro ?? 0;
    const leaf = JSON.stringify([
      'talka/receipt/1',
      coordinator,
      event.job,
      event.chunk,
      replica,
      account,
      device,
      site,
      amountMicro,
      at,
      event.final,
    ]);
    return { replica, device, amountMicro, final: event.final, withAnchor, leaf };
  });
}

/** A tick's tree of receipts, ready to be told: hashes are hex text from the start. */
export class ReceiptTree {
  /** '' when there are no receipts. */
  readonly root: string;
  readonly #levels: string[][];

  constructor(paid: readonly Paid[]) {
    this.#levels = levelsOf(
      textNode,
      paid.map(({ leaf }) => textLeaf(leaf)),
    );
    this.root = this.#levels.at(-1)?.[0] ?? '';
  }

  /** One receipt as JSON text, as `settled` of `wire/volunteer.ts` has it. */
  wordOf(paid: Paid, index: number): string {
    const path = pathIn(this.#levels, index);
    const { replica, amountMicro, withAnchor, final } = paid;
    return `{"replica":${replica},"amountMicro":${amountMicro},"withAnchor":${withAnchor},"final":${final},"leaf":${JSON.stringify(paid.leaf)},"index":${index},"path":[${path.length === 0 ? '' : `"${path.join('","')}"`}]}`;
  }
}

/** What the coordinator signs after a tick. */
export interface Head {
  readonly tick: number;
  readonly at: number;
  readonly size: number;
  /** Root of the log's tree, and of this tick's receipts ('' = none), in hex. */
  readonly root: string;
  readonly receipts: string;
  readonly signature: string;
}

/** Signs a tick's head [LO6]; `receipts` in hex, '' = none. Ed25519 is deterministic: the same head gets the same signature, always. */
export function signHead(
  key: SigningKey,
  tick: number,
  at: number,
  root: Uint8Array,
  receipts: string,
): Head {
  const signature = signText(
    key,
    headBytes(tick, at, tick, root, receipts === '' ? null : Buffer.from(receipts, 'hex')),
  );
  return { tick, at, size: tick, root: Buffer.from(root).toString('hex'), receipts, signature };
}

/** The part of a receipt message that says under which signed head its paths end. */
export function tickWord(head: Head, count: number): string {
  const { tick, at, size, root, receipts, signature } = head;
  return JSON.stringify({ tick, at, size, root, receipts, count, signature });
}

/** A whole receipt message. Parts are JSON text already; `tick` is 'null' when nothing was settled. */
export function receiptMessage(
  acks: readonly number[],
  settled: readonly string[],
  lost: readonly number[],
  tick: string,
): string {
  return `{"t":"receipt","acks":[${acks.join(',')}],"settled":[${settled.join(',')}],"lost":[${lost.join(',')}],"tick":${settled.length === 0 ? 'null' : tick}}`;
}

/** All receipts of a tick, from its record. `isAnchor` tells the anchor's devices. */
export function paidIn(record: TickWord, coordinator: string, isAnchor: (device: string) => boolean): Paid[] {
  return record.events.flatMap((event) =>
    event.e === 'accepted'
      ? paidBy(
          event,
          record.at,
          coordinator,
          event.winners.some(({ device }) => isAnchor(device)),
        )
      : [],
  );
}
