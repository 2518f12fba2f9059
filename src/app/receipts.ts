/**
 * The receipts that this browser keeps, for its owner: read, and handed out as a file that `talka verify` and the check page
 * read. Loaded when first asked for.
 */
import { readReceipts } from '../volunteer/outbox.ts';
import { browserPlatform } from '../volunteer/platform-browser.ts';

/** Whose they are and who signed them, with the receipts themselves. */
export type Own = Awaited<ReturnType<typeof readReceipts>>;

const none: Own = { coordinator: null, account: null, receipts: [] };

/** What is kept here; nothing, and no database either, where nobody ever agreed to one. */
export async function ownReceipts(): Promise<Own> {
  return browserPlatform().recall() === null ? none : readReceipts();
}

/** Hands the receipts out as a file, one a line, and says how many there are; without any there is no file. */
export async function saveReceipts(): Promise<number> {
  const { receipts } = await ownReceipts();
  if (receipts.length === 0) return 0;
  const lines = receipts.map((receipt) => `${JSON.stringify(receipt)}\n`);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(lines, { type: 'application/jsonl' }));
  link.download = `talka-receipts-${location.host.replaceAll(/[^A-Za-z0-9.-]+/g, '_')}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
  return receipts.length;
}
