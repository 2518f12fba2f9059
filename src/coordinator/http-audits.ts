/**
 * Audits over HTTP, for the operator's anchors in processes of their own: one is taken without its claim, and its outputs are
 * answered as bytes (`src/wire/audits.ts`). Mounted where the operator's token was asked for already.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { decodeOutputs, outputBytesMax, returning, taking } from '../wire/audits.ts';
import type { Became, Taken } from '../wire/audits.ts';
import { isMalformed } from '../wire/schema.ts';
import { isNotAnswered } from './auditor.ts';
import type { NotAnswered } from './auditor.ts';
import type { House } from './house.ts';
import { answer, bodyOf, malformed } from './http-operator.ts';

/** Two engines in processes of their own may take minutes over a difference: whoever answered is not kept for so long. */
const verdictMs = 15_000;

export function auditRoutes({ auditor, metrics }: Pick<House, 'auditor' | 'metrics'>): Hono {
  const app = new Hono();
  const refuse = (c: Context, { refused, detail, retryMs }: NotAnswered): Response => {
    metrics.refused(`audit ${refused}`);
    if (retryMs !== undefined) c.header('Retry-After', String(Math.ceil(retryMs / 1000)));
    const body = { refused, ...(detail === undefined ? {} : { detail }) };
    if (refused === 'malformed' || refused === 'bad-output') return c.json(body, 400);
    if (refused === 'not-taken' || refused === 'already-answered') return c.json(body, 409);
    if (refused === 'no-verdict') return c.json(body, 503);
    return answer(c, { refused, ...(detail === undefined ? {} : { detail }) });
  };
  app.post('/take', async (c) => {
    const body = await bodyOf(c, taking);
    if (isMalformed(body)) return malformed(c, body);
    const joined = await auditor.join();
    if (joined.refused !== null) return refuse(c, joined);
    return c.json(auditor.take(body.max) satisfies Taken);
  });
  app.post('/return', async (c) => {
    const body = await bodyOf(c, returning);
    if (isMalformed(body)) return malformed(c, body);
    auditor.giveBack(body.audits);
    return c.json({ done: [] });
  });
  app.post('/:audit{[0-9]+}', async (c) => {
    const audit = Number(c.req.param('audit'));
    // Before the body is read: it may be long, and is measured by what is wanted.
    const bounds = auditor.boundsOf(audit);
    if (isNotAnswered(bounds)) return refuse(c, bounds);
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const outputs =
      bytes.length > outputBytesMax(bounds)
        ? { malformed: `outputs: at most ${outputBytesMax(bounds)} bytes` }
        : decodeOutputs(bytes, bounds);
    if (isMalformed(outputs)) return refuse(c, { refused: 'malformed', detail: outputs.malformed });
    const answering = auditor.answer(audit, outputs);
    const waiting = new AbortController();
    const late = sleep(verdictMs, null, { signal: waiting.signal }).catch(() => null);
    const answered = (await Promise.race([answering, late])) ?? ({ became: 'disputed' } as const);
    waiting.abort();
    if (isNotAnswered(answered)) return refuse(c, answered);
    return c.json(answered satisfies Became, answered.became === 'disputed' ? 202 : 200);
  });
  return app;
}
