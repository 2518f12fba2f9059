/**
 * The words between volunteer and coordinator. Up: hello, ask, commit, giveBack, returnAudits, chain. Down:
 * challenge, welcome, news, lease, receipt, credit, audit, audited, judged, refusal, bye. Control frames are JSON text,
 * downwards one word or a list of words; a commit is one binary frame (see `frame.ts`), since digests and bytes travel
 * with it, and so is the answer to an audit (see `audits.ts`).
 *
 * Ids: `device` and `account` are 16 characters of base64url, `job` is `j` and a number, `replica`
 * and `lease` are positive integers, digests and roots lower-case hex.
 */
import * as v from 'valibot';
import { byeReasons, limits, protocol, takeMax } from './version.ts';

const id16 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16}$/));
const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const base64url = (bytes: number): v.GenericSchema<string> =>
  v.pipe(v.string(), v.regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}$`)));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const jobId = v.pipe(v.string(), v.regex(/^j[1-9][0-9]{0,14}$/));
const kernelId = v.pipe(v.string(), v.maxLength(80), v.regex(/^[a-z0-9][a-z0-9-]*@[1-9][0-9]*$/));
const siteId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,40}$/));
const words = v.pipe(v.string(), v.maxLength(200));
const backend = v.picklist(['wasm', 'webgpu']);

/** A signed tree head: what the coordinator said about its log, and when. */
export const treeHead = v.strictObject({ size: natural, root: hex32 });

/** What a person agreed to, signed by the device key: `talka/consent/1`. */
export const consentRecord = v.strictObject({
  /** SHA-256 of the text that was shown, whole. */
  text: hex32,
  language: v.pipe(v.string(), v.maxLength(20)),
  /** Where it was shown, e.g. `http://127.0.0.1:8787`. */
  origin: v.pipe(v.string(), v.maxLength(200)),
  site: v.nullable(siteId),
  at: natural,
  signature: base64url(64),
});

export const hello = v.strictObject({
  t: v.literal('hello'),
  protocol: natural,
  publicKey: base64url(32),
  account: id16,
  site: v.nullable(siteId),
  consent: consentRecord,
  /** Replicas it still computes or whose receipt it has not seen. */
  holding: v.pipe(v.array(positive), v.maxLength(limits.holdingMax)),
  /** The last tree head it remembers of this coordinator. */
  head: v.nullable(treeHead),
  cores: v.pipe(natural, v.maxValue(1024)),
  gpu: v.boolean(),
  /** The newest form of receipts that it reads; absent: 2, of which none is made any more. */
  receipts: v.optional(natural),
  /** It knows the word `audit`, and would recompute units of others; absent: it is never given any [AU7]. */
  audits: v.optional(v.literal(true)),
  /** Over `talka/hello/1`: see SPEC, "Signing in". */
  signature: base64url(64),
});

export const slot = v.strictObject({
  slot: v.pipe(natural, v.maxValue(limits.slotsMax - 1)),
  backend,
  rates: v.pipe(
    v.record(kernelId, v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1e9))),
    v.check((r) => Object.keys(r).length <= limits.ratesMax),
  ),
});

export const ask = v.strictObject({
  t: v.literal('ask'),
  slots: v.pipe(v.array(slot), v.minLength(1), v.maxLength(limits.slotsMax)),
});

/** Who writes a frame may bring lengths as they are counted. */
export type Lengths = readonly number[] | Uint32Array;

/** One committed replica, as the head of a commit's frame has it (`frame.ts`). */
export interface CommitItem<L extends Lengths = readonly number[]> {
  readonly replica: number;
  /** Lower-case hex. */
  readonly root: string;
  /** Bytes of digests in the payload. */
  readonly digestBytes: number;
  /** Length of each unit's output, whose bytes follow the digests; null = digests only. */
  readonly lengths: L | null;
}

/** What a commit says before its payload. Committing and asking are one message. */
export interface CommitHeader<L extends Lengths = readonly number[]> {
  readonly t: 'commit';
  readonly items: readonly CommitItem<L>[];
  readonly slots?: readonly SlotWord[];
}

