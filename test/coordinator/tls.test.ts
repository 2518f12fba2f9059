/** Certificates: the operator's own are served as they are, ones of our making are renewed in time, and what cannot be is said in one line. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
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

describe.skipIf(none !== null)(`certificates of our making${named}`, () => {
  test('are kept, until their last month', () => {
    const dir = folder();
    const now = Date.now();
    const first = certificateOf(dir, null, now);
    expect(first.selfSigned).toBe(true);
    expect(certificateOf(dir, null, now + 360 * day).cert).toEqual(first.cert);
    expect(certificateOf(dir, null, now + 370 * day).cert).not.toEqual(first.cert);
  });

  test('leave their key nowhere where there is no data folder', () => {
    const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('talka-tls-'));
    const before = left();
    const first = certificateOf(null, null, Date.now());
    expect(first.selfSigned).toBe(true);
    expect(first.key.toString()).toMatch(/BEGIN PRIVATE KEY/);
    expect(left()).toEqual(before);
  });

  test('are made anew where they have expired, are damaged, or only half there', () => {
    const dir = folder();
    const cert = join(dir, 'tls-cert.pem');
    const first = certificateOf(dir, null, Date.now());
    const second = certificateOf(dir, null, Date.now() + 400 * day);
    expect(second.cert).not.toEqual(first.cert);
    writeFileSync(cert, 'damaged');
    expect(certificateOf(dir, null, Date.now()).cert.toString()).toMatch(/BEGIN CERTIFICATE/);
    writeFileSync(cert, first.cert);
    expect(certificateOf(dir, null, Date.now()).cert).not.toEqual(first.cert);
    rmSync(join(dir, 'tls-key.pem'));
    expect(certificateOf(dir, null, Date.now()).key.toString()).toMatch(/BEGIN PRIVATE KEY/);
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

test('without openssl one line says what to do', () => {
  const { PATH } = process.env;
  process.env['PATH'] = folder();
  try {
    expect(() => certificateOf(folder(), null, Date.now())).toThrow(
      '--tls needs openssl to make a certificate; install it, or give --tls-cert and --tls-key',
    );
  } finally {
    process.env['PATH'] = PATH;
  }
});
