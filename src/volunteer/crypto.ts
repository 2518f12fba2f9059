/**
 * Hashing and signing with the platform's WebCrypto; where there is none (an insecure origin) or it lacks
 * Ed25519 (older browsers), the same by noble's JavaScript, which is then loaded and not before.
 */

import type * as Noble from '@noble/ed25519';

/** A device's key as storage keeps it: a pair that cannot be read out, or a seed where nothing better exists. */
export type KeptKey =
  | { readonly kind: 'pair'; readonly publicKey: Uint8Array; readonly privateKey: CryptoKey }
  | { readonly kind: 'seed'; readonly publicKey: Uint8Array; readonly seed: Uint8Array };

/** An Ed25519 key that signs. */
export interface DeviceKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

const utf8 = new TextEncoder();
/** The first bytes of every PKCS #8 Ed25519 key (RFC 8410); its seed follows. */
const pkcs8Head = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);

/** WebCrypto, or null on an origin that has none. */
function subtle(): SubtleCrypto | null {
  return globalThis.crypto.subtle ?? null;
}

/** SHA-256 of some bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const native = subtle();
  if (native !== null) return new Uint8Array(await native.digest('SHA-256', owned(bytes)));
  const sha2 = await import('@noble/hashes/sha2.js');
  return sha2.sha256(bytes);
}

/** `tag ‖ 0x00 ‖ parts`, as everything signed or hashed with a tag is laid out. */
export function tagged(tag: string, ...parts: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  return joined(
    utf8.encode(`${tag}\0`),
    ...parts.map((part) => (typeof part === 'string' ? utf8.encode(part) : part)),
  );
}

/** Bytes end to end. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A whole number below 2^53 as 8 bytes, big-endian. */
export function u64(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(value / 2 ** 32));
  view.setUint32(4, value % 2 ** 32);
  return bytes;
}

/** Lower-case hex. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Bytes of lower-case hex whose form a schema has checked. */
export function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** base64url without padding (RFC 4648, section 5). */
export function base64urlOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Bytes of base64url whose form a schema has checked. */
export function bytesOfBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** WebCrypto takes no view of a SharedArrayBuffer; ours never are, and this says so to the types. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}

/** Makes a key: one that never leaves the browser where it can be had, else a seed. `readable` asks for a seed (files). */
export async function makeKey(readable: boolean): Promise<KeptKey> {
  const native = subtle();
  if (native !== null && !readable) {
    try {
      const pair = await native.generateKey('Ed25519', false, ['sign', 'verify']);
      const publicKey = new Uint8Array(await native.exportKey('raw', pair.publicKey));
      return { kind: 'pair', publicKey, privateKey: pair.privateKey };
    } catch {
      // Chrome before 137 and Safari before 17 have no Ed25519 (browser-compat-data 8.1.9, November 2026).
    }
  }
  const seed = globalThis.crypto.getRandomValues(new Uint8Array(32));
  const native25519 = native === null ? null : await importSeed(native, seed);
  if (native !== null && native25519 !== null) {
    const jwk = await native.exportKey('jwk', native25519);
    return { kind: 'seed', publicKey: bytesOfBase64url(jwk.x ?? ''), seed };
  }
  return { kind: 'seed', publicKey: (await noble()).getPublicKey(seed), seed };
}

/** Makes a kept key sign. */
export async function openKey(kept: KeptKey): Promise<DeviceKey> {
  const native = subtle();
  const { publicKey } = kept;
  const key =
    kept.kind === 'pair' ? kept.privateKey : native === null ? null : await importSeed(native, kept.seed);
  if (native !== null && key !== null) {
    return {
      publicKey,
      sign: async (message) => new Uint8Array(await native.sign('Ed25519', key, owned(message))),
    };
  }
  if (kept.kind === 'pair') throw new Error('this key needs WebCrypto, which this origin does not have');
  const ed25519 = await noble();
  return { publicKey, sign: async (message) => ed25519.sign(message, kept.seed) };
}

/** Whether a signature is that key's over that message. */
export async function verify(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const native = subtle();
  if (native !== null) {
    try {
      const key = await native.importKey('raw', owned(publicKey), 'Ed25519', false, ['verify']);
      return await native.verify('Ed25519', key, owned(signature), owned(message));
    } catch {
      // No Ed25519 here: noble below.
    }
  }
  return (await noble()).verify(signature, message, publicKey);
}

async function importSeed(native: SubtleCrypto, seed: Uint8Array): Promise<CryptoKey | null> {
  try {
    return await native.importKey('pkcs8', joined(pkcs8Head, seed), 'Ed25519', true, ['sign']);
  } catch {
    return null;
  }
}

type Ed25519 = Pick<typeof Noble, 'getPublicKey' | 'sign' | 'verify'>;

/** Noble's Ed25519, with the hash it needs. */
async function noble(): Promise<Ed25519> {
  const [ed25519, sha2] = await Promise.all([import('@noble/ed25519'), import('@noble/hashes/sha2.js')]);
  ed25519.hashes.sha512 = sha2.sha512;
  return ed25519;
}
