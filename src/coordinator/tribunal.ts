/**
 * Settles a mismatch: computes the disputed units once more in two processes, one that has V8's baseline compiler alone
 * and one that has its optimising one alone. Where both say the same, that is the kernel's meaning; where they do not, the
 * kernel disagrees with itself and nobody is to blame.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import type { TribunalAnswer, TribunalWork, UnitAnswer } from './tribunal-child.ts';

/**
 * V8's flags for each compiler. `--no-wasm-tier-up` alone would not do for the baseline: hot functions would still be optimised,
 * by dynamic tiering (seen in Node 24). A test reads from V8's own trace which compiler was at work.
 */
export const compilers = {
  baseline: ['--liftoff-only'],
  optimising: ['--no-liftoff'],
} as const;
type Compiler = keyof typeof compilers;

/** How long one process may take: some 2,000 units of the usual size where the baseline's code is half as fast. */
const timeoutMsDefault = 120_000;
/** How much of a process's last words is kept. */
const wordsMax = 2_000;

/** What is in dispute. */
export interface Dispute {
  readonly kernel: string;
  readonly wasm: Uint8Array;
  readonly input: Uint8Array;
  readonly units: readonly number[];
}

/** `agreed`: the outputs in the order of the units. `failed` says nothing about anybody: ask again later, or a person. */
export type Finding =
  | { readonly is: 'agreed'; readonly outputs: Uint8Array[] }
  | { readonly is: 'disagreed'; readonly unit: number }
  | { readonly is: 'failed'; readonly why: string };

export interface TribunalParts {
  /** For each of the two processes. */
  readonly timeoutMs?: number;
  /** The program of the processes; tests name one that lies. */
  readonly program?: URL;
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
}

export class Tribunal {
  readonly #parts: TribunalParts;
  /** The last of what was asked; it never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #child: ChildProcess | null = null;
  #closed = false;

  constructor(parts: TribunalParts) {
    this.#parts = parts;
  }

  /** Waits its turn behind what was asked before; never rejects. */
  recompute(dispute: Dispute): Promise<Finding> {
    const found = this.#last.then(() => this.#settle(dispute)).catch(failed);
    this.#last = found;
    return found;
  }

  /** Ends the process that is computing; what waits is answered `failed`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#child?.kill('SIGKILL');
    await this.#last;
  }

  async #settle({ kernel, wasm, input, units }: Dispute): Promise<Finding> {
    // The other way round the second time: a kernel in which a unit leaves something to the next is found out as well.
    const there = await this.#ask('baseline', { wasm, input, units });
    const back =
      'failed' in there ? there : await this.#ask('optimising', { wasm, input, units: units.toReversed() });
    const finding =
      'failed' in there
        ? failed(there.failed)
        : 'failed' in back
          ? failed(back.failed)
          : judge(units, there.answers, back.answers.toReversed());
    if (finding.is !== 'agreed' && !this.#closed)
      this.#parts.onNote('the tribunal came to no answer', { kernel, ...finding });
    return finding;
  }

  /** One process from start to end. */
  #ask(compiler: Compiler, work: TribunalWork): Promise<TribunalAnswer> {
    if (this.#closed) return Promise.resolve({ failed: 'the tribunal is closed' });
    const { timeoutMs = timeoutMsDefault, program } = this.#parts;
    const child = start(compiler, program ?? new URL('./tribunal-child.ts', import.meta.url));
    this.#child = child;
    return new Promise((resolve) => {
      let said: TribunalAnswer | null = null;
      let words = '';
      const end = (answer: TribunalAnswer): void => {
        // The first word counts: what comes after it comes from a process that is being ended.
        said ??= 'failed' in answer ? { failed: `${compiler}: ${answer.failed}` } : answer;
        child.kill('SIGKILL');
      };
      const timer = setTimeout(() => end({ failed: `no answer after ${timeoutMs} ms` }), timeoutMs);
      const leave = (how: string): void => {
        clearTimeout(timer);
        this.#child = null;
        if (this.#closed) end({ failed: 'the tribunal is closed' });
        end({ failed: `${how} ${words.trim()}`.trim() });
        resolve(said as TribunalAnswer);
      };
      child.on('message', (answer) => end(decoded(answer, work.units.length)));
      child.stderr?.on('data', (more: Buffer) => (words = `${words}${more.toString()}`.slice(-wordsMax)));
      // Its last words may come after its end, and 'close' does not come after every end of a forked process (Node 24).
      child.on('exit', (code, signal) => {
        const how = `the process ended (${signal ?? code})`;
        if (child.stderr === null || child.stderr.closed) leave(how);
        else child.stderr.on('close', () => leave(how));
      });
      child.on('error', (error) =>
        child.pid === undefined ? leave(String(error)) : end({ failed: String(error) }),
      );
      child.send(work, (error) => error !== null && end({ failed: String(error) }));
    });
  }
}

/** A process that knows nothing of the coordinator: neither its environment nor its flags, and behind it in the queue for the processor. */
function start(compiler: Compiler, program: URL): ChildProcess {
  const { NODE_COMPILE_CACHE, SystemRoot } = process.env;
  const child = fork(program, {
    execArgv: [...compilers[compiler]],
    env: { NODE_COMPILE_CACHE, SystemRoot },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some systems forbid it: then it computes like everybody else.
  }
  return child;
}

/** What a process said, if that is an answer. */
function decoded(said: unknown, count: number): TribunalAnswer {
  const { answers, failed: why } = (said ?? {}) as Record<string, unknown>;
  if (typeof why === 'string') return { failed: why };
  if (!Array.isArray(answers) || answers.length !== count) return { failed: 'what it said is no answer' };
  const right = answers.filter((answer) => isAnswer(answer));
  return right.length === count ? { answers: right } : { failed: 'what it said is no answer' };
}

function isAnswer(answer: unknown): answer is UnitAnswer {
  if (answer instanceof Uint8Array) return true;
  return typeof answer === 'object' && answer !== null && 'trap' in answer && typeof answer.trap === 'string';
}

/** The first unit with two answers decides; a unit that both refuse has no output to settle anything with. */
function judge(units: readonly number[], one: readonly UnitAnswer[], other: readonly UnitAnswer[]): Finding {
  const apart = units.findIndex((_, i) => !same(one[i], other[i]));
  if (apart >= 0) return { is: 'disagreed', unit: units[apart] as number };
  const refused = one.findIndex((answer) => !(answer instanceof Uint8Array));
  if (refused < 0) return { is: 'agreed', outputs: one as Uint8Array[] };
  return failed(`unit ${units[refused]}, twice: ${(one[refused] as { trap: string }).trap}`);
}

function same(one: UnitAnswer | undefined, other: UnitAnswer | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  if (!(one instanceof Uint8Array)) return !(other instanceof Uint8Array) && one.trap === other.trap;
  return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
}

function failed(why: unknown): { is: 'failed'; why: string } {
  return { is: 'failed', why: String(why) };
}
