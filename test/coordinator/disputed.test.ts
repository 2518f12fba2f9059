/** Is a dispute settled by the third person, whatever the first one sent? */
import { afterEach, expect, test } from 'vitest';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';

let house: Started | null = null;
afterEach(() => house?.close());

test('[CH4, CH7] a liar who was first, with bytes, is out-voted by the next two: the third is asked for bytes', async () => {
  house = await started();
  const job = await house.job({ units: 8, unitsPerChunk: 8 });
  const lies = Array.from({ length: 8 }, () => Buffer.alloc(8, 1));
  const truth = outputsOf(cheapInput(8), 0, 8);
  const wanted: boolean[] = [];
  const people: Scripted[] = [];
  let last = 0;
  for (const outputs of [lies, truth, truth]) {
    const person = new Scripted(house.url);
    await person.signIn();
    const { lease, bytes } = await person.leaseOf(job.kernel);
    wanted.push(bytes);
    person.commit([answerOf(job.job, 'exact', lease, 0, outputs, bytes)]);
    await person.acked(lease);
    people.push(person);
    last = lease;
  }
  expect(wanted).toEqual([true, false, true]);
  const paid = people.map(({ receipts }) =>
    receipts.flatMap(({ settled }) => settled.map(({ replica }) => replica)),
  );
  expect([paid[0], paid[2]]).toEqual([[], [last]]);
  expect(await (await house.call(`/api/jobs/${job.job}`)).json()).toMatchObject({
    state: 'finished',
    final: 1,
  });
  for (const person of people) await person.end();
});
