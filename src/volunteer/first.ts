/**
 * The first chunk of a first visit, with as little program as that takes: signs in, takes one lease, computes its first chunk in
 * a worker, and leaves identity, consent and result as a visit leaves them that ends there. The volunteer, which loads
 * meanwhile, goes on from that as it does after a reload. Whatever does not go smoothly is left to it.
 */
import { bytesOfHex, hexOf, sha256 } from './crypto.ts';
import { makeIdentity, openIdentity, signConsent, signHello } from './identity.ts';
import type { Shown } from './identity.ts';
import type { Change } from './outbox.ts';

/** So long it may take; then the volunteer begins at the beginning. */
const firstMsMax = 8_000;

/** What a worker is given first: a program, whose bytes were checked against their digests, to be proven on its known answers. */
export interface FirstProgram {
  readonly job: string;
  readonly kernel: string;
  readonly agreement: 'exact' | 'tolerance';
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly input: Uint8Array<ArrayBuffer>;
}

/** And then: the units of the chunk that was leased. */
export interface FirstUnits {
  readonly unitFrom: number;
  readonly unitTo: number;
}

/** That it is proven; the chunk, as an engine would give it; or that there is none. */
export type FirstAnswer =
  | { readonly is: 'proven' }
  | {
      readonly is: 'done';
      readonly digests: Uint8Array<ArrayBuffer>;
      readonly root: Uint8Array<ArrayBuffer>;
      readonly outputs: Uint8Array<ArrayBuffer>;
      readonly lengths: Uint32Array<ArrayBuffer>;
    }
  | { readonly is: 'failed' };

export interface FirstSurroundings {
  /** Of the coordinator, scheme and host. */
  readonly url: string;
  socket(url: string): WebSocket;
  /** Calls once when the chunk is in work: what else there is to load no longer keeps it waiting. */
  computing(): void;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

/** What is left for the volunteer's outbox: nothing where something did not go smoothly. */
export async function firstChunk(
  surroundings: FirstSurroundings,
  shown: Shown,
  cores: number,
): Promise<Change[]> {
  const ending = new AbortController();
  const left: Change[] = [];
  try {
    const signal = AbortSignal.any([surroundings.signal, ending.signal, AbortSignal.timeout(firstMsMax)]);
    await goThrough(surroundings, shown, cores, left, signal);
  } catch {
    // Left to the volunteer, which says why.
  } finally {
    ending.abort();
  }
  return left;
}

async function goThrough(
  { url, socket: open, computing }: FirstSurroundings,
  shown: Shown,
  cores: number,
  left: Change[],
  signal: AbortSignal,
): Promise<void> {
  const socket = open(`${url.replace(/^http/, 'ws')}/ws`);
  const words = wordsOf(socket, signal);
  const kept = await makeIdentity(false);
  const identity = await openIdentity(kept);
  const consent = await signConsent(identity, shown);
  left.push({ set: 'identity', value: kept }, { set: 'consent', value: consent });
  const { nonce } = await words.next('challenge');
  const greeting = { holding: [], head: null, cores, gpu: false, consent };
  socket.send(JSON.stringify(await signHello(identity, text(nonce), shown.origin, greeting)));
  const job = jobIn(await words.next('welcome'));
  const [wasm, input] = await Promise.all([blob(url, job.wasm, signal), blob(url, job.input, signal)]);
  const { job: id, kernel, agreement } = job;
  const hand = handIn(signal);
  // Nothing is leased to who has not proven itself.
  const program = { job: id, kernel, agreement, wasm, input };
  await hand.answers('proven', program, [wasm.buffer, input.buffer]);
  // Nothing was measured yet: a core like the reference is what most are near, and a first lease is one chunk whatever is claimed.
  const slot = { slot: 0, backend: 'wasm', rates: { [kernel]: 1_000 } };
  socket.send(JSON.stringify({ t: 'ask', slots: [slot] }));
  const granted = await words.next('lease');
  if (granted['job'] !== id) throw new Error('another job');
  const [lease, chunk, count] = [whole(granted['lease']), whole(granted['chunk']), whole(granted['count'])];
  const grantedAt = shown.at;
  const record = { lease, slot: 0, job: id, chunk, count, bytes: granted['bytes'] === true };
  const deadlineAt = grantedAt + whole(granted['deadlineMs']);
  // Kept before it is done: what is given up here is the volunteer's to go on with.
  left.push({ put: 'leases', value: { ...record, done: 0, grantedAt, deadlineAt } });
  const unitFrom = chunk * job.unitsPerChunk;
  const unitTo = Math.min(job.units, unitFrom + job.unitsPerChunk);
  computing();
  const { digests, root, outputs, lengths } = await hand.answers('done', { unitFrom, unitTo });
  const sizes = { root: hexOf(root), digestBytes: digests.length, outputBytes: outputs.length };
  const result = { replica: lease, job: id, chunk, ...sizes, units: lengths.length, bytes: record.bytes };
  left.push({ put: 'results', value: { ...result, digests, outputs, lengths } });
  if (count === 1) left.push({ drop: 'leases', id: lease });
  else left.push({ put: 'leases', value: { ...record, done: 1, grantedAt, deadlineAt } });
}

type Word = Readonly<Record<string, unknown>>;

/** The coordinator's words as they come, by name; everything between is passed over. Closes with `signal`. */
function wordsOf(socket: WebSocket, signal: AbortSignal) {
  const heard: Word[] = [];
  let wake = (): void => {};
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const said: unknown = JSON.parse(String(data));
    for (const word of [said].flat()) if (isWord(word)) heard.push(word);
    wake();
  });
  const over = new Promise<never>((_, reject) => {
    const end = (): void => {
      socket.close();
      reject(new Error('over'));
    };
    socket.addEventListener('close', end);
    signal.addEventListener('abort', end);
  });
  over.catch(() => {});
  return {
    async next(name: string): Promise<Word> {
      for (;;) {
        const word = heard.shift();
        if (word?.['t'] === 'bye' || word?.['t'] === 'refusal') throw new Error(String(word['reason']));
        if (word?.['t'] === name) return word;
        if (word === undefined) await Promise.race([over, new Promise<void>((done) => (wake = done))]);
      }
    },
  };
}

