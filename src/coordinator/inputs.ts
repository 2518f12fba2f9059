/** What each open job computes, at hand: kernel and input bytes, so that a commitment is checked without waiting. */
import type { JobSpec, State } from '../core/state.ts';
import type { Kernel } from '../kernels/kernel.ts';
import type { Blobs } from './blobs.ts';
import { Certificate } from './certificate.ts';
import type { KernelInput } from './inspecting.ts';
import type { Shelf } from './kernels.ts';

/** Inputs that wait to be submitted; a refused submission leaves one behind. */
const primedMax = 8;

export class Inputs {
  readonly #shelf: Shelf;
  readonly #blobs: Blobs;
  readonly #byJob = new Map<string, KernelInput>();
  /** By kernel and input: what is about to be submitted, so that its first answers find it here. */
  readonly #primed = new Map<string, KernelInput>();

  constructor(shelf: Shelf, blobs: Blobs) {
    this.#shelf = shelf;
    this.#blobs = blobs;
  }

  /** null: the kernel is not served any more, or the input's bytes are lost. */
  of(job: string): KernelInput | null {
    return this.#byJob.get(job) ?? null;
  }

  /** Reads what open jobs need, forgets what concluded ones needed; names the jobs whose kernel or input is not here. */
  async follow(state: State): Promise<string[]> {
    const lacking: string[] = [];
    for (const { id, spec } of state.jobs.values()) {
      if (this.#byJob.has(id)) continue;
      const key = `${spec.kernel} ${spec.input}`;
      const found = this.#primed.get(key) ?? (await this.read(spec.kernel, spec.input));
      this.#primed.delete(key);
      const whole = found === null ? null : await this.#withCertificate(spec, found);
      if (whole === null) lacking.push(id);
      else this.#byJob.set(id, whole);
    }
    for (const id of this.#byJob.keys()) if (!state.jobs.has(id)) this.#byJob.delete(id);
    return lacking;
  }

  /** With the certificate that its job was submitted with; null where its bytes are lost. */
  async #withCertificate({ kernel, policy }: JobSpec, found: KernelInput): Promise<KernelInput | null> {
    if (policy.kind !== 'certify') return found;
    const served = this.#shelf.get(kernel);
    const isServed = served?.certificateDigest === policy.certificate;
    const wasm = isServed ? served.certificate : await this.#blobs.get(policy.certificate);
    return wasm === null ? null : { ...found, certificate: new Certificate(wasm, found.input) };
  }

  /** A job with this input will be submitted in a moment. */
  prime(kernel: Kernel, digest: string, input: Uint8Array): void {
    const oldest = this.#primed.keys().next().value;
    if (this.#primed.size >= primedMax && oldest !== undefined) this.#primed.delete(oldest);
    this.#primed.set(`${kernel.id} ${digest}`, {
      kernel,
      input,
      outputBytesMax: kernel.outputBytesMax(input),
    });
  }

  async read(kernelId: string, digest: string): Promise<KernelInput | null> {
    const kernel = this.#shelf.get(kernelId)?.kernel;
    const input = kernel === undefined ? null : await this.#blobs.get(digest);
    return kernel === undefined || input === null
      ? null
      : { kernel, input, outputBytesMax: kernel.outputBytesMax(input) };
  }
}
