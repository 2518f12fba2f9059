/** TLS for a coordinator that serves a local network by itself: the operator's certificate, or a self-signed one. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

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
 * Reads the operator's certificate, or makes one in the data folder with the machine's own openssl (null: there is none, and
 * the key is left nowhere); `at` is now. Throws with one line.
 */
export function certificateOf(
  dir: string | null,
  given: { cert: string; key: string } | null,
  at: number,
): Certificate {
  if (given !== null) return { ...pairOf(given.cert, given.key), selfSigned: false };
  if (dir !== null) return ownIn(dir, at);
  const passing = mkdtempSync(join(tmpdir(), 'talka-tls-'));
  try {
    return ownIn(passing, at);
  } finally {
    rmSync(passing, { recursive: true });
  }
}

/** A certificate of our making: the one that lies there, or a new one. */
function ownIn(dir: string, at: number): Certificate {
  const [cert, key] = [join(dir, 'tls-cert.pem'), join(dir, 'tls-key.pem')];
  if (!isGood(cert, key, at)) makeCertificate(cert, key);
  return { ...pairOf(cert, key), selfSigned: true };
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

function makeCertificate(cert: string, key: string): void {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const names = [
    'DNS:localhost',
    ...new Set(addresses.map(({ address }) => `IP:${address.replace(/%.*$/, '')}`)),
  ];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    String(days),
  ];
  try {
    execFileSync(
      'openssl',
      [
        ...args,
        '-subj',
        '/CN=Talka',
        '-addext',
        `subjectAltName=${names.join(',')}`,
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'pipe' },
    );
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new Error(
      missing
        ? '--tls needs openssl to make a certificate; install it, or give --tls-cert and --tls-key'
        : `openssl made no certificate: ${String(error)}`,
      { cause: error },
    );
  }
}
