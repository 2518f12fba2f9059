/**
 * Asks a kernel's certificate (`src/kernels/kernel.ts`) about outputs of one job: whether what can be proved of an output
 * by itself holds. The module is of our own catalogue, and its work is bounded by an output's length; it runs in the
 * coordinator's loop, so that nothing uncertified ever becomes a commitment [CT1].
 */

/** What the certificate's ABI exports. */
interface CertificateExports {
  readonly memory: WebAssembly.Memory;
  abi(): number;
  input(length: number): number;
  prepare(): number;
  output(length: number): number;
  verify(unit: bigint, length: number): number;
}

export class Certificate {
  readonly #exports: CertificateExports;
  readonly #memory: Uint8Array;

  /** One instance for one input. Throws where the module does not take an input that the kernel takes. */
  constructor(wasm: Uint8Array, input: Uint8Array) {
    // The one decoding edge: what the module exports is checked by scripts/build-kernels.mjs.
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(wasm)));
    this.#exports = exports as unknown as CertificateExports;
    this.#memory = new Uint8Array(this.#exports.memory.buffer);
    const at = this.#exports.abi() === 1 ? this.#exports.input(input.length) : 0;
    if (at !== 0) this.#memory.set(input, at);
    const code = at === 0 ? -1 : this.#exports.prepare();
    if (code !== 0) throw new Error(`a certificate does not take its job's input: code ${code}`);
  }

  /** Whether the output at [from, to) of `bytes` is certified for `unit`; one that is too long is not. */
  holds(unit: number, bytes: Uint8Array, from = 0, to = bytes.length): boolean {
    const at = this.#exports.output(to - from);
    if (at === 0) return false;
    // Most outputs are a few bytes, and a view of each would cost more than its copy.
    for (let i = from; i < to; i++) this.#memory[at + i - from] = bytes[i] as number;
    return this.#exports.verify(BigInt(unit), to - from) === 1;
  }
}

/** Whether a certificate takes this input: asked before a job is submitted, so that none is open that it does not take. */
export function takes(wasm: Uint8Array, input: Uint8Array): boolean {
  try {
    void new Certificate(wasm, input);
    return true;
  } catch {
    return false;
  }
}
