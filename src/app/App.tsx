/** The page on which a machine is lent: before Start what it would do, afterwards what it does. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import type { House } from './house.ts';
import { words } from './language.ts';
import { Finished } from './parts/Finished.tsx';
import { Footer, Header } from './parts/Header.tsx';
import { JobDetails, Loom } from './parts/Job.tsx';
import { Notices } from './parts/Notices.tsx';
import { Before } from './parts/Start.tsx';
import { Me, Settings, Tally } from './parts/Tally.tsx';
import { Machine, WorkHead, spokenOf } from './parts/Work.tsx';
import type { JobView } from '../wire/views.ts';
import type { VolunteerView } from '../volunteer/store.ts';
import type { Words } from './words/words.ts';

export function App(props: { readonly house: House }): JSX.Element | null {
  const { house } = props;
  const w = words.value;
  if (w === null) return null;
  const view = house.watched.view.value;
  const started = house.begun.value === 'yes' && view.phase !== 'idle';
  const jobs = house.live.jobs.value ?? [];
  const job = focusOf(jobs, view);
  return (
    <>
      <Header w={w} page="contribute" />
      <main id="content" tabIndex={-1}>
        {started ? (
          <WorkHead w={w} house={house} />
        ) : (
          <section class="head">
            <h1>{w.page.heading}</h1>
            <p class="lede">{w.page.lede}</p>
          </section>
        )}
        <Loom w={w} house={house} job={job} />
        <Notices w={w} house={house} />
        {started ? (
          <>
            <Machine w={w} house={house} />
            <Tally w={w} house={house} />
            <Settings w={w} house={house} />
            <Me w={w} house={house} />
            <Spoken w={w} house={house} />
          </>
        ) : (
          <Before w={w} house={house} job={job} />
        )}
        <JobDetails w={w} house={house} job={job} />
        <Finished w={w} house={house} jobs={jobs.filter(({ endedAt }) => endedAt !== null).toReversed()} />
      </main>
      <Footer w={w} live={house.live} />
    </>
  );
}

/** The job on the loom: what this machine computes, else the first that is open. */
function focusOf(jobs: readonly JobView[], view: VolunteerView): JobView | null {
  const open = jobs.filter(({ endedAt }) => endedAt === null);
  const mine = view.workers.find(({ job }) => job !== null)?.job;
  return open.find(({ job }) => job === mine) ?? open[0] ?? null;
}

const spokenMs = 20_000;

/** What a screen reader is told: the state when it changes, the counts every 20 seconds. */
function Spoken(props: { readonly w: Words; readonly house: House }): JSX.Element {
  const { w, house } = props;
  const { phase } = house.watched.view.value;
  const said = useSignal('');
  useEffect(() => {
    const say = (): void => {
      said.value = spokenOf(w, house.watched.view.peek());
    };
    say();
    const timer = setInterval(say, spokenMs);
    return () => clearInterval(timer);
  }, [phase, w]);
  return (
    <p class="unseen" role="status">
      {said.value}
    </p>
  );
}