export const giveBack = v.strictObject({
  t: v.literal('giveBack'),
  replicas: v.pipe(v.array(positive), v.maxLength(limits.holdingMax)),
  /** All else that was leased to this device comes back too, heard of or not: it keeps these alone, whose results it will send. */
  keeps: v.optional(v.pipe(v.array(positive), v.maxLength(limits.holdingMax))),
  why: v.picklist(['paused', 'finished', 'closing', 'settings', 'failed', 'trap', 'gpu-lost', 'superseded']),
});

/** Audits that will not be made here: others may be given them at once. */
export const returnAudits = v.strictObject({
  t: v.literal('returnAudits'),
  audits: v.pipe(v.array(positive), v.minLength(1), v.maxLength(takeMax)),
});

/** The signed head of this session's chain of commitments: `talka/chain/1`. */
export const chain = v.strictObject({
  t: v.literal('chain'),
  count: natural,
  hash: hex32,
  signature: base64url(64),
});

export const fromVolunteer = v.variant('t', [hello, ask, giveBack, returnAudits, chain]);

export const jobDescriptor = v.strictObject({
  job: jobId,
  kernel: kernelId,
  wasm: hex32,
  wgsl: v.nullable(hex32),
  input: hex32,
  agreement: v.picklist(['exact', 'tolerance']),
  units: positive,
  unitsPerChunk: positive,
  unitCostMicro: positive,
});

/** The operator's signed word that the log goes on from a backup: `talka/restored/1` [RS2]. */
export const restoredWord = v.strictObject({
  /** Ticks that were kept, and the root of the tree over them. */
  kept: natural,
  root: hex32,
  at: natural,
  signature: base64url(64),
});

export const challenge = v.strictObject({
  t: v.literal('challenge'),
  protocol: natural,
  nonce: base64url(16),
  /** The coordinator's public key (Ed25519). */
  coordinator: base64url(32),
  head: treeHead,
  /** Absent where the log was never restored. */
  restored: v.optional(restoredWord),
});

export const welcome = v.strictObject({
  t: v.literal('welcome'),
  device: id16,
  account: id16,
  jobs: v.array(jobDescriptor),
  /** Of those the device said it holds: still its own to compute or commit. The others are over. */
  holding: v.array(positive),
  /** What the account has, all ticks up to `asOf` counted. */
  creditMicro: v.strictObject({ pending: natural, vested: natural, asOf: natural }),
});

export const news = v.strictObject({ t: v.literal('news'), jobs: v.array(jobDescriptor) });

export const lease = v.strictObject({
  t: v.literal('lease'),
  slot: natural,
  lease: positive,
  job: jobId,
  /** Chunks [chunk, chunk + count); the replica of chunk c is lease + (c − chunk). */
  chunk: natural,
  count: positive,
  /** From now, since clocks differ. */
  deadlineMs: natural,
  /** Whether the outputs' bytes are wanted, or digests are enough. */
  bytes: v.boolean(),
});

/** Chunks of a job, as half-open runs, and all that they had pending. */
const batchRow = v.strictObject({ job: jobId, chunks: v.array(natural), amountMicro: natural });

export const receipt = v.strictObject({
  t: v.literal('receipt'),
  /** Durable: these commitments are in the log. */
  acks: v.array(positive),
  /** Settled and paid: together they are one leaf under the signed root (SPEC, "Receipts"), in this order. */
  settled: v.array(
    v.strictObject({
      replica: positive,
      job: jobId,
      chunk: natural,
      amountMicro: natural,
      final: v.boolean(),
      withAnchor: v.boolean(),
    }),
  ),
  /** The leaf's site, where it is another than that by which this session came. */
  site: v.optional(v.nullable(siteId)),
  /** What vested, what is void, and audits that it made: the leaf's other lists. Absent = empty. */
  vested: v.optional(v.array(batchRow)),
  voided: v.optional(v.array(batchRow)),
  audits: v.optional(
    v.array(v.strictObject({ audit: positive, job: jobId, units: positive, amountMicro: natural })),
  ),
  /** Settled against this answer, or without it. */
  lost: v.array(positive),
  tick: v.nullable(
    v.strictObject({
      tick: positive,
      at: natural,
      size: positive,
      root: hex32,
      receipts: hex32,
      count: natural,
      signature: base64url(64),
      /** Where the leaf lies among the tick's `count`, and its path. */
      index: natural,
      path: v.array(hex32),
    }),
  ),
});

