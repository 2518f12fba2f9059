/**
 * Compares what witnesses keep, and what coordinators show of it [LO7, LO8]. Everything compared is signed by the coordinator's
 * own key, so whoever has two things that contradict each other needs nobody's word.
 */
import * as v from 'valibot';
import { check, isMalformed } from '../wire/schema.ts';
import type { Malformed } from '../wire/schema.ts';
import { isSigned } from './checks.ts';
import { extension, key32, readWitnessed, seeLog, signedHead } from './witness.ts';
import type { AskLog, Caught, SignedHead } from './witness.ts';

/** What two keepsakes come to. */
export type Comparison =
  | { readonly is: 'agree' }
  /** They do not speak of one coordinator, or one of them is not whole or not signed as it says. */
  | { readonly is: 'incomparable'; readonly detail: string }
  | { readonly is: 'caught'; readonly why: Caught; readonly heads: readonly [SignedHead, SignedHead] }
  /** Sizes differ, and the coordinator gave no proof: ask again, and ask why. */
  | { readonly is: 'unproven' };

/** Heads that one keepsake holds, each signed by the coordinator that it names. */
interface Seen {
  readonly coordinator: string;
  readonly heads: readonly SignedHead[];
}

const list = v.object({
  coordinator: key32,
  head: v.nullable(signedHead),
  cosignatures: v.pipe(v.array(v.looseObject({})), v.maxLength(10_000)),
});

/** Compares two keepsakes: of a witness, or a coordinator's list. `ask` reaches the coordinator, for the proofs between them. */
export async function compareKept(a: unknown, b: unknown, ask: AskLog): Promise<Comparison> {
  const [one, other] = [await readKept(a), await readKept(b)];
  if (isMalformed(one)) return { is: 'incomparable', detail: `the first: ${one.malformed}` };
  if (isMalformed(other)) return { is: 'incomparable', detail: `the second: ${other.malformed}` };
  if (one.coordinator !== other.coordinator)
    return { is: 'incomparable', detail: 'they speak of different coordinators' };
  return compareHeads(one.coordinator, [...one.heads, ...other.heads], ask);
}

/** Reads a keepsake and checks every signature in it. */
async function readKept(value: unknown): Promise<Seen | Malformed> {
  const isList = typeof value === 'object' && value !== null && 'cosignatures' in value;
  if (!isList) {
    const read = await readWitnessed(value);
    return isMalformed(read) ? read : { coordinator: read.coordinator, heads: [read.head] };
  }
  const read = check(list, value);
  if (isMalformed(read)) return read;
  const { coordinator, head, cosignatures } = read;
  const heads: SignedHead[] = [];
  if (head !== null) {
    if (!(await isSigned(head, coordinator)))
      return { malformed: 'the coordinator did not sign its own head' };
    heads.push(head);
  }
  for (const [i, cosigned] of cosignatures.entries()) {
    const one = await readWitnessed({ ...cosigned, coordinator });
    if (isMalformed(one)) return { malformed: `countersignature ${i + 1}: ${one.malformed}` };
    heads.push(one.head);
  }
  return { coordinator, heads };
}

/** From the shortest log to the longest each must begin with the one before; two roots of one size need no proof. */
async function compareHeads(
  coordinator: string,
  heads: readonly SignedHead[],
  ask: AskLog,
): Promise<Comparison> {
  const sorted = heads.toSorted((a, b) => a.size - b.size);
  const pairs: [SignedHead, SignedHead][] = [];
  for (const [i, late] of sorted.entries()) {
    const early = sorted[i - 1];
    if (early === undefined) continue;
    if (early.size < late.size) pairs.push([early, late]);
    else if (early.root !== late.root) return { is: 'caught', why: 'two-roots', heads: [early, late] };
  }
  let isProven = true;
  for (const [early, late] of pairs) {
    const extended = await extension(ask, early, late);
    if (extended === false) return { is: 'caught', why: 'not-extending', heads: [early, late] };
    isProven &&= extended === true;
  }
  if (isProven) return { is: 'agree' };
  // No proof, perhaps because its log is shorter than what it signed.
  const longest = sorted.at(-1);
  const told = await seeLog(ask, coordinator, null);
  if (longest !== undefined && told.is === 'extends' && told.head.size < longest.size)
    return { is: 'caught', why: 'shrunk', heads: [told.head, longest] };
  return { is: 'unproven' };
}
