/** Does everything work over https and wss, with a certificate that the coordinator made for itself? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNo } from '../browser/browsers.ts';
import { factoring } from './orders.ts';
import { stage } from './stage.ts';

const why = whyNo.chromium();

describe.skipIf(why !== null)(`a coordinator with --tls${why === null ? '' : ` (${why})`}`, () => {
  const scene = stage();
  const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
  // The operator's own calls in this story accept the certificate, as the browsers do.
  beforeAll(() => void (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'));
  afterAll(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  });

  it('two people compute a job over https and wss', async () => {
    const house = await scene.house({ tls: 'self-signed' });
    expect(house.door.url).toMatch(/^https:/);
    const { job, chunks } = await house.door.submit(factoring(6, 50));
    const people = [await scene.person(house.door.url), await scene.person(house.door.url)];
    for (const one of people)
      expect(await one.ask('[location.protocol, isSecureContext]')).toEqual(['https:', true]);
    expect(await house.door.finished(job)).toMatchObject({ settledByPeople: chunks });
    const told = await scene.told(house);
    expect(told.misdeeds + told.refuted).toBe(0);
  });
});
