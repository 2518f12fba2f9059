/** Requests that an account signs with the device key that founded it [HT0]: good for a minute, for this coordinator, and once. */
import type { Context } from 'hono';
import * as v from 'valibot';
import { verifyText } from './auth.ts';
import { accountId } from './digests.ts';
import type { House } from './house.ts';

/** A signed request is good for so long, and once. */
const freshMs = 60_000;

/** What every signed request carries. */
export const signed = {
  publicKey: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  account: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16}$/)),
  at: v.pipe(v.number(), v.safeInteger()),
  signature: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/)),
};
/** Looks at what an account asks for: is it signed by the key that founded it, now, for this coordinator, and for the first time? */
export class SignedRequests {
  readonly #house: House;
  readonly #seen = new Map<string, number>();

  constructor(house: House) {
    this.#house = house;
  }

  /** Why a signed request is not taken; null when it is. `parts`: what is signed between account and time. */
  faultOf(
    c: Context,
    tag: string,
    request: { publicKey: string; account: string; at: number; signature: string },
    parts: readonly (string | number)[],
  ): string | null {
    const house = this.#house;
    const seen = this.#seen;
    const { publicKey, account, at, signature } = request;
    if (accountId(Buffer.from(publicKey, 'base64url')) !== account)
      return 'this device key did not found that account';
    if (Math.abs(house.now() - at) > freshMs) return 'signed too long ago, or by a clock that is wrong';
    for (const [old, when] of seen) if (house.now() - when > 2 * freshMs) seen.delete(old);
    if (seen.has(signature)) return 'this request was used already';
    const origin =
      c.req.header('origin') ?? house.origins.originOfHost(c.req.header('host') ?? new URL(c.req.url).host);
    const text = JSON.stringify([origin, publicKey, account, ...parts, at]);
    if (!verifyText(publicKey, Buffer.from(`${tag}\0${text}`), signature))
      return 'the request is not signed by its key';
    return null;
  }

  /** Once done, a request is used up; one that the store refused may come again as it is. */
  done({ signature }: { signature: string }): void {
    this.#seen.set(signature, this.#house.now());
  }
}
