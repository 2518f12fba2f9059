/** How a job is told to people: in its requester's words, in the reader's language where the requester wrote them in it. */
import type { JobView } from '../wire/views.ts';
import type { Words } from './words/words.ts';

/** What a job is called, what it is for, and who ordered it. */
export interface Told {
  readonly title: string;
  readonly cause: string;
  readonly requester: string;
}

/** The requester's name that `src/coordinator/seed.ts` gives to itself. */
const itself = 'demonstrations';

export function toldOf(w: Words, job: JobView): Told {
  const { title, cause } = job.texts?.[w.language] ?? job;
  const own = job.demonstration && job.requester === itself;
  return { title, cause, requester: own ? w.job.itself : job.requester };
}

/** Whether parts of a job's results are recomputed, instead of everything by a second person. */
export function isAudited({ policy, audited }: Pick<JobView, 'policy' | 'audited'>): boolean {
  return policy === 'audit' || policy === 'adaptive' || audited === true;
}
