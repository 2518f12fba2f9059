/**
 * Gathers changes of what a device keeps and writes them together: at once where nothing was written lately, else a few times a
 * second, one transaction after the other, since a fast card makes thousands of changes a second.
 */
import { lastOnly } from './changes.ts';
import type { Change, Outbox } from './outbox.ts';

/** They are written at most so often, but for what is seldom and cannot be made again: who we are, what we agreed to, what was seen of a log. */
const gatherMs = 200;
const precious: ReadonlySet<string> = new Set(['identity', 'consent', 'head']);

export class Gathering {
  readonly #now: () => number;
  #outbox: Outbox | null = null;
  #changes: Change[] = [];
  #writing: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #isPrecious = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Where they go; null as long as that is not open. */
  get outbox(): Outbox | null {
    return this.#outbox;
  }

  set outbox(outbox: Outbox | null) {
    this.#outbox = outbox;
    this.#writeSoon();
  }

  note(change: Change): void {
    this.#changes.push(change);
    if ('set' in change && precious.has(change.set) && !this.#isPrecious) {
      this.#isPrecious = true;
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
    }
    this.#writeSoon();
  }

  /** Writes what has gathered, behind what is being written. What was put and dropped in between never touches the disk. */
  write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const outbox = this.#outbox;
    if (outbox === null || this.#changes.length === 0) return;
    const changes = lastOnly(this.#changes);
    this.#changes = [];
    this.#isPrecious = false;
    this.#writtenAt = this.#now();
    // A full disk is no reason to stop: what could not be kept is still in memory, and is sent from there.
    const writing = (this.#writing ?? Promise.resolve()).then(() => outbox.write(changes)).catch(() => {});
    this.#writing = writing;
    void writing.then(() => {
      if (this.#writing === writing) this.#writing = null;
      this.#writeSoon();
    });
  }

  /** Resolves when all of it is written. */
  async settled(): Promise<void> {
    this.write();
    await this.#writing;
  }

  #writeSoon(): void {
    if (this.#outbox === null || this.#changes.length === 0) return;
    if (this.#timer !== null || this.#writing !== null) return;
    // A clock that went back does not keep anything waiting.
    const restMs = Math.min(gatherMs, Math.max(0, this.#writtenAt + gatherMs - this.#now()));
    const waitMs = this.#isPrecious ? 0 : restMs;
    this.#timer = setTimeout(() => this.write(), waitMs);
  }
}
