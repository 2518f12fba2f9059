/** Certificates: the operator's own are served as they are, ones of our making are renewed in time, and what cannot be is said in one line. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { certificateOf } from '../../src/coordinator/tls.ts';
import { certificateIn, whyNoOpenssl } from './openssl.ts';
import { started } from './started.ts';

const folders: string[] = [];
const running: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'talka-tls-test-'));
  folders.push(dir);
  return dir;
}

const day = 24 * 3_600_000;
const none = whyNoOpenssl();
const named = none === null ? '' : ` (${none})`;

describe('certificates of our making', () => {
  test('are kept, until their last month', async () => {
    const dir = folder();
    const now = Date.now();
    const first = await certificateOf(dir, null, now);
    expect(first.selfSigned).toBe(true);
    expect((await certificateOf(dir, null, now + 360 * day)).cert).toEqual(first.cert);
    expect((await certificateOf(dir, null, now + 370 * day)).cert).not.toEqual(first.cert);
  });

  test('leave their key nowhere where there is no data folder', async () => {
    const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('talka-tls-'));
    const before = left();
    const first = await certificateOf(null, null, Date.now());
    expect(first.selfSigned).toBe(true);
    expect(first.key.toString()).toMatch(/BEGIN PRIVATE KEY/);
    expect(left()).toEqual(before);
  });

  test('are made anew where they have expired, are damaged, or only half there', async () => {
    const dir = folder();
    const cert = join(dir, 'tls-cert.pem');
    const first = await certificateOf(dir, null, Date.now());
    const second = await certificateOf(dir, null, Date.now() + 400 * day);
    expect(second.cert).not.toEqual(first.cert);
    writeFileSync(cert, 'damaged');
    expect((await certificateOf(dir, null, Date.now())).cert.toString()).toMatch(/BEGIN CERTIFICATE/);
    writeFileSync(cert, first.cert);
    expect((await certificateOf(dir, null, Date.now())).cert).not.toEqual(first.cert);
    rmSync(join(dir, 'tls-key.pem'));
    expect((await certificateOf(dir, null, Date.now())).key.toString()).toMatch(/BEGIN PRIVATE KEY/);
  });

  test('are for every address of this machine and no other, by a signature of their own, and their key is for nobody else to read', async () => {
    const dir = folder();
    const now = Date.now();
    const { cert, key } = await certificateOf(dir, null, now);
    const read = new X509Certificate(cert);
    const addresses = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).map((one) => one.address),
    );
    for (const address of addresses) expect(read.checkIP(address.replace(/%.*$/, ''))).toBeDefined();
    expect([read.checkHost('localhost'), read.checkIP('203.0.113.7'), read.checkHost('example.org')]).toEqual(['localhost', undefined, undefined]); // prettier-ignore
    expect([read.verify(read.publicKey), read.checkPrivateKey(createPrivateKey(key))]).toEqual([true, true]);
    expect([read.subject, read.issuer, read.publicKey.asymmetricKeyDetails?.namedCurve]).toEqual(['CN=Talka', 'CN=Talka', 'prime256v1']); // prettier-ignore
    expect((Date.parse(read.validTo) - now) / day).toBeCloseTo(397, 2);
    expect(Date.parse(read.validFrom)).toBeLessThan(now);
    expect(statSync(join(dir, 'tls-key.pem')).mode & 0o777).toBe(0o600);
    expect((await certificateOf(folder(), null, now)).cert).not.toEqual(cert);
  });

  test('are served, with nothing on the path that could make them, and whoever trusts them needs no exception', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = folder();
    try {
      const dataDir = folder();
      const house = await started({ tls: 'self-signed', dataDir });
      running.push(house);
      const ca = readFileSync(join(dataDir, 'tls-cert.pem'));
      const status = await new Promise((resolve, reject) => {
        get(`${house.url}/api/status`, { ca }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        }).once('error', reject);
      });
      expect([house.selfSigned, status]).toEqual([true, 200]);
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});

describe.skipIf(none !== null)(`the operator’s own certificate${named}`, () => {
  test.each([
    ['in one thread', false],
    ['in a thread of their own', true],
  ])(
    'is the one that pages and sockets are served with %s, and whoever trusts it needs no exception',
    async (_where, socketThread) => {
      const given = certificateIn(folder(), 'talka-own');
      const house = await started({ tls: given, socketThread });
      running.push(house);
      expect([house.selfSigned, house.url]).toEqual([false, `https://127.0.0.1:${house.port}`]);
      const ca = readFileSync(given.cert);
      const subject = await new Promise((resolve, reject) => {
        get(`${house.url}/api/status`, { ca }, (answer) => {
          answer.resume();
          resolve([answer.statusCode, (answer.socket as TLSSocket).getPeerCertificate().subject.CN]);
        }).once('error', reject);
      });
      expect(subject).toEqual([200, 'talka-own']);
      const ws = new WebSocket(`wss://localhost:${house.port}/ws`, {
        ca,
        headers: { origin: `https://localhost:${house.port}` },
      });
      const word = await new Promise<string>((resolve, reject) => {
        ws.once('message', (data: Buffer) => resolve(data.toString()));
        ws.once('error', reject);
      });
      expect(JSON.parse(word)).toMatchObject({ t: 'challenge' });
      ws.terminate();
      // http pages of the same name are another origin.
      const other = new WebSocket(`wss://localhost:${house.port}/ws`, {
        ca,
        headers: { origin: `http://localhost:${house.port}` },
      });
      await expect(new Promise((_, reject) => other.once('error', reject))).rejects.toThrow('403');
    },
  );

  test.each([
    [
      'a key of another certificate',
      (dir: string) => ({ cert: certificateIn(dir, 'one').cert, key: certificateIn(dir, 'two').key }),
      /two-key\.pem is not the key of .*one-cert\.pem$/,
    ],
    [
      'no certificate at all',
      (dir: string) => ({ cert: certificateIn(dir, 'one').key, key: certificateIn(dir, 'one').key }),
      /are no certificate and key/,
    ],
    [
      'a file that is not there',
      (dir: string) => ({ cert: join(dir, 'nowhere'), key: join(dir, 'nowhere') }),
      /ENOENT/,
    ],
  ])('%s is refused in one line', async (_what, make, says) => {
    const message = await started({ tls: make(folder()) }).then(
      () => 'it started',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
    expect(message).toMatch(says);
    expect(message.split('\n')).toHaveLength(1);
  });
});
