/** Do the views say what can be said: an estimate while somebody is at a job, and of all jobs that ever ended the last? */
import { expect, test } from 'vitest';
import { Views } from '../../src/coordinator/views.ts';
import { ask, commit, longJob } from '../core/house.ts';
import type { House } from '../core/house.ts';

function viewsOf(h: House): Views {
  return new Views({
    state: () => h.state,
    nameOf: () => null,
    siteName: (site) => site,
    showing: () => ({ picture: false, report: false }),
    now: () => h.now(),
  });
}

test('an estimate comes with enough chunks, and goes when nobody computes any more', () => {
  const { h, job } = longJob('ab');
  const views = viewsOf(h);
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

test('a list of jobs does not grow with the years: all that are open, and the fifty that ended last, the newest first', () => {
  const { h, job } = longJob('a');
  const views = viewsOf(h);
  for (let i = 0; i < 60; i++)
    views.concluded(`old${i}`, JSON.stringify({ job: `old${i}`, endedAt: 1_000 + i }));
  const listed = views.jobs().map((view) => view.job);
  expect(listed.slice(0, 3)).toEqual([job.id, 'old59', 'old58']);
  expect(listed).toHaveLength(51);
  // Each of the others may still be asked for.
  expect(views.job('old0')).toMatchObject({ job: 'old0' });
});
