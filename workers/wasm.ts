/**
 * Computes units with a kernel's WebAssembly reference, through the exports-only ABI that
 * `src/kernels/kernel.ts` lays down. Nothing is trusted: every number that comes out is checked.
 */

import type { Capability, KernelCode } from '../src/volunteer/engine.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { CompiledCache, Fault } from './backend.ts';
import type { ComputeBackend, OpenJob, Span } from './backend.ts';
import { memoryLimits } from './wasm-memory.ts';

/** The most memory that a kernel may declare: 256 MiB in pages of 64 KiB. */
export const memoryPagesMax = 4096;

interface Exports {
  readonly memory: WebAssembly.Memory;
  input(len: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

export class WasmBackend implements ComputeBackend {
  readonly #modules = new CompiledCache<Uint8Array, WebAssembly.Module>(sameBytes);

  start(): Promise<Capability> {
    return Promise.resolve({ backend: 'wasm', software: false, adapter: null });
  }

  async open(code: KernelCode, _kernel: Kernel | null, input: Uint8Array): Promise<OpenJob> {
    const module = await this.#modules.get(code.id, code.wasm, compileKernel);
    return new WasmJob(module, input);
  }
}

/** Compiles a kernel's bytes and checks what can be seen of its ABI without running it. */
export async function compileKernel(wasm: Uint8Array): Promise<WebAssembly.Module> {
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(new Uint8Array(wasm));
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) throw broken(`does not compile: ${error.message}`);
    throw error;
  }
  const imports = WebAssembly.Module.imports(module);
  if (imports.length > 0)
    throw broken(`imports ${imports[0]?.module}.${imports[0]?.name}; a kernel imports nothing`);
  const kinds = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  if (kinds.get('memory') !== 'memory') throw broken('exports no memory');
  for (const name of ['abi', 'input', 'prepare', 'run', 'output']) {
    if (kinds.get(name) !== 'function') throw broken(`exports no function ${name}`);
  }
  const limits = memoryLimits(wasm);
  if (limits === null) throw broken('defines not exactly one ordinary memory');
  if (limits.pagesMin !== limits.pagesMax) throw broken('its memory can grow: minimum and maximum differ');
  if (limits.pagesMax > memoryPagesMax)
    throw broken(`wants ${limits.pagesMax} pages of memory, at most ${memoryPagesMax} are given`);
  return module;
}

/** One kernel with one input: strictly synchronous once it is made. */
export class WasmJob implements OpenJob {
  readonly batchUnits = 1;
  readonly #module: WebAssembly.Module;
  readonly #input: Uint8Array;
  #exports: Exports | null;
  #memory = new Uint8Array(0);

  constructor(module: WebAssembly.Module, input: Uint8Array) {
    this.#module = module;
    this.#input = input;
    this.#exports = this.#instantiate();
  }

  /** Computes one unit. The bytes lie in the kernel's memory and are valid until the next call. */
  run(unit: number): Uint8Array {
    // After a trap the instance's insides are in no known state, so the next unit gets a new one.
    this.#exports ??= this.#instantiate();
    const { run, output } = this.#exports;
    let length: number;
    let start: number;
    try {
      length = run(BigInt(unit));
      start = length < 0 ? 0 : output() >>> 0;
    } catch (error) {
      this.#exports = null;
      throw faultOf(error, unit);
    }
    if (length < 0)
      throw new Fault({ reason: 'trap', detail: `the kernel answered ${length}`, code: length, unit });
    if (start + length > this.#memory.length) {
      throw new Fault({
        reason: 'kernel',
        detail: `an output of ${length} bytes at ${start} lies outside its memory`,
        unit,
      });
    }
    return this.#memory.subarray(start, start + length);
  }

  async compute(span: Span): Promise<void> {
    for (let unit = span.unitFrom; unit < span.unitTo; unit++) {
      const startMs = performance.now();
      const output = this.run(unit);
      span.spent(performance.now() - startMs);
      span.take(unit, output);
      const pause = span.pause();
      if (pause !== null) await pause;
    }
    span.issued();
  }

  close(): void {
    this.#exports = null;
    this.#memory = new Uint8Array(0);
  }

  #instantiate(): Exports {
    try {
      // The one cast of this file: the names and kinds were checked when the module was compiled, the numbers are below.
      const exports = new WebAssembly.Instance(this.#module).exports as unknown as Exports & {
        abi(): number;
      };
      const abi = exports.abi();
      if (abi !== 1) throw broken(`speaks ABI ${abi}, not 1`);
      this.#memory = new Uint8Array(exports.memory.buffer);
      this.#feed(exports);
      return exports;
    } catch (error) {
      throw faultOf(error);
    }
  }

  #feed(exports: Exports): void {
    const length = this.#input.length;
    const at = exports.input(length) >>> 0;
    if (at === 0) throw new Fault({ reason: 'input', detail: `${length} bytes of input are too many` });
    if (at + length > this.#memory.length) throw broken(`wants its input at ${at}, outside its memory`);
    this.#memory.set(this.#input, at);
    const refusal = exports.prepare();
    if (refusal !== 0)
      throw new Fault({ reason: 'input', detail: `the kernel refuses the input: ${refusal}`, code: refusal });
  }
}

function broken(detail: string): Fault {
  return new Fault({ reason: 'kernel', detail: `the module ${detail}` });
}

/**
 * A WebAssembly trap is the kernel's answer and the same everywhere. Running out of stack is not: how deep the
 * stack goes differs between engines (V8 throws a RangeError, Firefox an InternalError), nor is out of memory.
 */
function faultOf(error: unknown, unit?: number): Fault {
  if (error instanceof Fault) return error;
  const at = unit === undefined ? {} : { unit };
  if (error instanceof WebAssembly.RuntimeError && !/stack|recursion/i.test(error.message)) {
    return new Fault({ reason: 'trap', detail: error.message, ...at });
  }
  if (error instanceof TypeError)
    return new Fault({ reason: 'kernel', detail: `an export has the wrong type: ${error.message}`, ...at });
  return new Fault({ reason: 'environment', detail: String(error), ...at });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
