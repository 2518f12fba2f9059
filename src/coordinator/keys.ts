/**
 * The coordinator's secrets: its Ed25519 key, the anchor's, the salt of network groups and the operator's
 * token, made at first start and kept in one file of mode 600. Of the token only a hash is kept.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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
});

/** Where the secrets lie in a data folder. */
export function keyFileOf(dataDir: string): string {
  return join(dataDir, 'keys.json');
}

/** Reads the keys of a data folder, or makes them. Throws with one line when the file is not ours. */
export function openKeys(dataDir: string): Keys {
  const file = keyFileOf(dataDir);
  if (!existsSync(file)) {
    const { keys, text } = makeKeys();
    const draft = `${file}.part`;
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, file);
    return keys;
  }
  chmodSync(file, 0o600);
  let kept: unknown;
  try {
    kept = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    kept = null;
  }
  const read = v.safeParse(keyFile, kept);
  if (!read.success) throw new Error(`${file} is not a key file of this version of Talka`);
  const { coordinator, anchor, groupSalt, tokenHash } = read.output;
  return {
    coordinator: signingKey(fromText(coordinator)),
    anchor: signingKey(fromText(anchor)),
    groupSalt: Buffer.from(groupSalt, 'base64url'),
    tokenHash: Buffer.from(tokenHash, 'hex'),
    freshToken: null,
  };
}

/** Fresh keys, and the text that keeps them. */
export function makeKeys(): { keys: Keys; text: string } {
  const pairs = [generateKeyPairSync('ed25519').privateKey, generateKeyPairSync('ed25519').privateKey] as const;
  const token = randomBytes(24).toString('base64url');
  const groupSalt = randomBytes(32);
  const keys: Keys = {
    coordinator: signingKey(pairs[0]),
    anchor: signingKey(pairs[1]),
    groupSalt,
    tokenHash: tokenHashOf(token),
    freshToken: token,
  };
  const text = JSON.stringify({
    version: 1,
    coordinator: toText(pairs[0]),
    anchor: toText(pairs[1]),
    groupSalt: groupSalt.toString('base64url'),
    tokenHash: keys.tokenHash.toString('hex'),
  });
  return { keys, text };
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
