/**
 * An epoch: the vested credit of a period of the log, shared out by one formula under one Merkle root [EP1]–[EP4]. The tree
 * is that of OpenZeppelin's `StandardMerkleTree`, so that a contract can honour it.
 *
 * Pure: Keccak-256 comes in as an argument. Amounts are whole microcredits as `bigint`; nothing is rounded but by the formula.
 */
import type { Command, Decision, Event, State } from './state.ts';

/** Credits of the operator's anchor are shared out to nobody. */
export const anchorAccount = 'anchor';

/** What an account's vested credit of the period was. */
export interface Credited {
  readonly account: string;
  readonly creditMicro: bigint;
}

/** An account's row of an epoch. Its index is its place in the list, which is in the order of the accounts' names. */
export interface EpochRow extends Credited {
  readonly amountMicro: bigint;
}

/** Keccak-256 as Ethereum has it: 32 bytes. */
export type Keccak = (bytes: Uint8Array) => Uint8Array;

/** What the leaves are made of, in Solidity's words. */
export const leafTypes = ['bytes32', 'uint256', 'bytes32', 'uint256'] as const;

/** The formula [EP2], as it is published: each account's part of the budget, rounded down. The rest is nobody's. */
export const formula = 'floor(budgetMicro * creditMicro / totalMicro)';

export function amountOf(budgetMicro: bigint, creditMicro: bigint, totalMicro: bigint): bigint {
  return (budgetMicro * creditMicro) / totalMicro;
}

export function sumOf(credited: readonly Credited[]): bigint {
  let sum = 0n;
  for (const { creditMicro } of credited) sum += creditMicro;
  return sum;
}

/** Shares a budget out. The rows are in the order of the accounts' names, by code units; each account may come once. */
export function shareOut(credited: readonly Credited[], budgetMicro: bigint): EpochRow[] {
  const totalMicro = sumOf(credited);
  return credited
    .toSorted((a, b) => (a.account < b.account ? -1 : 1))
    .map(({ account, creditMicro }) => ({
      account,
      creditMicro,
      amountMicro: amountOf(budgetMicro, creditMicro, totalMicro),
    }));
}

const hashBytes = 32;
const leafBytes = 4 * hashBytes;

/** Writes what a row's leaf is hashed from: `abi.encode(bytes32 epoch, uint256 index, bytes32 account, uint256 amount)`. */
function putLeaf(into: Uint8Array, epoch: Uint8Array, index: number, account: string, amount: bigint): void {
  into.fill(0);
  into.set(epoch);
  for (let at = 2 * hashBytes - 1, rest = index; rest > 0; rest = Math.floor(rest / 256))
    into[at--] = rest % 256;
  // The name in ASCII, from the left, as Solidity has short texts in a bytes32.
  for (let i = 0; i < account.length; i++) into[2 * hashBytes + i] = account.charCodeAt(i);
  let rest = amount;
  for (let at = leafBytes - 1; rest > 0n; rest >>= 32n) {
    let word = Number(rest & 0xffff_ffffn);
    for (let i = 0; i < 4; i++, word = Math.floor(word / 256)) into[at--] = word % 256;
  }
}

/** What a row's leaf is hashed from; `epoch` is 32 bytes, a name at most as many ASCII characters. */
export function leafOf(epoch: Uint8Array, index: number, { account, amountMicro }: EpochRow): Uint8Array {
  const bytes = new Uint8Array(leafBytes);
  putLeaf(bytes, epoch, index, account, amountMicro);
  return bytes;
}

/** Two nodes' parent: the smaller hash comes first, so that a proof need not say on which side its hashes stand. */
export function parentOf(keccak: Keccak, a: Uint8Array, b: Uint8Array): Uint8Array {
  const pair = new Uint8Array(2 * hashBytes);
  const isFirst = before(a, 0, b, 0);
  pair.set(isFirst ? a : b);
  pair.set(isFirst ? b : a, hashBytes);
  return keccak(pair);
}

/** Each hash on the way from a leaf to the root, the leaf's own first and the root last. */
export function wayOf(keccak: Keccak, leaf: Uint8Array, proof: readonly Uint8Array[]): Uint8Array[] {
  let here = keccak(keccak(leaf));
  const way = [here];
  for (const beside of proof) way.push((here = parentOf(keccak, here, beside)));
  return way;
}

function before(a: Uint8Array, i: number, b: Uint8Array, k: number): boolean {
  for (let n = 0; n < hashBytes; n++) {
    const [x, y] = [a[i + n] as number, b[k + n] as number];
    if (x !== y) return x < y;
  }
  return true;
}

/** All nodes in one block: node i has the children 2i + 1 and 2i + 2, and the leaves stand at the end, sorted, from the back. */
export class EpochTree {
  readonly #nodes: Uint8Array;
  /** Which node each row's leaf is. */
  readonly #places: Uint32Array;

