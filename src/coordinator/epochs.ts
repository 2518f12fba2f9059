/**
 * Epochs: seals what vested in a period, and hands out each epoch's files and rows [EP1]–[EP6]. All of it follows from the log:
 * files that are lost are made again, word for word.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { formula, growing, leafTypes, shareOut, sumOf, vestedMicro } from '../core/epoch.ts';
import type { EpochRow, EpochTree } from '../core/epoch.ts';
import type { Epoch, EpochSeal } from '../core/state.ts';
import { claimForm, epochForm, epochText, readEpoch, readRows, rowsText } from '../wire/epochs.ts';
import type { Claim, EpochFile, EpochsView, EpochView, EpochWords } from '../wire/epochs.ts';
import { isMalformed } from '../wire/schema.ts';
import { epochBytes, epochId, sha256Hex } from './digests.ts';
import { keccak } from './keccak.ts';
import { signText } from './keys.ts';
import type { SigningKey } from './keys.ts';
import type { Log } from './log.ts';
import type { Outcome, RefusedOrder } from './order.ts';
import { signHead } from './receipts.ts';
import { readRecord } from './record.ts';
import type { Runtime } from './runtime.ts';
import { creditedOf, firstTickFrom, vestedIn } from './vested.ts';
import type { Vested } from './vested.ts';

/** Epochs whose rows are kept in memory. */
const keptMax = 2;
const lookMs = 2_000;

export interface EpochsParts {
  readonly runtime: Pick<Runtime, 'state' | 'head' | 'run' | 'durable'>;
  readonly log: Log;
  readonly key: SigningKey;
  now(): number;
  /** Where the files lie; null: in memory alone. */
  readonly folder: string | null;
  /** Seals by itself after so long; null: when the operator says so. */
  readonly everyMs: number | null;
  /** What each epoch shares out then; null: as much as vested. */
  readonly budgetMicro: bigint | null;
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
}

/** What the operator wants to be sealed: what vested until then (now), and what is shared out for it (as much as vested). */
export interface SealWish {
  readonly until?: number | undefined;
  readonly budgetMicro?: bigint | undefined;
}

/** An epoch with its files' texts. */
interface Made {
  readonly epoch: EpochFile;
  readonly json: string;
  readonly csv: string;
  readonly rows: readonly EpochRow[];
  tree: EpochTree | null;
}

export class Epochs {
  readonly #parts: EpochsParts;
  readonly #kept = new Map<number, Made>();
  readonly #timer: NodeJS.Timeout | null;
  /** One thing after the other: they are long, and a period is sealed once. */
  #last: Promise<unknown> = Promise.resolve();
  /** When the log began. */
  #beganAt: number | null = null;
  /** A due time at which nothing had vested: the period goes on until the next. */
  #emptyAt = 0;

  constructor(parts: EpochsParts) {
    this.#parts = parts;
    this.#timer = parts.everyMs === null ? null : setInterval(() => void this.#look(), lookMs).unref();
  }

  /** All epochs, and how the open period stands. */
  async view(): Promise<EpochsView> {
    const { runtime, now, budgetMicro } = this.#parts;
    const { epochs } = runtime.state;
    const last = epochs.at(-1);
    let open = vestedMicro(runtime.state);
    for (const { totalMicro } of epochs) open -= BigInt(totalMicro);
    return {
      at: now(),
      open: {
        number: epochs.length + 1,
        from: last?.to ?? 1,
        fromAt: await this.#fromAt(),
        dueAt: await this.#dueAt(),
        vestedMicro: String(open),
        budgetMicro: budgetMicro === null ? null : String(budgetMicro),
      },
      epochs: epochs.map(viewOf).reverse(),
    };
  }

  /** Seals the period that is open, as far as it goes until `until`. */
  seal(wish: SealWish): Promise<EpochFile | RefusedOrder> {
    return this.#inTurn(() => this.#seal(wish));
  }

  /** The files of an epoch as they are; null: it is not sealed. */
  async files(number: number): Promise<{ readonly json: string; readonly csv: string } | null> {
    return this.#inTurn(() => this.#madeOf(number));
  }

