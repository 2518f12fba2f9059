/** Addresses: who is on loopback, which network prefix an address belongs to, and whose word about others is trusted. */
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** An IPv4 address that came over an IPv6 socket is an IPv4 address. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address.replace(/%.*$/, '');
}

export function isLoopback(address: string): boolean {
  return contains(loopback, plainAddress(address));
}

/** The same of a name in an address: `localhost`, or `[::1]`. */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || isLoopback(name.replace(/^\[|\]$/g, ''));
}

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** The /24 or /48 of an address, as text that says nothing more. */
export function prefixOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) === 4) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  return `${wordsOfIPv6(plain)
    .slice(0, 3)
    .map((word) => word.toString(16))
    .join(':')}::/48`;
}

/** The eight 16-bit words of an IPv6 address. */
export function wordsOfIPv6(address: string): number[] {
  const [head = '', tail] = withoutDots(address).split('::');
  const wordsOf = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const before = wordsOf(head);
  if (tail === undefined) return before;
  const after = wordsOf(tail);
  return [
    ...before,
    ...Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => 0),
    ...after,
  ];
}

/** An IPv6 address whose last two words are written as an IPv4 address, without that. */
function withoutDots(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const word = (high: unknown, low: unknown): string => (Number(high) * 256 + Number(low)).toString(16);
    return `${word(a, b)}:${word(c, d)}`;
  });
}

/** Proxies whose `X-Forwarded-For` is believed, as CIDR blocks. Throws with one line on what is none. */
export function proxyList(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', bits] = block.split('/');
    const family = isIP(address);
    const prefix = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128))
      throw new Error(`--trust-proxy: '${block}' is no network such as 10.0.0.0/8`);
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** The address a request came from: the socket's, or what trusted proxies say, from the nearest backwards to the first we do not trust. */
export function addressOf(
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  proxies: BlockList,
): string {
  let address = plainAddress(socketAddress ?? '');
  const hops = (forwardedFor ?? '')
    .split(',')
    .map((hop) => plainAddress(hop.trim()))
    .filter((hop) => hop !== '' && isIP(hop) !== 0);
  while (contains(proxies, address)) {
    const nearer = hops.pop();
    if (nearer === undefined) break;
    address = nearer;
  }
  return address;
}
