/** One engine with one backend that computes job after job for as long as a soak lasts, each run of units also by Node. */
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import type { Kernel } from '../../src/kernels/kernel.ts';
import type { Backend } from '../../src/volunteer/engine.ts';
import type { Dice } from '../../test/sim/random.ts';
import { compare } from './compare.ts';
import { inputs } from './inputs.ts';
import type { Brought, Ordered, Said } from './page.ts';
import type { Reference } from './reference.ts';
import type { Row } from './table.ts';

/** A page in a real browser. */
export interface Driver {
  /** Name and version. */
  readonly engine: string;
  /** Evaluates an expression in the page and waits for it. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface LaneParts {
  readonly driver: Driver;
  readonly backend: Backend;
  /** Node, which computes everything a second time. */
  readonly reference: Reference;
  readonly dice: Dice;
  /** Served to the page: inputs are laid in and taken away again. */
  readonly files: Record<string, string | Uint8Array>;
  /** The built reference of a kernel. */
  wasmOf(kernel: string): Uint8Array;
  /** Keeps the input of a wrong answer; says where. */
  keep(job: string, input: Uint8Array): string;
  say(line: string): void;
}

/** How long a run should take the browser, in ms, and how many runs each input gets. */
const runMs = 250;
const runsPerInput = 3;
const unitsPerRunMax = 256;
/** Microcredits a millisecond, before the first run: a tenth of the reference core. */
const firstPace = 100;
/** A page that says nothing for so long is no page any more. */
const deafMs = 180_000;
/** These say that an engine is gone, as engines may be; every other failure is a wrong answer to a right question. */
const lossReasons: readonly string[] = ['died', 'stuck', 'device-lost', 'stopped'];
/** How `page.ts` marks an emulation's name. */
const softwareMark = ' (software)';

type Tally = { -readonly [Key in keyof Row]: Row[Key] };