/** What the account has now, where receipts do not say it: work vested, or was void. All ticks up to `asOf` counted. */
export const credit = v.strictObject({
  t: v.literal('credit'),
  creditMicro: v.strictObject({ pending: natural, vested: natural, asOf: natural }),
});

const ascending = (units: number[]): boolean =>
  units.every((unit, i) => i === 0 || unit > (units[i - 1] as number));

/** Recompute these units of a job, with its reference: nothing is said of who claimed what of them [AU2]. */
export const audit = v.strictObject({
  t: v.literal('audit'),
  audit: positive,
  job: jobId,
  /** Numbers in the job, ascending. */
  units: v.pipe(
    v.array(natural),
    v.minLength(1),
    v.maxLength(limits.unitsPerChunkMax),
    v.check(ascending, 'not ascending'),
  ),
  /** From now, since clocks differ. An answer that comes later finds that somebody else was asked. */
  limitMs: natural,
});

/** What became of an audit: it counted and was paid, or it was no longer this device's to make. */
export const audited = v.strictObject({
  t: v.literal('audited'),
  audit: positive,
  became: v.picklist(['counted', 'gone']),
  amountMicro: natural,
});

/** An answer of this device was recomputed and was not right [TR5], [TR6]. */
export const judged = v.strictObject({
  t: v.literal('judged'),
  backend,
  consequence: v.picklist(['suspend', 'ban']),
  job: jobId,
  chunk: natural,
  /** The units, and what they should have been: digests in hex. */
  wrong: v.array(natural),
  right: v.array(v.string()),
  /** When it may begin anew, by the coordinator's clock; null = never. */
  untilMs: v.nullable(natural),
});

export const refusal = v.strictObject({
  t: v.literal('refusal'),
  about: v.picklist(['ask', 'commit', 'giveBack', 'chain', 'audit']),
  slot: v.optional(natural),
  replica: v.optional(positive),
  reason: words,
  detail: v.optional(words),
  /** Ask again no sooner than this. */
  retryMs: v.optional(natural),
});

export const bye = v.strictObject({
  t: v.literal('bye'),
  reason: v.picklist(byeReasons),
  detail: v.optional(words),
  retryMs: v.optional(natural),
});

export const fromCoordinator = v.variant('t', [
  challenge,
  welcome,
  news,
  lease,
  receipt,
  credit,
  audit,
  audited,
  judged,
  refusal,
  bye,
]);

export type ConsentRecord = v.InferOutput<typeof consentRecord>;
export type TreeHead = v.InferOutput<typeof treeHead>;
export type RestoredWord = v.InferOutput<typeof restoredWord>;
export type Hello = v.InferOutput<typeof hello>;
export type SlotWord = v.InferOutput<typeof slot>;
export type Ask = v.InferOutput<typeof ask>;
export type GiveBack = v.InferOutput<typeof giveBack>;
export type ReturnAudits = v.InferOutput<typeof returnAudits>;
export type Chain = v.InferOutput<typeof chain>;
export type FromVolunteer = v.InferOutput<typeof fromVolunteer>;
export type JobDescriptor = v.InferOutput<typeof jobDescriptor>;
export type Challenge = v.InferOutput<typeof challenge>;
export type Welcome = v.InferOutput<typeof welcome>;
export type LeaseWord = v.InferOutput<typeof lease>;
export type ReceiptWord = v.InferOutput<typeof receipt>;
export type CreditWord = v.InferOutput<typeof credit>;
export type AuditWord = v.InferOutput<typeof audit>;
export type AuditedWord = v.InferOutput<typeof audited>;
export type Judged = v.InferOutput<typeof judged>;
export type RefusalWord = v.InferOutput<typeof refusal>;
export type Bye = v.InferOutput<typeof bye>;
export type FromCoordinator = v.InferOutput<typeof fromCoordinator>;

export { protocol };
