/**
 * Makes a tick's receipts again from its events alone, by docs/SPEC.md, "Receipts", and not by the coordinator's own code. Events
 * come here once the books have read them; what these do not look at (devices, sites) is hashed as it stands.
 */
import type { AuditRow, BatchRow, PaidRow, PaidTo, ReceiptForm } from '../wire/receipt.ts';
import type { Accepted } from './rebuild-books.ts';

/** What a tick did to one device's credit. */
interface Slip {
  readonly to: PaidTo;
  readonly rows: {
    readonly accepted: PaidRow[];
    readonly vested: BatchRow[];
    readonly voided: BatchRow[];
    readonly audits: AuditRow[];
  };
}

/** What the other kinds that move a volunteer's credit have in common. */
interface Later {
  readonly device: string;
  readonly account: string;
  /** An anchor's audit names none. */
  readonly site?: string | null;
  readonly job: string;
  readonly chunks: readonly number[];
  readonly audit: number;
  readonly units: readonly number[];
  readonly entries: readonly { readonly from: string; readonly amountMicro: number }[];
}

type Who = Pick<PaidTo, 'device' | 'account' | 'site'>;

export class Slips {
  readonly #by: Pick<PaidTo, 'coordinator' | 'at'>;
  readonly #slips = new Map<string, Slip>();

  constructor(by: Pick<PaidTo, 'coordinator' | 'at'>) {
    this.#by = by;
  }

  /** All of them, in the order in which each device was first named. */
  get all(): readonly Slip[] {
    return [...this.#slips.values()];
  }

  take(event: { readonly e: string }, form: ReceiptForm): void {
    switch (event.e) {
      case 'accepted':
        return this.#accepted(event as unknown as Accepted);
      case 'vested':
      case 'voided':
      case 'audited':
        if (form !== 2) this.#later(event.e, event as unknown as Later);
        return;
      default:
    }
  }

  #accepted({ winners, entries, job, chunk, final }: Accepted): void {
    winners.forEach(({ replica, device, account, site }, place) => {
      const amountMicro = entries[place]?.amountMicro ?? 0;
      const { accepted } = this.#rowsOf({ device, account, site });
      accepted.push({ replica, job, chunk, amountMicro, final });
    });
  }

  #later(e: 'vested' | 'voided' | 'audited', event: Later): void {
    const { device, account, site, job, chunks, audit, units, entries } = event;
    if (site === undefined) return;
    const rows = this.#rowsOf({ device, account, site });
    const moved = entries.filter(({ from }) => e === 'audited' || from === `pending:${account}`);
    const amountMicro = moved.reduce((sum, entry) => sum + entry.amountMicro, 0);
    if (e === 'audited') rows.audits.push({ audit, job, units: units.length, amountMicro });
    else rows[e].push({ job, chunks, amountMicro });
  }

  #rowsOf({ device, account, site }: Who): Slip['rows'] {
    const known = this.#slips.get(device);
    if (known !== undefined) return known.rows;
    const rows = { accepted: [], vested: [], voided: [], audits: [] };
    this.#slips.set(device, { to: { ...this.#by, account, device, site }, rows });
    return rows;
  }
}