/** A worker that is gone with `signal`. */
function handIn(signal: AbortSignal) {
  const worker = new Worker(new URL('../../workers/first.worker.ts', import.meta.url), { type: 'module' });
  signal.addEventListener('abort', () => worker.terminate());
  return {
    /** Asks it for something; `handedOver` is not copied, and no longer here then. */
    answers<Is extends FirstAnswer['is']>(
      wanted: Is,
      word: FirstProgram | FirstUnits,
      handedOver: ArrayBuffer[] = [],
    ): Promise<Extract<FirstAnswer, { is: Is }>> {
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<FirstAnswer>) => {
          if (data.is === wanted) resolve(data as Extract<FirstAnswer, { is: Is }>);
          else reject(new Error('failed'));
        };
        worker.onerror = () => reject(new Error('died'));
        signal.addEventListener('abort', () => reject(new Error('over')));
        worker.postMessage(word, handedOver);
      });
    },
  };
}

/** Bytes by their digest. */
async function blob(url: string, digest: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(`${url}/blobs/${digest}`, { signal });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const hash = await sha256(bytes);
  if (bytesOfHex(digest).some((byte, i) => byte !== hash[i])) throw new Error('other bytes');
  return bytes;
}

/** The job that is begun with: the first that was told of [as the loop's `beginning.ts` chooses]. */
function jobIn(welcome: Word) {
  const [job] = Array.isArray(welcome['jobs']) ? (welcome['jobs'] as unknown[]) : [];
  if (!isWord(job)) throw new Error('no job');
  const agreement = job['agreement'] === 'exact' ? ('exact' as const) : ('tolerance' as const);
  return {
    job: text(job['job']),
    kernel: text(job['kernel']),
    wasm: text(job['wasm']),
    input: text(job['input']),
    agreement,
    units: whole(job['units']),
    unitsPerChunk: whole(job['unitsPerChunk']),
  };
}

function isWord(value: unknown): value is Word {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('no text');
  return value;
}

function whole(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Error('no whole number');
  return value as number;
}
