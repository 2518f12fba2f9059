/**
 * What an anchor in a process of its own says to its coordinator: takes audits, fetches kernels and inputs by digest, answers,
 * gives back. Whatever does not succeed is said by value: no answer (`away`), or a refusal.
 */
import type * as v from 'valibot';
import { became, encodeOutputs, taken, takeMax } from '../wire/audits.ts';
import type { Became, Taken, TakenAudit } from '../wire/audits.ts';
import { check, isMalformed } from '../wire/schema.ts';
import { sha256Hex } from './digests.ts';

/** `away`: nobody answers, or not now; worth trying again. */
export interface NotHeard {
  readonly not: 'away' | 'refused';
  readonly status: number;
  /** The refusal's name, or what went wrong on the way. */
  readonly why: string;
}

export function isNotHeard(heard: object): heard is NotHeard {
  return 'not' in heard;
}

const answerMsMax = 30_000;
const farewellMsMax = 3_000;
/** A kernel or an input may be long, and the line slow. */
const blobMsMax = 120_000;
/** Blobs that are kept: kernels and inputs of a few jobs. */
const blobsKeptMax = 8;

export class Auditing {
  readonly #url: string;
  readonly #token: string;
  /** By digest, the one used last at the end. */
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #closing = new AbortController();

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  take(max: number): Promise<Taken | NotHeard> {
    return this.#ask('/take', JSON.stringify({ max }), taken);
  }

  answer({ audit }: TakenAudit, outputs: readonly Uint8Array[]): Promise<Became | NotHeard> {
    return this.#ask(`/${audit}`, encodeOutputs(outputs), became);
  }

  async giveBack(audits: readonly number[]): Promise<void> {
    for (let from = 0; from < audits.length; from += takeMax)
      await this.#post(
        '/return',
        JSON.stringify({ audits: audits.slice(from, from + takeMax) }),
        farewellMsMax,
      );
  }

  /** Whatever is on its way ends unheard. */
  close(): void {
    this.#closing.abort();
  }

  /** The bytes, whole and checked: what came over a line without TLS is what was named all the same. */
  async blob(digest: string): Promise<Uint8Array | NotHeard> {
    const kept = this.#blobs.get(digest);
    const bytes = kept ?? (await this.#fetchBlob(digest));
    if (!(bytes instanceof Uint8Array)) return bytes;
    this.#blobs.delete(digest);
    this.#blobs.set(digest, bytes);
    const [oldest] = this.#blobs.keys();
    if (this.#blobs.size > blobsKeptMax && oldest !== undefined) this.#blobs.delete(oldest);
    return bytes;
  }

  async #fetchBlob(digest: string): Promise<Uint8Array | NotHeard> {
    try {
      const response = await fetch(`${this.#url}/blobs/${digest}`, {
        redirect: 'error',
        signal: this.#within(blobMsMax),
      });
      const { status } = response;
      if (!response.ok) return { not: notOf(status), status, why: `no blob ${digest}` };
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (sha256Hex(bytes) === digest) return bytes;
      return { not: 'away', status, why: `what came for ${digest} is something else` };
    } catch (error) {
      return { not: 'away', status: 0, why: causeOf(error) };
    }
  }

  #within(ms: number): AbortSignal {
    return AbortSignal.any([AbortSignal.timeout(ms), this.#closing.signal]);
  }

  async #ask<T extends object>(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    schema: v.GenericSchema<unknown, T>,
  ): Promise<T | NotHeard> {
    const said = await this.#post(path, body);
    if ('not' in said) return said;
    const word = check(schema, said.body);
    if (!isMalformed(word)) return word;
    // Of another version perhaps, or a proxy's own page.
    return { not: 'refused', status: said.status, why: `its answer is none: ${word.malformed}` };
  }

  async #post(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    msMax = answerMsMax,
  ): Promise<NotHeard | { readonly status: number; readonly body: unknown }> {
    try {
      const response = await fetch(`${this.#url}/api/operator/audits${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/octet-stream' },
        body,
        // The token goes to nobody else.
        redirect: 'error',
        signal: this.#within(msMax),
      });
      const text = await response.text();
      const { status, ok } = response;
      let said: unknown = null;
      try {
        said = JSON.parse(text);
      } catch {
        // A proxy's page, or nothing: the status says what there is to know.
      }
      if (ok) return { status, body: said };
      const refused = (said as { refused?: unknown } | null)?.refused;
      const why = typeof refused === 'string' ? refused : `HTTP ${status}`;
      return { not: notOf(status), status, why };
    } catch (error) {
      return { not: 'away', status: 0, why: causeOf(error) };
    }
  }
}

/** Too much at once, or trouble of its own: worth trying again. */
const notOf = (status: number): NotHeard['not'] => (status === 429 || status >= 500 ? 'away' : 'refused');

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
