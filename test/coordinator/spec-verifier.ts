/**
 * A complete verifier of a coordinator's public log, written from docs/SPEC.md alone: node:crypto and what stands there, and
 * nothing of src/. It is as plain as can be: whoever writes one in another language may begin here.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';

const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leafHash = (record: Uint8Array | string): Buffer => sha256(Uint8Array.of(0), record);

/** RFC 9162, 2.1.1. */
function treeRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256('');
  if (leaves.length === 1) return leaves[0] as Buffer;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Uint8Array.of(1), treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
}

/** RFC 9162, 2.1.4.2. */
function isConsistent(
  first: number,
  second: number,
  from: Buffer,
  to: Buffer,
  path: readonly Buffer[],
): boolean {
  if (first === second) return path.length === 0 && from.equals(to);
  const proof = [...path];
  if ((first & (first - 1)) === 0) proof.unshift(from);
  let [fn, sn] = [first - 1, second - 1];
  while (fn & 1) [fn, sn] = [fn >> 1, sn >> 1];
  const start = proof.shift();
  if (start === undefined) return false;
  let [fr, sr] = [start, start];
  for (const c of proof) {
    if (sn === 0) return false;
    if (fn & 1 || fn === sn) {
      [fr, sr] = [sha256(Uint8Array.of(1), c, fr), sha256(Uint8Array.of(1), c, sr)];
      while (!(fn & 1) && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = sha256(Uint8Array.of(1), sr, c);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && fr.equals(from) && sr.equals(to);
}

export interface Head {
  readonly tick: number;
  readonly at: number;
  readonly size: number;
  readonly root: string;
  readonly receipts: string;
  readonly signature: string;
}

/** [LO6] */
function isSigned({ tick, at, size, root, receipts, signature }: Head, coordinator: string): boolean {
  const numbers = Buffer.alloc(24);
  [tick, at, size].forEach((number, i) => numbers.writeBigUInt64BE(BigInt(number), 8 * i));
  const paid = receipts === '' ? Buffer.alloc(32) : Buffer.from(receipts, 'hex');
  const words = Buffer.concat([Buffer.from('talka/head/1\0'), numbers, Buffer.from(root, 'hex'), paid]);
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: coordinator }, format: 'jwk' });
  return verify(null, words, key, Buffer.from(signature, 'base64url'));
}

interface Entry {
  readonly from: string;
  readonly to: string;
  readonly amountMicro: number;
}
interface Happened {
  readonly e: string;
  readonly entries?: readonly Entry[];
  readonly [field: string]: unknown;
}
export interface Record1 {
  readonly v: number;
  readonly tick: number;
  readonly at: number;
  readonly salt: string;
  readonly receipts: string;
  readonly events: readonly Happened[];
}
interface Spec {
  readonly units: number;
  readonly unitsPerChunk: number;
  readonly unitCostMicro: number;
  readonly policy: { readonly quorum: number; readonly verifyMilli?: number };
}
interface Winner {
  readonly replica: number;
  readonly device: string;
  readonly account: string;
  readonly site: string | null;
}

/** SPEC, "Receipts". `form`: 3, or 2 as it was before. */
function receiptsRoot({ at, events }: Record1, coordinator: string, form: 2 | 3): string {
  const slips = new Map<string, { who: Omit<Winner, 'replica'>; lists: unknown[][] }>();
  const listsOf = (who: Omit<Winner, 'replica'>): unknown[][] => {
    const slip = slips.get(who.device) ?? { who, lists: [[], [], [], []] };
    slips.set(who.device, slip);
    return slip.lists;
  };
  for (const event of events) {
    const { e, entries = [] } = event;
    if (e === 'accepted')
      (event['winners'] as Winner[]).forEach((who, i) => {
        const { amountMicro } = entries[i] as Entry;
        listsOf(who)[0]?.push([event['job'], event['chunk'], who.replica, amountMicro, event['final']]);
      });
    if (form === 2 || (e !== 'vested' && e !== 'voided' && e !== 'audited') || !('site' in event)) continue;
    const who = event as unknown as Winner;
    const [, vested, voided, audits] = listsOf(who);
    const own = total(entries.filter(({ from }) => from === `pending:${who.account}`));
    if (e === 'vested') vested?.push([event['job'], event['chunks'], own]);
    if (e === 'voided') voided?.push([event['job'], event['chunks'], own]);
    if (e === 'audited')
      audits?.push([event['audit'], event['job'], (event['units'] as number[]).length, total(entries)]);
  }
  if (slips.size === 0) return '';
  const leaves = [...slips.values()].map(({ who: { account, device, site }, lists }) => {
    const said = [`talka/receipt/${form}`, coordinator, account, device, site, at];
    return leafHash(JSON.stringify([...said, ...(form === 2 ? lists.slice(0, 1) : lists)]));
  });
  return treeRoot(leaves).toString('hex');
}

