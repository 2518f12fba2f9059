/** A job as people should know it: what is computed, for whom, how answers are checked, how far it is. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import { ClothView } from '../cloth/ClothView.tsx';
import { gapAfter, joined } from '../join.ts';
import { addressWith } from '../language.ts';
import { isAudited, toldOf } from '../told.ts';
import { Powers } from './Powers.tsx';
import type { MersenneFacts } from '../facts.ts';
import type { House } from '../house.ts';
import type { JobView } from '../../wire/views.ts';
import type { Words } from '../words/words.ts';

interface Props {
  readonly w: Words;
  readonly house: House;
  readonly job: JobView | null;
}

/** The job on the loom: its cloth (or its picture and a ribbon), and one line on how far it is. */
export function Loom({ w, house, job }: Props): JSX.Element {
  const asked = house.live.jobs.value !== null;
  const told = job === null ? null : toldOf(w, job);
  return (
    <section class="loom" id="loom" aria-label={w.job.now}>
      <ClothView w={w} job={job} watched={house.watched} />
      {(job !== null || asked) && (
        <div class="loom-words">
          <h2>
            <Powers text={told?.title ?? w.job.none} />
          </h2>
          {job === null && house.begun.value !== 'yes' && <p>{w.job.noneNote}</p>}
          {job !== null && told !== null && (
            <>
              <p>
                {told.cause}
                {gapAfter(told.cause)}
                <span class="soft">{w.job.requester(told.requester)}</span>
              </p>
              <p class="soft figures">
                {progressOf(w, job)}
                {job.etaMs !== null && ` · ${w.job.eta(job.etaMs)}`}
              </p>
            </>
          )}
        </div>
      )}
    </section>
  );
}

/** The loom before anything is known: bare warp, and what is being waited for. */
export function Asking(props: { readonly w: Words }): JSX.Element {
  return (
    <div class="loom" key="asking">
      <div class="bare" />
      <p class="soft">{props.w.job.asking}</p>
    </div>
  );
}

/** How answers are checked, what exactly is searched, and what else is open. */
export function JobDetails(props: Props & { readonly choose: (job: string) => void }): JSX.Element | null {
  const { w, house, job, choose } = props;
  if (job === null) return null;
  const others = (house.live.jobs.value ?? []).filter(
    (other) => other.endedAt === null && other.job !== job.job,
  );
  return (
    <section class="prose" aria-labelledby="checking">
      <h2 id="checking">{w.job.more}</h2>
      {job.state === 'paused' && <p>{w.job.paused}</p>}
      <Range w={w} job={job} />
      {job.demonstration && <p>{w.job.demonstration}</p>}
      <p>
        {joined(
          w.job.verified(job.policy, job.quorum, isAudited(job)),
          isCompared(job) && w.job.tolerance(isAudited(job)),
          settledBy(w, job),
          job.disputes > 0 && (isAudited(job) ? w.job.disproved : w.job.disputes)(job.disputes),
        )}
      </p>
      <p>
        <a href={addressWith('/checks.html', location.search)}>{w.page.checks}</a>
      </p>
      <p class="soft">{w.job.kernel(job.kernel)}</p>
      {others.length > 0 && (
        <>
          <h3>{w.job.also}</h3>
          <ul class="plain">
            {others.map((other) => (
              <Other key={other.job} w={w} job={other} choose={choose} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** Whether people settled what is done, or the anchor stepped in. */
function settledBy({ job: words }: Words, job: JobView): string | false {
  const { settledByPeople, settledWithAnchor } = job;
  if (settledByPeople + settledWithAnchor === 0) return false;
  return (isAudited(job) ? words.computedBy : words.settled)(settledByPeople, settledWithAnchor);
}

/** Whether what a GPU rounds differently is held against a processor's answer [CH6]: not where nobody looks at it again. */
function isCompared(job: JobView): boolean {
  return job.agreement === 'tolerance' && (isAudited(job) || job.quorum > 1);
}

function progressOf(w: Words, { final, accepted, chunks }: JobView): string {
  return w.job.progress(final, accepted, chunks);
}

/** Another open job, and the way to put it on the loom. */
function Other(props: {
  readonly w: Words;
  readonly job: JobView;
  readonly choose: (job: string) => void;
}): JSX.Element {
  const { w, job, choose } = props;
  const { title, cause } = toldOf(w, job);
  return (
    <li>
      <strong>
        <Powers text={title} />
      </strong>{' '}
      <span class="soft figures">{progressOf(w, job)}</span>
      <br />
      {cause}
      <br />
      <button type="button" class="text" onClick={() => choose(job.job)}>
        {w.job.show}
        <span class="unseen">: {title}</span>
      </button>
    </li>
  );
}

/** For trial factoring: which numbers are tried. */
function Range({ w, job }: { readonly w: Words; readonly job: JobView }): JSX.Element | null {
  const facts = useSignal<MersenneFacts | null>(null);
  useEffect(() => {
    facts.value = null;
    const read = async (): Promise<void> => {
      const { mersenneFacts } = await import('../facts.ts');
      facts.value = await mersenneFacts(job).catch(() => null);
    };
    void read();
  }, [job.job]);
  if (facts.value === null) return null;
  const { exponent, bitFrom, bitTo } = facts.value;
  return (
    <p>
      <Powers text={joined(w.job.range(exponent, w.f.tenth(bitFrom), w.f.tenth(bitTo)), w.job.rangeAbout)} />
    </p>
  );
}
