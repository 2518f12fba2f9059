/** Thirteen ways to tamper with a receipt, each with the fault that a check must name. */
import type { KeptReceipt } from '../../src/volunteer/outbox.ts';
import type { ReceiptFault } from '../../src/volunteer/receipt-check.ts';

export const tamperings: readonly (readonly [string, (one: KeptReceipt) => unknown, ReceiptFault])[] = [
  ['an amount', (one) => ({ ...one, leaf: one.leaf.replace(/,(\d+),true\]/, ',1$1,true]') }), 'not-in-tree'],
  ['the account', (one) => ({ ...one, leaf: one.leaf.replace(/","[A-Za-z0-9_-]{16}","/, `","${'B'.repeat(16)}","`) }), 'not-in-tree'],
  ['the way the leaf is written', (one) => ({ ...one, leaf: `${one.leaf} ` }), 'shape'],
  ['a row more in the leaf', (one) => ({ ...one, leaf: one.leaf.replace(']],', '],["j1",0,1,1,true]],') }), 'not-in-tree'],
  ['the path', (one) => ({ ...one, path: [...one.path, 'a'.repeat(64)] }), 'not-in-tree'],
  ['the log’s root', (one) => ({ ...one, tick: { ...one.tick, root: 'a'.repeat(64) } }), 'signature'],
  ['the log’s size', (one) => ({ ...one, tick: { ...one.tick, size: one.tick.size + 1 } }), 'signature'],
  ['the time', (one) => ({ ...one, tick: { ...one.tick, at: one.tick.at + 1 } }), 'time'],
  ['the signature', (one) => ({ ...one, tick: { ...one.tick, signature: 'A'.repeat(86) } }), 'signature'],
  ['the price', (one) => ({ ...one, jobs: { j1: { units: 41, unitsPerChunk: 2, unitCostMicro: 7 } } }), 'amount'],
  ['the size of the job', (one) => ({ ...one, jobs: { j1: { ...one.jobs?.['j1'], units: 1 } } }), 'amount'],
  ['a part that is missing', ({ path: _path, ...one }) => one, 'shape'],
  ['everything', () => 'receipt', 'shape'],
]; // prettier-ignore
