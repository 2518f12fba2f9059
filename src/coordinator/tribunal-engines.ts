/**
 * The tribunal's engines and their processes: V8's two compilers, and the browsers that are here. Each process leads a group of its
 * own, so that whatever it started ends with it.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium, findFirefox } from './browsers.ts';

export interface Engine {
  readonly name: string;
  readonly program: URL;
  /** Node's own flags. */
  readonly flags: readonly string[];
  /** What a browser is and where its program lies; null: none, it is Node itself. */
  readonly browser: { readonly kind: 'chromium' | 'firefox'; readonly path: string } | null;
}

/**
 * V8's flags for each compiler. `--no-wasm-tier-up` alone would not do for the baseline: hot functions would still be optimised,
 * by dynamic tiering (seen in Node 24). A test reads from V8's own trace which compiler was at work.
 */
export const compilers = {
  baseline: ['--liftoff-only'],
  optimising: ['--no-liftoff'],
} as const;

/** The pairs that can be asked here, the best first. */
export function enginesHere({
  browsers,
  program = new URL('./tribunal-child.ts', import.meta.url),
}: {
  readonly browsers: boolean;
  readonly program?: URL | undefined;
}): (readonly [Engine, Engine])[] {
  const compiler = (name: keyof typeof compilers): Engine => ({
    name,
    program,
    flags: compilers[name],
    browser: null,
  });
  const pairs: (readonly [Engine, Engine])[] = [[compiler('baseline'), compiler('optimising')]];
  const [chromium, firefox] = [findChromium(), findFirefox()];
  if (browsers && 'path' in chromium && 'path' in firefox)
    pairs.unshift([inBrowser('chromium', chromium.path), inBrowser('firefox', firefox.path)]);
  return pairs;
}

function inBrowser(kind: 'chromium' | 'firefox', path: string): Engine {
  const program = new URL('./tribunal-browser.ts', import.meta.url);
  return { name: kind, program, flags: ['--disable-warning=ExperimentalWarning'], browser: { kind, path } };
}

/** What a program needs of the environment to start at all. Everything else of it is the coordinator's own. */
const needed = {
  node: ['NODE_COMPILE_CACHE', 'SystemRoot'],
  browser: ['PATH', 'LANG', 'SystemRoot', 'TEMP', 'TMP', 'APPDATA', 'LOCALAPPDATA'],
} as const;

/**
 * A process that knows nothing of the coordinator: neither its environment nor its flags, and behind it in the queue for the
 * processor. `folder`: a browser's profile, to be removed after it.
 */
export function startEngine({ program, flags, browser }: Engine): {
  child: ChildProcess;
  folder: string | null;
} {
  const folder = browser === null ? null : mkdtempSync(join(tmpdir(), 'talka-tribunal-'));
  const names: readonly string[] = browser === null ? needed.node : needed.browser;
  const child = fork(program, browser === null ? [] : [browser.kind, browser.path, folder ?? ''], {
    execArgv: [...flags],
    env: Object.fromEntries(names.map((name) => [name, process.env[name]])),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  });
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some systems forbid it: then it computes like everybody else.
  }
  return { child, folder };
}

/** Ends a process and all that it started. */
export function killGroup(child: ChildProcess): void {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
