/** How a job is told to people: the two demonstrations in the page's own words, every other in its requester's. */
import type { JobView } from '../wire/views.ts';
import type { Words } from './words/words.ts';

/** What a job is called, what it is for, and who ordered it. */
export interface Told {
  readonly title: string;
  readonly cause: string;
  readonly requester: string;
}

/** Recognises what `src/coordinator/seed.ts` puts into a new store: by label, requester, kernel and title together. */
export function toldOf(w: Words, job: JobView): Told {
  const { title, cause, requester } = job;
  const known = w.demonstrations;
  if (!job.demonstration || requester !== 'demonstrations') return { title, cause, requester };
  if (job.kernel === 'path-trace@1' && title === 'A rabbit among dyed balls')
    return { ...known.picture, requester: known.requester };
  const exponent = /^Factors of M(\d+)$/.exec(title)?.[1];
  if (job.kernel !== 'mersenne-tf@1' || exponent === undefined) return { title, cause, requester };
  return { title: known.factors.title(exponent), cause: known.factors.cause, requester: known.requester };
}
