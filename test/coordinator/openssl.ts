/** The machine's openssl, for tests of TLS: whether it is here, and certificates that it makes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Why there can be no certificates here, or null when there can: `test.skipIf(whyNoOpenssl() !== null)`. */
export function whyNoOpenssl(): string | null {
  return spawnSync('openssl', ['version']).status === 0 ? null : 'openssl is not installed';
}

/** Makes a certificate for localhost, and its key, in a folder. */
export function certificateIn(dir: string, name: string, days = 10): { cert: string; key: string } {
  const [cert, key] = [join(dir, `${name}-cert.pem`), join(dir, `${name}-key.pem`)];
  const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const what = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...how, '-days', String(days), ...what, '-keyout', key, '-out', cert], {
    stdio: 'pipe',
  });
  return { cert, key };
}
