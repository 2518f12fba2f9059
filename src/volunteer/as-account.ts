/**
 * What is asked of a coordinator in the name of an account, signed by its device key [HT0]: by a page (`src/app/account.ts`) and by the
 * command line (`object-node.ts`).
 */
import type { FindingView, ObjectionWords } from '../wire/objections.ts';
import { base64urlOf, tagged } from './crypto.ts';
import type { Identity } from './identity.ts';

/** What was claimed is looked for in the log, which may take a while. */
const patienceMs = 60_000;
/** The last moment that a date may have, in ms: what a coordinator tells may lie behind it. */
export const dateMsMax = 8.64e15;

/** The coordinator, or this device, does not do what was asked; `refused` says why in one word. */
export class Refused extends Error {
  override name = 'Refused';
  readonly refused: string;
  constructor(refused: string, detail: string | null = null) {
    super(detail ?? refused);
    this.refused = refused;
  }
}

/** Asks the coordinator at `origin`. Throws `Refused` when it does not take it. */
export async function askAs(
  { key, publicKey, account }: Identity,
  origin: string,
  what: string,
  tag: string,
  parts: Readonly<Record<string, string | number>>,
): Promise<unknown> {
  const at = Date.now();
  const words = JSON.stringify([origin, publicKey, account, ...Object.values(parts), at]);
  const signature = base64urlOf(await key.sign(tagged(tag, words)));
  const response = await fetch(`${origin}/api/account/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(patienceMs),
    body: JSON.stringify({ publicKey, account, ...parts, at, signature }),
  });
  const said: unknown = await response.json().catch(() => null);
  if (response.ok) return said;
  throw new Refused(wordIn(said, 'refused') ?? `${response.status}`, wordIn(said, 'detail'));
}

/** What keeps this device away, what its owner objected to, and what was answered; newest first. Throws `Refused`. */
export async function findingsOf(me: Identity, origin: string): Promise<readonly FindingView[]> {
  const said = await askAs(me, origin, 'objections', 'talka/objections/1', {});
  const found = typeof said === 'object' && said !== null && 'found' in said ? said.found : null;
  if (!Array.isArray(found) || !found.every(isFinding)) throw new Refused('unreadable');
  return found;
}

/** Objects to what was found of this device's answer. Says when the coordinator took it, by its clock. Throws `Refused` when it does not. */
export async function objectAs(
  me: Identity,
  origin: string,
  { job, chunk }: Pick<FindingView, 'job' | 'chunk'>,
  text: string,
): Promise<number | null> {
  const said = await askAs(me, origin, 'object', 'talka/object/1', { device: me.device, job, chunk, text });
  const at = typeof said === 'object' && said !== null && 'at' in said ? said.at : null;
  return typeof at === 'number' && Math.abs(at) <= dateMsMax ? at : null;
}

function wordIn(refusal: unknown, name: 'refused' | 'detail'): string | null {
  if (typeof refusal !== 'object' || refusal === null) return null;
  const word: unknown = Reflect.get(refusal, name);
  return typeof word === 'string' ? word : null;
}

function isFinding(value: unknown): value is FindingView {
  if (typeof value !== 'object' || value === null) return false;
  const finding = value as Partial<FindingView>;
  const { device, backend, job, chunk, wrong, claimed, right, untilMs, open, objection } = finding;
  return (
    typeof device === 'string' &&
    (backend === 'wasm' || backend === 'webgpu') &&
    typeof job === 'string' &&
    typeof chunk === 'number' &&
    Array.isArray(wrong) &&
    wrong.every((unit) => typeof unit === 'number') &&
    (claimed === null || areTexts(claimed)) &&
    areTexts(right) &&
    (untilMs === null || (typeof untilMs === 'number' && Math.abs(untilMs) <= dateMsMax)) &&
    typeof open === 'boolean' &&
    (objection === null || isObjection(objection))
  );
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isObjection(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { text, answer, readmitted } = value as Partial<ObjectionWords>;
  return (
    typeof text === 'string' &&
    (answer === null || typeof answer === 'string') &&
    typeof readmitted === 'boolean'
  );
}
