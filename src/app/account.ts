/**
 * What a page does in the name of this browser's account: finding it, naming it, objecting where it was found wrong, having the
 * coordinator erase what it knows of it. Signed by the device key (docs/SPEC.md, section 8); loaded when first asked for.
 */
import type { FindingView, ObjectionWords } from '../wire/objections.ts';
import { base64urlOf, tagged } from '../volunteer/crypto.ts';
import { openIdentity } from '../volunteer/identity.ts';
import type { Identity } from '../volunteer/identity.ts';
import { openOutbox } from '../volunteer/outbox.ts';
import { browserPlatform } from '../volunteer/platform-browser.ts';
import { objectedKey } from './objected.ts';

/** This browser's identity, or null where nobody ever agreed to one being kept. Makes none, and no database either. */
async function identity(): Promise<Identity | null> {
  if (browserPlatform().recall() === null) return null;
  const outbox = await openOutbox();
  try {
    const kept = (await outbox.load()).identity;
    return kept === null ? null : await openIdentity(kept);
  } finally {
    outbox.close();
  }
}

/** The account this browser already has, or null. */
export async function ownAccount(): Promise<string | null> {
  return (await identity())?.account ?? null;
}

/** The coordinator, or this browser, does not do what was asked; `refused` says why in one word. */
export class Refused extends Error {
  override name = 'Refused';
  readonly refused: string;
  constructor(refused: string) {
    super(refused);
    this.refused = refused;
  }
}

/** Has the leaderboard show a name. Throws `Refused` when the coordinator does not take it. */
export async function setName(name: string): Promise<void> {
  await ask('name', 'talka/name/1', { name });
}

/** Has the coordinator erase the name, the network addresses and the objections it keeps of this account. */
export async function erase(): Promise<void> {
  noteObjected(false);
  await ask('erase', 'talka/erase/1', {});
}

/** Objects to what was found of this device's answer. Throws `Refused` when the coordinator does not take it. */
export async function object(job: string, chunk: number, text: string): Promise<void> {
  const device = (await identity())?.device ?? '';
  await ask('object', 'talka/object/1', { device, job, chunk, text });
  noteObjected(true);
}

/** What keeps this device away, what its owner objected to, and what was answered; newest first. Throws `Refused`. */
export async function findings(): Promise<readonly FindingView[]> {
  const said = await ask('objections', 'talka/objections/1', {});
  const found = typeof said === 'object' && said !== null && 'found' in said ? said.found : null;
  if (!Array.isArray(found) || !found.every(isFinding)) throw new Refused('unreadable');
  const waits = found.some(({ objection }) => objection?.answer === null);
  // An answer is seen once somebody looks.
  if (waits || document.visibilityState === 'visible') noteObjected(waits);
  return found;
}

/** This origin's note that an answer may be waiting: without it, nobody who works as ever asks for one. */
function noteObjected(waits: boolean): void {
  try {
    if (waits) localStorage.setItem(objectedKey, 'yes');
    else localStorage.removeItem(objectedKey);
  } catch {
    // A browser that keeps nothing: the answer is asked for when the device is sent away again.
  }
}

function isFinding(value: unknown): value is FindingView {
  if (typeof value !== 'object' || value === null) return false;
  const { backend, job, chunk, wrong, right, untilMs, open, objection } = value as Partial<FindingView>;
  return (
    (backend === 'wasm' || backend === 'webgpu') &&
    typeof job === 'string' &&
    typeof chunk === 'number' &&
    Array.isArray(wrong) &&
    wrong.every((unit) => typeof unit === 'number') &&
    Array.isArray(right) &&
    right.every((digest) => typeof digest === 'string') &&
    (untilMs === null || typeof untilMs === 'number') &&
    typeof open === 'boolean' &&
    (objection === null || isObjection(objection))
  );
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

async function ask(
  what: string,
  tag: string,
  parts: Readonly<Record<string, string | number>>,
): Promise<unknown> {
  const me = await identity();
  if (me === null) throw new Refused('no-account');
  const { publicKey, account } = me;
  const at = Date.now();
  const words = JSON.stringify([location.origin, publicKey, account, ...Object.values(parts), at]);
  const signature = base64urlOf(await me.key.sign(tagged(tag, words)));
  const response = await fetch(`/api/account/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ publicKey, account, ...parts, at, signature }),
  });
  const said: unknown = await response.json().catch(() => null);
  if (response.ok) return said;
  throw new Refused(reasonIn(said) ?? `${response.status}`);
}

function reasonIn(refusal: unknown): string | null {
  if (typeof refusal !== 'object' || refusal === null) return null;
  return 'refused' in refusal && typeof refusal.refused === 'string' ? refusal.refused : null;
}