  /** An account's row with its proof; null: it has none there. */
  async claim(number: number, account: string): Promise<Claim | null> {
    return this.#inTurn(async () => {
      const made = await this.#madeOf(number);
      const index = made?.rows.findIndex((row) => row.account === account) ?? -1;
      const row = made?.rows[index];
      if (made === null || row === undefined) return null;
      made.tree ??= await treeOf(made.epoch.id, made.rows);
      const { creditMicro, amountMicro } = row;
      const amounts = { creditMicro: String(creditMicro), amountMicro: String(amountMicro) };
      return {
        form: claimForm,
        epoch: made.epoch,
        row: { index, account, ...amounts },
        proof: made.tree.proof(index).map(hexOf),
      };
    });
  }

  /** Resolves when nothing is being sealed or read any more. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#last;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #seal({ until, budgetMicro: wanted }: SealWish): Promise<EpochFile | RefusedOrder> {
    const { runtime, log, now, key } = this.#parts;
    await runtime.durable();
    const refuse = (detail: string): RefusedOrder => ({ refused: 'bad-epoch', detail });
    const fromAt = await this.#fromAt();
    if (fromAt === null) return refuse('nothing has been recorded yet');
    const at = now();
    if (until !== undefined && (until > at || until < fromAt))
      return refuse('a period ends after it began, and not before it is over');
    const { epochs } = runtime.state;
    const from = epochs.at(-1)?.to ?? 1;
    const size = runtime.head?.size ?? 0;
    const to = until === undefined ? size + 1 : await firstTickFrom(log, until, from, size);
    const vested = to > from ? await vestedIn(log, from, to) : null;
    const credited = vested === null ? [] : creditedOf(vested);
    const totalMicro = sumOf(credited);
    if (vested === null || totalMicro === 0n) return refuse('nothing vested in this period');
    const budgetMicro = wanted ?? totalMicro;
    const rows = shareOut(credited, budgetMicro);
    const number = epochs.length + 1;
    const tree = await treeOf(epochId(key.publicText, number, from, to), rows);
    const [last] = await log.read(to - 2, 1);
    if (last === undefined) throw new Error(`the log has no tick ${to - 1}`);
    const toAt = until ?? Math.max(at, readRecord(last.record).at);
    const sealed: EpochSeal = {
      ...{ number, from, to, fromAt, toAt },
      ...{ log: Buffer.from(last.root).toString('hex'), root: hexOf(tree.root), accounts: rows.length },
      ...{ totalMicro: String(totalMicro), budgetMicro: String(budgetMicro) },
    };
    const outcome: Outcome = await runtime.run({ c: 'seal', ...sealed });
    if (outcome.refused !== null) return outcome;
    const made = this.#keep({
      ...(await this.#write(runtime.state.epochs[number - 1] as Epoch, rows, vested)),
      tree,
    });
    return made.epoch;
  }

  /** An epoch's files from memory, from where they lie, or made anew from the log. */
  async #madeOf(number: number): Promise<Made | null> {
    const { runtime, log } = this.#parts;
    const epoch = runtime.state.epochs[number - 1];
    if (epoch === undefined) return null;
    const known = this.#kept.get(number) ?? this.#read(epoch);
    if (known !== null) return this.#keep(known);
    const vested = await vestedIn(log, epoch.from, epoch.to);
    const rows = shareOut(creditedOf(vested), BigInt(epoch.budgetMicro));
    const tree = await treeOf(epochId(this.#parts.key.publicText, number, epoch.from, epoch.to), rows);
    if (hexOf(tree.root) !== epoch.root)
      throw new Error(`epoch ${number} does not follow from the log: its root was ${epoch.root}`);
    return this.#keep({ ...(await this.#write(epoch, rows, vested)), tree });
  }

  #keep(made: Made): Made {
    const { number } = made.epoch;
    this.#kept.delete(number);
    this.#kept.set(number, made);
    for (const [oldest] of this.#kept) if (this.#kept.size > keptMax) this.#kept.delete(oldest);
    return made;
  }

  /** What lies in the folder, if it is what the log says; null otherwise: it is made again. */
  #read(epoch: Epoch): Made | null {
    const { folder, key } = this.#parts;
    if (folder === null) return null;
    try {
      const json = readFileSync(join(folder, fileNames(epoch.number).json), 'utf8');
      const csv = readFileSync(join(folder, fileNames(epoch.number).csv), 'utf8');
      const file = readEpoch(JSON.parse(json));
      const rows = readRows(csv);
      if (isMalformed(file) || isMalformed(rows)) return null;
      // Signed by us, of this epoch, and written as we write it: then it is what the log would make.
      const isOurs =
        file.root === epoch.root &&
        file.rows === sha256Hex(Buffer.from(csv)) &&
        file.signature === signText(key, epochBytes(epochText(file))) &&
        json === jsonOf(file);
      return isOurs ? { epoch: file, json, csv, rows, tree: null } : null;
    } catch {
      // Not there, or not readable: the log has everything.
      return null;
    }
  }

  async #write(epoch: Epoch, rows: readonly EpochRow[], { sites }: Vested): Promise<Made> {
    const { log, key, folder } = this.#parts;
    const [last] = await log.read(epoch.to - 2, 1);
    if (last === undefined) throw new Error(`the log has no tick ${epoch.to - 1}`);
    const { at, receipts } = readRecord(last.record);
    const csv = rowsText(rows);
    const words: EpochWords = {
      form: epochForm,
      coordinator: key.publicText,
      number: epoch.number,
      id: hexOf(epochId(key.publicText, epoch.number, epoch.from, epoch.to)),
      from: epoch.from,
      to: epoch.to,
      fromAt: epoch.fromAt,
      toAt: epoch.toAt,
      log: signHead(key, last.tick, at, last.root, receipts),
      formula,
      budgetMicro: epoch.budgetMicro,
      totalMicro: epoch.totalMicro,
      sharedMicro: String(rows.reduce((sum, { amountMicro }) => sum + amountMicro, 0n)),
      accounts: epoch.accounts,
      sites: Array.from(sites, ([site, creditMicro]) => ({ site, creditMicro: String(creditMicro) })),
      rows: sha256Hex(Buffer.from(csv)),
      leaf: [...leafTypes],
      root: epoch.root,
      sealedAt: epoch.sealedAt,
    };
    const file: EpochFile = { ...words, signature: signText(key, epochBytes(epochText(words))) };
    const json = jsonOf(file);
    if (folder !== null) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const names = fileNames(epoch.number);
      replaceFile(join(folder, names.csv), csv);
      replaceFile(join(folder, names.json), json);
    }
    return { epoch: file, json, csv, rows, tree: null };
  }

  /** When the open period began; null while nothing is recorded. */
  async #fromAt(): Promise<number | null> {
    const { runtime, log } = this.#parts;
    const last = runtime.state.epochs.at(-1);
    if (last !== undefined) return last.toAt;
    if (this.#beganAt === null && runtime.head !== null) {
      const [first] = await log.read(0, 1);
      if (first !== undefined) this.#beganAt = readRecord(first.record).at;
    }
    return this.#beganAt;
  }

  /** When the open period is to be sealed: a whole number of times after it began; null: nobody has said. */
  async #dueAt(): Promise<number | null> {
    const { everyMs } = this.#parts;
    const fromAt = await this.#fromAt();
    return everyMs === null || fromAt === null ? null : Math.max(fromAt, this.#emptyAt) + everyMs;
  }

  /** Seals what is due. Where several times have passed meanwhile, the last of them ends the period. */
  async #look(): Promise<void> {
    const { everyMs, now, budgetMicro, onNote } = this.#parts;
    try {
      const dueAt = await this.#dueAt();
      if (everyMs === null || dueAt === null || now() < dueAt) return;
      const until = dueAt + Math.floor((now() - dueAt) / everyMs) * everyMs;
      const sealed = await this.seal({ until, budgetMicro: budgetMicro ?? undefined });
      if (!('refused' in sealed)) onNote('an epoch was sealed', { number: sealed.number, root: sealed.root });
      else if (sealed.refused === 'bad-epoch') this.#emptyAt = until;
    } catch (error) {
      onNote('an epoch could not be sealed; it is tried again', { error: String(error) });
    }
  }
}

function viewOf(epoch: Epoch): EpochView {
  const { number, from, to, fromAt, toAt, sealedAt, budgetMicro, totalMicro, accounts, root } = epoch;
  return { number, from, to, fromAt, toAt, sealedAt, budgetMicro, totalMicro, accounts, root };
}

/** What an epoch's files are called. */
export function fileNames(number: number): { readonly json: string; readonly csv: string } {
  return { json: `epoch-${number}.json`, csv: `epoch-${number}-rows.csv` };
}

function jsonOf(file: EpochFile): string {
  return `${JSON.stringify(file, null, 1)}\n`;
}

function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.part`, text, { flush: true });
  renameSync(`${file}.part`, file);
}

function hexOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}

/** Grows a tree a little at a time: messages of volunteers go before it. */
async function treeOf(id: Uint8Array | string, rows: readonly EpochRow[]): Promise<EpochTree> {
  const bytes = typeof id === 'string' ? Buffer.from(id.slice(2), 'hex') : id;
  const steps = growing(keccak, bytes, rows);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await nextTurn();
  }
}
