/**
 * What an account may ask for itself, signed by the device key that founded it: a name, to be forgotten, or to be heard
 * (`http-objections.ts`).
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
import type { House } from './house.ts';
import { objecting } from './http-objections.ts';
import { bodyOf, malformed } from './http-operator.ts';
import { revokeRoute } from './http-sites.ts';
import { signed, SignedRequests } from './signed-requests.ts';

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
  const requests = new SignedRequests(house);
  const refuse = (c: Context, status: 401 | 404, refused: string, detail: string): Response =>
    c.json({ refused, detail } satisfies RefusalView, status);

  app.post('/name', async (c) => {
    const body = await bodyOf(c, naming);
    if (isMalformed(body)) return malformed(c, body);
    const fault = requests.faultOf(c, 'talka/name/1', body, [body.name]);
    if (fault !== null) return refuse(c, 401, 'signature', fault);
    if (!house.runtime.state.accounts.has(body.account))
      return refuse(c, 404, 'unknown-account', 'this account has not joined here');
    house.side.setName(body.account, body.name);
    requests.done(body);
    return c.json({ account: body.account, name: body.name });
  });
  app.post('/erase', async (c) => {
    const body = await bodyOf(c, erasing);
    if (isMalformed(body)) return malformed(c, body);
    const fault = requests.faultOf(c, 'talka/erase/1', body, []);
    if (fault !== null) return refuse(c, 401, 'signature', fault);
    const { devices, groups } = traces(house, body.account);
    house.side.erase(body.account, devices, groups);
    requests.done(body);
    return c.json({ account: body.account, erased: true });
  });
  revokeRoute(app, house, requests);
  objecting(app, house, requests);
  return app;
}

/** The devices of an account, and the prefixes and networks that nobody else is in. */
function traces(house: House, account: string): { devices: string[]; groups: string[] } {
  const devices: string[] = [];
  const own = new Set<string>();
  const others = new Set<string>();
  for (const [id, device] of house.runtime.state.devices) {
    if (device.account === account) devices.push(id);
    (device.account === account ? own : others).add(device.group).add(device.network);
  }
  return { devices, groups: [...own].filter((group) => /^n\d+$/.test(group) && !others.has(group)) };
}
