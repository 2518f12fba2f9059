/** What only the operator may do, with the token that was shown at first start. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import type { Context } from 'hono';
import * as v from 'valibot';
import { priceMultiplier, termsFor } from '../core/audit.ts';
import { isAudited } from '../core/job.ts';
import { faultOf, priceOf, unitsPerChunkMax } from '../core/offer.ts';
import type { AuditPolicy, Command, JobSpec, Policy } from '../core/state.ts';
import { languageTag, textMax } from '../core/texts.ts';
import { probationMicro, tier1Micro } from '../core/trust.ts';
import { KernelInputError } from '../kernels/kernel.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { check, isMalformed } from '../wire/schema.ts';
import type { Malformed } from '../wire/schema.ts';
import type { QuoteView, RefusalView } from '../wire/views.ts';
import { blobBytesMax } from './blobs.ts';
import { takes } from './certificate.ts';
import { policyOf as policyView } from './checks-view.ts';
import type { House } from './house.ts';
import type { ServedKernel } from './kernels.ts';
import { isToken } from './keys.ts';
import type { Outcome } from './order.ts';

/** A chunk without a wish of its own costs about so much, in microcredits: half a second of the reference core. */
const chunkCostMicro = 500_000;

const requester = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,40}$/));
const words = {
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(textMax.title)),
  cause: v.pipe(v.string(), v.minLength(1), v.maxLength(textMax.cause)),
};
/** How results shall be verified. Terms that are left out follow from the job's size, and of `certify` from what its certificate leaves out. */
const policy = v.variant('kind', [
  v.strictObject({ kind: v.picklist(['none']) }),
  v.strictObject({ kind: v.picklist(['replicate']), quorum: v.optional(v.number(), 2) }),
  v.strictObject({
    kind: v.picklist(['audit', 'adaptive', 'certify']),
    windowUnits: v.optional(v.number()),
    leaverUnits: v.optional(v.number()),
    verifyMilli: v.optional(v.number()),
  }),
]);

const submission = v.strictObject({
  kernel: v.pipe(v.string(), v.maxLength(80)),
  /** Digest of the input, which `POST /api/operator/blobs` took before. */
  input: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  ...words,
  /** Title and cause in further languages. */
  texts: v.optional(
    v.pipe(
      v.record(v.pipe(v.string(), v.regex(languageTag)), v.strictObject(words)),
      v.maxEntries(textMax.languages),
    ),
  ),
  demonstration: v.optional(v.boolean(), false),
  policy: v.optional(policy),
  /** Short for `replicate` by so many people. */
  quorum: v.optional(v.number()),
  unitsPerChunk: v.optional(v.number()),
  weight: v.optional(v.number(), 1),
  requester: v.optional(requester, 'operator'),
});
export type Submission = v.InferInput<typeof submission>;
const funding = v.strictObject({ account: requester, amountMicro: v.number() });
const pausing = v.strictObject({ reason: v.pipe(v.string(), v.maxLength(200)) });

/** What a submission comes to: everything that follows from kernel and input is computed here, not believed. */
export async function specOf(
  house: Pick<House, 'shelf' | 'blobs' | 'inputs'>,
  wish: v.InferOutput<typeof submission>,
): Promise<JobSpec | RefusalView> {
  const served = house.shelf.get(wish.kernel);
  if (served === undefined)
    return {
      refused: 'unknown-kernel',
      detail: `this coordinator serves ${[...house.shelf.keys()].join(', ')}`,
    };
  const input = await house.blobs.get(wish.input);
  if (input === null)
    return { refused: 'unknown-input', detail: 'send the input to /api/operator/blobs first' };
  const { kernel, wasmDigest, wgslDigest, certificateDigest } = served;
  try {
    kernel.checkInput(input);
  } catch (error) {
    if (error instanceof KernelInputError) return { refused: 'bad-input', detail: error.message };
    throw error;
  }
  const uncertifiable = wish.policy?.kind === 'certify' ? certificateFault(served, input) : null;
  if (uncertifiable !== null) return uncertifiable;
  house.inputs.prime(kernel, wish.input, input);
  const unitCostMicro = kernel.unitCostMicro(input);
  const { title, cause, texts, demonstration, weight } = wish;
  return {
    kernel: kernel.id,
    wasm: wasmDigest,
    wgsl: wgslDigest,
    input: wish.input,
    agreement: kernel.agreement,
    units: kernel.units(input),
    unitsPerChunk:
      wish.unitsPerChunk ??
      Math.min(unitsPerChunkMax, Math.max(1, Math.round(chunkCostMicro / unitCostMicro))),
    unitCostMicro,
    policy: policyOf(wish, kernel, input, certificateDigest ?? ''),
    weight,
    title,
    cause,
    ...(texts === undefined ? {} : { texts }),
    demonstration,
  };
}

