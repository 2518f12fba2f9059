/** Partners' sites over HTTP: who they are (all may read), and what the operator does with them; and taking back a consent [WG5]. */
import { Hono } from 'hono';
import * as v from 'valibot';
import { isMalformed } from '../wire/schema.ts';
import type { RefusalView, SiteView } from '../wire/views.ts';
import type { House } from './house.ts';
import { bodyOf, malformed } from './http-operator.ts';
import { deviceId } from './digests.ts';
import { signed } from './signed-requests.ts';
import type { SignedRequests } from './signed-requests.ts';
import { originsMax, siteName, siteOrigin, sitesMax } from './sites.ts';
import type { Site, SiteState } from './sites.ts';

const adding = v.strictObject({
  origins: v.pipe(v.array(v.pipe(v.string(), v.maxLength(200))), v.minLength(1), v.maxLength(originsMax)),
});
const revocation = v.strictObject({ ...signed, site: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,40}$/)) });

/** A site as everybody may see it. */
export function siteView(site: Site): SiteView {
  const { key, origins, state, addedAt } = site;
  return { key, name: siteName(site), origins: [...origins], state, addedAt };
}

/** `/api/sites`: every site, in the order in which they were added. */
export function publicSites(house: House): Hono {
  const app = new Hono();
  app.get('/', (c) => c.json({ sites: house.side.sites.all().map(siteView) }));
  return app;
}

/** `/api/operator/sites`, behind the operator's token. */
export function siteRoutes(house: House): Hono {
  const app = new Hono();
  const { sites } = house.side;
  app.get('/', (c) => c.json({ sites: sites.all().map(siteView) }));
  app.post('/', async (c) => {
    const body = await bodyOf(c, adding);
    if (isMalformed(body)) return malformed(c, body);
    const origins = body.origins.map(siteOrigin);
    if (!origins.every((origin) => origin !== null)) {
      const detail = 'an origin is scheme and host, such as https://paper.example';
      return c.json({ refused: 'bad-origin', detail } satisfies RefusalView, 400);
    }
    if (sites.all().length >= sitesMax) return c.json({ refused: 'full' } satisfies RefusalView, 409);
    return c.json(siteView(sites.add(origins, house.now())), 201);
  });
  const turn = (path: string, state: SiteState): void => {
    app.post(`/:key/${path}`, (c) => {
      const site = sites.turn(c.req.param('key') ?? '', state);
      if (site === null) return c.json({ refused: 'unknown-site' } satisfies RefusalView, 404);
      if (state === 'suspended') house.dismiss({ site: site.key }, 'site', 'this site is suspended');
      return c.json(siteView(site));
    });
  };
  turn('suspend', 'suspended');
  turn('resume', 'active');
  return app;
}

/** `POST /api/account/revoke`: a device takes back what it agreed to on a site; what it holds is given back to others at their deadline. */
export function revokeRoute(app: Hono, house: House, requests: SignedRequests): void {
  app.post('/revoke', async (c) => {
    const body = await bodyOf(c, revocation);
    if (isMalformed(body)) return malformed(c, body);
    const fault = requests.faultOf(c, 'talka/revoke/1', body, [body.site]);
    if (fault !== null) return c.json({ refused: 'signature', detail: fault } satisfies RefusalView, 401);
    const device = deviceId(Buffer.from(body.publicKey, 'base64url'));
    // By the device's own clock, which also dates its consents.
    house.side.sites.revoke(device, body.site, body.account, body.at);
    requests.done(body);
    house.dismiss({ device, site: body.site }, 'consent', 'this consent was taken back');
    return c.json({ device, site: body.site, revoked: body.at });
  });
}
