/** The page on which a machine is lent: before Start what it would do, afterwards what it does. */
import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { House } from './house.ts';
import { words } from './language.ts';
import { Finished } from './parts/Finished.tsx';
import { Footer, Header } from './parts/Header.tsx';
import { hasPicture } from './cloth/ClothView.tsx';
import { Asking, JobDetails, Loom } from './parts/Job.tsx';
import { Exempt, Notices } from './parts/Notices.tsx';
import { Before } from './parts/Start.tsx';
import type * as WorkingParts from './parts/Working.tsx';
import type { JobView } from '../wire/views.ts';
import type { Words } from './words/words.ts';

type Working = typeof WorkingParts;

/** What is shown once Start was pressed; null before, so that nobody waits for it who only looks. */
const working = signal<Working | null>(null);

/** Brings what is shown at work; a part of Start. */
export async function bringWork(): Promise<void> {
  working.value = await import('./parts/Working.tsx');
}

export function App(props: { readonly house: House }): JSX.Element | null {
  const { house } = props;
  const w = words.value;
  const picked = useSignal<string | null>(null);
  const first = useRef<string | null>(null);
  if (w === null) return null;
  const view = house.watched.view.value;
  const parts = house.begun.value === 'yes' && view.phase !== 'idle' ? working.value : null;
  // Until the coordinator has answered, or has not, nothing is shown that would have to move for what it says.
  const heard = house.live.link.value.is !== 'asking';
  const jobs = house.live.jobs.value ?? [];
  const open = jobs.filter(({ endedAt }) => endedAt === null);
  const named = (wanted: string | null | undefined): JobView | undefined =>
    open.find(({ job: name }) => name === wanted);
  // Cores change jobs, the loom does not: what is on it stays until it is woven, or a person puts another there.
  const job = named(picked.value) ?? named(first.current) ?? open.find(isGiven) ?? open[0] ?? null;
  first.current = job?.job ?? null;
  const pictured = heard && job !== null && hasPicture(job);
  return (
    <>
      <Header w={w} page="contribute" />
      <main
        id="content"
        tabIndex={-1}
        class={parts !== null ? 'at-work' : pictured ? 'first pictured' : 'first'}
      >
        {parts !== null ? <parts.WorkHead w={w} house={house} /> : <Greeting w={w} />}
        {heard ? <Loom w={w} house={house} job={job} /> : <Asking w={w} />}
        <Notices w={w} house={house} />
        {parts !== null ? (
          <>
            <parts.Machine w={w} house={house} loom={job} />
            <parts.Tally w={w} house={house} />
            <parts.Settings w={w} house={house} />
            <parts.Me w={w} house={house} />
            <Spoken w={w} house={house} parts={parts} />
          </>
        ) : (
          heard && <Before w={w} house={house} job={job} />
        )}
        <Exempt w={w} house={house} />
        <JobDetails
          w={w}
          house={house}
          job={job}
          choose={(other) => {
            picked.value = other;
            document.querySelector('#loom')?.scrollIntoView({ block: 'center' });
          }}
        />
        <Finished
          w={w}
          house={house}
          jobs={jobs.filter(({ endedAt }) => endedAt !== null).slice(0, finishedMax)}
        />
      </main>
      {heard && <Footer w={w} live={house.live} />}
    </>
  );
}

/** So many of the jobs that ended last are shown. */
const finishedMax = 12;

/** Whether work of it is given out now. */
const isGiven = ({ state }: JobView): boolean => state === 'open';

function Greeting({ w }: { readonly w: Words }): JSX.Element {
  return (
    <section class="head">
      <h1>{w.page.heading}</h1>
      <p class="lede">{w.page.lede}</p>
    </section>
  );
}

const spokenMs = 20_000;

/** What a screen reader is told: the state when it changes, the counts every 20 seconds. */
function Spoken(props: { readonly w: Words; readonly house: House; readonly parts: Working }): JSX.Element {
  const { w, house, parts } = props;
  const { phase } = house.watched.view.value;
  const said = useSignal('');
  useEffect(() => {
    const say = (): void => {
      said.value = parts.spokenOf(w, house.watched.view.peek());
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
