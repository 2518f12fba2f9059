/** Epochs over HTTP [EP6]: the list, each one's files word for word, an account's row with its proof; and sealing, for the operator. */
import { Hono } from 'hono';
import type { Context } from 'hono';
import * as v from 'valibot';
import { isMalformed } from '../wire/schema.ts';
import type { RefusalView } from '../wire/views.ts';
import type { Epochs } from './epochs.ts';
import type { House } from './house.ts';
import { answer, bodyOf, malformed } from './http-operator.ts';

const sealing = v.strictObject({
  /** The period's end, ms since 1970; now, where it is left out. */
  until: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  /** What is shared out, in microcredits; as much as vested, where it is left out. */
  budgetMicro: v.optional(v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,76}$/))),
});

export function epochRoutes({ epochs }: Pick<House, 'epochs'>): Hono {
  const app = new Hono();
  app.get('/', async (c) => c.json(await epochs.view()));
  app.get('/:number', async (c) => {
    const found = await filesOf(c, epochs);
    return found === null ? unknown(c) : text(c, found.json, 'application/json');
  });
  app.get('/:number/rows.csv', async (c) => {
    const found = await filesOf(c, epochs);
    return found === null ? unknown(c) : text(c, found.csv, 'text/csv; charset=utf-8');
  });
  app.get('/:number/rows/:account', async (c) => {
    const claim = await epochs.claim(numberOf(c), c.req.param('account'));
    if (claim !== null) return c.json(claim);
    if ((await filesOf(c, epochs)) === null) return unknown(c);
    const detail = 'this account has no row in this epoch';
    return c.json({ refused: 'unknown-account', detail } satisfies RefusalView, 404);
  });
  return app;
}

/** `POST /api/operator/epochs`. */
export function sealingRoutes({ epochs }: Pick<House, 'epochs'>): Hono {
  const app = new Hono();
  app.post('/', async (c) => {
    const wish = await bodyOf(c, sealing);
    if (isMalformed(wish)) return malformed(c, wish);
    const { until, budgetMicro } = wish;
    const sealed = await epochs.seal({
      until,
      budgetMicro: budgetMicro === undefined ? undefined : BigInt(budgetMicro),
    });
    return 'refused' in sealed ? answer(c, sealed) : c.json(sealed, 201);
  });
  return app;
}

function numberOf(c: Context): number {
  const number = c.req.param('number') ?? '';
  return /^[1-9]\d{0,8}$/.test(number) ? Number(number) : 0;
}

async function filesOf(c: Context, epochs: Epochs): Promise<{ json: string; csv: string } | null> {
  return epochs.files(numberOf(c));
}

function unknown(c: Context): Response {
  return c.json({ refused: 'unknown-epoch', detail: 'no such epoch is sealed' } satisfies RefusalView, 404);
}

/** A sealed epoch never changes, but for a restore of the log, which is said [RS1]: it may be kept, and is asked about again. */
function text(c: Context, body: string, type: string): Response {
  return c.body(body, 200, { 'Content-Type': type, 'Cache-Control': 'no-cache' });
}
