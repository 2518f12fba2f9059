/** When the operator's anchor stands in, and when it stands aside: docs/SPEC.md, [LS4]. */
import { describe, expect, test } from 'vitest';
import { anchorAfterMs } from '../../src/core/schedule.ts';
import { ask, connected, join, kernel, longJob, nobody, slotOf } from './house.ts';
import type { House } from './house.ts';
import type { Job, JobSpec } from '../../src/core/state.ts';

describe('[LS4] the anchor', () => {
  function anchored(names: string, over: Partial<JobSpec> = {}): { h: House; job: Job } {
    const made = longJob(names, { units: 8, ...over });
    join(made.h, 'z', { account: 'anchor', role: 'anchor' });
    return made;
  }

  test('opens nothing', () => {
    const { h } = anchored('a');
    h.wait(anchorAfterMs);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live: nobody })).toBe('waiting-for-others');
  });

  test('waits 30 s, and for as long as somebody who is connected may join', () => {
    const { h } = anchored('ab');
    ask(h, 'a');
    h.wait(anchorAfterMs - 1);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live: connected(h, 'a') })).toBe(
      'waiting-for-others',
    );
    h.wait(1);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live: connected(h, 'ab') })).toBe(
      'waiting-for-others',
    );
    expect(ask(h, 'z', slotOf(), connected(h, 'a')).chunk).toBe(0);
  });

  test('does not wait for people who cannot compute that kernel', () => {
    const { h } = anchored('ab');
    ask(h, 'a');
    h.wait(anchorAfterMs);
    const wish = { c: 'ask', device: 'z', slot: slotOf() } as const;
    expect(h.refused({ ...wish, live: connected(h, 'b', [`webgpu ${kernel}`]) })).toBe('waiting-for-others');
    expect(ask(h, 'z', slotOf(), connected(h, 'b', ['wasm other@1'])).chunk).toBe(0);
  });

  test('does not wait for people whose GPU would be of no use, where a reference is wanted', () => {
    const { h } = anchored('ab', { agreement: 'tolerance' });
    const gpu = slotOf({ backend: 'webgpu' });
    ask(h, 'a', gpu);
    h.wait(anchorAfterMs);
    const wish = { c: 'ask', device: 'z', slot: slotOf() } as const;
    expect(h.refused({ ...wish, live: connected(h, 'b') })).toBe('waiting-for-others');
    expect(ask(h, 'z', slotOf(), connected(h, 'b', [`webgpu ${kernel}`])).chunk).toBe(0);
  });

  test('stands in where all who are connected are of one network', () => {
    const { h } = anchored('a');
    join(h, 'n', { group: 'net-a' });
    ask(h, 'a');
    h.wait(anchorAfterMs);
    expect(ask(h, 'z', slotOf(), connected(h, 'an')).chunk).toBe(0);
  });
});
