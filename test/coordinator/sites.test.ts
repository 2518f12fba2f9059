/** Partners' sites [WG1–WG5]: their keys, whom the coordinator lets in by them, what a frame is told, and consents that are taken back. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { sign } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { EmbedFacts, SiteView } from '../../src/wire/views.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { helloOf, identity, Scripted } from './volunteer.ts';
import type { Identity } from './volunteer.ts';

const web = mkdtempSync(join(tmpdir(), 'talka-embed-'));
mkdirSync(join(web, 'embed'));
const place = '<script type="application/json" id="facts"></script>';
for (const name of ['frame.html', 'consent.html'])
  writeFileSync(join(web, 'embed', name), `<!doctype html>${place}`);
writeFileSync(join(web, 'embed', 'v1.js'), 'void 0');
afterAll(() => rmSync(web, { recursive: true }));

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

async function start(options: Parameters<typeof started>[0] = {}): Promise<Started> {
  const house = await started({ webDir: web, ...options });
  open.push(house);
  return house;
}

const paper = 'https://paper.example';

async function add(house: Started, ...origins: string[]): Promise<SiteView> {
  const answer = await house.operator('/sites', { origins });
  expect(answer.status).toBe(201);
  return (await answer.json()) as SiteView;
}

function scripted(house: Started, who: Identity, from = paper): Scripted {
  return new Scripted(house.url, who, {}, `?from=${encodeURIComponent(from)}`);
}

async function frame(house: Started, query: string, referer?: string) {
  const headers = referer === undefined ? {} : { referer };
  const answer = await house.call(`/embed/frame?${query}`, { headers });
  const text = await answer.text();
  const facts = JSON.parse(/id="facts">(.*?)<\/script>/s.exec(text)?.[1] ?? '') as EmbedFacts;
  return { facts, text, policy: answer.headers.get('content-security-policy') ?? '' };
}

/** As somebody reads docs/SPEC.md and not our code. */
function revocation(house: Started, who: Identity, site: string, at: number): RequestInit {
  const { publicKey, account } = who;
  const words = JSON.stringify([house.url, publicKey, account, site, at]);
  const signature = sign(null, Buffer.from(`talka/revoke/1\0${words}`), who.privateKey).toString('base64url');
  return { method: 'POST', body: JSON.stringify({ publicKey, account, site, at, signature }) };
}

