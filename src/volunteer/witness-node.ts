/** `talka witness`: looks at a coordinator's log now and then, keeps and countersigns what it saw, says so, and compares with others. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { base64urlOf, bytesOfBase64url, makeKey, openKey } from './crypto.ts';
import type { DeviceKey } from './crypto.ts';
import { compareKept } from './witness-compare.ts';
import { isDisowned, sendCosignature } from './witness-send.ts';
import type { Sent } from './witness-send.ts';
import { countersign, lookAtLog, readWitnessed } from './witness.ts';
import type { AskLog, Caught, Round, Witnessed } from './witness.ts';

export interface WitnessOptions {
  /** `http://host:port` of the coordinator. */
  readonly url: string;
  /** Where key and memory lie. */
  readonly folder: string;
  /** The coordinator's public key; null: the one that it names at the first look is taken for its own from then on. */
  readonly coordinator: string | null;
  /** Between two looks; null: one look and no more. */
  readonly everyMs: number | null;
  /** Whether the coordinator is sent what was countersigned. */
  readonly send: boolean;
}

const answerMsMax = 15_000;

const sentences: Readonly<Record<Caught, string>> = {
  shrunk: 'its log is shorter than what it signed before',
  'two-roots': 'it signed two different logs of one size',
  'not-extending': 'it cannot show that its log begins with what it signed before',
  disowned: 'it does not know a head that it signed',
  'not-signed': 'what it tells is not signed by its key',
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Looks once, or until it is ended. Exit code 0: all was well; 3: the coordinator was caught; 2: nothing could be seen at the one look. */
export async function runWitness({
  url,
  folder,
  coordinator,
  everyMs,
  send,
}: WitnessOptions): Promise<number> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = await keyIn(folder);
  const file = join(folder, 'witnessed.json');
  for (;;) {
    const known = await keptIn(file);
    const seen = await look(url, coordinator ?? known?.coordinator ?? null, known, key);
    const sent = send && seen.is === 'countersigned' ? await tell(url, seen.witnessed, key) : null;
    const isCaught = sent !== null && isDisowned(sent) && seen.is === 'countersigned';
    const round: Round = isCaught ? { is: 'caught', why: 'disowned', told: seen.witnessed } : seen;
    const code = report(round, file, folder, known);
    if (sent !== null && !isCaught) say(wordsOf(sent));
    if (round.is === 'caught' || everyMs === null) return code;
    await sleep(everyMs);
  }
}

async function look(
  url: string,
  coordinator: string | null,
  known: Witnessed | null,
  key: DeviceKey,
): Promise<Round> {
  const ask = askingAt(url);
  let named = coordinator;
  if (named === null) {
    try {
      const status = (await ask('/api/status')) as { coordinator?: unknown };
      named = typeof status.coordinator === 'string' ? status.coordinator : null;
    } catch (error) {
      return { is: 'nothing', detail: error instanceof Error ? error.message : String(error) };
    }
    if (named === null) return { is: 'nothing', detail: 'it names no key' };
  }
  return lookAtLog(ask, named, known, key, Date.now());
}

/** Sends the coordinator what was countersigned, dated now: a log that did not grow was seen all the same. */
async function tell(url: string, { head, coordinator }: Witnessed, key: DeviceKey): Promise<Sent> {
  const said = await countersign(head, coordinator, key, Date.now());
  const post = (path: string, body: string): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(answerMsMax),
    });
  return sendCosignature(post, said);
}

function wordsOf(sent: Sent): string {
  switch (sent.is) {
    case 'taken':
      return `sent: the coordinator has heard of ${sent.count} ${sent.count === 1 ? 'witness' : 'witnesses'} in the last hour`;
    case 'refused':
      return `sent, and not taken: ${sent.refused}${sent.detail === '' ? '' : ` (${sent.detail})`}`;
    case 'nothing':
      return `not sent: ${sent.detail}`;
    default:
      return sent satisfies never;
  }
}

/** Says what came of a look and keeps it. What proves something against the coordinator is kept beside. */
function report(round: Round, file: string, folder: string, known: Witnessed | null): number {
  switch (round.is) {
    case 'countersigned': {
      const { size, root } = round.witnessed.head;
      if (round.isNews) {
        writeFileSync(`${file}.part`, JSON.stringify(round.witnessed, null, 2), { mode: 0o600 });
        renameSync(`${file}.part`, file);
      }
      say(`${round.isNews ? 'countersigned' : 'unchanged'}: ${size} ticks, root ${root}`);
      return 0;
    }
    case 'caught': {
      const evidence = join(folder, `evidence-${Date.now()}.json`);
      writeFileSync(evidence, JSON.stringify({ why: round.why, before: known, told: round.told }, null, 2));
      say(`the coordinator is caught: ${sentences[round.why]}. What shows it lies in ${evidence}`);
      return 3;
    }
    case 'nothing':
      say(`nothing seen: ${round.detail}`);
      return 2;
    default:
      return round satisfies never;
  }
}

/**
 * Compares two keepsakes: files of witnesses, or lists that coordinators showed; without a second file, the list that the
 * coordinator shows now. Exit code 0: they agree; 3: the coordinator is caught; 2: they cannot be compared, or nothing is proven.
 */
export async function compareFiles(first: string, second: string | null, url: string): Promise<number> {
  const ask = askingAt(url);
  const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
  const other = second === null ? await ask('/api/log/cosignatures') : read(second);
  const found = await compareKept(read(first), other, ask);
  switch (found.is) {
    case 'agree':
      say('both saw one log');
      return 0;
    case 'caught':
      say(`the coordinator is caught: ${sentences[found.why]}. It signed both of these:`);
      for (const head of found.heads) say(JSON.stringify(head));
      return 3;
    case 'incomparable':
      say(`they cannot be compared: ${found.detail}`);
      return 2;
    case 'unproven':
      say('nothing is proven: the coordinator gave no proof that one log begins with the other');
      return 2;
    default:
      return found satisfies never;
  }
}

function askingAt(url: string): AskLog {
  return async (path) => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(answerMsMax) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return (await response.json()) as unknown;
  };
}

/** The witness's own key: a seed in a file that only its owner may read. */
async function keyIn(folder: string): Promise<DeviceKey> {
  const file = join(folder, 'witness-key.json');
  if (!existsSync(file)) {
    const made = await makeKey(true);
    if (made.kind !== 'seed') throw new Error('a witness keeps its key in a file');
    const { publicKey, seed } = made;
    const text = JSON.stringify({ publicKey: base64urlOf(publicKey), seed: base64urlOf(seed) });
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  }
  const { publicKey, seed } = JSON.parse(readFileSync(file, 'utf8')) as { publicKey: string; seed: string };
  return openKey({ kind: 'seed', publicKey: bytesOfBase64url(publicKey), seed: bytesOfBase64url(seed) });
}

/** What was kept of the last look; null when there was none. Throws when it is there and does not hold. */
async function keptIn(file: string): Promise<Witnessed | null> {
  if (!existsSync(file)) return null;
  const read = await readWitnessed(JSON.parse(readFileSync(file, 'utf8')) as unknown);
  if ('malformed' in read) throw new Error(`${file} does not hold: ${read.malformed}`);
  return read;
}
