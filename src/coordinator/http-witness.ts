/** Witnesses over HTTP [LO8]: takes what they countersigned of the log, and shows the latest of each to everybody. */
import type { Context } from 'hono';
import { isMalformed } from '../wire/schema.ts';
import type { CosignaturesView, RefusalView } from '../wire/views.ts';
import type { House } from './house.ts';
import { bodyOf, malformed } from './http-operator.ts';
import { cosignature, Witnesses } from './witnesses.ts';
import type { NotTaken } from './witnesses.ts';

const statusOf = {
  'too-often': 429,
  clock: 400,
  'other-head': 409,
  signature: 401,
  'not-in-log': 409,
  stale: 409,
} as const satisfies Record<NotTaken, number>;

/** The house's witnesses. */
export function witnessesOf(house: House): Witnesses {
  return new Witnesses({
    side: house.side,
    log: house.log,
    coordinator: house.keys.coordinator.publicText,
    head: () => house.runtime.head,
    now: () => house.now(),
  });
}

/** Takes a countersignature that came from an address. */
export async function hearWitness(
  c: Context,
  { metrics }: House,
  witnesses: Witnesses,
  address: string,
): Promise<Response> {
  const body = await bodyOf(c, cosignature);
  if (isMalformed(body)) return malformed(c, body);
  const heard = await witnesses.hear(body, address);
  if (heard.refused === null) return c.json({ witnesses: heard.witnesses });
  const { refused, detail, retryMs } = heard;
  // For the operator: `not-in-log` means that the log was put back or forked, or that the key is used elsewhere.
  metrics.refused(`cosignature ${refused}`);
  if (retryMs !== undefined) c.header('Retry-After', String(Math.ceil(retryMs / 1000)));
  return c.json({ refused, detail } satisfies RefusalView, statusOf[refused]);
}

/** What everybody may see of them. */
export async function cosignaturesOf(
  { runtime, keys, now }: House,
  witnesses: Witnesses,
): Promise<CosignaturesView> {
  return {
    at: now(),
    coordinator: keys.coordinator.publicText,
    head: runtime.head,
    witnesses: await witnesses.summary(),
    cosignatures: await witnesses.list(),
  };
}
