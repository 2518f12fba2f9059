/**
 * Computes disputed units with a kernel's reference, for the tribunal's engines: in a thread of Node, and word for word the
 * same (its types stripped) in a browser's worker. So it imports nothing and knows only what both have.
 */

/** What an engine is asked: these units, in this order. */
export interface TribunalWork {
  readonly wasm: Uint8Array;
  readonly input: Uint8Array;
  readonly units: readonly number[];
}

/** What a kernel has to say about one unit: its output, or how it refuses to have one. Both are its meaning and are compared. */
export type UnitAnswer = Uint8Array | { readonly trap: string };

/** `failed` is about the surroundings (memory, stack) or a module that is no kernel: never a kernel's answer. */
export type TribunalAnswer = { readonly answers: readonly UnitAnswer[] } | { readonly failed: string };

/** Together the outputs may have so many bytes: sixteen times what a volunteer may send in one frame. */
const outputBytesMax = 64 * 1024 * 1024;

/** The ABI of src/kernels/kernel.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  prepare(): number;
  run(unit: bigint): number;
  output(): number;
}

class Trap extends Error {
  override name = 'Trap';
}

function prepared(module: WebAssembly.Module, input: Uint8Array): KernelExports {
  // Every call of an export that is missing or no function fails with a TypeError, which is a failure and no answer.
  const exports = new WebAssembly.Instance(module, {}).exports as unknown as KernelExports;
  const at = exports.input(input.length) >>> 0;
  if (at === 0) throw new Trap('the input is too long for the kernel');
  const memory = new Uint8Array(exports.memory.buffer);
  if (at + input.length > memory.length) throw new Trap('the kernel wants its input outside its memory');
  memory.set(input, at);
  const code = exports.prepare();
  if (code !== 0) throw new Trap(`the kernel refuses the input with code ${code}`);
  return exports;
}

function outputOf(exports: KernelExports, unit: number): Uint8Array {
  const length = exports.run(BigInt(unit));
  if (length < 0) throw new Trap(`it traps with code ${length}`);
  const at = exports.output() >>> 0;
  const memory = new Uint8Array(exports.memory.buffer);
  if (at + length > memory.length) throw new Trap('its output lies outside its memory');
  return memory.slice(at, at + length);
}

/** Computes them; after a trap with a fresh instance, since the old one's insides are in no known state. */
function compute({ wasm, input, units }: TribunalWork, wording: (trap: string) => string): UnitAnswer[] {
  const module = new WebAssembly.Module(Uint8Array.from(wasm));
  let exports: KernelExports | null = null;
  let bytes = 0;
  return units.map((unit) => {
    try {
      exports ??= prepared(module, input);
      const output = outputOf(exports, unit);
      bytes += output.length;
      if (bytes > outputBytesMax)
        throw new RangeError(`the outputs have more than ${outputBytesMax} bytes together`);
      return output;
    } catch (error) {
      exports = null;
      if (error instanceof Trap) return { trap: error.message };
      // What else is thrown is the stack or the memory of this process, which two engines use differently.
      if (error instanceof WebAssembly.RuntimeError) return { trap: wording(error.message) };
      throw error;
    }
  });
}

/** The answer to all of it; never throws. `wording`: what an engine calls a trap is its own choice of words, not the kernel's. */
export function answered(work: TribunalWork, wording = (trap: string): string => trap): TribunalAnswer {
  try {
    return { answers: compute(work, wording) };
  } catch (error) {
    return { failed: String(error) };
  }
}
