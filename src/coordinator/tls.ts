/** TLS for a coordinator that serves a local network by itself: the operator's certificate, or a self-signed one. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { SelfSigned } from './self-signed.ts';

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Whether browsers will warn. */
  readonly selfSigned: boolean;
}

const days = 397;
/** One of our making is made anew when it ends so soon: whoever looks in once a month shall never meet an expired one. */
const renewMs = 30 * 24 * 3_600_000;

/**
 * Reads the operator's certificate, or makes one in the data folder (null: there is none, and the key is left nowhere); `at` is now.
 * Throws with one line.
 */
export async function certificateOf(
  dir: string | null,
  given: { cert: string; key: string } | null,
  at: number,
): Promise<Certificate> {
  if (given !== null) return { ...pairOf(given.cert, given.key), selfSigned: false };
  if (dir !== null) return ownIn(dir, at);
  const { cert, key } = await made(at);
  return { cert: Buffer.from(cert), key: Buffer.from(key), selfSigned: true };
}

/** A certificate of our making: the one that lies there, or a new one. */
async function ownIn(dir: string, at: number): Promise<Certificate> {
  const [certFile, keyFile] = [join(dir, 'tls-cert.pem'), join(dir, 'tls-key.pem')];
  if (!isGood(certFile, keyFile, at)) {
    const { cert, key } = await made(at);
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(certFile, cert);
  }
  return { ...pairOf(certFile, keyFile), selfSigned: true };
}

/** Whether one that was made earlier will do for a while. */
function isGood(cert: string, key: string, at: number): boolean {
  if (!existsSync(cert) || !existsSync(key)) return false;
  try {
    const { validTo } = new X509Certificate(pairOf(cert, key).cert);
    return Date.parse(validTo) - at > renewMs;
  } catch {
    // Half of a pair, or damaged: as good as none.
    return false;
  }
}

/** Reads both files. Throws with one line when they cannot be read or do not belong together. */
function pairOf(certFile: string, keyFile: string): { cert: Buffer; key: Buffer } {
  const [cert, key] = [readFileSync(certFile), readFileSync(keyFile)];
  let together: boolean;
  try {
    together = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${certFile} and ${keyFile} are no certificate and key: ${why}`, { cause: error });
  }
  if (!together) throw new Error(`${keyFile} is not the key of ${certFile}`);
  return { cert, key };
}

/** A new one, for this machine's addresses. What makes it is loaded for that. */
async function made(at: number): Promise<SelfSigned> {
  const { selfSigned } = await import('./self-signed.ts');
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const names = new Set(addresses.map(({ address }) => address.replace(/%.*$/, '')));
  return selfSigned(['localhost', ...names], at, days);
}