export class Lane {
  readonly #parts: LaneParts;
  readonly #name: string;
  readonly #rows = new Map<string, Tally>();
  readonly #paces = new Map<string, number>();
  #jobs = 0;
  lost = 0;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#name = `${parts.driver.engine} ${parts.backend}`;
  }

  get rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  /** Starts the engine. Gives why there is none, or null. `hardware`: an emulated GPU is none. */
  async open(hardware = false): Promise<string | null> {
    const opened = await this.#call<string>('open', this.#parts.backend);
    if ('failure' in opened) return opened.detail;
    if (this.#parts.backend !== 'webgpu') return null;
    if (hardware && opened.value.endsWith(softwareMark))
      return `its only GPU is an emulation: ${opened.value}`;
    this.#parts.say(`${this.#name} computes on ${opened.value}`);
    return null;
  }

  /** Computes until told to stop, kernels by turns. Rejects when the browser itself is broken. */
  async run(going: () => boolean): Promise<void> {
    const ids = Object.keys(inputs);
    while (going()) {
      const kernel = kernelOf(ids[this.#jobs % ids.length] ?? '');
      if (kernel === undefined) throw new Error('a soak knows a kernel that the catalogue does not');
      await this.#job(kernel, going);
    }
  }

  async #job(kernel: Kernel, going: () => boolean): Promise<void> {
    const { dice, files, backend } = this.#parts;
    const number = this.#jobs++;
    const thrown = dice.fork(`${backend} ${number}`);
    const input = inputs[kernel.id]?.(thrown) ?? new Uint8Array(0);
    const job = `${this.#name} ${number}`;
    const path = `/input/${encodeURIComponent(job)}`;
    const tally = this.#tally(kernel);
    tally.inputs++;
    files[path] = input;
    const ordered: Ordered = { job, kernel: kernel.id, agreement: kernel.agreement, input: path };
    const loaded = await this.#call<null>('load', ordered);
    if ('failure' in loaded) await this.#failed(tally, loaded, job, input, 0);
    else {
      for (let i = 0; i < runsPerInput && going(); i++) {
        if (!(await this.#stretch(kernel, job, input, thrown.below(kernel.units(input)), tally))) break;
      }
      await this.#parts.driver.evaluate(`soak.unload(${JSON.stringify(job)})`);
    }
    delete files[path];
  }

  /** One run; false when the engine failed. */
  async #stretch(
    kernel: Kernel,
    job: string,
    input: Uint8Array,
    unitFrom: number,
    tally: Tally,
  ): Promise<boolean> {
    const { reference, backend, wasmOf, keep, say } = this.#parts;
    const cost = kernel.unitCostMicro(input);
    const pace = this.#paces.get(kernel.id) ?? firstPace;
    const wanted = Math.max(1, Math.min(unitsPerRunMax, Math.round((runMs * pace) / cost)));
    const units = Math.min(wanted, kernel.units(input) - unitFrom);
    const question = { job, wasm: wasmOf(kernel.id), input, unitFrom, units };
    const [ours, theirs] = await Promise.all([
      reference.outputs(question),
      this.#call<Brought>('compute', job, unitFrom, units),
    ]);
    if ('failure' in theirs) {
      await this.#failed(tally, theirs, job, input, unitFrom);
      return false;
    }
    const { digests, root, bytes, lengths, wallMs } = theirs.value;
    const bytesOf = (base64: string): Uint8Array => Buffer.from(base64, 'base64');
    const answer = { digests: bytesOf(digests), root: bytesOf(root), bytes: bytesOf(bytes), lengths };
    const asked = { kernel, backend, job, input, unitFrom };
    const { wrong, outlierShare } = compare(asked, ours, answer);
    tally.units += units;
    tally.mismatches += wrong.length;
    if (tally.outlierShare !== null) tally.outlierShare = Math.max(tally.outlierShare, outlierShare);
    if (wrong.length > 0)
      say(
        `MISMATCH: ${job}: ${kernel.id}, units ${wrong.join(', ')}, the input is kept in ${keep(job, input)}`,
      );
    this.#paces.set(kernel.id, (pace + (units * cost) / Math.max(1, wallMs)) / 2);
    return true;
  }

  /** An engine that is gone is opened again; anything else is counted against it. */
  async #failed(
    tally: Tally,
    { failure, detail }: Extract<Said<unknown>, { failure: string }>,
    job: string,
    input: Uint8Array,
    unit: number,
  ): Promise<void> {
    const { keep, say } = this.#parts;
    const isLoss = lossReasons.includes(failure);
    if (isLoss) {
      say(`lost: ${job}: from unit ${unit} on: ${detail}`);
      this.lost++;
    } else {
      say(`MISMATCH: ${job}: from unit ${unit} on: ${detail}; the input is kept in ${keep(job, input)}`);
      tally.units++;
      tally.mismatches++;
    }
    const why = await this.open();
    if (why !== null) throw new Error(`it does not start again: ${why}`);
  }

  #tally(kernel: Kernel): Tally {
    const { driver, backend } = this.#parts;
    const fresh = {
      engine: driver.engine,
      backend,
      kernel: kernel.id,
      inputs: 0,
      units: 0,
      mismatches: 0,
      outlierShare: backend === 'webgpu' && kernel.agree !== undefined ? 0 : null,
    };
    const tally = this.#rows.get(kernel.id) ?? fresh;
    this.#rows.set(kernel.id, tally);
    return tally;
  }

  /** Calls a function of `page.ts`. */
  async #call<T>(name: 'open' | 'load' | 'compute', ...args: readonly unknown[]): Promise<Said<T>> {
    const enough = new AbortController();
    const deaf = sleep(deafMs, null, { signal: enough.signal }).then(
      () => Promise.reject(new Error(`its page has said nothing for ${deafMs / 1000} s`)),
      () => null,
    );
    try {
      const asked = this.#parts.driver.evaluate(`soak.${name}(...${JSON.stringify(args)})`);
      return (await Promise.race([asked, deaf])) as Said<T>;
    } finally {
      enough.abort();
    }
  }
}
