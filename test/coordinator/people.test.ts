/** Who is counted on for which work: what a device last asked for, as long as it is there and wants to. */
import { describe, expect, test } from 'vitest';
import { People } from '../../src/coordinator/people.ts';
import type { Present } from '../../src/coordinator/people.ts';
import { emptyState } from '../../src/core/state.ts';
import type { Slot } from '../../src/core/state.ts';

const present = (device: string, over: Partial<Present> = {}): Present => ({
  device,
  account: 'ann',
  group: 'home',
  network: '',
  cores: 2,
  gpu: false,
  lastAsked: null,
  ...over,
});
const wasm = (...kernels: string[]): Slot => ({
  slot: 0,
  backend: 'wasm',
  rates: Object.fromEntries(kernels.map((kernel) => [kernel, 1000])),
});
const gpu = (...kernels: string[]): Slot => ({ ...wasm(...kernels), slot: 256, backend: 'webgpu' });

/** What is counted on, in plain words. */
function counted({ live }: People<Present>): string[] {
  return [...live].flatMap(([account, groups]) =>
    [...groups].flatMap(([group, able]) => [...able].toSorted().map((one) => `${account} ${group} ${one}`)),
  );
}

describe('[LS4] who is counted on', () => {
  test('nobody who has not asked', () => {
    const people = new People<Present>();
    people.enter(present('a'));
    expect(counted(people)).toEqual([]);
  });

  test('for what each slot last asked for, on its backend', () => {
    const people = new People<Present>();
    const a = present('a');
    people.enter(a);
    people.wantsWork(a, [wasm('sum@1'), gpu('sum@1', 'mix@1')]);
    expect(counted(people)).toEqual([
      'ann home wasm sum@1',
      'ann home webgpu mix@1',
      'ann home webgpu sum@1',
    ]);
    people.wantsWork(a, [gpu('sum@1')]);
    expect(counted(people)).toEqual(['ann home wasm sum@1', 'ann home webgpu sum@1']);
    people.wantsWork(a, [wasm('sum@2')]);
    expect(counted(people)).toEqual(['ann home wasm sum@2', 'ann home webgpu sum@1']);
  });

  test('with all their devices together, each in its network', () => {
    const people = new People<Present>();
    const [a, b, c] = [present('a'), present('b'), present('c', { group: 'work' })];
    for (const one of [a, b, c]) people.enter(one);
    people.wantsWork(a, [wasm('sum@1')]);
    people.wantsWork(b, [wasm('mix@1')]);
    people.wantsWork(c, [wasm('sum@1')]);
    expect(counted(people)).toEqual(['ann home wasm mix@1', 'ann home wasm sum@1', 'ann work wasm sum@1']);
    people.leave(b);
    people.rests(c);
    expect(counted(people)).toEqual(['ann home wasm sum@1']);
    people.rests(a);
    expect(counted(people)).toEqual([]);
  });

  test('not for what is not let in: the other backend still is, until it asks again', () => {
    const people = new People<Present>();
    const a = present('a', { network: 'n1' });
    people.enter(a);
    const slots = [wasm('sum@1'), gpu('sum@1')];
    people.sentAway(a, 'wasm');
    people.wantsWork(a, slots);
    people.sentAway(a, 'wasm');
    expect(counted(people)).toEqual(['ann home webgpu sum@1']);
    expect([...people.networks.wanting.keys()]).toEqual(['webgpu sum@1']);
    people.wantsWork(a, slots);
    expect(counted(people)).toEqual(['ann home wasm sum@1', 'ann home webgpu sum@1']);
    people.sentAway(a, 'wasm');
    people.sentAway(a, 'webgpu');
    expect(people.live.size).toBe(0);
    people.wantsWork(a, slots);
    expect(people.live.size).toBe(1);
  });

  test('not after they rest or are replaced, until they ask again', () => {
    const people = new People<Present>();
    const [before, after] = [present('a'), present('a')];
    people.enter(before);
    people.wantsWork(before, [wasm('sum@1')]);
    people.enter(after);
    people.wantsWork(before, [wasm('sum@1')]);
    expect(counted(people)).toEqual([]);
    people.wantsWork(after, [wasm('sum@1')]);
    expect(counted(people)).toEqual(['ann home wasm sum@1']);
  });
});

describe('[CH2] from which networks they are', () => {
  /** How many want what, from which network, in plain words. */
  const from = ({ networks }: People<Present>): string[] =>
    [...networks.wanting]
      .flatMap(([wish, counts]) => [...counts].map(([network, count]) => `${wish}: ${count} from ${network}`))
      .toSorted();

  test('is counted for what they want, once for each group of an account, and no longer than they want it', () => {
    const people = new People<Present>();
    const [a, b] = [present('a', { network: 'n1' }), present('b', { network: 'n1' })];
    const c = present('c', { account: 'cat', group: 'work', network: 'n2' });
    const d = present('d', { account: 'dan', group: 'far', network: 'n1' });
    for (const one of [a, b, c, d]) people.enter(one);
    people.wantsWork(a, [wasm('sum@1')]);
    people.wantsWork(b, [wasm('sum@1')]);
    expect(from(people)).toEqual(['wasm sum@1: 1 from n1']);
    people.wantsWork(c, [wasm('sum@1'), gpu('sum@1')]);
    people.wantsWork(d, [wasm('sum@1')]);
    expect(from(people)).toEqual([
      'wasm sum@1: 1 from n2',
      'wasm sum@1: 2 from n1',
      'webgpu sum@1: 1 from n2',
    ]);
    expect([...people.networks.ofGroup]).toEqual([
      ['home', 'n1'],
      ['work', 'n2'],
      ['far', 'n1'],
    ]);
    people.wantsWork(c, [wasm('mix@1')]);
    people.leave(a);
    people.rests(d);
    expect(from(people)).toEqual([
      'wasm mix@1: 1 from n2',
      'wasm sum@1: 1 from n1',
      'webgpu sum@1: 1 from n2',
    ]);
    people.rests(b);
    people.leave(c);
    expect(from(people)).toEqual([]);
  });

  test('is not counted where it is not known', () => {
    const people = new People<Present>();
    const a = present('a');
    people.enter(a);
    people.wantsWork(a, [wasm('sum@1')]);
    expect(from(people)).toEqual([]);
    expect(people.networks.ofGroup.size).toBe(0);
  });
});

describe('a graphics processor', () => {
  test('is counted once its device asks for it, since it is only looked for after signing in', () => {
    const people = new People<Present>();
    const [a, b] = [present('a'), present('b', { gpu: true })];
    const gpus = (): number => people.view(emptyState()).gpus;
    people.enter(a);
    people.wantsWork(a, [wasm('sum@1')]);
    expect(gpus()).toBe(0);
    people.wantsWork(a, [gpu('sum@1')]);
    expect(gpus()).toBe(1);
    people.enter(b);
    expect(gpus()).toBe(2);
    people.leave(a);
    expect(gpus()).toBe(1);
  });
});
