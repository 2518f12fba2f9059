/**
 * Checks an epoch's claim, or a whole epoch from its files, without asking anybody [EP1]–[EP6], and names the first thing that
 * does not hold. Loaded when there is something to check, since it brings hashes of its own along.
 */
import { keccak_256 as keccak } from '@noble/hashes/sha3.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { amountOf, EpochTree, formula, leafOf, sumOf, wayOf } from '../core/epoch.ts';
import type { EpochRow } from '../core/epoch.ts';
import { epochText, readClaim as claimIn, readEpoch, readEpochs, readRows } from '../wire/epochs.ts';
import type { Claim, EpochFile } from '../wire/epochs.ts';
import { isMalformed } from '../wire/schema.ts';
import { isSigned } from './checks.ts';
import { bytesOfBase64url, bytesOfHex, hexOf, tagged, verify } from './crypto.ts';

/** For pages, which see the wire's words through the volunteer. */
export { readEpochs };

/** A claim whose parts are all there; null otherwise. */
export function readClaim(value: unknown): Claim | null {
  const read = claimIn(value);
  return isMalformed(read) ? null : read;
}

/** What must hold of a claim, in the order in which it is looked at: each rests on those before it. */
export const claimSteps = ['text', 'amount', 'tree', 'signature'] as const;
export type ClaimStep = (typeof claimSteps)[number];

export interface ClaimVerdict {
  /** The step that does not hold; null where all do. */
  readonly fault: ClaimStep | null;
  /** What was found wrong there, in English, for who wants to know more; null where nothing was. */
  readonly says: string | null;
  /** The claim, once its parts are all there. */
  readonly claim: Claim | null;
  /** Each hash from the leaf to the root, as `0x` and hex; empty where there is no leaf. */
  readonly way: readonly string[];
  /** What the leaf is hashed from: four words of 32 bytes. */
  readonly leaf: readonly string[];
}

const utf8 = new TextEncoder();
const hex = (bytes: Uint8Array): string => `0x${hexOf(bytes)}`;
const bytesOf = (text: string): Uint8Array => bytesOfHex(text.slice(2));

/** What stands in each leaf of an epoch [EP4]. */
export function epochIdOf({ coordinator, number, from, to }: EpochFile): string {
  return hex(sha256(tagged('talka/epoch-id/1', JSON.stringify([coordinator, number, from, to]))));
}

/** Whether the key that it names signed an epoch. */
export function isEpochSigned(epoch: EpochFile): Promise<boolean> {
  const words = tagged('talka/epoch/1', epochText(epoch));
  return verify(bytesOfBase64url(epoch.coordinator), words, bytesOfBase64url(epoch.signature));
}

/** Checks a claim as it was given out. `coordinator`: whose key must have signed it; null: whoever it names. */
export async function examineClaim(value: unknown, coordinator: string | null): Promise<ClaimVerdict> {
  const read = claimIn(value);
  if (isMalformed(read)) return { fault: 'text', says: read.malformed, claim: null, way: [], leaf: [] };
  const { epoch, row, proof } = read;
  const row0 = rowOf(row);
  const leaf = leafOf(bytesOf(epoch.id), row.index, row0);
  const way = wayOf(keccak, leaf, proof.map(bytesOf)).map(hex);
  const about = {
    claim: read,
    way,
    leaf: [0, 1, 2, 3].map((word) => hex(leaf.subarray(32 * word, 32 * word + 32))),
  };
  const wrong = (fault: ClaimStep, says: string): ClaimVerdict => ({ ...about, fault, says });
  if (epoch.id !== epochIdOf(epoch))
    return wrong('text', 'the epoch’s id does not follow from what it is of');
  const says = amountFault(epoch, row0);
  if (says !== null) return wrong('amount', says);
  if (row.index >= epoch.accounts) return wrong('tree', `there is no row ${row.index}`);
  if (way.at(-1) !== epoch.root) return wrong('tree', 'leaf and proof do not lead to the root');
  if (coordinator !== null && epoch.coordinator !== coordinator)
    return wrong('signature', `it names the coordinator ${epoch.coordinator}`);
  if (!(await isEpochSigned(epoch))) return wrong('signature', 'the key that it names did not sign this');
  return { ...about, fault: null, says: null };
}

