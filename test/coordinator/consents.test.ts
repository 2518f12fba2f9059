/** [WR2] What people agreed to is kept, so that the operator can show it: the latest of each device and site, until the account is erased. */
import { createPublicKey, verify } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { KeptConsent } from '../../src/coordinator/side.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { identity, Scripted } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

async function start(): Promise<Started> {
  const house = await started();
  open.push(house);
  return house;
}

/** As somebody reads docs/SPEC.md and not our code. */
function isSigned({ publicKey, signature, text, language, origin, site, at, account }: KeptConsent): boolean {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
  const said = Buffer.from(`talka/consent/1\0${JSON.stringify([text, language, origin, site, at, account])}`);
  return verify(null, said, key, Buffer.from(signature, 'base64url'));
}

describe('consents', () => {
  test('the operator can show the latest of each device and site, and anybody can check it', async () => {
    const house = await start();
    const who = identity();
    const now = Date.now();
    house.house.side.sites.add(['https://fair.example'], now, 'fair');
    const from = '?from=https://fair.example';
    for (const [site, consentAt] of [
      [null, now - 5_000],
      [null, now - 1_000],
      [null, now - 3_000],
      ['fair', now - 2_000],
    ] as const)
      await new Scripted(house.url, who, {}, from).signIn({ consentAt, site });
    const answer = await house.operatorGet(`/consents/${who.account}`);
    const kept = (await answer.json()) as KeptConsent[];
    expect(kept.map(({ site, at }) => [site, at])).toEqual([
      ['fair', now - 2_000],
      [null, now - 1_000],
    ]);
    for (const consent of kept) {
      expect(isSigned(consent)).toBe(true);
      expect(isSigned({ ...consent, text: 'd'.repeat(64) })).toBe(false);
      expect(consent).toMatchObject({ device: who.device, account: who.account, publicKey: who.publicKey });
    }
    expect((await house.call(`/api/operator/consents/${who.account}`)).status).toBe(401);
  });

  test('erasing an account erases them, and nobody else’s', async () => {
    const house = await start();
    const [one, other] = [identity(), identity()];
    for (const who of [one, other]) await new Scripted(house.url, who).signIn();
    const { side } = house.house;
    expect([one, other].map(({ account }) => side.consentsOf(account).length)).toEqual([1, 1]);
    side.erase(one.account, [one.device], []);
    expect([one, other].map(({ account }) => side.consentsOf(account).length)).toEqual([0, 1]);
  });

  test('nobody is let in whose consent cannot be kept', async () => {
    const house = await start();
    house.house.side.keepConsent = () => {
      throw new Error('no room');
    };
    await expect(new Scripted(house.url).signIn()).rejects.toThrow('bye');
  });
});
