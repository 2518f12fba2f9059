/**
 * The way back [HT3], [TR8]: who was found wrong sees why and may object, once to each finding; the operator sees it beside the
 * evidence, answers, and may let them in again. Whoever asks is asked for a signature: what people write is theirs and the operator's.
 */
import { Hono } from 'hono';
import type { Context } from 'hono';
import * as v from 'valibot';
import { identityKey } from '../core/state.ts';
import type { Backend, Identity } from '../core/state.ts';
import { suspendedMs } from '../core/trust.ts';
import { objectionTextMax } from '../wire/objections.ts';
import type { FindingView, ObjectionView, ObjectionWords } from '../wire/objections.ts';
import { isMalformed } from '../wire/schema.ts';
import type { RefusalView } from '../wire/views.ts';
import { SharedAllowance } from './allowance.ts';
import { Claims } from './claims.ts';
import { deviceId } from './digests.ts';
import { foundAt, foundIn } from './evidence.ts';
import type { Answered, Evidence } from './evidence.ts';
import type { House } from './house.ts';
import { signed } from './signed-requests.ts';
import type { SignedRequests } from './signed-requests.ts';
import { answer, bodyOf, malformed } from './http-operator.ts';
import { objectionsMax } from './side.ts';
import type { KeptObjection } from './side.ts';

/** Objections of one network that wait at once: a swarm there must not keep all others from being heard. */
export const objectionsPerGroupMax = 20;
/** Objections that an account, and in one answer the operator, is shown. */
const shownMax = 20;
const listedMax = 100;
/** Looking into the log for whoever was found wrong: so often at once and each second, and for one network's. One answer to an account takes up to `1 + shownMax`. */
const looksOfAll = [120, 2] as const;
const looksOfOne = [30, 0.5] as const;

/** Of any script, with line breaks; no control or direction characters, and not nothing. */
const text = v.pipe(
  v.string(),
  v.maxLength(objectionTextMax),
  v.regex(/\S/u),
  v.regex(/^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\n]+$/u),
);
const id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16}$/));
const objection = v.strictObject({
  ...signed,
  device: id,
  job: v.pipe(v.string(), v.regex(/^j\d{1,15}$/)),
  chunk: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  text,
});
const looking = v.strictObject(signed);
const answering = v.strictObject({ answer: text, readmit: v.boolean() });
const backend = v.picklist(['wasm', 'webgpu']);
const readmitting = v.strictObject({
  device: id,
  backend,
  reason: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
});

const backends: readonly Backend[] = ['wasm', 'webgpu'];

function refuse(c: Context, status: 401 | 404 | 409 | 429 | 503, refused: string, detail: string): Response {
  return c.json({ refused, detail } satisfies RefusalView, status);
}

/** What the account does. */
export function objecting(app: Hono, house: House, requests: SignedRequests): void {
  const looks = new SharedAllowance(looksOfAll, looksOfOne);
  const claims = new Claims(house);
  const tooOften = (c: Context): Response => {
    c.header('Retry-After', '1');
    return refuse(c, 429, 'too-often', 'many ask at once; come again in a moment');
  };
  app.post('/object', async (c) => {
    const body = await bodyOf(c, objection);
    if (isMalformed(body)) return malformed(c, body);
    const { account, device, job, chunk } = body;
    const fault = requests.faultOf(c, 'talka/object/1', body, [device, job, chunk, body.text]);
    if (fault !== null) return refuse(c, 401, 'signature', fault);
    const none = (): Response =>
      refuse(c, 404, 'not-disproved', 'no answer of yours to that chunk was found wrong');
    if (house.runtime.state.devices.get(device)?.account !== account) return none();
    if (faultsOf(house, device).length === 0) return none();
    if (!looks.take(askerOf(house, device), 1, house.now())) return tooOften(c);
    const evidence = await evidenceOf(house, { device, job, chunk });
    if (evidence === null) return none();
    const { tick, found } = evidence;
    if (isGroupFull(house, device))
      return refuse(c, 429, 'network-full', `${objectionsPerGroupMax} from this network wait already`);
    const at = house.now();
    const kept = house.side.keepObjection({
      ...{ tick, device, backend: found.backend, job, chunk },
      ...{ account, at, text: body.text },
    });
    if (kept === 'twice')
      return refuse(c, 409, 'already-so', 'you objected to that already; the operator will look at it');
    if (kept === 'full')
      return refuse(c, 503, 'full', `${objectionsMax} wait for the operator; try again another day`);
    requests.done(body);
    return c.json({ at }, 201);
  });
  app.post('/objections', async (c) => {
    const body = await bodyOf(c, looking);
    if (isMalformed(body)) return malformed(c, body);
    const fault = requests.faultOf(c, 'talka/objections/1', body, []);
    if (fault !== null) return refuse(c, 401, 'signature', fault);
    requests.done(body);
    const device = deviceId(Buffer.from(body.publicKey, 'base64url'));
    const kept = house.side.objections(body.account, shownMax);
    if (kept.length === 0 && faultsOf(house, device).length === 0) return c.json({ found: [] });
    const isHeard = looks.take(askerOf(house, device), 1 + kept.length, house.now());
    const found = isHeard
      ? await claims.among(body.account, () => findingsOf(house, claims, device, kept))
      : null;
    return found === null ? tooOften(c) : c.json({ found });
  });
}

/** Whose part of what is looked up a device takes from: its network's, or where that is exempt its account's. */
function askerOf({ runtime }: House, device: string): string {
  const known = runtime.state.devices.get(device);
  return known === undefined || known.group === '' ? `account ${known?.account ?? ''}` : known.group;
}

