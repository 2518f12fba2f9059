/**
 * A witness remembers what a coordinator signed about its log, and countersigns only what extends that: after the model of
 * C2SP's tlog-witness, with this house's signed heads [LO6]. What it says can be sent to the coordinator, which shows
 * everybody the latest of each witness [LO8]; whoever compares what witnesses keep exposes a coordinator that tells
 * different histories [LO7].
 */
import * as v from 'valibot';
import { check, isMalformed } from '../wire/schema.ts';
import type { TreeHead } from '../wire/volunteer.ts';
import { isSigned, logExtends } from './checks.ts';
import { base64urlOf, bytesOfBase64url, bytesOfHex, tagged, u64, verify } from './crypto.ts';
import type { DeviceKey } from './crypto.ts';

const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const key32 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));
const signature64 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/));

/** A head as a coordinator tells it, still to be checked against its key. */
export const signedHead = v.object({
  tick: natural,
  at: natural,
  size: v.pipe(natural, v.minValue(1)),
  root: hex32,
  /** Root of the tick's receipts; '' when there were none. */
  receipts: v.union([hex32, v.literal('')]),
  signature: signature64,
});
/** A head as its coordinator signed it [LO6]. */
export type SignedHead = v.InferOutput<typeof signedHead>;

const witnessed = v.object({
  coordinator: key32,
  head: signedHead,
  /** Who saw it, when, and its countersignature. */
  witness: key32,
  seenAt: natural,
  cosignature: signature64,
});
/** What a witness keeps, and shows to others. */
export type Witnessed = v.InferOutput<typeof witnessed>;

/** Why a coordinator is caught. */
export type Caught =
  /** Its log is shorter than what it signed before. */
  | 'shrunk'
  /** It signed two roots for one size: the two heads alone prove it. */
  | 'two-roots'
  /** It cannot show that the later log begins with the earlier one. */
  | 'not-extending'
  /** It does not know a head that it signed. */
  | 'disowned'
  /** What it tells is not signed by its key. */
  | 'not-signed';

export type Round =
  | { readonly is: 'countersigned'; readonly witnessed: Witnessed; readonly isNews: boolean }
  | { readonly is: 'caught'; readonly why: Caught; readonly told: unknown }
  /** Nothing is proven: it was not reached, or its log is empty. */
  | { readonly is: 'nothing'; readonly detail: string };

/** Asks the coordinator for a path under its address; the answer as JSON. Throws when it was not reached or refused. */
export type AskLog = (path: string) => Promise<unknown>;

/** What a look at a log shows. */
export type Look =
  | { readonly is: 'extends'; readonly head: SignedHead }
  | Exclude<Round, { is: 'countersigned' }>;

/** Asks for the newest signed head and for the proof that its log begins with the one of `before`. */
export async function seeLog(ask: AskLog, coordinator: string, before: TreeHead | null): Promise<Look> {
  let told: unknown;
  try {
    told = await ask('/api/log/head');
  } catch (error) {
    return { is: 'nothing', detail: error instanceof Error ? error.message : String(error) };
  }
  if (typeof told === 'object' && told !== null && 'size' in told && told.size === 0 && before === null)
    return { is: 'nothing', detail: 'the log is empty' };
  const head = check(signedHead, told as object);
  if (isMalformed(head) || !(await isSigned(head, coordinator)))
    return { is: 'caught', why: 'not-signed', told };
  if (before === null) return { is: 'extends', head };
  if (head.size < before.size) return { is: 'caught', why: 'shrunk', told };
  if (head.size === before.size)
    return head.root === before.root ? { is: 'extends', head } : { is: 'caught', why: 'two-roots', told };
  const extended = await extension(ask, before, head);
  if (extended === null) return { is: 'nothing', detail: 'it gave no proof now' };
  return extended ? { is: 'extends', head } : { is: 'caught', why: 'not-extending', told };
}

/** One look at a log. `known`: what was kept of the last one; `coordinator`: its public key. */
export async function lookAtLog(
  ask: AskLog,
  coordinator: string,
  known: Witnessed | null,
  key: DeviceKey,
  now: number,
): Promise<Round> {
  const look = await seeLog(ask, coordinator, known?.head ?? null);
  if (look.is !== 'extends') return look;
  if (known !== null && look.head.size === known.head.size)
    return { is: 'countersigned', witnessed: known, isNews: false };
  return {
    is: 'countersigned',
    witnessed: await countersign(look.head, coordinator, key, now),
    isNews: true,
  };
}

/** Whether the log of `to` begins with that of `from`, by the coordinator's own proof; null when it gave none. */
export async function extension(ask: AskLog, from: TreeHead, to: TreeHead): Promise<boolean | null> {
  try {
    return logExtends(from, to, await ask(`/api/log/consistency?from=${from.size}&to=${to.size}`));
  } catch {
    return null;
  }
}

/** What a witness signs [LO7]. */
function cosignedBytes(coordinator: string, { size, root }: TreeHead, seenAt: number): Uint8Array {
  return tagged('talka/witness/1', u64(seenAt), bytesOfBase64url(coordinator), u64(size), bytesOfHex(root));
}

/** What a witness says of a head that it has looked at; `seenAt` in ms since 1970. */
export async function countersign(
  head: SignedHead,
  coordinator: string,
  key: DeviceKey,
  seenAt: number,
): Promise<Witnessed> {
  const cosignature = base64urlOf(await key.sign(cosignedBytes(coordinator, head, seenAt)));
  return { coordinator, head, witness: base64urlOf(key.publicKey), seenAt, cosignature };
}

/** Reads what a witness kept, and checks both signatures; the reason when it does not hold. */
export async function readWitnessed(value: unknown): Promise<Witnessed | { readonly malformed: string }> {
  if (typeof value !== 'object' || value === null)
    return { malformed: 'this is nothing that a witness keeps' };
  const read = check(witnessed, value);
  if (isMalformed(read)) return read;
  const { coordinator, head, witness, seenAt, cosignature } = read;
  if (!(await isSigned(head, coordinator))) return { malformed: 'the coordinator did not sign this head' };
  const words = cosignedBytes(coordinator, head, seenAt);
  if (!(await verify(bytesOfBase64url(witness), words, bytesOfBase64url(cosignature))))
    return { malformed: 'the witness did not countersign this' };
  return read;
}
