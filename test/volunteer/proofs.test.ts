/** What a browser remembers of programs on which it has proven itself: by whom, for how long, how many, and nothing that is not so. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { proofMs, proofsMax, recallProofs, rememberProof } from '../../src/volunteer/proofs.ts';

const key = 'talka.proven';
const at = 1_000_000_000_000;
const store = new Map<string, string>();

beforeEach(() => {
  store.clear();
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => store.get(name) ?? null,
    setItem: (name: string, value: string) => void store.set(name, value),
    removeItem: (name: string) => void store.delete(name),
  });
});
afterEach(() => vi.unstubAllGlobals());

test('what was proven holds for a week, for the browser that proved it, under its own key', () => {
  rememberProof(key, 'wasm sum@1 aa -', at, 'A/1');
  rememberProof(key, 'wasm mix@1 bb -', at + 1_000, 'A/1');
  expect(recallProofs(key, at + 2_000, 'A/1').toSorted()).toEqual(['wasm mix@1 bb -', 'wasm sum@1 aa -']);
  expect(recallProofs(key, at + proofMs, 'A/1')).toEqual(['wasm mix@1 bb -']);
  expect(recallProofs(key, at + 1_000 + proofMs, 'A/1')).toEqual([]);
  expect(recallProofs(key, at + 2_000, 'A/2')).toEqual([]);
  expect(recallProofs(`${key}.site`, at + 2_000, 'A/1')).toEqual([]);
  // A clock that was set back: nothing was proven in the future.
  expect(recallProofs(key, at - 1, 'A/1')).toEqual([]);
});

test('what another version of the browser proved is gone with its first own proof', () => {
  rememberProof(key, 'one', at, 'A/1');
  rememberProof(key, 'two', at, 'A/2');
  expect(recallProofs(key, at, 'A/2')).toEqual(['two']);
  expect(recallProofs(key, at, 'A/1')).toEqual([]);
});

test('the last ones are kept, and all are forgotten at once', () => {
  for (let i = 0; i < proofsMax + 3; i++) rememberProof(key, `p${i}`, at + i, 'A/1');
  const kept = recallProofs(key, at + 100, 'A/1');
  expect(kept).toHaveLength(proofsMax);
  expect(kept).not.toContain('p2');
  expect(kept).toContain('p3');
  rememberProof(key, null, at, 'A/1');
  expect(store.size).toBe(0);
});

test.each([
  '',
  'no JSON',
  '7',
  'null',
  '[]',
  '{"browser":"A/1"}',
  '{"browser":"A/1","programs":{"p":"soon"}}',
  '{"browser":"A/1","programs":7}',
])('nothing is proven where the storage says %j', (text) => {
  store.set(key, text);
  expect(recallProofs(key, at, 'A/1')).toEqual([]);
  rememberProof(key, 'p', at, 'A/1');
  expect(recallProofs(key, at, 'A/1')).toEqual(['p']);
});

test('and where there is no storage', () => {
  vi.stubGlobal('localStorage', undefined);
  expect(recallProofs(key, at, 'A/1')).toEqual([]);
  expect(() => rememberProof(key, 'p', at, 'A/1')).not.toThrow();
  expect(() => rememberProof(key, null, at, 'A/1')).not.toThrow();
});
