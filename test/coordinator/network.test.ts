/** Is somebody where their socket is, and where only a proxy that the operator named may say otherwise? */
import { describe, expect, test } from 'vitest';
import { addressOf, isLoopback, prefixOf, proxyList } from '../../src/coordinator/network.ts';

const none = proxyList([]);
const ours = proxyList(['127.0.0.1/32', '10.0.0.0/8', 'fd00::/8']);

describe('the address that somebody comes from', () => {
  test('is the socket’s, whatever a header says, where no proxy is configured', () => {
    expect(addressOf('203.0.113.7', '198.51.100.1', none)).toBe('203.0.113.7');
    expect(addressOf('127.0.0.1', '198.51.100.1', none)).toBe('127.0.0.1');
    expect(addressOf('::ffff:203.0.113.7', undefined, none)).toBe('203.0.113.7');
  });

  test('is what a configured proxy says, and no further back than the first who is none', () => {
    expect(addressOf('127.0.0.1', '198.51.100.1', ours)).toBe('198.51.100.1');
    // The left ones are what the visitor wrote.
    expect(addressOf('127.0.0.1', '192.0.2.9, 198.51.100.1', ours)).toBe('198.51.100.1');
    expect(addressOf('127.0.0.1', '192.0.2.9, 198.51.100.1, 10.1.2.3', ours)).toBe('198.51.100.1');
    expect(addressOf('fd00::1', '2001:db8::5', ours)).toBe('2001:db8::5');
    // Who is no proxy of ours is not believed, though a proxy stands elsewhere.
    expect(addressOf('203.0.113.7', '198.51.100.1', ours)).toBe('203.0.113.7');
  });

  test('is the proxy’s own where it says nothing, or nothing that is an address', () => {
    for (const header of [undefined, '', 'unknown', '<script>', '999.1.1.1'])
      expect(addressOf('127.0.0.1', header, ours)).toBe('127.0.0.1');
  });
});

test('a prefix is a /24 or a /48, and says no more', () => {
  expect(prefixOf('198.51.100.77')).toBe('198.51.100.0/24');
  expect(prefixOf('::ffff:198.51.100.77')).toBe('198.51.100.0/24');
  expect(prefixOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1::/48');
  expect(prefixOf('2001:db8::6')).toBe('2001:db8:0::/48');
});

test('loopback is what is on this machine, in either family', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].map(isLoopback)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['128.0.0.1', '::2', '198.51.100.1', ''].map(isLoopback)).toEqual([false, false, false, false]);
});

test.each(['everybody', '10.0.0.0/33', '10.0.0.0/x', ''])('%s is no network, which is said', (block) => {
  expect(() => proxyList([block])).toThrow(/is no network/);
});