/** Why nothing vouches for the results of this kernel and input; null where something does. */
function certificateFault({ kernel, certificate }: ServedKernel, input: Uint8Array): RefusalView | null {
  if (certificate === null)
    return {
      refused: 'no-certificate',
      detail: `${kernel.id} brings no certificate, so nothing can vouch for its results one by one: choose audit, adaptive or replicate`,
    };
  return takes(certificate, input)
    ? null
    : { refused: 'bad-input', detail: `the certificate of ${kernel.id} does not take this input` };
}

/** For whom a price is worked out where nobody says: people who stay ten minutes with one core. */
const usualStaySeconds = 600;

/** The policy that was wished for; `audit` where nothing was said. */
function policyOf(
  { policy: wish, quorum }: v.InferOutput<typeof submission>,
  kernel: Kernel,
  input: Uint8Array,
  certificate: string,
): Policy {
  const chosen: v.InferOutput<typeof policy> =
    wish ?? (quorum === undefined ? { kind: 'audit' } : { kind: 'replicate', quorum });
  switch (chosen.kind) {
    case 'none':
      return { kind: 'none', quorum: 1 };
    case 'certify': {
      const certified = { kind: 'certify', quorum: 1, certificate } as const;
      const isWhole = kernel.certifies?.saysNot === null;
      return isWhole && Object.keys(chosen).length === 1
        ? certified
        : { ...certified, ...termsOf(chosen, kernel, input) };
    }
    case 'replicate':
      return { kind: 'replicate', quorum: chosen.quorum };
    case 'audit':
    case 'adaptive':
      return { kind: chosen.kind, quorum: 1, ...termsOf(chosen, kernel, input) };
    default:
      return chosen satisfies never;
  }
}

type Terms = Omit<AuditPolicy, 'kind' | 'quorum'>;

/** Numbers of audits: those that were wished for, and else what follows from the job's size. */
function termsOf(
  wish: { readonly kind: Policy['kind'] } & { readonly [K in keyof Terms]?: number | undefined },
  kernel: Kernel,
  input: Uint8Array,
): Terms {
  const usual = termsFor(kernel.units(input));
  const terms = {
    windowUnits: wish.windowUnits ?? usual.windowUnits,
    leaverUnits: wish.leaverUnits ?? usual.leaverUnits,
  };
  const beside = wish.kind === 'adaptive' ? probationMicro : 0;
  const unitMicro = kernel.unitCostMicro(input);
  const times = priceMultiplier(terms, usualStaySeconds, unitMicro, beside, tier1Micro);
  return { ...terms, verifyMilli: wish.verifyMilli ?? Math.ceil((times - 1) * 1000) };
}

/** For whoever has the token too: `audits`, what anchors elsewhere ask for (`http-audits.ts`), `judging` (`http-objections.ts`) and `sites` (`http-sites.ts`). */
export function operatorRoutes(house: House, audits: Hono, judging: Hono, sites: Hono): Hono {
  const app = new Hono();
  app.use('*', async (c, next) => {
    const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined || !isToken(house.keys, token))
      return c.json({ refused: 'operator-only' } satisfies RefusalView, 401, {
        'WWW-Authenticate': 'Bearer',
      });
    return next();
  });
  app.get('/consents/:account', (c) => c.json(house.side.consentsOf(c.req.param('account'))));
  app.post('/blobs', async (c) => {
    const bytes = await c.req.arrayBuffer();
    if (bytes.byteLength > blobBytesMax)
      return c.json(
        { refused: 'too-large', detail: `a blob has at most ${blobBytesMax} bytes` } satisfies RefusalView,
        413,
      );
    return c.json({ digest: await house.blobs.put(new Uint8Array(bytes)), bytes: bytes.byteLength }, 201);
  });
  app.post('/fund', async (c) => {
    const body = await bodyOf(c, funding);
    if (isMalformed(body)) return malformed(c, body);
    return answer(c, await house.runtime.run({ c: 'fund', ...body }));
  });
  app.post('/jobs/quote', async (c) => {
    const body = await bodyOf(c, submission);
    if (isMalformed(body)) return malformed(c, body);
    const spec = await specOf(house, body);
    if ('refused' in spec) return c.json(spec, 400);
    // What nobody could submit has no price; and to work out the risk of endless copies would take for ever.
    const fault = faultOf(spec);
    if (fault !== null) return answer(c, { refused: 'bad-job', detail: fault });
    const certifies = house.shelf.get(spec.kernel)?.kernel.certifies ?? null;
    return c.json(quoteOf(spec, body, certifies) satisfies QuoteView);
  });
  app.post('/jobs', async (c) => {
    const body = await bodyOf(c, submission);
    if (isMalformed(body)) return malformed(c, body);
    const spec = await specOf(house, body);
    if ('refused' in spec) return c.json(spec, 400);
    const outcome = await house.runtime.run({ c: 'submit', requester: body.requester, spec });
    const submitted =
      outcome.refused === null ? outcome.events.find((event) => event.e === 'submitted') : undefined;
    return submitted === undefined ? answer(c, outcome) : c.json(house.views.job(submitted.job), 201);
  });
  switches(app, house);
  app.route('/audits', audits);
  app.route('/sites', sites);
  app.route('/', judging);
  return app;
}

