/** A receipt that says whatever a test wants, as a coordinator with a key of its own signs it: the only one of its tick. */
import { receiptText } from '../../src/wire/receipt.ts';
import type { ReceiptForm, Rows } from '../../src/wire/receipt.ts';
import { leafHashOf } from '../../src/volunteer/checks.ts';
import { base64urlOf, bytesOfHex, makeKey, openKey, tagged, u64 } from '../../src/volunteer/crypto.ts';
import type { DeviceKey } from '../../src/volunteer/crypto.ts';
import type { JobPrice, KeptReceipt } from '../../src/volunteer/outbox.ts';

export const payee = { account: 'A'.repeat(16), device: 'D'.repeat(16), site: null };

export interface Signing {
  readonly key: DeviceKey;
  /** In which tick, and at what time. */
  readonly tick: number;
  readonly form?: ReceiptForm;
  readonly jobs?: Readonly<Record<string, JobPrice>>;
}

export async function signedReceipt(rows: Rows, signing: Partial<Signing> = {}): Promise<KeptReceipt> {
  const { tick = 7, form = 3, jobs } = signing;
  const key = signing.key ?? (await openKey(await makeKey(true)));
  const at = 1_790_000_000_000 + tick;
  const leaf = receiptText({ ...payee, coordinator: base64urlOf(key.publicKey), at }, rows, form);
  const [root, receipts] = ['b'.repeat(64), leafHashOf(leaf)];
  const words = tagged('talka/head/1', u64(tick), u64(at), u64(tick), bytesOfHex(root), bytesOfHex(receipts));
  const signature = base64urlOf(await key.sign(words));
  const head = { tick, at, size: tick, root, receipts, count: 1, signature };
  return { leaf, index: 0, path: [], tick: head, ...(jobs === undefined ? {} : { jobs }) };
}

/** A job of eleven units in chunks of two, the last of one. */
export const price: JobPrice = { units: 11, unitsPerChunk: 2, unitCostMicro: 100 };

/** One of each kind: what is right of a job at that price. */
export const oneOfEach: Rows = {
  accepted: [{ job: 'j1', chunk: 3, replica: 9, amountMicro: 200, final: false }],
  vested: [
    { job: 'j1', chunks: [0, 2, 5, 6], amountMicro: 500 },
    { job: 'j1', chunks: [4, 5], amountMicro: 200 },
  ],
  voided: [{ job: 'j1', chunks: [2, 3], amountMicro: 200 }],
  audits: [{ audit: 12, job: 'j1', units: 3, amountMicro: 300 }],
};
