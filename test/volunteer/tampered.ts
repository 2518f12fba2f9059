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

const inLeaf =
  (from: string, to: string) =>
  (one: KeptReceipt): unknown => {
    if (!one.leaf.includes(from)) throw new Error(`there is no ${from} in ${one.leaf}`);
    return { ...one, leaf: one.leaf.replace(from, to) };
  };
/** Ways to tamper with what a receipt says of what vested, of what is void and of audits: of one that says `oneOfEach` (signed-receipt.ts). */
export const laterTamperings: readonly (readonly [string, (one: KeptReceipt) => unknown, ReceiptFault])[] = [
  ['what vested', inLeaf('[0,2,5,6],500]', '[0,2,5,6],900]'), 'not-in-tree'],
  ['the chunks that vested', inLeaf('[0,2,5,6],500]', '[0,3,5,6],500]'), 'not-in-tree'],
  ['a run that goes back', inLeaf('[0,2,5,6],500]', '[5,6,0,2],500]'), 'shape'],
  ['runs that touch', inLeaf('[0,2,5,6],500]', '[0,1,1,2,5,6],500]'), 'shape'],
  ['half a run', inLeaf('[0,2,5,6],500]', '[0,2,5],500]'), 'shape'],
  ['no chunks at all', inLeaf('[0,2,5,6],500]', '[],500]'), 'shape'],
  ['a batch that is left out', inLeaf(',["j1",[4,5],200]]', ']'), 'not-in-tree'],
  ['what was void, as if it had vested', inLeaf('],[["j1",[2,3],200]],', ',["j1",[2,3],200]],[],'), 'not-in-tree'],
  ['what was void', inLeaf('[["j1",[2,3],200]]', '[["j1",[2,3],100]]'), 'not-in-tree'],
  ['what was void left out', inLeaf('[["j1",[2,3],200]]', '[]'), 'not-in-tree'],
  ['how many units were audited', inLeaf('[12,"j1",3,300]', '[12,"j1",2,300]'), 'not-in-tree'],
  ['which audit it was', inLeaf('[12,"j1",3,300]', '[13,"j1",3,300]'), 'not-in-tree'],
  ['what an audit was paid', inLeaf('[12,"j1",3,300]', '[12,"j1",3,900]'), 'not-in-tree'],
  ['a list left out', inLeaf(',[[12,"j1",3,300]]]', ']'), 'shape'],
  ['the form', inLeaf('talka/receipt/3', 'talka/receipt/2'), 'shape'],
  ['a form that is not known', inLeaf('talka/receipt/3', 'talka/receipt/4'), 'shape'],
  ['all that it says', (one) => ({ ...one, leaf: one.leaf.replace(/,\[\[.*/, ',[],[],[],[]]') }), 'shape'],
  ['the price', (one) => ({ ...one, jobs: { j1: { ...one.jobs?.['j1'], unitCostMicro: 7 } } }), 'amount'],
  ['the size of the job', (one) => ({ ...one, jobs: { j1: { ...one.jobs?.['j1'], units: 9 } } }), 'amount'],
]; // prettier-ignore
