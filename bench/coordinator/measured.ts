/** A process under measurement, asked over IPC; and the bare echo that messages are held against. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { coordinatorFlags } from '../../scripts/door/toolchain.mjs';
import { quantile } from '../measure.ts';
import type { Told } from './coordinator-child.ts';
import { headRoom, LeanSocket, putHead } from './lean-socket.ts';

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A process under measurement, asked over IPC. */
export class Measured {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static start(file: string, ...args: string[]): Promise<Measured> {
    const child = fork(join(import.meta.dirname, file), args, {
      execArgv: [
        '--expose-gc',
        '--disable-warning=ExperimentalWarning',
        ...coordinatorFlags,
        `--import=${new URL('collect.ts', import.meta.url).href}`,
      ],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new Promise((found, failed) => {
      child.once('message', (told: Told) => found(new Measured(child, told.port as number)));
      child.once('exit', (code) => failed(new Error(`${file} ended with ${code}`)));
    });
  }

  /** `memory`: all of its threads have collected their garbage by then, which takes a moment. */
  ask(wish: 'tell' | 'memory' = 'tell'): Promise<Told & { memory?: number }> {
    return new Promise((answer) => {
      this.#child.once('message', answer);
      this.#child.send(wish);
    });
  }

  end(): Promise<void> {
    return new Promise((done) => {
      this.#child.removeAllListeners('exit');
      this.#child.once('exit', () => done());
      this.#child.disconnect();
    });
  }
}

export interface Echo {
  readonly messages: number;
  readonly p99Ms: number;
}

/** Messages per second that a bare echo gives back, with as many connections and frames of a one-chunk commit’s size (16 units). */
export async function echoing(people: number, seconds: number, outputBytes: number): Promise<Echo> {
  const measured = await Measured.start('echo-child.ts');
  const payload = 16 * 8 + 16 * outputBytes + 350;
  const frame = Buffer.alloc(headRoom(payload) + payload, 7);
  putHead(frame, true);
  const latencies: number[] = [];
  let trips = 0;
  let running = true;
  // The same driver as the coordinator's: what it spends is not measured on one side only.
  const sockets = Array.from({ length: people }, () => {
    const socket = new LeanSocket(`http://127.0.0.1:${measured.port}`);
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      socket.send(frame);
    };
    socket.onText = () => {
      latencies.push(performance.now() - sentAt);
      trips++;
      if (running) send();
    };
    socket.onOpen = send;
    return socket;
  });
  await sleep(1000);
  const from = trips;
  const at = performance.now();
  latencies.length = 0;
  await sleep(seconds * 1000);
  const messages = (trips - from) / ((performance.now() - at) / 1000);
  running = false;
  for (const socket of sockets) socket.end();
  await measured.end();
  return { messages, p99Ms: quantile(latencies, 0.99) };
}