/** Whether as many objections of a device's network wait as may; the exempt group is none. */
function isGroupFull({ side, runtime }: House, device: string): boolean {
  const { devices } = runtime.state;
  const own = devices.get(device)?.group ?? '';
  if (own === '') return false;
  const theirs = side.devicesObjecting().filter((one) => devices.get(one)?.group === own);
  return theirs.length >= objectionsPerGroupMax;
}

/** The identities of a device whose last fault is remembered. */
function faultsOf({ runtime }: House, device: string): Identity[] {
  return backends.flatMap((one) => {
    const identity = runtime.state.identities.get(identityKey(device, one));
    return identity === undefined || identity.faultAt === null ? [] : [identity];
  });
}

/** What the log says of an answer that was the last to be found wrong of its identity. */
async function evidenceOf(house: House, answered: Answered): Promise<Evidence | null> {
  for (const identity of faultsOf(house, answered.device)) {
    const evidence = await lastFoundOf(house, identity);
    if (evidence?.found.job === answered.job && evidence.found.chunk === answered.chunk) return evidence;
  }
  return null;
}

async function lastFoundOf({ runtime, log }: House, identity: Identity): Promise<Evidence | null> {
  const { faultAt, device, backend: own } = identity;
  return faultAt === null ? null : foundAt(log, runtime.head?.size ?? 0, faultAt, device, own);
}

/** What a device's owner is told: what keeps it away now, and whatever was objected to, newest first. */
async function findingsOf(
  house: House,
  claims: Claims,
  device: string,
  kept: readonly KeptObjection[],
): Promise<FindingView[]> {
  const found: FindingView[] = [];
  const objected = new Set<string>();
  const add = async (evidence: Evidence, one: KeptObjection | null): Promise<void> => {
    found.push(findingOf(house, evidence, await claims.of(evidence, one), one));
  };
  for (const one of kept) {
    const evidence = await foundIn(house.log, one.tick, one);
    if (one.device === device) objected.add(`${one.tick}/${one.backend}`);
    if (evidence !== null) await add(evidence, one);
  }
  for (const identity of faultsOf(house, device)) {
    if (identity.phase === 'open') continue;
    const evidence = await lastFoundOf(house, identity);
    if (evidence !== null && !objected.has(`${evidence.tick}/${identity.backend}`)) await add(evidence, null);
  }
  return found.sort((a, b) => b.at - a.at);
}

function findingOf(
  { runtime }: House,
  { at, found }: Evidence,
  claimed: readonly string[] | null,
  objected: KeptObjection | null,
): FindingView {
  const { device, backend: own, consequence, awayMs, job, chunk, wrong, right } = found;
  return {
    ...{ device, backend: own, consequence, job, chunk, wrong, claimed, right, at },
    untilMs: consequence === 'ban' ? null : at + (awayMs ?? suspendedMs),
    open: runtime.state.identities.get(identityKey(device, own))?.phase === 'open',
    objection: objected === null ? null : wordsOf(objected),
  };
}

function wordsOf({ at, text: said, answer: reply, answeredAt, readmitted }: KeptObjection): ObjectionWords {
  return { at, text: said, answer: reply, answeredAt, readmitted };
}

/** What the operator does. */
export function judgingRoutes(house: House): Hono {
  const app = new Hono();
  const claims = new Claims(house);
  app.get('/objections', async (c) => {
    const wish = c.req.query('limit') ?? '';
    const max = /^\d{1,3}$/.test(wish) ? Math.min(listedMax, Math.max(1, Number(wish))) : shownMax;
    const objections: ObjectionView[] = [];
    for (const one of house.side.objections(null, max)) objections.push(await viewOf(house, claims, one));
    return c.json({ waiting: house.side.objectionsWaiting(), objections });
  });
  app.post('/objections/:id', async (c) => {
    const body = await bodyOf(c, answering);
    if (isMalformed(body)) return malformed(c, body);
    const number = c.req.param('id');
    const one = /^\d{1,15}$/.test(number) ? house.side.objection(Number(number)) : null;
    if (one === null) return refuse(c, 404, 'unknown-objection', 'there is none of that number');
    if (body.readmit) {
      const { device, backend: own } = one;
      // The log keeps the number only: what people write to one another can be erased.
      const reason = `objection ${one.id}`;
      const outcome = await house.runtime.run({ c: 'readmit', device, backend: own, reason });
      if (outcome.refused !== null && outcome.refused !== 'already-so') return answer(c, outcome);
    }
    house.side.answerObjection(one.id, body.answer, house.now(), body.readmit);
    return c.json(await viewOf(house, claims, house.side.objection(one.id) ?? one));
  });
  app.post('/readmit', async (c) => {
    const body = await bodyOf(c, readmitting);
    if (isMalformed(body)) return malformed(c, body);
    return answer(c, await house.runtime.run({ c: 'readmit', ...body }));
  });
  return app;
}

async function viewOf(house: House, claims: Claims, one: KeptObjection): Promise<ObjectionView> {
  const { id: number, account, device, backend: own, job, chunk, tick } = one;
  const evidence = await foundIn(house.log, tick, one);
  return {
    ...wordsOf(one),
    ...{ id: number, account, device, backend: own, job, chunk },
    phase: house.runtime.state.identities.get(identityKey(device, own))?.phase ?? 'open',
    evidence:
      evidence === null
        ? null
        : {
            ...{ tick, at: evidence.at, consequence: evidence.found.consequence },
            ...{ wrong: evidence.found.wrong, right: evidence.found.right },
            claimed: await claims.of(evidence, one),
          },
  };
}