describe('sites', () => {
  test('[WG2] the operator adds, suspends and resumes; everybody may read; keys outlive a restart', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-sites-'));
    const house = await started({ dataDir });
    const site = await add(house, paper, 'https://www.paper.example');
    expect(site).toMatchObject({
      name: 'paper.example',
      state: 'active',
      origins: [paper, 'https://www.paper.example'],
    });
    expect(site.key).toMatch(/^[0-9a-f]{16}$/);
    expect((await (await house.operator(`/sites/${site.key}/suspend`, {})).json()) as SiteView).toMatchObject(
      {
        state: 'suspended',
      },
    );
    expect((await house.operator('/sites/nobody/suspend', {})).status).toBe(404);
    expect((await house.call('/api/operator/sites', { method: 'POST', body: '{}' })).status).toBe(401);
    await house.close();
    const again = await started({ dataDir });
    const listed = (await (await again.call('/api/sites')).json()) as { sites: SiteView[] };
    expect(listed.sites).toEqual([{ ...site, state: 'suspended' }]);
    expect((await again.operator(`/sites/${site.key}/resume`, {})).status).toBe(200);
    expect(again.house.side.sites.faultOf(site.key, paper)).toBeNull();
    await again.close();
    rmSync(dataDir, { recursive: true });
  });

  // A star is a host like any other to a URL, and would be a wildcard in a policy.
  test.each([
    'https://a;b.example',
    'paper.example',
    'https://paper.example/news',
    'ftp://paper.example',
    'https://*.example',
    '',
    'null',
  ])('[WG2] %j is no origin', async (origin) => {
    const house = await start();
    expect((await house.operator('/sites', { origins: [origin] })).status).toBe(400);
  });

  test('[WG3] who comes by a site is let in from its pages alone, while it is active', async () => {
    const house = await start();
    const { key } = await add(house, paper);
    const welcome = await scripted(house, identity()).signIn({ site: key });
    expect(welcome.t).toBe('welcome');
    const away: [string, string | undefined][] = [
      ['nobody', paper],
      [key, 'https://other.example'],
      [key, 'https://paper.example.evil'],
      [key, undefined],
    ];
    for (const [site, from] of away) {
      const one = from === undefined ? new Scripted(house.url) : scripted(house, identity(), from);
      await expect(one.signIn({ site })).rejects.toThrow('bye site');
    }
    await house.operator(`/sites/${key}/suspend`, {});
    await expect(scripted(house, identity()).signIn({ site: key })).rejects.toThrow('bye site');
    await house.operator(`/sites/${key}/resume`, {});
    await scripted(house, identity()).signIn({ site: key });
  });

  test('[WG3] a consent to one site opens no door by another', async () => {
    const house = await start();
    const [one, other] = [await add(house, paper), await add(house, paper)];
    const who = identity();
    const talker = scripted(house, who);
    const { nonce } = await talker.of('challenge');
    const hello = helloOf(who, nonce, house.url, { site: one.key });
    talker.say({ ...hello, site: other.key });
    expect((await talker.of('bye')).reason).toBe('signature');
  });

  test('[WG4] suspending says goodbye to who computes for that site, and to nobody else', async () => {
    const house = await start();
    const [one, other] = [await add(house, paper), await add(house, paper)];
    const [here, there, direct] = [identity(), identity(), identity()].map((who) => scripted(house, who));
    await here?.signIn({ site: one.key });
    await there?.signIn({ site: other.key });
    await direct?.signIn();
    await house.operator(`/sites/${one.key}/suspend`, {});
    expect((await here?.of('bye'))?.reason).toBe('site');
    expect([there, direct].map((talker) => talker?.ws.readyState)).toEqual([1, 1]);
  });

  test('[WG3] work done by way of a site names it in the log, in the lease and where it is paid', async () => {
    const house = await start({ loopbackExempt: true });
    const { key } = await add(house, paper);
    const { job } = await house.job({ units: 8, unitsPerChunk: 8, quorum: 1 });
    const talker = scripted(house, identity());
    await talker.signIn({ site: key });
    const lease = await talker.leaseOf('cheap@1');
    expect(lease.job).toBe(job);
    const { leases } = house.runtime.state;
    expect([...leases.values()].map(({ device }) => house.runtime.state.devices.get(device)?.site)).toEqual([
      key,
    ]);
  });
});

