/**
 * The coordinator's secrets: its Ed25519 key, the anchor's, the salt of network groups and the operator's
 * token, made at first start and kept in one file of mode 600. Of the token only a hash is kept.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  timingSafeEqual,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';

/** An Ed25519 pair, with the public half as the wire writes it. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** 32 bytes, and the same in base64url. */
  readonly publicBytes: Buffer;
  readonly publicText: string;
}

export interface Keys {
  readonly coordinator: SigningKey;
  readonly anchor: SigningKey;
  /** Secret key of the hash that hides network prefixes. */
  readonly groupSalt: Buffer;
  readonly tokenHash: Buffer;
  /** Only when it was made just now: it is shown once and then known to the operator alone. */
  readonly freshToken: string | null;
}

const keyFile = v.strictObject({
  version: v.literal(1),
  coordinator: v.string(),
  anchor: v.string(),
  groupSalt: v.string(),
  tokenHash: v.string(),
  /** Whether the operator has been shown the token: until a start succeeds, the next one makes another. */
  tokenShown: v.boolean(),
});
type KeyFile = v.InferOutput<typeof keyFile>;

/** Where the secrets lie in a data folder. */
export function keyFileOf(dataDir: string): string {
  return join(dataDir, 'keys.json');
}

/** Reads the keys of a data folder, or makes them. Throws with one line when the file is not ours. */
export function openKeys(dataDir: string): Keys {
  const file = keyFileOf(dataDir);
  if (!existsSync(file)) {
    const { keys, kept } = makeKeys();
    writeKeys(file, kept);
    return keys;
  }
  const kept = readKeys(file);
  if (kept.tokenShown) return keysOf(kept, null);
  const token = makeToken();
  const renewed = { ...kept, tokenHash: tokenHashOf(token).toString('hex') };
  writeKeys(file, renewed);
  return keysOf(renewed, token);
}

/** The operator has seen the token. */
export function tokenWasShown(dataDir: string): void {
  const file = keyFileOf(dataDir);
  writeKeys(file, { ...readKeys(file), tokenShown: true });
}

function readKeys(file: string): KeyFile {
  let kept: unknown;
  try {
    kept = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    kept = null;
  }
  const read = v.safeParse(keyFile, kept);
  if (!read.success) throw new Error(`${file} is not a key file of this version of Talka`);
  return read.output;
}

/** The file appears whole or not at all, and never with a wider mode. */
function writeKeys(file: string, kept: KeyFile): void {
  const draft = `${file}.part`;
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(kept), { mode: 0o600, flush: true });
  renameSync(draft, file);
}

/** Fresh keys, and what keeps them. */
export function makeKeys(): { keys: Keys; kept: KeyFile } {
  const token = makeToken();
  const kept: KeyFile = {
    version: 1,
    coordinator: toText(generateKeyPairSync('ed25519').privateKey),
    anchor: toText(generateKeyPairSync('ed25519').privateKey),
    groupSalt: randomBytes(32).toString('base64url'),
    tokenHash: tokenHashOf(token).toString('hex'),
    tokenShown: false,
  };
  return { keys: keysOf(kept, token), kept };
}

function makeToken(): string {
  return randomBytes(24).toString('base64url');
}

function keysOf(kept: KeyFile, freshToken: string | null): Keys {
  return {
    coordinator: signingKey(fromText(kept.coordinator)),
    anchor: signingKey(fromText(kept.anchor)),
    groupSalt: Buffer.from(kept.groupSalt, 'base64url'),
    tokenHash: Buffer.from(kept.tokenHash, 'hex'),
    freshToken,
  };
}

/** Signs with Ed25519; base64url. */
export function signText(key: SigningKey, bytes: Uint8Array): string {
  return sign(null, bytes, key.privateKey).toString('base64url');
}

/** Whether this is the operator's token. */
export function isToken(keys: Keys, token: string): boolean {
  return timingSafeEqual(keys.tokenHash, tokenHashOf(token));
}

/** The token has 192 random bits: a plain hash cannot be guessed back. */
function tokenHashOf(token: string): Buffer {
  return createHash('sha256').update(`talka/token/1\0${token}`).digest();
}

function signingKey(privateKey: KeyObject): SigningKey {
  const publicText = String(createPublicKey(privateKey).export({ format: 'jwk' }).x);
  return { privateKey, publicText, publicBytes: Buffer.from(publicText, 'base64url') };
}

function toText(key: KeyObject): string {
  return key.export({ format: 'der', type: 'pkcs8' }).toString('base64url');
}

function fromText(text: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'pkcs8' });
}
