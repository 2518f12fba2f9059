/**
 * Which names this coordinator answers to, and which pages may drive it [HT1]. A page of another site can make a
 * browser talk to 127.0.0.1, and a name it owns can be made to point there: so both `Host` and `Origin` are checked.
 */
import { isIP } from 'node:net';

export interface Origins {
  /** Whether a request's Host header is a name of ours. */
  isOwnHost(host: string | undefined): boolean;
  /** Whether an Origin header is that of our own pages (or of one the operator allowed). */
  isOwnOrigin(origin: string): boolean;
  /** What a headless volunteer, which sends no Origin, signs for the Host it called [WR1]. */
  originOfHost(host: string): string;
}

export interface OriginOptions {
  readonly tls: boolean;
  /** The port we listen on, known once we do. */
  port(): number;
  /** The host name we were told to listen on. */
  readonly host: string;
  /** `https://talka.example`: an address in front of us. */
  readonly allowed: readonly string[];
  /** In development the pages come from another port of this machine. */
  readonly dev: boolean;
}

/**
 * An address instead of a name cannot have been pointed at us by somebody else's name server, so any address with
 * our port is ours; of names only `localhost`, the one we listen on and those the operator allowed.
 */
export function originsOf(options: OriginOptions): Origins {
  const allowedHosts = new Set(options.allowed.map((origin) => new URL(origin).host.toLowerCase()));
  const allowed = new Set(options.allowed.map((origin) => new URL(origin).origin));
  const isOwnHost = (host: string | undefined): boolean => {
    if (host === undefined || host.length > 300) return false;
    const text = host.toLowerCase();
    if (allowedHosts.has(text)) return true;
    const parsed = URL.parse(`${options.tls ? 'https' : 'http'}://${text}`);
    if (parsed === null || parsed.host !== text.replace(options.tls ? /:443$/ : /:80$/, '')) return false;
    const name = parsed.hostname.replace(/^\[|\]$/g, '');
    const local = name === 'localhost' || name === '127.0.0.1' || name === '::1';
    if (options.dev && local) return true;
    const port = parsed.port === '' ? (options.tls ? 443 : 80) : Number(parsed.port);
    if (port !== options.port()) return false;
    return local || isIP(name) !== 0 || name === options.host.toLowerCase();
  };
  const isOwnOrigin = (origin: string): boolean => {
    const parsed = URL.parse(origin);
    if (parsed === null || parsed.origin !== origin) return false;
    return (
      allowed.has(origin) ||
      (parsed.protocol === (options.tls ? 'https:' : 'http:') && isOwnHost(parsed.host))
    );
  };
  const originOfHost = (host: string): string =>
    [...allowed].find((origin) => new URL(origin).host === host.toLowerCase()) ??
    `${options.tls ? 'https' : 'http'}://${host.toLowerCase()}`;
  return { isOwnHost, isOwnOrigin, originOfHost };
}
