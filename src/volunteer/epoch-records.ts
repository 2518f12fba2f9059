/**
 * Holds an epoch against the public records of the log that it was made from [LO10] [EP1]: what they vested, to whom and by which
 * site, and the root that was signed. By the specification, not by the coordinator's own code, so that a fault there would show.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { appendLeaf, emptyFrontier, rootOfFrontier, treeHash } from '../core/merkle.ts';
import type { EpochRow } from '../core/epoch.ts';
import type { EpochFile } from '../wire/epochs.ts';
import { hexOf } from './crypto.ts';

/** How the records and an epoch stand to each other. `sealed`: whether the log's own word on the epoch is among them. */
export type Held =
  | { readonly holds: true; readonly records: number; readonly sealed: boolean }
  | { readonly holds: false; readonly says: string };

const hash = treeHash(sha256);
const utf8 = new TextEncoder();

/** Records from tick 1 on, one a line, at least up to the epoch's end. */
export function holdAgainst(lines: readonly string[], epoch: EpochFile, rows: readonly EpochRow[]): Held {
  const no = (says: string): Held => ({ holds: false, says });
  if (lines.length < epoch.to - 1)
    return no(`they end with tick ${lines.length}; the epoch goes on to tick ${epoch.to - 1}`);
  const frontier = emptyFrontier();
  const vested = new Map<string, bigint>();
  const sites = new Map<string, bigint>();
  let seal: unknown = null;
  for (const [i, line] of lines.entries()) {
    const events = eventsIn(line, i + 1);
    if (events === null) return no(`line ${i + 1} is not the record of tick ${i + 1}`);
    if (i < epoch.to - 1) appendLeaf(hash, frontier, hash.leaf(utf8.encode(line)));
    if (i >= epoch.from - 1 && i < epoch.to - 1) for (const event of events) add(vested, sites, event);
    seal ??= events.find((event) => event.e === 'epochSealed' && event['number'] === epoch.number) ?? null;
  }
  const root = hexOf(rootOfFrontier(hash, frontier));
  if (root !== epoch.log.root)
    return no(`they come to the root ${root}; the epoch was made from ${epoch.log.root}`);
  return heldOf(
    differenceIn(vested, sites, epoch, rows) ?? sealFault(seal, epoch),
    lines.length,
    seal !== null,
  );
}

function heldOf(says: string | null, records: number, sealed: boolean): Held {
  return says === null ? { holds: true, records, sealed } : { holds: false, says };
}

type Fields = Readonly<Record<string, unknown>>;

function eventsIn(line: string, tick: number): readonly Fields[] | null {
  try {
    const record = JSON.parse(line) as { tick?: unknown; events?: unknown };
    return record.tick === tick && Array.isArray(record.events) ? (record.events as Fields[]) : null;
  } catch {
    return null;
  }
}

interface Entry {
  readonly to?: unknown;
  readonly amountMicro?: unknown;
}

/** Adds what an event vested, but for what it vested to the operator's anchor. */
function add(vested: Map<string, bigint>, sites: Map<string, bigint>, event: Fields): void {
  const { entries, winners } = event as { entries?: readonly Entry[]; winners?: readonly Fields[] };
  for (const [i, { to, amountMicro }] of (entries ?? []).entries()) {
    if (typeof to !== 'string' || !to.startsWith('vested:') || to === 'vested:anchor') continue;
    const [account, micro] = [to.slice('vested:'.length), BigInt(Number(amountMicro))];
    const site = siteKey(winners === undefined ? event['site'] : winners[i]?.['site']);
    vested.set(account, (vested.get(account) ?? 0n) + micro);
    sites.set(site, (sites.get(site) ?? 0n) + micro);
  }
}

/** A site as a key: none is apart from every name. */
const siteKey = (site: unknown): string => (typeof site === 'string' ? `=${site}` : '');

function differenceIn(
  vested: ReadonlyMap<string, bigint>,
  sites: ReadonlyMap<string, bigint>,
  epoch: EpochFile,
  rows: readonly EpochRow[],
): string | null {
  for (const { account, creditMicro } of rows)
    if (vested.get(account) !== creditMicro)
      return `${account}: the records vest ${vested.get(account) ?? 0n}, its row says ${creditMicro}`;
  if (vested.size !== rows.length) {
    const known = new Set(rows.map(({ account }) => account));
    const missing = [...vested.keys()].find((account) => !known.has(account)) ?? '';
    return `${missing}: the records vest ${vested.get(missing) ?? 0n}, and it has no row`;
  }
  for (const { site, creditMicro } of epoch.sites)
    if (sites.get(siteKey(site)) !== BigInt(creditMicro))
      return `site ${site ?? 'none'}: the records vest ${sites.get(siteKey(site)) ?? 0n}, the epoch says ${creditMicro}`;
  return sites.size === epoch.sites.length ? null : 'the records name a site that the epoch does not';
}

/** Whether the log's own word on the epoch says the same. */
function sealFault(seal: unknown, epoch: EpochFile): string | null {
  if (seal === null) return null;
  const { number, from, to, fromAt, toAt, root, accounts, totalMicro, budgetMicro } = epoch;
  const said = {
    number,
    from,
    to,
    fromAt,
    toAt,
    log: epoch.log.root,
    root,
    accounts,
    totalMicro,
    budgetMicro,
  };
  for (const [name, value] of Object.entries(said)) {
    const is = (seal as Fields)[name];
    if (is !== value)
      return `the log sealed epoch ${number} with ${name} ${String(is)}, the file says ${value}`;
  }
  return null;
}
