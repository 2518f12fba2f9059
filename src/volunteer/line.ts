/**
 * One connection as the volunteer uses it: words go out in order, also while a signature is being made, because the
 * chain that is signed must be that of what was sent before it.
 */
import type { Ask, GiveBack, Hello, ReturnAudits } from '../wire/volunteer.ts';
import { CommitChain } from './chain.ts';
import { restoreHolds } from './identity.ts';
import type { Identity } from './identity.ts';
import type { LoopEvent } from './loop.ts';
import { openSession } from './session.ts';
import type { Session } from './session.ts';

/** The other side may be gone without a word. */
const closeMsMax = 1_000;

export class Line {
  readonly socket: number;
  readonly #session: Session;
  #chain: CommitChain | null = null;
  /** What waits for a signature; null when nothing does. */
  #waiting: (() => void)[] | null = null;
  #signing: Promise<void> = Promise.resolve();
  #closing = false;

  /** `coordinator` hears whose challenge came. */
  constructor(
    socket: number,
    ws: WebSocket,
    tell: (event: LoopEvent) => void,
    coordinator: (key: string) => void,
  ) {
    this.socket = socket;
    this.#session = openSession(ws, {
      word: (word) => {
        if (word.t === 'challenge') coordinator(word.coordinator);
        if (word.t !== 'challenge' || word.restored === undefined) return tell({ on: 'word', socket, word });
        void restoreHolds(word.coordinator, word.restored).then((holds) => {
          const { restored: _, ...rest } = word;
          tell({ on: 'word', socket, word: holds ? word : rest });
        });
      },
      closed: (detail) => tell({ on: 'socketClosed', socket, detail }),
    });
  }

  greet(nonce: string, hello: Hello): void {
    this.#chain = new CommitChain(nonce);
    this.#session.send(hello);
  }

  send(word: Ask | GiveBack | ReturnAudits): void {
    this.#inOrder(() => this.#session.send(word));
  }

  /** The answer to an audit: no commitment of ours, so the chain knows nothing of it. */
  answer(frame: Uint8Array<ArrayBuffer>): void {
    this.#inOrder(() => this.#session.sendFrame(frame));
  }

  commit(
    frame: Uint8Array<ArrayBuffer>,
    parts: readonly { readonly replica: number; readonly root: Uint8Array }[],
  ): void {
    this.#inOrder(() => {
      this.#session.sendFrame(frame);
      for (const { replica, root } of parts) this.#chain?.note(replica, root);
    });
  }

  signChain(identity: Identity): void {
    this.#inOrder(() => {
      const chain = this.#chain;
      if (chain === null) return;
      this.#waiting = [];
      this.#signing = chain.sign(identity).then(
        (word) => this.#goOn(() => this.#session.send(word)),
        () => this.#goOn(() => {}),
      );
    });
  }

  close(): void {
    this.#closing = true;
    this.#inOrder(() => this.#session.close());
  }

  /** Resolves when nothing waits for a signature any more, and a line that was closed has said its last word. */
  async drained(): Promise<void> {
    await this.#signing;
    if (!this.#closing) return;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeMsMax)));
    await Promise.race([this.#session.ended, late]);
    if (timer !== null) clearTimeout(timer);
  }

  #inOrder(act: () => void): void {
    if (this.#waiting === null) act();
    else this.#waiting.push(act);
  }

  #goOn(first: () => void): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    first();
    for (const act of waiting) this.#inOrder(act);
  }
}