  /** Of nodes that are all there: `growing` makes them. */
  constructor(nodes: Uint8Array, places: Uint32Array) {
    this.#nodes = nodes;
    this.#places = places;
  }

  /** The tree of these rows, all at once. There must be a row; `epoch` is 32 bytes. */
  static of(keccak: Keccak, epoch: Uint8Array, rows: readonly EpochRow[]): EpochTree {
    const steps = growing(keccak, epoch, rows);
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  }

  get root(): Uint8Array {
    return this.#node(0);
  }

  /** The hashes that lead from a row's leaf to the root. */
  proof(index: number): Uint8Array[] {
    const proof: Uint8Array[] = [];
    for (let at = this.#places[index] as number; at > 0; at = (at - 1) >> 1)
      proof.push(this.#node(at % 2 === 1 ? at + 1 : at - 1));
    return proof;
  }

  #node(at: number): Uint8Array {
    return this.#nodes.slice(at * hashBytes, (at + 1) * hashBytes);
  }
}

/** So many rows or nodes are a step: a millisecond or two. */
const perStep = 128;

/** The same step by step, so that whoever has other things to do can do them in between. */
export function* growing(
  keccak: Keccak,
  epoch: Uint8Array,
  rows: readonly EpochRow[],
): Generator<undefined, EpochTree, undefined> {
  const count = rows.length;
  const hashes = new Uint8Array(count * hashBytes);
  const leaf = new Uint8Array(leafBytes);
  for (let index = 0; index < count; index++) {
    const { account, amountMicro } = rows[index] as EpochRow;
    putLeaf(leaf, epoch, index, account, amountMicro);
    // Hashed twice, so that no node can pass for a leaf.
    hashes.set(keccak(keccak(leaf)), index * hashBytes);
    if (index % perStep === 0) yield;
  }
  const nodes = new Uint8Array((2 * count - 1) * hashBytes);
  const places = new Uint32Array(count);
  let place = 2 * count - 2;
  for (const row of inOrder(hashes, count)) {
    nodes.set(hashes.subarray(row * hashBytes, (row + 1) * hashBytes), place * hashBytes);
    places[row] = place--;
  }
  for (const pair = new Uint8Array(2 * hashBytes); place >= 0; place--) {
    const left = (2 * place + 1) * hashBytes;
    const isFirst = before(nodes, left, nodes, left + hashBytes);
    pair.set(nodes.subarray(left, left + hashBytes), isFirst ? 0 : hashBytes);
    pair.set(nodes.subarray(left + hashBytes, left + 2 * hashBytes), isFirst ? hashBytes : 0);
    nodes.set(keccak(pair), place * hashBytes);
    if (place % perStep === 0) yield;
  }
  return new EpochTree(nodes, places);
}

/** The rows in the order of their leaves' hashes. */
function inOrder(hashes: Uint8Array, count: number): Uint32Array {
  const view = new DataView(hashes.buffer);
  const first = Uint32Array.from({ length: count }, (_, row) => view.getUint32(row * hashBytes));
  return Uint32Array.from({ length: count }, (_, row) => row).sort(
    (a, b) =>
      (first[a] as number) - (first[b] as number) ||
      (before(hashes, a * hashBytes, hashes, b * hashBytes) ? -1 : 1),
  );
}

/** The operator seals a period [EP3]: it begins where the one before ended, and no more is sealed than has vested. */
export function seal(state: State, command: Extract<Command, { c: 'seal' }>): Decision {
  const { c: _, ...sealed } = command;
  const last = state.epochs.at(-1);
  const [from, fromAt] = [last?.to ?? 1, last?.toAt ?? sealed.fromAt];
  const wrong = (detail: string): Decision => ({ refused: 'bad-epoch', detail });
  if (sealed.number !== state.epochs.length + 1 || sealed.from !== from || sealed.fromAt !== fromAt)
    return wrong(`epoch ${state.epochs.length + 1} begins with tick ${from}, ${fromAt} ms`);
  if (sealed.to <= from || sealed.toAt < fromAt) return wrong('a period does not end before it has begun');
  const [total, budget] = [BigInt(sealed.totalMicro), BigInt(sealed.budgetMicro)];
  if (sealed.accounts < 1 || total < 1n || budget < 1n) return wrong('there is nothing to share out');
  let left = -total;
  for (const { totalMicro } of state.epochs) left -= BigInt(totalMicro);
  if (left + vestedMicro(state) < 0n) return wrong('no more is sealed than has vested');
  const event: Event = { e: 'epochSealed', ...sealed };
  return [event];
}

/** All that has vested since the log began, but for the anchor's. */
export function vestedMicro({ balances }: Pick<State, 'balances'>): bigint {
  let sum = 0n;
  for (const [account, balance] of balances)
    if (account.startsWith('vested:') && account !== `vested:${anchorAccount}`) sum += balance;
  return sum;
}
