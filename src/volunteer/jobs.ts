/** Reads the open jobs out of what `GET /api/jobs` answers: a volunteer wants their descriptors alone, what is soonest fetched first. */
import * as v from 'valibot';
import { check, isMalformed } from '../wire/schema.ts';
import { jobDescriptor } from '../wire/volunteer.ts';
import type { JobDescriptor } from '../wire/volunteer.ts';

/** A view holds more than a volunteer needs, and may come to hold more still. */
const view = v.object({ ...jobDescriptor.entries, state: v.string(), inputBytes: v.optional(v.number(), 0) });
const descriptor = v.object(jobDescriptor.entries);
const views = v.object({ jobs: v.array(view) });

/** The open jobs, those with the shortest inputs first, or null when that is no list of jobs. */
export function openJobs(answer: unknown): JobDescriptor[] | null {
  const read = check(views, Array.isArray(answer) ? { jobs: answer } : answer);
  if (isMalformed(read)) return null;
  return read.jobs
    .filter(({ state }) => state === 'open')
    .sort((a, b) => a.inputBytes - b.inputBytes)
    .map((job) => v.parse(descriptor, job));
}
