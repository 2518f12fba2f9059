/** Node as the volunteer's surroundings: worker threads, a folder, one process per folder. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { nodeEngine } from './engine-node.ts';
import type { GpuUse } from './loop.ts';
import { openNodeOutbox } from './outbox-node.ts';
import type { Platform, RememberedConsent, Turn } from './platform.ts';

export interface NodePlatformOptions {
  /** The coordinator, e.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Where identity and outbox lie. */
  readonly folder: string;
  readonly gpu: boolean;
  readonly gpuUse?: GpuUse;
}

/** Where identity and outbox lie unless somebody says otherwise. */
export function volunteerFolder(): string {
  return join(homedir(), '.talka', 'volunteer');
}

/** Surroundings for one coordinator. */
export function nodePlatform({ url, folder, gpu, gpuUse = 'auto' }: NodePlatformOptions): Platform {
  let consent: RememberedConsent | null = null;
  return {
    coresMax: availableParallelism(),
    secure: true,
    webgpu: gpu,
    gpuUse,
    origin: new URL(url).origin,
    site: null,
    now: () => Date.now(),
    random: () => Math.random(),
    engine: (backend) => nodeEngine(backend),
    socket: (address) => new WebSocket(address),
    openOutbox: () => openNodeOutbox(folder, new URL(url).host),
    // A command is started by a person each time; what they agreed to stands in the signed record.
    recall: () => consent,
    remember: (next) => (consent = next),
    takeTurn: async (steal) => takeTurn(folder, steal),
    // A thread of its own computes: this one has little to do.
    whenIdle: (work) => void setTimeout(work, 0),
    watch: () => () => {},
  };
}

/** One process per folder: a file with the id of who computes. One whose process is gone is free. */
function takeTurn(folder: string, steal: boolean): Turn | null {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'running.pid');
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      return { end: () => rmSync(path, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    }
    if (!steal && isAlive(holderOf(path))) return null;
    rmSync(path, { force: true });
  }
}

function holderOf(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
}

/** Whether a process lives. Our own number means an earlier process that had it. */
function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
