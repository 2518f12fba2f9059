/**
 * The operator's anchor: a volunteer on this machine that steps in where a chunk has waited and nobody who is
 * connected may join it [LS4]. It asks and commits by the same commands as everybody, and its bytes are always stored.
 */
import { nextLook } from '../core/audit.ts';
import { unitsOf } from '../core/state.ts';
import type { Event, LiveNetworks, LivePeople, Slot } from '../core/state.ts';
import { limits } from '../wire/version.ts';
import { AnchorThreads } from './anchor-threads.ts';
import { isNotAnswered } from './auditor.ts';
import type { Auditor, NotAnswered } from './auditor.ts';
import { rootOfDigests, unitDigest } from './digests.ts';
import type { Inputs } from './inputs.ts';
import type { Shelf } from './kernels.ts';
import type { Outputs } from './log.ts';
import type { Runtime } from './runtime.ts';
import type { Became, TakenAudit } from '../wire/audits.ts';

/** Who waited for this start comes first: their leases before its own. */
const firstAskMs = 250;
/** How often it looks for work when there is none, and after a fault. */
const askMs = 5_000;
const faultMs = 60_000;
/** How often it looks for audits while there are none. */
const auditLookMs = 250;
/** Its claimed speed until it has measured one, in thousandths of the reference core, for a whole core. */
const firstRateMilli = 1_000;

export interface AnchorParts {
  readonly runtime: Runtime;
  readonly auditor: Auditor;
  readonly shelf: Shelf;
  readonly inputs: Inputs;
  readonly live: LivePeople;
  readonly networks: LiveNetworks;
  /** Cores it may take: 0.25 is a quarter of one; above 1 it uses several threads. */
  readonly share: number;
  onNote(note: string, about: Readonly<Record<string, unknown>>): void;
}

type Leased = Extract<Event, { e: 'leased' }>;

export class Anchor {
  readonly device: string;
  readonly #parts: AnchorParts;
  readonly #rates: Record<string, number> = {};
  readonly #threads = new AnchorThreads();
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();
  #wake: (() => void)[] = [];

  constructor(parts: AnchorParts) {
    this.#parts = parts;
    this.device = parts.auditor.device;
  }

