/**
 * Finds which answers of a chunk agree, under `tolerance`: a GPU's bytes are held against a WASM reference's, unit
 * by unit, by the kernel's own measure. Keeps the bytes of open chunks at hand, and says which it must be given first.
 */
import type { Command, Replica, State } from '../core/state.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { eachOutput } from './log.ts';
import type { Outputs } from './log.ts';

/** Bytes of open chunks that are kept in memory; older ones are read again from the log. */
const keptBytesMax = 128 * 1024 * 1024;

type Commit = Extract<Command, { c: 'commit' }>;

/** What a tolerance job's answers are compared with. */
export interface Measure {
  readonly kernel: Kernel;
  readonly input: Uint8Array;
}

export class Comparing {
  readonly #kept = new Map<number, Outputs>();
  #bytes = 0;

  /** Replicas whose bytes a commitment must be compared with; [] under `exact` and for what comes without bytes. */
  partners(state: State, command: Commit): readonly Replica[] {
    const lease = state.leases.get(state.replicas.get(command.replica) ?? -1);
    const job = lease === undefined ? undefined : state.jobs.get(lease.job);
    if (lease === undefined || job === undefined || job.spec.agreement === 'exact' || !command.stored) return [];
    const chunk = job.chunks.get(lease.chunk + (command.replica - lease.id));
    return chunk?.replicas.filter(({ phase, backend }) => phase.is === 'committed' && phase.stored && backend !== lease.backend) ?? [];
  }

  /** Of these, whose bytes are not at hand. */
  missing(partners: readonly Replica[]): number[] {
    return partners.flatMap(({ id }) => (this.#kept.has(id) ? [] : [id]));
  }

  /** Which of the partners agree with these outputs. Their bytes must be at hand. */
  agreesWith(partners: readonly Replica[], outputs: Outputs, unitFrom: number, { kernel, input }: Measure): number[] {
    return partners.flatMap((partner) => {
      const other = this.#kept.get(partner.id);
      if (other === undefined || other.lengths.length !== outputs.lengths.length) return [];
      const [reference, approximate] = partner.backend === 'wasm' ? [other, outputs] : [outputs, other];
      return allAgree(kernel, input, unitFrom, reference, approximate) ? [partner.id] : [];
    });
  }

  /** Keeps the bytes of an answer that others will be compared with. */
  keep(replica: number, outputs: Outputs): void {
    if (this.#kept.has(replica)) return;
    this.#kept.set(replica, { lengths: outputs.lengths, bytes: Uint8Array.from(outputs.bytes) });
    this.#bytes += outputs.bytes.length;
    for (const [oldest] of this.#kept) {
      if (this.#bytes <= keptBytesMax || oldest === replica) break;
      this.forget(oldest);
    }
  }

  forget(replica: number): void {
    const outputs = this.#kept.get(replica);
    if (outputs === undefined) return;
    this.#kept.delete(replica);
    this.#bytes -= outputs.bytes.length;
  }
}

function allAgree(kernel: Kernel, input: Uint8Array, unitFrom: number, reference: Outputs, other: Outputs): boolean {
  if (kernel.agree === undefined) return false;
  const others = eachOutput(other);
  let unit = unitFrom;
  for (const output of eachOutput(reference)) {
    const next = others.next();
    if (next.done === true || !kernel.agree(input, unit++, output, next.value).agree) return false;
  }
  return true;
}
