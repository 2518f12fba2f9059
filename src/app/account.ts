/**
 * What a page does in the name of this browser's account: finding it, naming it, objecting where it was found wrong, having the
 * coordinator erase what it knows of it. Signed by the device key (docs/SPEC.md, section 8); loaded when first asked for.
 */
import type { FindingView } from '../wire/objections.ts';
import { askAs, findingsOf, objectAs, Refused } from '../volunteer/as-account.ts';
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

/** The same, where something is asked in its name. */
async function me(): Promise<Identity> {
  const own = await identity();
  if (own === null) throw new Refused('no-account');
  return own;
}

/** Has the leaderboard show a name. Throws `Refused` when the coordinator does not take it. */
export async function setName(name: string): Promise<void> {
  await askAs(await me(), location.origin, 'name', 'talka/name/1', { name });
}

/** Has the coordinator erase the name, the network addresses and the objections it keeps of this account. */
export async function erase(): Promise<void> {
  noteObjected(false);
  await askAs(await me(), location.origin, 'erase', 'talka/erase/1', {});
}

/** Objects to what was found of this device's answer. Throws `Refused` when the coordinator does not take it. */
export async function object(job: string, chunk: number, text: string): Promise<void> {
  await objectAs(await me(), location.origin, { job, chunk }, text);
  noteObjected(true);
}

/** What keeps this device away, what its owner objected to, and what was answered; newest first. Throws `Refused`. */
export async function findings(): Promise<readonly FindingView[]> {
  const found = await findingsOf(await me(), location.origin);
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
