/** Jobs that have ended: the finished cloth or picture, who verified it, and what was found. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { ClothView } from '../cloth/ClothView.tsx';
import { joined } from '../join.ts';
import { isAudited, toldOf } from '../told.ts';
import { Powers } from './Powers.tsx';
import type { House } from '../house.ts';
import type { JobView } from '../../wire/views.ts';
import type { Words } from '../words/words.ts';

interface Props {
  readonly w: Words;
  readonly house: House;
  readonly jobs: readonly JobView[];
}

export function Finished({ w, house, jobs }: Props): JSX.Element | null {
  if (jobs.length === 0) return null;
  return (
    <section class="finished" aria-labelledby="finished">
      <h2 id="finished">{w.done.heading}</h2>
      {jobs.map((job) => (
        <Piece key={job.job} w={w} house={house} job={job} />
      ))}
    </section>
  );
}

/** One of them. */
function Piece({ w, house, job }: Omit<Props, 'jobs'> & { readonly job: JobView }): JSX.Element {
  const { title, cause } = toldOf(w, job);
  return (
    <article class="piece">
      <h3>
        <Powers text={title} />
      </h3>
      <p class="soft figures">{joined(cause, ended(w, job))}</p>
      <ClothView w={w} job={job} watched={house.watched} keep />
      <p class="soft figures">
        {isAudited(job)
          ? w.done.audited(job.final, job.settledWithAnchor)
          : w.done.verifiedBy(job.final, job.settledByPeople, job.settledWithAnchor)}
      </p>
      {job.result.picture && job.demonstration && (
        <p>
          <a href={`/api/jobs/${job.job}/picture.png`}>{w.done.picture}</a>
        </p>
      )}
      {job.result.report && job.demonstration && <Report w={w} job={job.job} />}
    </article>
  );
}

function ended(w: Words, job: JobView): string {
  if (job.endedAt === null) return '';
  if (job.state === 'cancelled') return w.done.cancelled(job.endedAt);
  return w.done.finished(job.endedAt, job.endedAt - job.submittedAt);
}

/** The report in its own words, fetched when it is opened. */
function Report(props: { readonly w: Words; readonly job: string }): JSX.Element {
  const { w, job } = props;
  const text = useSignal<string | null>(null);
  const failed = useSignal(false);
  const read = async (): Promise<void> => {
    failed.value = false;
    try {
      const response = await fetch(`/api/jobs/${job}/report.txt`);
      if (!response.ok) throw new Error(response.statusText);
      text.value = await response.text();
    } catch {
      failed.value = true;
    }
  };
  return (
    <details
      class="report"
      onToggle={(event) => {
        if (event.currentTarget.open && text.value === null) void read();
      }}
    >
      <summary>{w.done.report}</summary>
      {text.value === null ? (
        <p>{failed.value ? w.done.unreadable : w.done.reading}</p>
      ) : (
        <pre>{text.value}</pre>
      )}
    </details>
  );
}
