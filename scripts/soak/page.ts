/** What `scripts/soak.ts` runs inside a browser's page: one of the volunteer's own engines, in a Web Worker, on one job after the other. */
import { browserEngine } from '../../src/volunteer/engine-browser.ts';
import { EngineError } from '../../src/volunteer/engine.ts';
import type { Backend, Engine, EngineFailure, JobData } from '../../src/volunteer/engine.ts';

/** Where a job's parts lie, seen from the page. */
export interface Ordered {
  readonly job: string;
  readonly kernel: string;
  readonly agreement: JobData['agreement'];
  /** Path of the input. */
  readonly input: string;
}

/** What a run brought, as it would go to a coordinator; bytes in base64. */
export interface Brought {
  readonly digests: string;
  readonly root: string;
  readonly bytes: string;
  readonly lengths: readonly number[];
  readonly wallMs: number;
}

/** A call's answer, or why there is none. */
export type Said<T> = { readonly value: T } | { readonly failure: EngineFailure; readonly detail: string };

let engine: Engine | null = null;

async function said<T>(act: () => Promise<T>): Promise<Said<T>> {
  try {
    return { value: await act() };
  } catch (error) {
    if (error instanceof EngineError) return { failure: error.reason, detail: error.message };
    throw error;
  }
}

function running(): Engine {
  if (engine === null) throw new Error('no engine was opened');
  return engine;
}

/** Starts an engine; one that was there before is ended. Says what it computes on. */
function open(backend: Backend): Promise<Said<string>> {
  return said(async () => {
    engine?.dispose();
    engine = browserEngine(backend);
    const { adapter, software } = await engine.start();
    if (adapter === null) return '';
    const parts = [adapter.vendor, adapter.architecture, adapter.device, adapter.description];
    const name = parts.filter((part) => part !== '').join(' ');
    return `${name === '' ? 'an adapter without a name' : name}${software ? ' (software)' : ''}`;
  });
}

async function bytesAt(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

function load({ job, kernel, agreement, input }: Ordered): Promise<Said<null>> {
  return said(async () => {
    const at = `/${encodeURIComponent(kernel)}`;
    const wgsl = new TextDecoder().decode(await bytesAt(`${at}.wgsl`));
    const code = { id: kernel, wasm: await bytesAt(`${at}.wasm`), wgsl };
    await running().load({ job, code, input: await bytesAt(input), agreement });
    return null;
  });
}

function unload(job: string): void {
  running().unload(job);
}

/** In pieces, since an argument list has an end. */
function base64(bytes: Uint8Array): string {
  let letters = '';
  for (let at = 0; at < bytes.length; at += 8192)
    letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(letters);
}

function compute(job: string, unitFrom: number, units: number): Promise<Said<Brought>> {
  return said(async () => {
    const run = { replica: `${job} ${unitFrom}`, job, unitFrom, unitTo: unitFrom + units };
    const { digests, root, bytes, lengths, wallMs } = await running().run(run, () => {});
    return {
      digests: base64(digests),
      root: base64(root),
      bytes: base64(bytes),
      lengths: [...lengths],
      wallMs,
    };
  });
}

Object.assign(globalThis, { soak: { open, load, unload, compute } });
