/** Compresses what is sent again and again, once for each encoding, and keeps the result within a bound. */
import { promisify } from 'node:util';
import { brotliCompress, brotliCompressSync, constants, gzip, gzipSync } from 'node:zlib';

export type Encoding = 'br' | 'gzip';

/** Shorter bytes travel in one packet anyway. */
const bytesMin = 512;
/** Longer bytes would hold memory and a thread for too long. */
const bytesMax = 8 * 1024 * 1024;
/** All that is kept together; what was packed longest ago goes first. */
const keptBytesMax = 32 * 1024 * 1024;
/** What shrinks less is not worth being unpacked. */
const worthwhile = 0.95;

const packBrotli = promisify(brotliCompress);
const packGzip = promisify(gzip);

/** The best encoding that a browser says it takes; null for none. One that is named with q=0 is none. */
export function encodingOf(accepted: string | undefined): Encoding | null {
  const names = new Set(
    (accepted ?? '')
      .split(',')
      .map((part) => part.trim().split(/\s*;\s*/))
      .filter(([, quality]) => !/^q=0(\.0*)?$/.test(quality ?? ''))
      .map(([name]) => name),
  );
  return names.has('br') ? 'br' : names.has('gzip') ? 'gzip' : null;
}

/** Packed bytes by the name of what they are made from. */
export class Packed {
  readonly #kept = new Map<string, Promise<Uint8Array<ArrayBuffer> | null>>();
  #keptBytes = 0;

  /** `bytes` packed; null where that does not pay. Whoever asks with the same `name` means the same bytes. */
  of(name: string, bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array<ArrayBuffer> | null> {
    if (bytes.length < bytesMin || bytes.length > bytesMax) return Promise.resolve(null);
    const key = `${encoding} ${name}`;
    const before = this.#kept.get(key);
    if (before !== undefined) return before;
    const packing = pack(bytes, encoding).then((packed) => {
      if (packed.length > bytes.length * worthwhile) return null;
      this.#keptBytes += packed.length;
      void this.#bound();
      return packed;
    });
    this.#kept.set(key, packing);
    packing.catch(() => this.#kept.delete(key));
    return packing;
  }

  async #bound(): Promise<void> {
    for (const [key, packing] of this.#kept) {
      if (this.#keptBytes <= keptBytesMax) return;
      this.#kept.delete(key);
      this.#keptBytes -= (await packing)?.length ?? 0;
    }
  }
}

/** Packs at once what is new each time: quickly rather than well. */
export function packNow(bytes: Uint8Array, encoding: Encoding): Uint8Array {
  return encoding === 'br'
    ? brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
    : gzipSync(bytes, { level: 1 });
}

async function pack(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const packed =
    encoding === 'br'
      ? packBrotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
      : packGzip(bytes, { level: 9 });
  return Uint8Array.from(await packed);
}
