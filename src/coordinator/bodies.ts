/** Bodies of requests that may not be longer than so: refused by the length they announce, or counted while they come where they announce none. */
import type { Context, MiddlewareHandler } from 'hono';

/** Lets requests with bodies of at most so many bytes through; `tooLarge` answers the others. */
export function bodyAtMost(bytesMax: number, tooLarge: (c: Context) => Response): MiddlewareHandler {
  return async (c, next) => {
    const announced = c.req.header('content-length');
    if (announced !== undefined && c.req.header('transfer-encoding') === undefined)
      return Number(announced) > bytesMax ? tooLarge(c) : next();
    if (c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.raw.body === null) return next();
    const body = await gathered(c.req.raw.body, bytesMax);
    if (body === null) return tooLarge(c);
    // It has come and cannot be read twice: whoever asks for it is given this.
    Object.assign(c.req.bodyCache, { arrayBuffer: Promise.resolve(body) });
    return next();
  };
}

/** All that comes; null where it is too much, and then the rest is not read. */
async function gathered(stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<ArrayBuffer | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > bytesMax) return null;
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole.buffer;
}