  /** Joins, and starts its threads: as many as its share has cores, begun ones counted. */
  async start(): Promise<void> {
    if (this.#parts.share <= 0) return;
    // Refused, by a store that takes no writes perhaps, it tries again with its next ask.
    await this.#parts.auditor.join();
    const threads = Math.ceil(this.#parts.share);
    this.#running = Promise.all(
      Array.from({ length: threads }, (_, slot) => this.#serve(slot, this.#parts.share / threads)),
    );
  }

  /** Gives back what it holds and ends its threads. */
  async stop(): Promise<void> {
    this.#stopped = true;
    // Each takes itself off the list.
    for (const wake of [...this.#wake]) wake();
    await this.#parts.auditor.close();
    await this.#threads.stop();
    await this.#running;
  }

  async #serve(slot: number, share: number): Promise<void> {
    await this.#pause(firstAskMs);
    while (!this.#stopped) {
      const { runtime, live, networks } = this.#parts;
      const outcome = await runtime.run({
        c: 'ask',
        device: this.device,
        slot: this.#slot(slot, share),
        live,
        networks,
      });
      const lease = outcome.refused === null ? outcome.events[0] : undefined;
      if (lease?.e !== 'leased') {
        if (outcome.refused === 'unknown-device') await this.#parts.auditor.join();
        // It is not told when chunks have waited long enough: time is what it waits for.
        runtime.parking.unpark(this.device, slot);
        const until = performance.now() + askMs;
        // Audits fill the time between; new ones are looked for while it has nothing else to do.
        while (!this.#stopped && performance.now() < until)
          if (!(await this.#audit(slot, share))) await this.#pause(auditLookMs);
        continue;
      }
      try {
        for (let i = 0; i < lease.count && !this.#stopped; i++) await this.#compute(lease, i, slot, share);
      } catch (error) {
        if (!this.#stopped) this.#parts.onNote('the anchor failed', { error: String(error) });
        await this.#pause(faultMs);
      } finally {
        const replicas = Array.from({ length: lease.count }, (_, i) => lease.lease + i);
        await runtime.run({
          c: 'giveBack',
          device: this.device,
          replicas,
          why: this.#stopped ? 'closing' : 'failed',
        });
      }
    }
  }

  /** Makes one audit; false when there is none for it to make. A fault of ours is no verdict on anybody. */
  async #audit(slot: number, share: number): Promise<boolean> {
    const { auditor } = this.#parts;
    const [audit] = auditor.take(1).audits;
    if (audit === undefined) return false;
    try {
      const answered = await this.#looked(audit, slot, share);
      if (!isNotAnswered(answered)) return true;
      // Its job may have been cancelled, or its author's work voided, meanwhile.
      if (answered.refused === 'unknown-audit') return true;
      if (!this.#stopped) this.#parts.onNote('an audit failed', { ...audit, ...answered });
    } catch (error) {
      if (!this.#stopped) this.#parts.onNote('an audit failed', { ...audit, error: String(error) });
    }
    return false;
  }

  /** Recomputes the units of an audit, and stops now and then to hear whether one is wrong: then the others are nobody's concern [AU2]. */
  async #looked(audit: TakenAudit, slot: number, share: number): Promise<Became | NotAnswered> {
    const { units } = audit;
    const outputs: Uint8Array[] = [];
    const { auditor } = this.#parts;
    for (;;) {
      const next = units.slice(outputs.length, nextLook(outputs.length, units.length));
      outputs.push(...(await this.#recompute({ ...audit, units: next }, slot, share)));
      if (outputs.length === units.length) return auditor.answer(audit.audit, outputs);
      const found = await auditor.look(audit.audit, outputs);
      if (found !== null) return found;
    }
  }

  async #recompute({ job, kernel, input: inputDigest, units }: TakenAudit, slot: number, share: number) {
    const { shelf, inputs } = this.#parts;
    const served = shelf.get(kernel);
    const input = inputs.of(job)?.input;
    if (served === undefined || input === undefined)
      throw new Error(`the kernel or input of ${job} is not here`);
    const work = { kernel, wasm: served.wasm, input, inputDigest, units, share };
    return (await this.#threads.ask(slot, work)).outputs;
  }

  #slot(slot: number, share: number): Slot {
    const rates: Record<string, number> = {};
    for (const id of this.#parts.shelf.keys())
      rates[id] = Math.max(1, Math.round((this.#rates[id] ?? firstRateMilli) * share));
    return { slot, backend: 'wasm', rates };
  }

  async #compute(lease: Leased, offset: number, slot: number, share: number): Promise<void> {
    const { runtime, shelf, inputs } = this.#parts;
    const replica = lease.lease + offset;
    const job = runtime.state.jobs.get(lease.job);
    if (job === undefined || !runtime.state.replicas.has(replica)) return;
    const { spec } = job;
    const served = shelf.get(spec.kernel);
    const input = inputs.of(job.id)?.input;
    if (served === undefined || input === undefined)
      throw new Error(`the kernel or input of ${job.id} is not here`);
    const [from, to] = unitsOf(spec, lease.chunk + offset);
    const { outputs, busyMs } = await this.#threads.ask(slot, {
      kernel: spec.kernel,
      wasm: served.wasm,
      input,
      inputDigest: spec.input,
      units: Array.from({ length: to - from }, (_, i) => from + i),
      share,
    });
    if (busyMs > 0) this.#rates[spec.kernel] = Math.max(1, ((to - from) * spec.unitCostMicro) / busyMs);
    const width = limits.digestBytes[spec.agreement];
    const digests = Buffer.concat(
      outputs.map((output, i) => unitDigest(job.id, from + i, output).subarray(0, width)),
    );
    const answer: Outputs = {
      lengths: outputs.map((output) => output.length),
      bytes: Buffer.concat(outputs),
    };
    const root = rootOfDigests(job.id, from, digests);
    await runtime.run(
      {
        c: 'commit',
        device: this.device,
        replica,
        root,
        digests: digests.toString('base64url'),
        stored: true,
        agrees: [],
      },
      answer,
    );
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const wakes = this.#wake;
      function done(): void {
        clearTimeout(timer);
        wakes.splice(wakes.indexOf(done), 1);
        resolve();
      }
      wakes.push(done);
    });
  }
}
