/** Does the short way to a first chunk keep the order of the long one: nothing is asked for before the program is proven on its vectors? */
import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { firstChunk } from '../../src/volunteer/first.ts';
import type { FirstAnswer } from '../../src/volunteer/first.ts';
import { job } from './hand.ts';

afterEach(() => vi.unstubAllGlobals());

const bytes = new Uint8Array([1, 2, 3]);
const digest = createHash('sha256').update(bytes).digest('hex');

/** A coordinator's end of a socket that answers at once, and notes what it was told. */
class FakeSocket extends EventTarget {
  readonly #heard: string[];

  constructor(heard: string[]) {
    super();
    this.#heard = heard;
    setTimeout(() => this.#say({ t: 'challenge', nonce: 'N'.repeat(22) }));
  }

  #say(word: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(word) }));
  }

  send(text: string): void {
    const { t } = JSON.parse(text) as { t: string };
    this.#heard.push(t);
    if (t === 'hello') this.#say({ t: 'welcome', jobs: [{ ...job, wasm: digest, input: digest }] });
    if (t === 'ask')
      this.#say({ t: 'lease', job: 'j1', lease: 7, chunk: 2, count: 1, deadlineMs: 60_000, bytes: true });
  }

  close(): void {}
}

/** A worker that is told a program and then units, and does as `answer` says. */
function workerThat(heard: string[], answer: (word: object) => FirstAnswer) {
  return class {
    onmessage: ((event: MessageEvent<FirstAnswer>) => void) | null = null;

    postMessage(word: object): void {
      heard.push('wasm' in word ? 'program' : 'units');
      setTimeout(() => {
        const data = answer(word);
        heard.push(data.is);
        this.onmessage?.(new MessageEvent('message', { data }));
      }, 20);
    }

    terminate(): void {
      heard.push('gone');
    }
  };
}

async function visit(answer: (word: object) => FirstAnswer) {
  const heard: string[] = [];
  vi.stubGlobal('Worker', workerThat(heard, answer));
  vi.stubGlobal('fetch', async () => new Response(bytes));
  const left = await firstChunk(
    {
      url: 'http://127.0.0.1:1',
      socket: () => new FakeSocket(heard) as unknown as WebSocket,
      computing: () => heard.push('computing'),
      signal: new AbortController().signal,
    },
    { text: 'agreed', language: 'en', origin: 'http://127.0.0.1:1', site: null, at: 1 },
    2,
  );
  return {
    heard,
    left: left.map((change) => ('put' in change ? change.put : 'set' in change ? change.set : 'drop')),
  };
}

test('the program is proven before a lease is asked for, and computes after it', async () => {
  const done = { digests: bytes, root: bytes, outputs: bytes, lengths: new Uint32Array([3]) };
  const { heard, left } = await visit((word) =>
    'wasm' in word ? { is: 'proven' } : { is: 'done', ...done },
  );
  expect(heard).toEqual(['hello', 'program', 'proven', 'ask', 'computing', 'units', 'done', 'gone']);
  expect(left).toEqual(['identity', 'consent', 'leases', 'results', 'drop']);
});

test('who does not compute a known answer right is leased nothing', async () => {
  const { heard, left } = await visit(() => ({ is: 'failed' }));
  expect(heard).toEqual(['hello', 'program', 'failed', 'gone']);
  expect(left).toEqual(['identity', 'consent']);
});
