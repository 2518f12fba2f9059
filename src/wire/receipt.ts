/** The text of a receipt: what a tick paid one device, word for word as both sides hash it (SPEC, "Receipts"). */

/** One paid chunk. */
export interface PaidRow {
  readonly replica: number;
  readonly job: string;
  readonly chunk: number;
  readonly amountMicro: number;
  readonly final: boolean;
}

/** Who was paid, when, and by whom. `coordinator` is its public key in base64url. */
export interface PaidTo {
  readonly coordinator: string;
  readonly account: string;
  readonly device: string;
  /** The partner site that brought the device, or null. */
  readonly site: string | null;
  /** The tick's time, in ms since 1970. */
  readonly at: number;
}

/** The leaf's text. Every id in it is of characters that JSON writes as they are. */
export function receiptText(
  { coordinator, account, device, site, at }: PaidTo,
  rows: readonly PaidRow[],
): string {
  let text = `["talka/receipt/2","${coordinator}","${account}","${device}",${site === null ? 'null' : `"${site}"`},${at},[`;
  let comma = '[';
  for (const { job, chunk, replica, amountMicro, final } of rows) {
    text += `${comma}"${job}",${chunk},${replica},${amountMicro},${final}]`;
    comma = ',[';
  }
  return `${text}]]`;
}