describe('frames', () => {
  test('[WG1] a page of the site gets a frame that works, and that only its pages may show', async () => {
    const house = await start();
    await house.job();
    const { key } = await add(house, paper, 'https://www.paper.example');
    const { facts, policy } = await frame(house, `site=${key}&from=${paper}`, `${paper}/`);
    expect(facts).toMatchObject({
      state: 'ready',
      site: { key, name: 'paper.example' },
      from: paper,
      further: 0,
    });
    expect(facts.job).toMatchObject({ title: 'a test', cause: 'tests', chunks: 4, final: 0 });
    expect(policy).toContain(`frame-ancestors ${paper} https://www.paper.example`);
    expect(policy).toContain(`default-src 'none'`);
  });

  test('[WG1] a wrong key, another page, one that lies about itself, and a suspended site get a card that says so and never an invitation', async () => {
    const house = await start();
    const { key } = await add(house, paper);
    const states = async (query: string, referer?: string) =>
      (await frame(house, query, referer)).facts.state;
    expect(await states(`site=nobody&from=${paper}`)).toBe('unknown');
    expect(await states(`from=${paper}`)).toBe('unknown');
    expect(await states(`site=${key}&from=https://other.example`)).toBe('elsewhere');
    expect(await states(`site=${key}`)).toBe('elsewhere');
    expect(await states(`site=${key}&from=${paper}`, 'https://other.example/page')).toBe('elsewhere');
    await house.operator(`/sites/${key}/suspend`, {});
    expect(await states(`site=${key}&from=${paper}`, `${paper}/`)).toBe('suspended');
  });

  test('[WG1] a requester’s words end no element of the page', async () => {
    const house = await start();
    const { key } = await add(house, paper);
    const job = await house.job();
    const { spec } = house.runtime.state.jobs.get(job.job) ?? {};
    Object.assign(spec ?? {}, { title: '</script><script>alert(1)</script>' });
    const { text, facts } = await frame(house, `site=${key}&from=${paper}`);
    expect(text.match(/<script/g)?.length).toBe(1);
    expect(facts.job?.title).toBe('</script><script>alert(1)</script>');
  });

  test('[WG1] nobody frames the window in which a person agrees', async () => {
    const house = await start();
    const { key } = await add(house, paper);
    const answer = await house.call(`/embed/consent?site=${key}&from=${paper}`);
    expect(answer.headers.get('content-security-policy')).toContain(`frame-ancestors 'none'`);
    const loader = await house.call('/embed/v1.js');
    expect(loader.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(loader.headers.get('content-type')).toContain('javascript');
  });
});

describe('consents that are taken back', () => {
  test('[WG5] ends the conversation and opens no door again; a new one does, and other sites stay', async () => {
    const house = await start();
    const [one, other] = [await add(house, paper), await add(house, paper)];
    const who = identity();
    const at = Date.now() - 10_000;
    const talker = scripted(house, who);
    await talker.signIn({ site: one.key, consentAt: at });
    const answer = await house.call('/api/account/revoke', revocation(house, who, one.key, at + 5_000));
    expect(answer.status).toBe(200);
    expect((await talker.of('bye')).reason).toBe('consent');
    await expect(scripted(house, who).signIn({ site: one.key, consentAt: at })).rejects.toThrow(
      'bye consent',
    );
    await scripted(house, who).signIn({ site: other.key, consentAt: at });
    await scripted(house, who).signIn({ site: one.key, consentAt: at + 5_001 });
    await scripted(house, identity()).signIn({ site: one.key, consentAt: at });
  });

  test('[WR2] is asked for anew once it is thirty days old, also on a connection that lasts longer', async () => {
    let aheadMs = 0;
    const house = await start({ now: () => Date.now() + aheadMs, loopbackExempt: true });
    const { key } = await add(house, paper);
    await house.job({ units: 64, unitsPerChunk: 8, quorum: 1 });
    const consentAt = Date.now() - 30 * 86_400_000 + 60_000;
    const who = identity();
    const talker = scripted(house, who);
    await talker.signIn({ site: key, consentAt });
    await talker.leaseOf('cheap@1');
    aheadMs = 61_000;
    talker.ask('cheap@1');
    expect(await talker.of('bye')).toMatchObject({
      reason: 'consent',
      detail: expect.stringContaining('30 days') as unknown,
    });
    expect(house.house.live().people).toBe(0);
    await scripted(house, who).signIn({ site: key });
  });

  test('[WG5] only the device itself takes back, once, and lately', async () => {
    const house = await start();
    const { key } = await add(house, paper);
    const [who, thief] = [identity(), identity()];
    const now = Date.now();
    const stolen = { ...who, privateKey: thief.privateKey };
    const call = async (init: RequestInit) => (await house.call('/api/account/revoke', init)).status;
    expect(await call(revocation(house, stolen, key, now))).toBe(401);
    expect(await call(revocation(house, who, key, now - 120_000))).toBe(401);
    const init = revocation(house, who, key, now);
    expect([await call(init), await call(init)]).toEqual([200, 401]);
    await expect(scripted(house, who).signIn({ site: key, consentAt: now - 1 })).rejects.toThrow(
      'bye consent',
    );
    house.house.side.erase(who.account, [who.device], []);
    expect(house.house.side.sites.revokedAt(who.device, key)).toBeNull();
  });
});
