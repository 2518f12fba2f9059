/**
 * What a page does in the name of this browser's account: finding it, naming it, having the coordinator erase
 * what it knows of it. Signed by the device key (docs/SPEC.md, section 8); loaded when first asked for.
 */
import { base64urlOf, tagged } from '../volunteer/crypto.ts';
import { openIdentity } from '../volunteer/identity.ts';
import type { Identity } from '../volunteer/identity.ts';
import { openOutbox } from '../volunteer/outbox.ts';
import { browserPlatform } from '../volunteer/platform-browser.ts';

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

/** Has the coordinator erase the name and the network addresses it keeps of this account. */
export async function erase(): Promise<void> {
  await ask('erase', 'talka/erase/1', {});
}

async function ask(what: string, tag: string, parts: Readonly<Record<string, string>>): Promise<void> {
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
  if (response.ok) return;
  const refusal: unknown = await response.json().catch(() => null);
  throw new Refused(reasonIn(refusal) ?? `${response.status}`);
}

function reasonIn(refusal: unknown): string | null {
  if (typeof refusal !== 'object' || refusal === null) return null;
  return 'refused' in refusal && typeof refusal.refused === 'string' ? refusal.refused : null;
}