const movesNothing = new Set(
  'joined moved forgotten leased committed drawn disproved readmitted returned expired misdeed kernelPaused kernelResumed restored epochSealed'.split(
    ' ',
  ),
);

/** Everything that section 5 says of credits. */
export class Ledger {
  readonly balances = new Map<string, bigint>();
  readonly earned = new Map<string, bigint>();
  readonly #jobs = new Map<string, { requester: string; spec: Spec }>();
  /** What chunks paid into pending, by job, account and chunk. */
  readonly #pending = new Map<string, Entry>();
  readonly #paid = new Set<string>();
  readonly #final = new Set<string>();
  readonly #closing = new Set<string>();
  readonly #audits = new Set<unknown>();

  post(event: Happened): void {
    const entries = event.entries ?? [];
    const expected = this.#expected(event, entries);
    if (JSON.stringify(entries) !== JSON.stringify(expected))
      throw new Error(`${event.e} moves ${JSON.stringify(entries)}, not ${JSON.stringify(expected)}`);
    for (const { from, to, amountMicro } of entries) {
      if (!(Number.isSafeInteger(amountMicro) && amountMicro > 0)) throw new Error('an amount is above 0');
      this.#add(this.balances, from, -BigInt(amountMicro));
      this.#add(this.balances, to, BigInt(amountMicro));
    }
    let sum = 0n;
    for (const [account, balance] of this.balances) {
      sum += balance;
      if (balance < 0n && account !== 'issue' && account !== 'operator')
        throw new Error(`${account} is below 0`);
    }
    if (sum !== 0n) throw new Error('the balances do not sum to 0');
  }

