/** Are the demonstrations put in where they belong: once into an empty store, and in development again whenever they are done? */
import { afterEach, expect, test } from 'vitest';
import { kernelOf } from '../../src/kernels/catalogue.ts';
import { shelfOf } from '../../src/coordinator/kernels.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import type { JobView } from '../../src/wire/views.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';

let open: Started[] = [];
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
});

async function demonstrated(options: CoordinatorOptions): Promise<Started> {
  const shelf = shelfOf(new URL('../../build/kernels', import.meta.url).pathname, kernelOf);
  const house = await started({ seed: 'demo', shelf, ...options });
  open.push(house);
  return house;
}

const jobsOf = async (house: Started): Promise<JobView[]> =>
  ((await (await house.call('/api/jobs')).json()) as { jobs: JobView[] }).jobs;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test.each([
  ['in development others follow, so that every page stays alive', true, ['j3', 'j4']],
  ['elsewhere they come once', false, []],
] as const)('demonstrations that have ended: %s', async (_, dev, next) => {
  const house = await demonstrated({ dev });
  expect((await jobsOf(house)).map(({ job, demonstration }) => [job, demonstration])).toEqual([
    ['j1', true],
    ['j2', true],
  ]);
  for (const job of ['j1', 'j2']) await house.operator(`/jobs/${job}/cancel`, {});
  const isOpen = ({ endedAt }: JobView): boolean => endedAt === null;
  for (let tries = 0; tries < 60 && (await jobsOf(house)).filter(isOpen).length < 2; tries++) {
    if (!dev && tries > 30) break;
    await sleep(100);
  }
  expect((await jobsOf(house)).filter(isOpen).map(({ job }) => job)).toEqual(next);
});
