/**
 * Keeps what proves our credit: each receipt as it is told, once it is checked, and those that were not heard of, because the
 * line was gone or nobody was here when the work vested: they are asked for now and then [HT4].
 */
import type { Payee } from '../wire/receipt.ts';
import type { JobDescriptor, ReceiptWord, TreeHead } from '../wire/volunteer.ts';
import type { Change, JobPrice, ReceiptMark } from './outbox.ts';

/** More receipts than this do not wait to be checked; the coordinator can tell them again. */
const uncheckedMax = 1_000;

/** What it needs of its surroundings. */
export interface ReceiptPlace {
  /** Scheme and host of the coordinator. */
  readonly url: string;
  keep(change: Change): void;
  /** The coordinator told a receipt that does not hold. */
  forged(): void;
}

export class ReceiptKeeping {
  readonly #place: ReceiptPlace;
  /** Receipts that nobody could check yet. */
  readonly #unchecked: ReceiptWord[] = [];
  #turn: Promise<void> = Promise.resolve();
  /** Of every job that was heard of in this visit, the ended ones too: their receipts may come last. */
  readonly #prices = new Map<string, JobPrice>();
  #mark: ReceiptMark | null = null;
  #isAsking = false;
  /** The line that tells us of what comes; null before it has welcomed us. */
  #line: symbol | null = null;
  /** All until now was asked for while that line was open, so that what it tells goes on from there. */
  #isUpToDate = false;

  constructor(place: ReceiptPlace) {
    this.#place = place;
  }

  /** How far an earlier visit had asked. */
  recall(mark: ReceiptMark | null): void {
    this.#mark = mark;
  }

  /** A line begins: what happens until it welcomes us is not told. */
  lineBegins(): void {
    this.#line = null;
    this.#isUpToDate = false;
  }

  /** From here on the line tells of all that happens. */
  lineWelcomes(): void {
    this.#line = Symbol('line');
  }

  /** The price of a job, as it is told with the work. */
  priced({ job, units, unitsPerChunk, unitCostMicro }: JobDescriptor): void {
    this.#prices.set(job, { units, unitsPerChunk, unitCostMicro });
  }

  /** Keeps a receipt, if it holds; one after the other, so that what is marked as had is. */
  keep(receipt: ReceiptWord, payee: Payee | null): Promise<void> {
    if (receipt.tick === null || payee === null) return this.#turn;
    if (this.#unchecked.length < uncheckedMax) this.#unchecked.push(receipt);
    else this.#isUpToDate = false;
    this.#turn = this.#turn.catch(() => {}).then(() => this.#check(payee));
    return this.#turn;
  }

  async #check(payee: Payee): Promise<void> {
    const checks = await import('./checks.ts').catch(() => null);
    // The line is gone and took the program with it: what came is checked with the next receipt.
    if (checks === null) return;
    for (const one of this.#unchecked.splice(0)) {
      const { site = payee.site } = one;
      const leaf = await checks.leafOf(one, { ...payee, site });
      if (leaf === null || one.tick === null) return this.#place.forged();
      const { index, path, ...tick } = one.tick;
      this.#place.keep({
        put: 'receipts',
        value: { leaf, index, path, tick, jobs: this.#pricesOf(one) },
      });
      // In one write with it: until then they can ask for it again [WR5].
      for (const { replica } of one.settled) this.#place.keep({ drop: 'results', id: replica });
      const isLater = one.vested !== undefined || one.voided !== undefined || one.audits !== undefined;
      if (isLater && this.#isUpToDate) this.#marked({ coordinator: payee.coordinator, next: tick.tick + 1 });
    }
  }

  /** Asks for what was missed since it last did; whoever cannot be reached is asked another time. */
  async askMissed(payee: Payee): Promise<void> {
    const { coordinator } = payee;
    if (this.#isAsking) return;
    this.#isAsking = true;
    const line = this.#line;
    try {
      const { missedReceipts } = await import('./receipt-asking.ts');
      const from = this.#mark?.coordinator === coordinator ? this.#mark.next : 1;
      const found = await missedReceipts(this.#place.url, payee, from);
      for (const value of found.receipts) this.#place.keep({ put: 'receipts', value });
      this.#marked({ coordinator, next: found.next });
      this.#isUpToDate = found.isWhole && line !== null && line === this.#line;
      if (found.isForged) this.#place.forged();
    } catch {
      // Not reached: another time.
    } finally {
      this.#isAsking = false;
    }
  }

  /** A log is shorter than what was asked for after a restore that its person went on from [RS4]: its ticks are counted again from there. */
  logIs(coordinator: string, { size }: TreeHead): void {
    if (this.#mark?.coordinator === coordinator && this.#mark.next > size + 1)
      this.#marked({ coordinator, next: size + 1 });
  }

  #marked(mark: ReceiptMark): void {
    if (mark.next === this.#mark?.next && mark.coordinator === this.#mark.coordinator) return;
    this.#mark = mark;
    this.#place.keep({ set: 'mark', value: mark });
  }

  /** The prices behind a receipt. */
  #pricesOf({ settled, vested = [], voided = [], audits = [] }: ReceiptWord): Record<string, JobPrice> {
    const prices: Record<string, JobPrice> = {};
    for (const { job } of [...settled, ...vested, ...voided, ...audits]) {
      const known = this.#prices.get(job);
      if (known !== undefined) prices[job] = known;
    }
    return prices;
  }
}
