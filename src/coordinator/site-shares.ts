/** How much of all credit that has become final each partner's site brought, for the leaderboard. */
import { vestedMicro } from '../core/epoch.ts';
import type { SiteShares } from '../wire/views.ts';
import type { House } from './house.ts';
import { siteName } from './sites.ts';

export function siteShares({ runtime, side }: Pick<House, 'runtime' | 'side'>): SiteShares {
  const { sites } = runtime.state;
  const names = new Map(side.sites.all().map((site) => [site.key, siteName(site)] as const));
  const rows = Array.from(sites, ([site, micro]) => ({
    site,
    name: names.get(site) ?? site,
    creditMicro: Number(micro),
  }));
  rows.sort((a, b) => b.creditMicro - a.creditMicro || (a.site < b.site ? -1 : 1));
  return { ofMicro: Number(vestedMicro(runtime.state)), rows };
}
