/** Who this device is, what its person agreed to, and what it signs about both. */
import type { ConsentRecord, Hello, RestoredWord } from '../wire/volunteer.ts';
import { receiptForm } from '../wire/receipt.ts';
import { protocol } from '../wire/version.ts';
import { base64urlOf, bytesOfBase64url, hexOf, makeKey, openKey, sha256, tagged, verify } from './crypto.ts';
import type { DeviceKey, KeptKey } from './crypto.ts';

/** How long a consent holds [WR2]. */
export const consentMs = 30 * 24 * 3_600_000;

/** A device that can sign in. */
export interface Identity {
  readonly key: DeviceKey;
  /** base64url. */
  readonly publicKey: string;
  /** 16 characters of base64url each. */
  readonly device: string;
  readonly account: string;
}

/** What is kept of an identity. The account outlives the key of the device that founded it. */
export interface KeptIdentity {
  readonly key: KeptKey;
  readonly account: string;
}

/** A fresh identity: its key founds an account of its own. `readable`: for a file, which holds no key objects. */
export async function makeIdentity(readable: boolean): Promise<KeptIdentity> {
  const key = await makeKey(readable);
  return { key, account: await idOf('talka/account/1', key.publicKey) };
}

/** Makes a kept identity sign, and names it. */
export async function openIdentity({ key: kept, account }: KeptIdentity): Promise<Identity> {
  const key = await openKey(kept);
  return {
    key,
    publicKey: base64urlOf(key.publicKey),
    device: await idOf('talka/device/1', key.publicKey),
    account,
  };
}

/** The first 16 characters of base64url of a tagged hash (docs/SPEC.md, section 6). */
async function idOf(tag: string, publicKey: Uint8Array): Promise<string> {
  return base64urlOf(await sha256(tagged(tag, publicKey))).slice(0, 16);
}

/** Whether the coordinator signed that its log goes on from a backup [RS2]. */
export async function restoreHolds(coordinator: string, word: RestoredWord): Promise<boolean> {
  const { kept, root, at, signature } = word;
  const said = new TextEncoder().encode(JSON.stringify([coordinator, kept, root, at]));
  return verify(bytesOfBase64url(coordinator), tagged('talka/restored/1', said), bytesOfBase64url(signature));
}

/** What the person saw, and where. */
export interface Shown {
  /** The text, whole. */
  readonly text: string;
  readonly language: string;
  /** Scheme and host of the page, or of the coordinator where there is no page. */
  readonly origin: string;
  readonly site: string | null;
  readonly at: number;
}

/** The record of an agreement, signed by the device [WR2]. */
export async function signConsent(identity: Identity, shown: Shown): Promise<ConsentRecord> {
  const { language, origin, site, at } = shown;
  const text = hexOf(await sha256(new TextEncoder().encode(shown.text)));
  const words = JSON.stringify([text, language, origin, site, at, identity.account]);
  const signature = base64urlOf(await identity.key.sign(tagged('talka/consent/1', words)));
  return { text, language, origin, site, at, signature };
}

/** Whether a kept consent still holds for this origin. */
export function consentHolds(consent: ConsentRecord, origin: string, at: number): boolean {
  return consent.origin === origin && at >= consent.at && at < consent.at + consentMs;
}

/** What `hello` says beside who it is from. */
export type Greeting = Pick<Hello, 'holding' | 'head' | 'cores' | 'gpu' | 'consent'>;

/** The signed `hello` for a challenge [WR1]. */
export async function signHello(
  identity: Identity,
  nonce: string,
  origin: string,
  greeting: Greeting,
): Promise<Hello> {
  const { publicKey, account } = identity;
  const { consent } = greeting;
  const words = JSON.stringify([
    nonce,
    origin,
    publicKey,
    account,
    consent.site,
    consent.text,
    consent.at,
    protocol,
  ]);
  const signature = base64urlOf(await identity.key.sign(tagged('talka/hello/1', words)));
  return {
    t: 'hello',
    protocol,
    publicKey,
    account,
    site: consent.site,
    receipts: receiptForm,
    ...greeting,
    signature,
  };
}
