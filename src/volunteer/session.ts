/** One connection to the coordinator: a WebSocket whose words are decoded, and whose end is told once. */
import { isMalformed, parseAll } from '../wire/schema.ts';
import { fromCoordinator } from '../wire/volunteer.ts';
import type { FromCoordinator, FromVolunteer, Hello } from '../wire/volunteer.ts';
import { protocol } from '../wire/version.ts';

/** What a session tells. After `closed` nothing more comes. */
export interface SessionListener {
  word(word: FromCoordinator): void;
  closed(detail: string): void;
}

export interface Session {
  send(word: FromVolunteer | Hello): void;
  sendFrame(frame: Uint8Array<ArrayBuffer>): void;
  close(): void;
  /** Resolves when the socket is closed, and so everything that was sent has gone. */
  readonly ended: Promise<void>;
}

/** The longest word that is read: a welcome may list many jobs, a receipt many paths. */
const wordLengthMax = 8 * 1024 * 1024;

/** Listens on a fresh WebSocket. */
export function openSession(socket: WebSocket, listener: SessionListener): Session {
  let over = false;
  const end = (detail: string): void => {
    if (over) return;
    over = true;
    socket.close();
    listener.closed(detail);
  };
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (over) return;
    const words = typeof data === 'string' ? decode(data) : { malformed: 'message: not text' };
    if (isMalformed(words)) return end(words.malformed);
    for (const word of words) if (!over) listener.word(word);
  });
  socket.addEventListener('close', ({ code, reason }) => end(reason === '' ? `closed (${code})` : reason));
  socket.addEventListener('error', () => end('the connection failed'));
  const ended = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()));
  const ready = (): boolean => !over && socket.readyState === WebSocket.OPEN;
  return {
    send: (word) => {
      if (ready()) socket.send(JSON.stringify(word));
    },
    sendFrame: (frame) => {
      if (ready()) socket.send(frame);
    },
    close: () => {
      over = true;
      socket.close();
    },
    ended,
  };
}

/** A frame's words. A coordinator of another protocol is recognised before its words are taken to be malformed. */
function decode(text: string): FromCoordinator[] | { malformed: string } {
  const words = parseAll(fromCoordinator, text, wordLengthMax);
  const first = isMalformed(words) ? undefined : words[0];
  const spoken = isMalformed(words) ? protocolIn(text) : first?.t === 'challenge' ? first.protocol : null;
  return spoken !== null && spoken !== protocol ? [{ t: 'bye', reason: 'protocol' }] : words;
}

/** The protocol that a challenge names, however else it may have changed. */
function protocolIn(text: string): number | null {
  try {
    const value: unknown = JSON.parse(text);
    if (
      typeof value !== 'object' ||
      value === null ||
      !('t' in value) ||
      value.t !== 'challenge' ||
      !('protocol' in value)
    )
      return null;
    return typeof value.protocol === 'number' ? value.protocol : null;
  } catch {
    return null;
  }
}
