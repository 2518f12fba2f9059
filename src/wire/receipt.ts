/** The text of a receipt: what a tick did to one device's credit, word for word as both sides hash it (SPEC, "Receipts"). */

/** One accepted chunk, and what it was paid: vested at once where `final`, pending otherwise. */
export interface PaidRow {
  readonly replica: number;
  readonly job: string;
  readonly chunk: number;
  readonly amountMicro: number;
  readonly final: boolean;
}

/** Work that was pending and has vested, or is void. */
export interface BatchRow {
  readonly job: string;
  /** Its chunks as half-open runs, ascending. */
  readonly chunks: readonly number[];
  readonly amountMicro: number;
}

/** An audit that a volunteer made, and what it was paid: vested at once. */
export interface AuditRow {
  readonly audit: number;
  readonly job: string;
  /** How many units it recomputed. */
  readonly units: number;
  readonly amountMicro: number;
}

/** What became of earlier work, and what audits were paid. Absent: there was none of it. */
export interface LaterRows {
  readonly vested?: readonly BatchRow[] | undefined;
  readonly voided?: readonly BatchRow[] | undefined;
  readonly audits?: readonly AuditRow[] | undefined;
}

/** All that a tick did to one device's credit, each list in the order of the log. */
export interface Rows extends LaterRows {
  readonly accepted: readonly PaidRow[];
}

/** Whose credit it was, when, and by whose word. `coordinator` is its public key in base64url. */
export interface PaidTo {
  readonly coordinator: string;
  readonly account: string;
  readonly device: string;
  /** The partner site that brought the device, or null. */
  readonly site: string | null;
  /** The tick's time, in ms since 1970. */
  readonly at: number;
}

/** Whose receipts they are, and who signs them. */
export type Payee = Omit<PaidTo, 'at'>;

/** The form of a leaf: 2 had accepted chunks alone, and is never written any more; what was signed in it stays good. */
export type ReceiptForm = 2 | 3;
export const receiptForm = 3;

/** The leaf's text. Every id in it is of characters that JSON writes as they are. */
export function receiptText(
  { coordinator, account, device, site, at }: PaidTo,
  { accepted, vested, voided, audits }: Rows,
  form: ReceiptForm = receiptForm,
): string {
  let text = `["talka/receipt/${form}","${coordinator}","${account}","${device}",${site === null ? 'null' : `"${site}"`},${at},[`;
  let comma = '[';
  for (const { job, chunk, replica, amountMicro, final } of accepted) {
    text += `${comma}"${job}",${chunk},${replica},${amountMicro},${final}]`;
    comma = ',[';
  }
  if (form === 2) return `${text}]]`;
  if (vested === undefined && voided === undefined && audits === undefined) return `${text}],[],[],[]]`;
  const paid = audits?.map((one) => `[${one.audit},"${one.job}",${one.units},${one.amountMicro}]`) ?? [];
  return `${text}],[${batchesText(vested)}],[${batchesText(voided)}],[${paid.join(',')}]]`;
}

const batchesText = (rows: readonly BatchRow[] = []): string =>
  rows.map(({ job, chunks, amountMicro }) => `["${job}",[${chunks.join(',')}],${amountMicro}]`).join(',');