  #add(sums: Map<string, bigint>, account: string, amount: bigint): void {
    sums.set(account, (sums.get(account) ?? 0n) + amount);
  }

  /** The entries that an event of its kind has: from the table. */
  #expected(event: Happened, entries: readonly Entry[]): Entry[] {
    const { e } = event;
    const [job, account] = [String(event['job']), String(event['account'])];
    const known = this.#jobs.get(job);
    const escrow = `escrow:${job}`;
    const entry = (from: string, to: string, amountMicro: number): Entry => ({ from, to, amountMicro });
    if (movesNothing.has(e)) return [];
    if (e === 'funded') return [entry('issue', `requester:${account}`, entries[0]?.amountMicro ?? 0)];
    if (e === 'submitted') {
      const [spec, requester] = [event['spec'] as Spec, String(event['requester'])];
      const work = spec.units * spec.unitCostMicro * spec.policy.quorum;
      this.#jobs.set(job, { requester, spec });
      return [
        entry(
          `requester:${requester}`,
          escrow,
          work + Math.ceil((work / 1000) * (spec.policy.verifyMilli ?? 0)),
        ),
      ];
    }
    if (known === undefined) throw new Error(`${e}: there is no ${job}`);
    const { spec, requester } = known;
    const someFrom = (i: number): string => (entries[i]?.from === 'operator' ? 'operator' : escrow);
    switch (e) {
      case 'accepted':
        return this.#payments(event, job, spec, someFrom);
      case 'audited':
        this.#isNew(event, job, account);
        return [
          entry(someFrom(0), `vested:${account}`, (event['units'] as number[]).length * spec.unitCostMicro),
        ];
      case 'rechecked':
        return [entry('operator', `vested:${account}`, this.#besides(event, spec))];
      case 'vested': {
        const taken = this.#take(job, account, event['chunks'] as number[]);
        for (const chunk of inRuns(event['chunks'] as number[])) this.#final.add(`${job}/${chunk}`);
        return [entry(`pending:${account}`, `vested:${account}`, total(taken))];
      }
      case 'voided':
        return this.#takenBack(event, job, entries);
      case 'closing':
        if (this.#closing.has(job)) throw new Error(`${job} is cancelled already`);
        this.#closing.add(job);
        return entries.length === 0
          ? []
          : [entry(escrow, `requester:${requester}`, entries[0]?.amountMicro ?? 0)];
      case 'finished':
      case 'cancelled': {
        if (e === 'finished' && this.#closing.has(job)) throw new Error(`${job} was cancelled`);
        if ([...this.#pending.keys()].some((key) => key.startsWith(`${job}/`)))
          throw new Error(`${job} owes`);
        this.#jobs.delete(job);
        const left = Number(this.balances.get(escrow) ?? 0n);
        return left > 0 ? [entry(escrow, `requester:${requester}`, left)] : [];
      }
      default:
        throw new Error(`there is no event '${e}'`);
    }
  }

  /** What the operator pays for a canary, or for both engines of a dispute: before its audit is made. */
  #besides({ audit, units, why }: Happened, { unitCostMicro }: Spec): number {
    if (this.#audits.has(audit)) throw new Error(`audit ${String(audit)} is made, and rechecked after that`);
    return (units as number[]).length * unitCostMicro * (why === 'dispute' ? 2 : 1);
  }

  /** An audit is made once, and by nobody who is paid for its chunk. */
  #isNew({ audit, chunk }: Happened, job: string, account: string): void {
    if (this.#pending.has(`${job}/${account}/${String(chunk)}`) || this.#audits.has(audit))
      throw new Error(`audit ${String(audit)} is made by its author, or twice`);
    this.#audits.add(audit);
  }

  #payments(event: Happened, job: string, spec: Spec, someFrom: (place: number) => string): Entry[] {
    const chunk = Number(event['chunk']);
    const units = Math.min(spec.unitsPerChunk, spec.units - chunk * spec.unitsPerChunk);
    const place = `${job}/${chunk}`;
    if (this.#closing.has(job)) throw new Error(`${job} is cancelled`);
    if (this.#paid.has(place)) throw new Error(`${place} is paid twice`);
    this.#paid.add(place);
    if (event['final'] === true) this.#final.add(place);
    return (event['winners'] as Winner[]).map(({ account }, i) => {
      const from = i < spec.policy.quorum ? `escrow:${job}` : someFrom(i);
      const kind = event['final'] === true ? 'vested' : 'pending';
      const paid = { from, to: `${kind}:${account}`, amountMicro: units * spec.unitCostMicro };
      this.#add(this.earned, account, BigInt(paid.amountMicro));
      if (kind === 'pending') this.#pending.set(`${job}/${account}/${chunk}`, paid);
      return paid;
    });
  }

  #takenBack(event: Happened, job: string, entries: readonly Entry[]): Entry[] {
    const [account, escrow] = [String(event['account']), `escrow:${job}`];
    const taken = this.#take(job, account, event['chunks'] as number[]);
    this.#add(this.earned, account, -BigInt(total(taken)));
    for (const chunk of inRuns(event['reopened'] as number[])) {
      const place = `${job}/${chunk}`;
      if (this.#final.has(place) || !this.#paid.delete(place)) throw new Error(`${place} is reopened`);
    }
    const back = [escrow, 'operator'].flatMap((to) => {
      const amountMicro = total(taken.filter(({ from }) => from === to));
      return amountMicro > 0 ? [{ from: `pending:${account}`, to, amountMicro }] : [];
    });
    const more = entries[back.length];
    return more === undefined
      ? back
      : [...back, { from: 'operator', to: escrow, amountMicro: more.amountMicro }];
  }

  #take(job: string, account: string, runs: readonly number[]): Entry[] {
    return inRuns(runs).map((chunk) => {
      const key = `${job}/${account}/${chunk}`;
      const paid = this.#pending.get(key);
      if (paid === undefined) throw new Error(`${key} has nothing pending`);
      this.#pending.delete(key);
      return paid;
    });
  }
}

/** What section 11 says of sealed periods [EP1] [EP3], but for the root of their tree, which wants Keccak: `talka epoch verify` rebuilds it. */
class Periods {
  readonly #leaves: Buffer[] = [];
  /** What vested in each tick, by account. */
  readonly #vested: Map<string, bigint>[] = [];
  #number = 1;
  #from = 1;

  post(line: string, { tick, events }: Record1): void {
    const vested = new Map<string, bigint>();
    for (const event of events) {
      if (event.e === 'epochSealed') this.#sealed(event, tick);
      for (const { to, amountMicro } of event.entries ?? []) {
        const [kind, account = ''] = to.split(':');
        if (kind !== 'vested' || account === 'anchor') continue;
        vested.set(account, (vested.get(account) ?? 0n) + BigInt(amountMicro));
      }
    }
    this.#leaves.push(leafHash(line));
    this.#vested.push(vested);
  }

  #sealed({ number, from, to, log, accounts, totalMicro }: Happened, tick: number): void {
    const end = Number(to);
    if (number !== this.#number++ || from !== this.#from || !(end > this.#from && end <= tick))
      throw new Error(`epoch ${String(number)} is another period`);
    if (log !== treeRoot(this.#leaves.slice(0, end - 1)).toString('hex'))
      throw new Error(`epoch ${String(number)} is of another log`);
    const credits = new Map<string, bigint>();
    for (const vested of this.#vested.slice(this.#from - 1, end - 1))
      for (const [account, micro] of vested) credits.set(account, (credits.get(account) ?? 0n) + micro);
    const sum = [...credits.values()].reduce((all, micro) => all + micro, 0n);
    if (accounts !== credits.size || totalMicro !== String(sum))
      throw new Error(`epoch ${String(number)} shares out ${String(totalMicro)}, not ${sum}`);
    this.#from = end;
  }
}

function inRuns(runs: readonly number[]): number[] {
  const all: number[] = [];
  for (let i = 0; i < runs.length; i += 2)
    for (let at = runs[i] as number; at < (runs[i + 1] as number); at++) all.push(at);
  return all;
}
const total = (entries: readonly Entry[]): number =>
  entries.reduce((sum, { amountMicro }) => sum + amountMicro, 0);

export interface Rebuilt {
  readonly ledger: Ledger;
  /** The first tick whose own words do not hold, and why. */
  readonly wrong: string | null;
  /** How many records, from the first on, lie under the head. */
  readonly under: number;
}

/** The whole of it: records as they came, the head, and how consistency is asked for. */
export async function rebuild(
  lines: readonly string[],
  head: Head,
  coordinator: string,
  proofOf: (from: number, to: number) => Promise<string[]>,
): Promise<Rebuilt> {
  if (!isSigned(head, coordinator)) throw new Error('the head is not signed');
  const leaves = lines.map(leafHash);
  const isUnder = async (size: number): Promise<boolean> => {
    const root = treeRoot(leaves.slice(0, size));
    const path = size === head.size ? [] : await proofOf(size, head.size);
    const hashes = path.map((hash) => Buffer.from(hash, 'hex'));
    return isConsistent(size, head.size, root, Buffer.from(head.root, 'hex'), hashes);
  };
  let under = 0;
  while (under < lines.length && (await isUnder(under + 1))) under++;
  const [ledger, periods] = [new Ledger(), new Periods()];
  let wrong: string | null = null;
  let form: 2 | 3 = 2;
  lines.forEach((line, i) => {
    if (wrong !== null) return;
    try {
      const record = JSON.parse(line) as Record1;
      if (record.v !== 1 || record.tick !== i + 1 || JSON.stringify(record) !== line)
        throw new Error('no record');
      for (const event of record.events) ledger.post(event);
      periods.post(line, record);
      if (receiptsRoot(record, coordinator, 3) !== record.receipts) {
        if (form === 3 || receiptsRoot(record, coordinator, 2) !== record.receipts)
          throw new Error('other receipts');
      } else if (record.receipts !== '') form = 3;
    } catch (error) {
      wrong = `tick ${i + 1}: ${String(error)}`;
    }
  });
  return { ledger, wrong, under };
}
