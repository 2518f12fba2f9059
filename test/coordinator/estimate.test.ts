/** When a job will be done is estimated from how it went lately, and not said while nobody is at it. */
import { expect, test } from 'vitest';
import { Views } from '../../src/coordinator/views.ts';
import { ask, commit, longJob } from '../core/house.ts';

test('an estimate comes with enough chunks, and goes when nobody computes any more', () => {
  const { h, job } = longJob('ab');
  const views = new Views({
    state: () => h.state,
    nameOf: () => null,
    siteName: (site) => site,
    showing: () => ({ picture: false, report: false }),
    now: () => h.now(),
  });
  const etaMs = (): number | null | undefined => views.job(job.id)?.etaMs;
  views.sample();
  for (let done = 0; done < 20; done++) {
    const leases = [ask(h, 'a'), ask(h, 'b')] as const;
    if (done < 6) expect(etaMs()).toBeNull();
    h.wait(5_000);
    for (let i = 0; i < leases[0].count; i++)
      for (const [at, name] of ['a', 'b'].entries()) commit(h, name, (leases[at]?.lease ?? 0) + i);
    views.sample();
  }
  // Nobody holds anything now: how fast it goes on is anybody's guess.
  expect(etaMs()).toBeNull();
  ask(h, 'a');
  const chunks = 10_000;
  const rate = job.finalChunks / 100_000;
  expect((etaMs() ?? 0) / ((chunks - job.finalChunks) / rate)).toBeCloseTo(1, 1);
});
