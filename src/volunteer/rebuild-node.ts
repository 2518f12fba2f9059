/** `talka rebuild`: downloads the public records of a coordinator's log, checks them against what it signed, and prints every balance. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { treeHash } from '../core/merkle.ts';
import { check, isMalformed } from '../wire/schema.ts';
import { isSigned } from './checks.ts';
import { compareShown } from './rebuild-compare-node.ts';
import { Rebuild } from './rebuild.ts';
import type { TickFault } from './rebuild.ts';
import { extension, signedHead } from './witness.ts';
import type { AskLog, SignedHead } from './witness.ts';

export interface RebuildOptions {
  /** `http://host:port` of the coordinator. */
  readonly url: string;
  /** Records that were saved before: they are taken first, and only what follows is downloaded. */
  readonly file: string | null;
  /** Where all records shall lie afterwards. */
  readonly save: string | null;
  /** The coordinator's public key; null: the one that it names. */
  readonly coordinator: string | null;
  /** `leaderboard` or an account that the coordinator's own word is held against; null: nothing. */
  readonly compare: string | null;
}

const answerMsMax = 30_000;
/** So often a busy coordinator is asked again, and after how long. */
const triesMax = 60;
const againMs = 1_000;

const hash = treeHash((bytes) => createHash('sha256').update(bytes).digest());
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`talka: ${line}\n`);

/** Exit code 0: all of it holds; 1: a tick, or the coordinator's word, does not; 2: it could not be looked at. */
export async function rebuildFrom(options: RebuildOptions): Promise<number> {
  const ask = askingAt(options.url);
  try {
    return await rebuild(options, ask);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 2;
  }
}

async function rebuild(
  { url, file, save, coordinator, compare }: RebuildOptions,
  ask: AskLog,
): Promise<number> {
  const key = coordinator ?? (await keyNamed(ask));
  const built = new Rebuild(key, hash);
  const keep = keeper(save);
  let fault = file === null ? null : takeAll(built, linesOf(readFileSync(file)), keep.write);
  while (fault === null) {
    const lines = linesOf(await download(`${url}/api/log/records?from=${built.size + 1}`));
    if (lines.length === 0) break;
    fault = takeAll(built, lines, keep.write);
  }
  keep.done();
  const head = await headOf(ask, key);
  if (typeof head === 'string') {
    say(head);
    return 1;
  }
  if (head === null || (built.size === 0 && fault === null)) {
    say('no record of this log is public yet');
    return 0;
  }
  const foreign = await firstForeign(ask, built, head);
  const first = foreign !== null && (fault === null || foreign.tick <= fault.tick) ? foreign : fault;
  if (first !== null) {
    say(`tick ${first.tick} does not hold: ${first.says}`);
    if (first === fault) say('(the coordinator signed it so: keep its records as evidence, with --save)');
    return 1;
  }
  tell(built, head, key, coordinator === null);
  return compare === null ? 0 : compareShown(ask, built, head, compare, say);
}

/** The first record that is not the one under the signed head; null when all are. Asks for proofs of shorter and shorter beginnings. */
async function firstForeign(ask: AskLog, built: Rebuild, head: SignedHead): Promise<TickFault | null> {
  const beginsSo = async (size: number): Promise<boolean> => {
    if (size > head.size) return false;
    if (size === head.size) return built.root(size) === head.root;
    const proven = await extension(ask, { size, root: built.root(size) }, head);
    if (proven === null)
      throw new Error('the coordinator gave no proof that its log begins with these records');
    return proven;
  };
  if (await beginsSo(built.size)) return null;
  let [sound, wrong] = [0, built.size];
  while (wrong - sound > 1) {
    const middle = Math.floor((sound + wrong) / 2);
    if (await beginsSo(middle)) sound = middle;
    else wrong = middle;
  }
  return { tick: wrong, says: 'it is not the record under the head that the coordinator signed' };
}

/** The signed head; null while the log is empty, a sentence where it is not signed by that key. */
async function headOf(ask: AskLog, coordinator: string): Promise<SignedHead | null | string> {
  const told = await ask('/api/log/head');
  if (typeof told === 'object' && told !== null && 'size' in told && told.size === 0) return null;
  const head = check(signedHead, told);
  return isMalformed(head) || !(await isSigned(head, coordinator))
    ? `the head of the log is not signed by ${coordinator}`
    : head;
}