/** What a job would cost and promise, before it is submitted. */
function quoteOf(
  spec: JobSpec,
  { policy: wish }: v.InferOutput<typeof submission>,
  certifies: QuoteView['certified'],
): QuoteView {
  const isNamed = wish !== undefined && 'verifyMilli' in wish && wish.verifyMilli !== undefined;
  const { units, unitsPerChunk, unitCostMicro } = spec;
  return {
    units,
    unitsPerChunk,
    unitCostMicro,
    priceMicro: priceOf(spec),
    times: priceOf(spec) / (units * unitCostMicro),
    staySeconds: isAudited(spec) && !isNamed ? usualStaySeconds : null,
    policy: policyView(spec.policy, unitCostMicro),
    certified: spec.policy.kind === 'certify' ? certifies : null,
  };
}

/** What ends, pauses, resumes and saves. */
function switches(app: Hono, house: House): void {
  const plain = (path: string, command: (c: Context) => Command): void => {
    app.post(path, async (c) => answer(c, await house.runtime.run(command(c))));
  };
  plain('/jobs/:job/cancel', (c) => ({ c: 'cancel', job: c.req.param('job') ?? '' }));
  plain('/kernels/:kernel/resume', (c) => ({ c: 'resumeKernel', kernel: c.req.param('kernel') ?? '' }));
  app.post('/kernels/:kernel/pause', async (c) => {
    const body = await bodyOf(c, pausing);
    if (isMalformed(body)) return malformed(c, body);
    const kernel = c.req.param('kernel');
    const inUse = [...house.runtime.state.jobs.values()].some((job) => job.spec.kernel === kernel);
    if (!house.shelf.has(kernel) && !inUse)
      return c.json(
        {
          refused: 'unknown-kernel',
          detail: `this coordinator serves ${[...house.shelf.keys()].join(', ')}`,
        } satisfies RefusalView,
        404,
      );
    return answer(
      c,
      await house.runtime.run({ c: 'pauseKernel', kernel: c.req.param('kernel'), reason: body.reason }),
    );
  });
  app.post('/backup', async (c) => {
    // The keys are in it: a folder that only we may open, for as long as it takes.
    const dir = await mkdtemp(join(tmpdir(), 'talka-backup-'));
    const file = join(dir, 'talka.backup');
    await house.backup(file);
    const stream = createReadStream(file);
    stream.once('close', () => void rm(dir, { recursive: true, force: true }));
    return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array>, 200, {
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': 'attachment; filename="talka.backup"',
    });
  });
}

/** The body of a request as a schema has it. */
export async function bodyOf<T extends object>(
  c: Context,
  schema: v.GenericSchema<unknown, T>,
): Promise<T | Malformed> {
  const text = await c.req.text();
  if (text.length > 65_536) return { malformed: 'body: too long' };
  try {
    return check(schema, text === '' ? {} : JSON.parse(text));
  } catch {
    return { malformed: 'body: not JSON' };
  }
}

export function malformed(c: Context, fault: Malformed): Response {
  return c.json({ refused: 'malformed', detail: fault.malformed } satisfies RefusalView, 400);
}

/** What became of a command, as HTTP says it. A full store is 507, any other trouble of the house 503. */
export function answer(c: Context, outcome: Outcome): Response {
  if (outcome.refused === null) return c.json({ done: outcome.events.map(({ e }) => e) });
  const { refused, detail, retryMs } = outcome;
  if (retryMs !== undefined) c.header('Retry-After', String(Math.ceil(retryMs / 1000)));
  const status =
    refused === 'store'
      ? detail === 'full'
        ? 507
        : 503
      : refused === 'busy' || refused === 'stopping'
        ? 503
        : refused === 'internal'
          ? 500
          : refused.startsWith('unknown')
            ? 404
            : 409;
  return c.json({ refused, ...(detail === undefined ? {} : { detail }) } satisfies RefusalView, status);
}
