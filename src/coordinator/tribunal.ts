/**
 * Settles a mismatch: computes the disputed units once more in two processes with an engine each. Where both say the same, that
 * is the kernel's meaning; where they do not, the kernel disagrees with itself and nobody is to blame. The engines are two browsers
 * where the machine has them (Chromium and Firefox: two implementations by two makers), else V8's two compilers.
 */
import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import type { TribunalAnswer, TribunalWork, UnitAnswer } from './tribunal-compute.ts';
import { enginesHere, killGroup, startEngine } from './tribunal-engines.ts';
import type { Engine } from './tribunal-engines.ts';

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

/** `agreed`: the outputs in the order of the units, and who computed them. `failed` says nothing about anybody: ask again later, or a person. */
export type Finding =
  | { readonly is: 'agreed'; readonly outputs: Uint8Array[]; readonly engines: readonly string[] }
  | { readonly is: 'disagreed'; readonly unit: number }
  | { readonly is: 'failed'; readonly why: string };

export interface TribunalParts {
  /** For each of the two processes. */
  readonly timeoutMs?: number;
  /** Whether browsers of this machine are asked where there are two kinds. */
  readonly browsers?: boolean;
  /** The program of the two compilers' processes; tests name one that lies. */
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
    if (this.#child !== null) killGroup(this.#child);
    await this.#last;
  }

  async #settle(dispute: Dispute): Promise<Finding> {
    const { browsers = false, program, onNote } = this.#parts;
    let finding = failed('there is no engine');
    for (const engines of enginesHere({ browsers, program })) {
      finding = await this.#hear(engines, dispute);
      if (this.#closed) break;
      const names = engines.map(({ name }) => name);
      if (finding.is !== 'agreed')
        onNote('the tribunal came to no answer', { kernel: dispute.kernel, ...finding, engines: names });
      // A browser that does not start says nothing of the kernel: there are others to ask.
      if (finding.is !== 'failed') break;
    }
    return finding;
  }

  async #hear([first, second]: readonly [Engine, Engine], dispute: Dispute): Promise<Finding> {
    const { wasm, input, units } = dispute;
    // The other way round the second time: a kernel in which a unit leaves something to the next is found out as well.
    const there = await this.#ask(first, { wasm, input, units });
    if ('failed' in there) return failed(there.failed);
    const back = await this.#ask(second, { wasm, input, units: units.toReversed() });
    if ('failed' in back) return failed(back.failed);
    return judge(units, there.answers, back.answers.toReversed(), [first.name, second.name]);
  }

  /** One process from start to end. */
  async #ask(engine: Engine, work: TribunalWork): Promise<TribunalAnswer> {
    if (this.#closed) return { failed: 'the tribunal is closed' };
    const { child, folder } = startEngine(engine);
    this.#child = child;
    try {
      return await this.#answerOf(engine, child, work);
    } finally {
      this.#child = null;
      // What the system still holds of it is the system's to sweep.
      if (folder !== null)
        await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(() => null);
    }
  }

  #answerOf(engine: Engine, child: ChildProcess, work: TribunalWork): Promise<TribunalAnswer> {
    const { timeoutMs = timeoutMsDefault } = this.#parts;
    return new Promise((resolve) => {
      let said: TribunalAnswer | null = null;
      let words = '';
      const end = (answer: TribunalAnswer): void => {
        // The first word counts: what comes after it comes from a process that is being ended.
        said ??= 'failed' in answer ? { failed: `${engine.name}: ${answer.failed}` } : answer;
        killGroup(child);
      };
      const timer = setTimeout(() => end({ failed: `no answer after ${timeoutMs} ms` }), timeoutMs);
      const leave = (how: string): void => {
        clearTimeout(timer);
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
function judge(
  units: readonly number[],
  one: readonly UnitAnswer[],
  other: readonly UnitAnswer[],
  engines: readonly string[],
): Finding {
  const apart = units.findIndex((_, i) => !same(one[i], other[i]));
  if (apart >= 0) return { is: 'disagreed', unit: units[apart] as number };
  const refused = one.findIndex((answer) => !(answer instanceof Uint8Array));
  if (refused < 0) return { is: 'agreed', outputs: one as Uint8Array[], engines };
  return failed(`unit ${units[refused]}, twice: ${(one[refused] as { trap: string }).trap}`);
}

function same(one: UnitAnswer | undefined, other: UnitAnswer | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  if (!(one instanceof Uint8Array)) return !(other instanceof Uint8Array) && one.trap === other.trap;
  return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
}

function failed(why: unknown): Finding {
  return { is: 'failed', why: String(why) };
}
