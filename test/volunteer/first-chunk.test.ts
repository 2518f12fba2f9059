/**
 * Does the short way to a first chunk keep the order of the long one: nothing is asked for before the program is proven on its
 * vectors? And does it hand over what it computes with and what comes out, instead of copying it?
 */
import { createHash } from 'node:crypto';
import { MessageChannel } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { firstChunk } from '../../src/volunteer/first.ts';
import type { FirstAnswer } from '../../src/volunteer/first.ts';
import { compileMix } from '../kernels/fixtures/compile.ts';
import { mixInput, mixOutput } from '../kernels/fixtures/mix.ts';
import { job } from './hand.ts';

afterEach(() => vi.unstubAllGlobals());

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bytes = new Uint8Array([1, 2, 3]);

/** What the coordinator has to give: by default bytes that no worker of these tests looks at. */
interface Work {
  readonly kernel: string;
  readonly wasm: Uint8Array;
  readonly input: Uint8Array;
}
const noWork: Work = { kernel: job.kernel, wasm: bytes, input: bytes };

/** A coordinator's end of a socket that answers at once, and notes what it was told. */
class FakeSocket extends EventTarget {
  readonly #heard: string[];
  readonly #work: Work;

  constructor(heard: string[], work: Work) {
    super();
    this.#heard = heard;
    this.#work = work;
    setTimeout(() => this.#say({ t: 'challenge', nonce: 'N'.repeat(22) }));
  }

  #say(word: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(word) }));
  }

  send(text: string): void {
    const { t } = JSON.parse(text) as { t: string };
    this.#heard.push(t);
    const { kernel, wasm, input } = this.#work;
    const told = { ...job, kernel, wasm: digestOf(wasm), input: digestOf(input) };
    if (t === 'hello') this.#say({ t: 'welcome', jobs: [told] });
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

/** One first visit to a coordinator with this work. */
async function visited(heard: string[], work: Work = noWork) {
  const blobs = new Map([work.wasm, work.input].map((blob) => [digestOf(blob), blob]));
  vi.stubGlobal('fetch', async (url: string) => new Response(blobs.get(url.slice(-64))?.slice() ?? null));
  return firstChunk(
    {
      url: 'http://127.0.0.1:1',
      socket: () => new FakeSocket(heard, work) as unknown as WebSocket,
      computing: () => heard.push('computing'),
      signal: new AbortController().signal,
    },
    { text: 'agreed', language: 'en', origin: 'http://127.0.0.1:1', site: null, at: 1 },
    2,
  );
}

async function visit(answer: (word: object) => FirstAnswer) {
  const heard: string[] = [];
  vi.stubGlobal('Worker', workerThat(heard, answer));
  const left = await visited(heard);
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

/** The real worker's program in this thread, at the other end of a real channel. What was posted, by both sides. */
async function workerHere(): Promise<{ toWorker: object[]; toPage: FirstAnswer[] }> {
  const posted = { toWorker: [] as object[], toPage: [] as FirstAnswer[] };
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const hear = (listener: (event: { data: unknown }) => void, port: typeof port1): void =>
    void port.on('message', (data: unknown) => listener({ data }));
  vi.stubGlobal('addEventListener', (_kind: string, listener: (event: { data: unknown }) => void) =>
    hear(listener, port2),
  );
  vi.stubGlobal('postMessage', (answer: FirstAnswer, given: { transfer?: Transferable[] } = {}) => {
    posted.toPage.push(answer);
    port2.postMessage(answer, given.transfer);
  });
  vi.stubGlobal(
    'Worker',
    class {
      set onmessage(listener: (event: { data: unknown }) => void) {
        port1.removeAllListeners('message');
        hear(listener, port1);
      }

      postMessage(word: object, transfer?: Transferable[]): void {
        posted.toWorker.push(word);
        port1.postMessage(word, transfer);
      }

      terminate(): void {}
    },
  );
  vi.resetModules();
  await import('../../workers/first.worker.ts');
  return posted;
}

test('program and chunk are handed over without copying them, and are what an engine gives', async () => {
  const input = mixInput({ seed: 1, rounds: 1, values: 1000 });
  const { toWorker, toPage } = await workerHere();
  const left = await visited([], { kernel: 'mix@1', wasm: await compileMix('mix'), input });
  const bytesIn = (words: readonly object[]): number[] =>
    words
      .flatMap((word): unknown[] => Object.values(word))
      .filter((value) => ArrayBuffer.isView(value))
      .map(({ buffer }) => buffer.byteLength);
  expect(bytesIn(toWorker), 'wasm and input').toEqual([0, 0]);
  expect(bytesIn(toPage), 'digests, root, outputs and lengths').toEqual([0, 0, 0, 0]);
  const found = left.find((change) => 'put' in change && change.put === 'results');
  const { outputs } = (found as unknown as { value: { outputs: Uint8Array } }).value;
  // The chunk that is leased is the third of ten units.
  const expected = Array.from({ length: 10 }, (_, i) => mixOutput(input, 20 + i));
  expect(Buffer.compare(outputs, Buffer.concat(expected))).toBe(0);
});
