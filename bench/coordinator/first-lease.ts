/** Somebody new who knocks until the door of a starting coordinator opens, signs in and asks; resolves with the first lease. */
import { generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { FromCoordinator } from '../../src/wire/volunteer.ts';
import { helloOf } from './crowd.ts';

/** A coordinator that has given no lease by then gives none. */
const patienceMs = 60_000;
/** How often it knocks: the processors have something else to do. */
const lookMs = 3;

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
const ask = JSON.stringify({
  t: 'ask',
  slots: [{ slot: 0, backend: 'wasm', rates: { 'mersenne-tf@1': 1000 } }],
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

export async function firstLease(port: number): Promise<void> {
  const until = performance.now() + patienceMs;
  while (!(await listens(port))) {
    if (performance.now() > until) throw new Error('the coordinator does not listen');
    await sleep(lookMs);
  }
  const origin = `http://127.0.0.1:${port}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin, perMessageDeflate: false });
  try {
    await new Promise<void>((resolve, reject) => {
      setTimeout(() => reject(new Error('no lease came')), patienceMs).unref();
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        const said = JSON.parse(data.toString()) as FromCoordinator | FromCoordinator[];
        for (const word of Array.isArray(said) ? said : [said]) {
          if (word.t === 'challenge') socket.send(helloOf(word.nonce, raw, privateKey, origin));
          else if (word.t === 'welcome') socket.send(ask);
          else if (word.t === 'lease') resolve();
          else if (word.t === 'bye' || word.t === 'refusal')
            reject(new Error(`${word.t}: ${word.reason} ${word.detail ?? ''}`));
        }
      });
    });
  } finally {
    socket.terminate();
  }
}
