/**
 * Receipts: for each device that a tick pays one leaf, under a root that the tick's signed head covers. Made when
 * chunks settle, and made again, word for word, from the tick's record when somebody missed theirs.
 */
import { levelsOf, pathIn } from '../core/merkle.ts';
import type { Event } from '../core/state.ts';
import { receiptText } from '../wire/receipt.ts';
import type { PaidRow } from '../wire/receipt.ts';
import { headBytes, textLeaf, textNode } from './digests.ts';
import { signText } from './keys.ts';
import type { SigningKey } from './keys.ts';
import type { TickWord } from './record.ts';

type Accepted = Extract<Event, { e: 'accepted' }>;

/** What a tick paid one device. */
export interface Payslip {
  readonly device: string;
  readonly account: string;
  readonly site: string | null;
  readonly rows: PaidRow[];
  /** The rows as a receipt message lists them: JSON text, comma separated. */
  words: string;
}

/** Everything that one tick paid, by device, in the order in which each was first paid. */
export class Payroll {
  readonly slips: Payslip[] = [];
  readonly #byDevice = new Map<string, number>();

  /** Takes the winners of one accepted chunk. `withAnchor`: whether the operator's anchor is among them. */
  add({ job, chunk, winners, entries, final }: Accepted, withAnchor: boolean): void {
    for (let i = 0; i < winners.length; i++) {
      const { replica, device, account, site } = winners[i] as Accepted['winners'][number];
      const amountMicro = entries[i]?.amountMicro ?? 0;
      const slip = this.#slipOf(device, account, site);
      slip.rows.push({ replica, job, chunk, amountMicro, final });
      slip.words += `${slip.words === '' ? '' : ','}{"replica":${replica},"job":"${job}","chunk":${chunk},"amountMicro":${amountMicro},"final":${final},"withAnchor":${withAnchor}}`;
    }
  }

  /** Where a device's slip lies; undefined when the tick paid it nothing. */
  indexOf(device: string): number | undefined {
    return this.#byDevice.get(device);
  }

  #slipOf(device: string, account: string, site: string | null): Payslip {
    const known = this.#byDevice.get(device);
    if (known !== undefined) return this.slips[known] as Payslip;
    const slip = { device, account, site, rows: [], words: '' };
    this.#byDevice.set(device, this.slips.push(slip) - 1);
    return slip;
  }
}

/** A tick's tree of receipts: hashes are hex text from the start. */
export class ReceiptTree {
  /** '' when there are no receipts. */
  readonly root: string;
  readonly #levels: string[][];

  constructor({ slips }: Payroll, at: number, coordinator: string) {
    this.#levels = levelsOf(
      textNode,
      slips.map(({ device, account, site, rows }) =>
        textLeaf(receiptText({ coordinator, account, device, site, at }, rows)),
      ),
    );
    this.root = this.#levels.at(-1)?.[0] ?? '';
  }

  /** The path of one leaf, as the inside of a JSON list. */
  pathText(index: number): string {
    const path = pathIn(this.#levels, index);
    return path.length === 0 ? '' : `"${path.join('","')}"`;
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

/** A tick's head as receipts quote it, without its closing brace: each goes on with its own place. `count` leaves. */
export function tickWord({ tick, at, size, root, receipts, signature }: Head, count: number): string {
  return `{"tick":${tick},"at":${at},"size":${size},"root":"${root}","receipts":"${receipts}","count":${count},"signature":"${signature}"`;
}

/** A receipt message without payments, as JSON text. */
export function plainReceipt(acks: readonly number[], lost: readonly number[]): string {
  return `{"t":"receipt","acks":[${acks.join(',')}],"settled":[],"lost":[${lost.join(',')}],"tick":null}`;
}

/** A receipt message with the payments of one slip, as JSON text. */
export function paidReceipt(
  acks: readonly number[],
  lost: readonly number[],
  slip: Payslip,
  index: number,
  tree: ReceiptTree,
  tick: string,
): string {
  return `{"t":"receipt","acks":[${acks.join(',')}],"settled":[${slip.words}],"lost":[${lost.join(',')}],"tick":${tick},"index":${index},"path":[${tree.pathText(index)}]}}`;
}

/** All that a tick paid, from its record. `isAnchor` tells the anchor's devices. */
export function paidIn({ events }: TickWord, isAnchor: (device: string) => boolean): Payroll {
  const payroll = new Payroll();
  for (const event of events)
    if (event.e === 'accepted')
      payroll.add(
        event,
        event.winners.some(({ device }) => isAnchor(device)),
      );
  return payroll;
}
