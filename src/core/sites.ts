/** What has become final of the work that each partner's site brought: a running sum, so that its share can be told at once. */
import type { Event, State } from './state.ts';

/** Adds what an event made final for sites; most events, and all work that no site brought, add nothing. */
export function creditSites({ sites }: Pick<State, 'sites'>, event: Event): void {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- nothing else makes credit final
  switch (event.e) {
    case 'accepted':
      if (!event.final) return;
      for (let i = 0; i < event.winners.length; i++) {
        const site = event.winners[i]?.site;
        // The entries are the winners' payments, in their order.
        if (typeof site === 'string') add(sites, site, event.entries[i]?.amountMicro ?? 0);
      }
      return;
    case 'vested':
    case 'audited':
      if (typeof event.site === 'string')
        for (const { amountMicro } of event.entries) add(sites, event.site, amountMicro);
      return;
    default:
  }
}

function add(sites: Map<string, bigint>, site: string, amountMicro: number): void {
  sites.set(site, (sites.get(site) ?? 0n) + BigInt(amountMicro));
}
