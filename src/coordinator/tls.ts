/** TLS for a coordinator that serves a local network by itself: the operator's certificate, or a self-signed one. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Whether browsers will warn. */
  readonly selfSigned: boolean;
}

const days = 397;

/** Reads the operator's certificate, or makes one in the data folder with the machine's own openssl. Throws with one line. */
export function certificateOf(dir: string, given: { cert: string; key: string } | null): Certificate {
  if (given !== null)
    return { cert: readFileSync(given.cert), key: readFileSync(given.key), selfSigned: false };
  const [cert, key] = [join(dir, 'tls-cert.pem'), join(dir, 'tls-key.pem')];
  if (!existsSync(cert) || !existsSync(key)) makeCertificate(cert, key);
  return { cert: readFileSync(cert), key: readFileSync(key), selfSigned: true };
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
