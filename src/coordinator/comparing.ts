/**
 * Finds which answers of a chunk agree, under `tolerance`: a GPU's bytes are held against a WASM reference's, unit
 * by unit, by the kernel's own measure. Keeps the bytes of open chunks at hand, and says which it must be given first.
 */
import { unitsOf } from '../core/state.ts';
import type { Command, Event, Replica, State } from '../core/state.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { eachOutput } from './log.ts';
import type { Log, Outputs } from './log.ts';
import type { Order } from './order.ts';

/** Bytes of open chunks that are kept in memory; older ones are read again from the log. */
const keptBytesMax = 128 * 1024 * 1024;

type Commit = Extract<Command, { c: 'commit' }>;

export type Compared =
  /** The command with what agrees filled in. */
  | { readonly is: 'ready'; readonly command: Commit }
  /** Bytes of these replicas must be kept first. */
  | { readonly is: 'missing'; readonly replicas: readonly number[] }
  | { readonly is: 'impossible' };

/** What a tolerance job's answers are compared with. */
export interface Measure {
  readonly kernel: Kernel;
  readonly input: Uint8Array;
}

export class Comparing {
  readonly #kept = new Map<number, Outputs>();
  #bytes = 0;

  /**
   * Finds out who agrees with a commitment, just before it is decided: then every answer that came before it is known.
   * `measureOf` gives kernel and input of a job; null when they are not here.
   */
  compare(
    state: State,
    command: Commit,
    outputs: Outputs | null,
    measureOf: (job: string) => Measure | null,
  ): Compared {
    const lease = state.leases.get(state.replicas.get(command.replica) ?? -1);
    const job = lease === undefined ? undefined : state.jobs.get(lease.job);
    if (lease === undefined || job === undefined || job.spec.agreement === 'exact' || outputs === null)
      return { is: 'ready', command };
    const index = lease.chunk + (command.replica - lease.id);
    const partners =
      job.chunks
        .get(index)
        ?.replicas.filter(
          ({ phase, backend }) => phase.is === 'committed' && phase.stored && backend !== lease.backend,
        ) ?? [];
    const missing = partners.flatMap(({ id }) => (this.#kept.has(id) ? [] : [id]));
    if (missing.length > 0) return { is: 'missing', replicas: missing };
    const measure = measureOf(job.id);
    if (measure === null) return { is: 'impossible' };
    const [unitFrom] = unitsOf(job.spec, index);
    return {
      is: 'ready',
      command: { ...command, agrees: this.#agreesWith(partners, outputs, unitFrom, measure) },
    };
  }

  /** Whether bytes that an order must be compared with are not at hand. */
  misses(state: State, { command, outputs }: Pick<Order, 'command' | 'outputs'>): boolean {
    return command.c === 'commit' && this.compare(state, command, outputs, () => null).is === 'missing';
  }

  /**
   * The store failed, and the state is folded anew: an answer that was decided and not kept is none, and its device may send another
   * under the same number.
   */
  reset(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }

  /** Sees what a commitment led to: bytes of an open chunk are kept for the answers to come, those of a settled one not. */
  see(state: State, events: readonly Event[], outputs: Outputs | null): void {
    // Nothing is kept of an exact kernel's answers.
    if (events.length > 1 && this.#kept.size === 0) return;
    for (const event of events) {
      if (
        event.e === 'committed' &&
        outputs !== null &&
        events.length === 1 &&
        state.jobs.get(event.job)?.spec.agreement === 'tolerance'
      )
        this.keep(event.replica, outputs);
      if (event.e === 'accepted')
        for (const replica of [...event.losers, ...event.winners.map((winner) => winner.replica)])
          this.#forget(replica);
    }
  }

  #agreesWith(
    partners: readonly Replica[],
    outputs: Outputs,
    unitFrom: number,
    { kernel, input }: Measure,
  ): number[] {
    return partners.flatMap((partner) => {
      const other = this.#kept.get(partner.id);
      if (other === undefined || other.lengths.length !== outputs.lengths.length) return [];
      const [reference, approximate] = partner.backend === 'wasm' ? [other, outputs] : [outputs, other];
      return allAgree(kernel, input, unitFrom, reference, approximate) ? [partner.id] : [];
    });
  }

  /** Reads the bytes of answers from the log; false when those of one are not there. */
  async keepFrom(log: Pick<Log, 'answer'>, replicas: readonly number[]): Promise<boolean> {
    for (const replica of replicas) {
      const outputs = (await log.answer(replica))?.outputs;
      if (outputs === null || outputs === undefined) return false;
      this.keep(replica, outputs);
    }
    return true;
  }

  /** Keeps the bytes of an answer that others will be compared with. */
  keep(replica: number, outputs: Outputs): void {
    if (this.#kept.has(replica)) return;
    this.#kept.set(replica, { lengths: outputs.lengths, bytes: Uint8Array.from(outputs.bytes) });
    this.#bytes += outputs.bytes.length;
    for (const [oldest] of this.#kept) {
      if (this.#bytes <= keptBytesMax || oldest === replica) break;
      this.#forget(oldest);
    }
  }

  #forget(replica: number): void {
    const outputs = this.#kept.get(replica);
    if (outputs === undefined) return;
    this.#kept.delete(replica);
    this.#bytes -= outputs.bytes.length;
  }
}

function allAgree(
  kernel: Kernel,
  input: Uint8Array,
  unitFrom: number,
  reference: Outputs,
  other: Outputs,
): boolean {
  if (kernel.agree === undefined) return false;
  const others = eachOutput(other);
  let unit = unitFrom;
  for (const output of eachOutput(reference)) {
    const next = others.next();
    if (next.done === true || !kernel.agree(input, unit++, output, next.value).agree) return false;
  }
  return true;
}
