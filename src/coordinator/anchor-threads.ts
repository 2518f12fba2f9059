/** The threads of an anchor, by slot: started when first asked, replaced when they died. Beside a coordinator or in a process of their own. */
import { Worker } from 'node:worker_threads';
import type { AnchorAnswer, AnchorWork } from './anchor-thread.ts';

export class AnchorThreads {
  readonly #threads = new Map<number, Worker>();
  #stopped = false;

  /** Lets a slot's thread compute, one thing at a time. Throws what it failed with. */
  ask(slot: number, work: AnchorWork): Promise<Exclude<AnchorAnswer, { failed: string }>> {
    // Whoever was still on the way to ask must not start a thread that nobody ends.
    if (this.#stopped) return Promise.reject(new Error('the anchor was ended'));
    const thread = this.#threads.get(slot) ?? new Worker(new URL('./anchor-thread.ts', import.meta.url));
    this.#threads.set(slot, thread);
    return new Promise((resolve, reject) => {
      // Each listener is taken off by name: taking all off would take the thread's own with them, and silence it.
      const leave = (): void => void thread.off('error', end).off('exit', end).off('message', hear);
      const end = (error: unknown): void => {
        leave();
        this.#threads.delete(slot);
        reject(error instanceof Error ? error : new Error(`the anchor's thread ended (${String(error)})`));
      };
      const hear = (answer: AnchorAnswer): void => {
        leave();
        if ('failed' in answer) reject(new Error(answer.failed));
        else resolve(answer);
      };
      thread.on('error', end).on('exit', end).on('message', hear);
      thread.postMessage(work);
    });
  }

  /** Ends them, for good; whatever is being computed fails. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#threads.values()].map((thread) => thread.terminate()));
  }
}
