/** Takes back what was agreed to for a partner's site [WG5]: signed by the device, and told to the coordinator. */
import { base64urlOf, tagged } from './crypto.ts';
import { openIdentity } from './identity.ts';
import type { Outbox } from './outbox.ts';
import type { Platform } from './platform.ts';

/**
 * Forgets the agreement here at once, then tells the coordinator at `url`, which gives nothing for it any more. Whether it was
 * told: where it could not be, this browser asks for nothing all the same.
 */
export async function takeBack(url: string, platform: Platform, outbox: Outbox): Promise<boolean> {
  const { site, origin } = platform;
  platform.remember(null);
  try {
    const { identity: kept } = await outbox.load();
    if (site === null || kept === null) return false;
    const { key, publicKey, account } = await openIdentity(kept);
    const at = platform.now();
    const words = JSON.stringify([origin, publicKey, account, site, at]);
    const signature = base64urlOf(await key.sign(tagged('talka/revoke/1', words)));
    const body = JSON.stringify({ publicKey, account, site, at, signature });
    // The page may be on its way out.
    return (await fetch(`${url}/api/account/revoke`, { method: 'POST', body, keepalive: true })).ok;
  } catch {
    return false;
  }
}
