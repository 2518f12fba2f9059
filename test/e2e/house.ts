/** A real coordinator for one story, in this process or in one of its own, with jobs that come in over HTTP as an operator's do. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import type { CoordinatorOptions, RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import type { JobView } from '../../src/wire/views.ts';

/** What an operator submits, the input as bytes. */
export interface Order {
  readonly kernel: string;
  readonly input: Uint8Array;
  readonly unitsPerChunk: number;
  readonly title: string;
  /** `replicate` by two unless it says otherwise. */
  readonly policy?: {
    readonly kind: 'audit' | 'adaptive';
    readonly windowUnits?: number;
    readonly leaverUnits?: number;
  };
}

/** Where a coordinator is, and what its operator may do there. */
export class Door {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** Funds and submits a job, by the operator's HTTP API and the token that was shown at first start. */
  async submit({ kernel, input, unitsPerChunk, title, policy }: Order): Promise<JobView> {
    const { digest } = (await this.#operate('/blobs', Buffer.from(input))) as { digest: string };
    await this.#operate('/fund', { account: 'operator', amountMicro: 1e12 });
    const verified = policy === undefined ? { quorum: 2 } : { policy };
    const words = { title, cause: 'A story.', demonstration: true };
    const wish = { kernel, input: digest, ...words, unitsPerChunk, ...verified };
    return (await this.#operate('/jobs', wish)) as JobView;
  }

  async cancel(job: string): Promise<void> {
    await this.#operate(`/jobs/${job}/cancel`, {});
  }

  async job(id: string): Promise<JobView> {
    return (await (await fetch(`${this.url}/api/jobs/${id}`)).json()) as JobView;
  }

  async bytes(path: string): Promise<Uint8Array> {
    const response = await fetch(`${this.url}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Waits until a job is finished. */
  async finished(id: string, maxMs = 120_000): Promise<JobView> {
    return until(
      `${id} is finished`,
      async () => {
        const job = await this.job(id);
        return job.state === 'finished' ? { is: job } : { not: `${job.final} of ${job.chunks} chunks` };
      },
      maxMs,
    );
  }

  async #operate(path: string, body: Buffer<ArrayBuffer> | object): Promise<unknown> {
    const response = await fetch(`${this.url}/api/operator${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}` },
      body: body instanceof Buffer ? body : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

/** A coordinator in this process, with a clock that a story may move. */
export interface House {
  readonly door: Door;
  readonly running: RunningCoordinator;
  readonly folder: string;
  /** How many chunks an account is to compute now. */
  heldBy(account: string): number;
  /** Lets the coordinator's clock jump ahead. */
  passMs(ms: number): void;
  /** Ends it; its folder stays to be read, until `forget`. */
  close(): Promise<void>;
}

const folders: string[] = [];

/** A folder of its own, gone with `sweep`. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'talka-story-'));
  folders.push(folder);
  return folder;
}

/** Deletes what stories left. */
export function sweep(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Starts one. There is no anchor unless the story brings it, so that only its people settle anything. */
export async function openHouse(webDir: string, options: CoordinatorOptions = {}): Promise<House> {
  const folder = freshFolder();
  let aheadMs = 0;
  const running = await startCoordinator({
    port: 0,
    dataDir: folder,
    webDir,
    seed: 'none',
    socketThread: true,
    anchorShare: 0,
    graceMs: 10,
    now: () => Date.now() + aheadMs,
    ...options,
  });
  let open = true;
  return {
    door: new Door(running.url, running.operatorToken ?? ''),
    running,
    folder,
    heldBy: (account) => {
      const { leases, devices } = running.runtime.state;
      return [...leases.values()].reduce(
        (sum, { device, left }) => sum + (devices.get(device)?.account === account ? left : 0),
        0,
      );
    },
    passMs: (ms) => {
      aheadMs += ms;
    },
    close: async () => {
      if (open) await running.close();
      open = false;
    },
  };
}

/** What the coordinator's process says once it listens. */
export interface Listening {
  readonly url: string;
  /** The operator's token, at first start only. */
  readonly token: string | null;
}

/** A coordinator in a process of its own. */
export interface Apart {
  readonly listening: Listening;
  readonly child: ChildProcess;
  /** SIGTERM asks it to stop with grace, SIGKILL does not ask. Resolves when it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

const program = new URL('coordinator-process.ts', import.meta.url);

/** Starts one; rejects with what it said when it cannot. */
export function openApart(
  options: Omit<CoordinatorOptions, 'now' | 'log' | 'shelf' | 'onNote' | 'onFatal'>,
): Promise<Apart> {
  const child = fork(program, [JSON.stringify(options)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the coordinator ended with ${code}`)));
    child.once('message', (listening: Listening) =>
      resolve({
        listening,
        child,
        end: (signal) => {
          child.kill(signal);
          return gone;
        },
      }),
    );
  });
}

/**
 * A port that is free now, below those that systems give to whoever asks for any (from 32768): a program that comes back to
 * it finds it free still.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => probe.close(resolve));
    if (free) return port;
  }
}

/** What a probe found: what was waited for, or how far it is. */
export type Probe<T> = { readonly is: T } | { readonly not: string };

/** Asks again and again until it is so; throws a sentence with the last state when it takes too long. */
export async function until<T>(what: string, probe: () => Promise<Probe<T>>, maxMs = 60_000): Promise<T> {
  const endMs = Date.now() + maxMs;
  for (;;) {
    const found = await probe();
    if ('is' in found) return found.is;
    if (Date.now() > endMs) throw new Error(`not within ${maxMs / 1000} s: ${what} (${found.not})`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** Waits until something holds. */
export async function holds(
  what: string,
  probe: () => Promise<boolean> | boolean,
  maxMs?: number,
): Promise<void> {
  await until(what, async () => ((await probe()) ? { is: true } : { not: 'not yet' }), maxMs);
}
