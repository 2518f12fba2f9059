/** The log in memory, for tests and `npm run dev`: it keeps every promise of the port but outliving the process. */
import { writeFile } from 'node:fs/promises';
import { nodePosition, StoreFault } from './log.ts';
import type { Answer, Concluded, Log, Settled, Snapshot, TickBatch, TickRecord } from './log.ts';
import type { TreePlace } from '../core/merkle.ts';

export class MemoryLog implements Log {
  readonly #ticks: TickRecord[] = [];
  readonly #nodes: Uint8Array[] = [];
  readonly #answers = new Map<number, Answer>();
  /** By job, then chunk. */
  readonly #settled = new Map<string, Map<number, Settled>>();
  readonly #concluded: Concluded[] = [];
  /** Ticks, by account. */
  readonly #credited = new Map<string, number[]>();
  #snapshot: Snapshot | null = null;
  #closed = false;

  async append(batch: TickBatch): Promise<void> {
    this.#check();
    const { tick, record, root } = batch;
    if (tick !== this.#ticks.length + 1)
      throw new StoreFault('io', `tick ${tick} does not follow tick ${this.#ticks.length}`);
    this.#ticks.push({ tick, record, root });
    for (const node of batch.nodes) this.#nodes[nodePosition(node)] = node.hash;
    for (const answer of batch.answers) this.#answers.set(answer.replica, ownBytes(answer));
    for (const { job, chunk, replica } of batch.settled) {
      const chunks = this.#settled.get(job) ?? new Map<number, Settled>();
      this.#settled.set(job, chunks.set(chunk, { job, chunk, replica, tick }));
    }
    for (const { job, from, to } of batch.reopened)
      for (let chunk = from; chunk < to; chunk++) {
        const settled = this.#settled.get(job)?.get(chunk);
        if (settled === undefined) continue;
        this.#drop(settled.replica);
        this.#settled.get(job)?.delete(chunk);
      }
    for (const replica of batch.dropped) this.#drop(replica);
    this.#concluded.push(...batch.concluded);
    for (const account of batch.credited)
      this.#credited.set(account, [...(this.#credited.get(account) ?? []), tick]);
  }

  #drop(replica: number): void {
    const answer = this.#answers.get(replica);
    if (answer !== undefined) this.#answers.set(replica, { ...answer, outputs: null });
  }

  async size(): Promise<number> {
    this.#check();
    return this.#ticks.length;
  }

  async read(after: number, max: number): Promise<TickRecord[]> {
    this.#check();
    return this.#ticks.slice(after, after + max);
  }

  async nodes(places: readonly TreePlace[]): Promise<Uint8Array[]> {
    this.#check();
    return places.map((place) => {
      const hash = this.#nodes[nodePosition(place)];
      if (hash === undefined) throw new Error(`the log's tree has no node ${place.level}/${place.index}`);
      return hash;
    });
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    this.#check();
    this.#snapshot = snapshot;
  }

  async latestSnapshot(): Promise<Snapshot | null> {
    this.#check();
    return this.#snapshot;
  }

  async answer(replica: number): Promise<Answer | null> {
    this.#check();
    return this.#answers.get(replica) ?? null;
  }

  async settled(job: string, chunk: number): Promise<Settled | null> {
    this.#check();
    return this.#settled.get(job)?.get(chunk) ?? null;
  }

  async results(job: string, from: number, max: number): Promise<Answer[]> {
    this.#check();
    const settled = [...(this.#settled.get(job)?.values() ?? [])]
      .filter(({ chunk }) => chunk >= from)
      .sort((a, b) => a.chunk - b.chunk);
    return settled.slice(0, max).map(({ replica }) => this.#answers.get(replica) as Answer);
  }

  async concluded(): Promise<Concluded[]> {
    this.#check();
    return [...this.#concluded];
  }

  async creditedIn(account: string, from: number, max: number): Promise<number[]> {
    this.#check();
    return (this.#credited.get(account) ?? []).filter((tick) => tick >= from).slice(0, max);
  }

  async probe(): Promise<void> {
    this.#check();
  }

  /** The records, one a line. Enough to look at; a memory log is not meant to be restored. */
  async backup(file: string): Promise<void> {
    this.#check();
    await writeFile(file, this.#ticks.map(({ record }) => `${Buffer.from(record).toString()}\n`).join(''), {
      mode: 0o600,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #check(): void {
    if (this.#closed) throw new StoreFault('closed', 'the log is closed');
  }
}

/** Outputs arrive as views into a socket's frame: kept as they are, they would keep the whole frame. */
function ownBytes(answer: Answer): Answer {
  const { outputs } = answer;
  return outputs === null
    ? answer
    : { ...answer, outputs: { lengths: outputs.lengths, bytes: Uint8Array.from(outputs.bytes) } };
}