function rowOf({ account, creditMicro, amountMicro }: Claim['row']): EpochRow {
  return { account, creditMicro: BigInt(creditMicro), amountMicro: BigInt(amountMicro) };
}

/** Whether a row's amount follows from its credit [EP2]. */
function amountFault(epoch: EpochFile, { creditMicro, amountMicro }: EpochRow): string | null {
  if (epoch.formula !== formula) return `the formula is not '${formula}'`;
  const right = amountOf(BigInt(epoch.budgetMicro), creditMicro, BigInt(epoch.totalMicro));
  return amountMicro === right ? null : `the amount is ${amountMicro}, and follows to be ${right}`;
}

/** The files of an epoch, as texts. */
export interface EpochTexts {
  readonly json: string;
  readonly csv: string;
}

/** What came of rebuilding an epoch: it holds, or the file and the first thing in it that does not. */
export type Rebuilt =
  | { readonly holds: true; readonly epoch: EpochFile; readonly rows: readonly EpochRow[] }
  | { readonly holds: false; readonly file: 'epoch' | 'rows'; readonly says: string };

/** Rebuilds an epoch from its files alone: every amount, every sum, the tree and its root; then who signed it. */
export async function rebuildEpoch({ json, csv }: EpochTexts, coordinator: string | null): Promise<Rebuilt> {
  const no = (file: 'epoch' | 'rows', says: string): Rebuilt => ({ holds: false, file, says });
  const epoch = readEpoch(parsed(json));
  if (isMalformed(epoch)) return no('epoch', epoch.malformed);
  const rows = readRows(csv);
  if (isMalformed(rows)) return no('rows', rows.malformed);
  for (const [index, row] of rows.entries()) {
    const says = amountFault(epoch, row);
    if (says !== null) return no('rows', `row ${index}, ${row.account}: ${says}`);
  }
  const says = sumFault(epoch, rows);
  if (says !== null) return no('epoch', says);
  if (hexOf(sha256(utf8.encode(csv))) !== epoch.rows)
    return no('rows', 'they are not the rows that were signed: their SHA-256 is another');
  const root = hex(EpochTree.of(keccak, bytesOf(epoch.id), rows).root);
  if (root !== epoch.root) return no('epoch', `root: it says ${epoch.root}, and the rows come to ${root}`);
  if (coordinator !== null && epoch.coordinator !== coordinator)
    return no('epoch', `coordinator: it is ${epoch.coordinator}`);
  if (!(await isSigned(epoch.log, epoch.coordinator)))
    return no('epoch', 'log: the coordinator’s key did not sign this head');
  if (!(await isEpochSigned(epoch)))
    return no('epoch', 'signature: the coordinator’s key did not sign this; something in it was changed');
  return { holds: true, epoch, rows };
}

/** The first thing that an epoch says of its rows and that does not follow from them. */
function sumFault(epoch: EpochFile, rows: readonly EpochRow[]): string | null {
  const shared = rows.reduce((sum, { amountMicro }) => sum + amountMicro, 0n);
  const bySite = epoch.sites.reduce((sum, { creditMicro }) => sum + BigInt(creditMicro), 0n);
  const checks: readonly [name: string, said: string | number, is: string | number][] = [
    ['id', epoch.id, epochIdOf(epoch)],
    ['accounts', epoch.accounts, rows.length],
    ['totalMicro', epoch.totalMicro, String(sumOf(rows))],
    ['sharedMicro', epoch.sharedMicro, String(shared)],
    ['sites', String(bySite), epoch.totalMicro],
    ['log.size', epoch.log.size, epoch.to - 1],
    ['log.tick', epoch.log.tick, epoch.to - 1],
  ];
  const wrong = checks.find(([, said, is]) => said !== is);
  return wrong === undefined ? null : `${wrong[0]}: it says ${wrong[1]}, and it follows to be ${wrong[2]}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