async function keyNamed(ask: AskLog): Promise<string> {
  const status = (await ask('/api/status')) as { coordinator?: unknown };
  if (typeof status.coordinator !== 'string') throw new Error('the coordinator names no key');
  return status.coordinator;
}

function takeAll(
  built: Rebuild,
  lines: readonly Uint8Array[],
  keep: (line: Uint8Array) => void,
): TickFault | null {
  for (const line of lines) {
    keep(line);
    const fault = built.take(line);
    if (fault !== null) return fault;
  }
  return null;
}

/** The records of a text of one a line, as bytes. */
function linesOf(bytes: Buffer): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from);
    if (end < 0) throw new Error('the last record is cut short');
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return lines;
}

async function download(url: string): Promise<Buffer> {
  for (let tries = 0; ; tries++) {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) });
    if (response.ok) return Buffer.from(await response.arrayBuffer());
    await response.body?.cancel();
    // Its log is shorter than what there is: that will be found to be under no head.
    if (response.status === 400) return Buffer.alloc(0);
    if (response.status !== 429 || tries === triesMax) throw new Error(`HTTP ${response.status} for ${url}`);
    await sleep(againMs);
  }
}

function askingAt(url: string): AskLog {
  return async (path) => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(answerMsMax) });
    if (!response.ok) throw new Error(`HTTP ${response.status} for ${path}`);
    return (await response.json()) as unknown;
  };
}

/** Writes records one a line beside where they shall lie, and puts them there when all are written. */
function keeper(file: string | null): { write(line: Uint8Array): void; done(): void } {
  if (file === null) return { write: () => {}, done: () => {} };
  const out = openSync(`${file}.part`, 'w');
  return {
    write(line) {
      writeSync(out, line);
      writeSync(out, '\n');
    },
    done() {
      closeSync(out);
      renameSync(`${file}.part`, file);
    },
  };
}

const credits = (micro: bigint): string => {
  const digits = (micro < 0n ? -micro : micro).toString().padStart(7, '0');
  return `${micro < 0n ? '−' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
};

/** Prints the books. */
function tell({ books, size, at }: Rebuild, head: SignedHead, key: string, isUnasked: boolean): void {
  const { balances, jobs, concluded } = books;
  say(`signed by the coordinator ${key}: ${head.size} ticks, root ${head.root}`);
  if (isUnasked) say('  (compare its key with the one that you know, or say --coordinator KEY)');
  const held = head.size - size;
  say(`rebuilt from ${size} of them, to ${new Date(at).toISOString()}, and all hold`);
  if (held > 0) say(`  (the record after them still tells a secret: ${held} are not given out yet)`);
  const people = new Set<string>();
  const sums = new Map<string, bigint>();
  let sum = 0n;
  for (const [account, micro] of balances) {
    const [kind, name] = account.split(/:(.*)/s) as [string, string?];
    if ((kind === 'pending' || kind === 'vested') && name !== undefined) people.add(name);
    sums.set(kind, (sums.get(kind) ?? 0n) + micro);
    sum += micro;
  }
  const of = (account: string): bigint => balances.get(account) ?? 0n;
  const worth = (name: string): bigint => of(`vested:${name}`) + of(`pending:${name}`);
  say('account            pending  vested');
  for (const name of [...people].toSorted((a, b) => Number(worth(b) - worth(a)) || (a < b ? -1 : 1)))
    say(`${name.padEnd(16)}  ${credits(of(`pending:${name}`))}  ${credits(of(`vested:${name}`))}`);
  say(`jobs: ${jobs.size} open, ${concluded} concluded`);
  for (const [id, { requester }] of jobs)
    say(`${id.padEnd(16)}  escrow ${credits(of(`escrow:${id}`))}, of ${requester}`);
  const total = ['issue', 'operator', 'requester', 'escrow', 'pending', 'vested']
    .map((kind) => `${kind} ${credits(sums.get(kind) ?? 0n)}`)
    .join(', ');
  say(`totals: ${total}; sum ${credits(sum)}`);
}
