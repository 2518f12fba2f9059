/**
 * What an account may ask for itself, signed by the device key that founded it: a name, or to be forgotten.
 *
 * Signed are `utf8("talka/name/1") ‖ 0x00 ‖ utf8(JSON.stringify([origin, publicKey, account, name, at]))` and
 * `utf8("talka/erase/1") ‖ 0x00 ‖ utf8(JSON.stringify([origin, publicKey, account, at]))`; origin as in [WR1].
 */
import { Hono } from 'hono';
import type { Context } from 'hono';
import * as v from 'valibot';
import { isMalformed } from '../wire/schema.ts';
import type { RefusalView } from '../wire/views.ts';
import { limits } from '../wire/version.ts';
import { verifyText } from './auth.ts';
import { accountId } from './digests.ts';
import type { House } from './house.ts';
import { bodyOf, malformed } from './http-operator.ts';

/** A signed request is good for so long, and once. */
const freshMs = 60_000;

const signed = {
  publicKey: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  account: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16}$/)),
  at: v.pipe(v.number(), v.safeInteger()),
  signature: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/)),
};
/** Letters, figures, marks and simple punctuation of any script; no control or direction characters, nothing but spaces. */
const name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1),
  v.maxLength(limits.nameLengthMax),
  v.regex(/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u),
);
const naming = v.strictObject({ ...signed, name });
const erasing = v.strictObject(signed);

export function accountRoutes(house: House): Hono {
  const app = new Hono();
  const seen = new Map<string, number>();
  const refuse = (c: Context, status: 401 | 404, refused: string, detail: string): Response =>
    c.json({ refused, detail } satisfies RefusalView, status);

  /** Why a signed request is not taken; null when it is. */
  const faultOf = (
    c: Context,
    tag: string,
    request: { publicKey: string; account: string; at: number; signature: string },
    parts: readonly string[],
  ): string | null => {
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
  };
  /** Once done, a request is used up; one that the store refused may come again as it is. */
  const done = ({ signature }: { signature: string }): void => void seen.set(signature, house.now());

  app.post('/name', async (c) => {
    const body = await bodyOf(c, naming);
    if (isMalformed(body)) return malformed(c, body);
    const fault = faultOf(c, 'talka/name/1', body, [body.name]);
    if (fault !== null) return refuse(c, 401, 'signature', fault);
    if (!house.runtime.state.accounts.has(body.account))
      return refuse(c, 404, 'unknown-account', 'this account has not joined here');
    house.side.setName(body.account, body.name);
    done(body);
    return c.json({ account: body.account, name: body.name });
  });
  app.post('/erase', async (c) => {
    const body = await bodyOf(c, erasing);
    if (isMalformed(body)) return malformed(c, body);
    const fault = faultOf(c, 'talka/erase/1', body, []);
    if (fault !== null) return refuse(c, 401, 'signature', fault);
    const { devices, groups } = traces(house, body.account);
    house.side.erase(body.account, devices, groups);
    done(body);
    return c.json({ account: body.account, erased: true });
  });
  return app;
}

/** The devices of an account, and the network groups that nobody else is in. */
function traces(house: House, account: string): { devices: string[]; groups: string[] } {
  const devices: string[] = [];
  const own = new Set<string>();
  const others = new Set<string>();
  for (const [id, device] of house.runtime.state.devices) {
    if (device.account === account) devices.push(id);
    (device.account === account ? own : others).add(device.group);
  }
  return { devices, groups: [...own].filter((group) => /^n\d+$/.test(group) && !others.has(group)) };
}
