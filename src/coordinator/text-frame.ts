/**
 * A WebSocket text frame in one piece (RFC 6455, section 5.2: final, not masked). `ws` writes head and payload as two
 * pieces, which makes the system call dearer; between its own frames (pings, close) ours are whole, so order holds.
 */

const finalText = 0x81;

/** The frame that carries `text`. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = finalText;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  frame.write(text, head, 'utf8');
  return frame;
}

/** Words, each JSON text already, as one frame carries them. */
export function listOf(words: readonly string[]): string {
  return words.length === 1 ? (words[0] as string) : `[${words.join(',')}]`;
}
