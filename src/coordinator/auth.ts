/**
 * Checks who signs in: the device's signature over the hello, the consent it carries, and that its account is
 * the one this key founded [WR1, WR2]. Reads only; the time comes in as an argument.
 */
import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { accountId, consentBytes, deviceId, helloBytes } from './digests.ts';
import { protocol } from '../wire/version.ts';
import type { ByeReason } from '../wire/version.ts';
import type { Hello } from '../wire/volunteer.ts';

/** For so long a consent record opens the door. */
export const consentMsMax = 30 * 24 * 3_600_000;
/** Clocks of volunteers may be ahead of ours by so much. */
export const clockSkewMsMax = 5 * 60_000;

export interface SignedIn {
  readonly device: string;
  readonly account: string;
  /** Until when its consent is good. */
  readonly consentUntil: number;
}

export interface NotSignedIn {
  readonly bye: ByeReason;
  readonly detail: string;
}

/** An Ed25519 key (32 bytes, base64url); null when these bytes are none: nobody can have signed with it. */
function keyOf(publicKey: string): KeyObject | null {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
  } catch {
    return null;
  }
}

/** Whether a signature (base64url) over these bytes is this key's. */
function isSigned(key: KeyObject | null, bytes: Uint8Array, signature: string): boolean {
  try {
    return key !== null && verify(null, bytes, key, Buffer.from(signature, 'base64url'));
  } catch {
    // Not a point of the curve.
    return false;
  }
}

/** Whether an Ed25519 signature (base64url) over these bytes is this key's (32 bytes, base64url). */
export function verifyText(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  return isSigned(keyOf(publicKey), bytes, signature);
}

/** Checks a hello that answers `nonce` on a socket whose page is of `origin`. */
export function signIn(
  hello: Hello,
  nonce: string,
  origin: string,
  isOwnOrigin: (origin: string) => boolean,
  at: number,
): SignedIn | NotSignedIn {
  if (hello.protocol !== protocol)
    return { bye: 'protocol', detail: `this coordinator speaks version ${protocol}` };
  const publicBytes = Buffer.from(hello.publicKey, 'base64url');
  const account = accountId(publicBytes);
  if (hello.account !== account)
    return { bye: 'signature', detail: 'this device key did not found that account' };
  const key = keyOf(hello.publicKey);
  if (!isSigned(key, helloBytes(hello, nonce, origin), hello.signature))
    return { bye: 'signature', detail: 'the hello is not signed by its key' };
  const { consent } = hello;
  if (!isSigned(key, consentBytes(consent, account), consent.signature))
    return { bye: 'consent', detail: 'the consent is not signed by this key' };
  if (consent.at > at + clockSkewMsMax || at - consent.at > consentMsMax)
    return { bye: 'consent', detail: 'the consent is older than 30 days' };
  if (consent.site !== hello.site) return { bye: 'consent', detail: 'the consent was given to another site' };
  if (!isOwnOrigin(consent.origin))
    return { bye: 'consent', detail: 'the consent was given to another coordinator' };
  return { device: deviceId(publicBytes), account, consentUntil: consent.at + consentMsMax };
}
