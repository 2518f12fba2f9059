/** While it runs: what each core and the graphics processor are at, why nothing runs when nothing does, Pause and Finish. */
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { House } from '../house.ts';
import { auditingWords } from '../words/auditing.ts';
import { ownWords } from '../words/own.ts';
import { refusalWords } from '../words/refusals.ts';
import type { Reason, RefusedCode, VolunteerView, WorkerView } from '../../volunteer/store.ts';
import type { JobView } from '../../wire/views.ts';
import type { Words } from '../words/words.ts';
import { gapAfter } from '../join.ts';
import { toldOf } from '../told.ts';
import { Retry } from './Notices.tsx';
import { Powers } from './Powers.tsx';

interface Props {
  readonly w: Words;
  readonly house: House;
}

/** The top of the page once Start was pressed: the state in one heading and one sentence, and what can be done about it. */
export function WorkHead({ w, house }: Props): JSX.Element {
  const { phase, reason, workers } = house.watched.view.value;
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  const mayFinish = phase === 'running' || phase === 'paused' || phase === 'starting';
  const busy = workers.filter(({ state }) => state === 'computing').length;
  return (
    <section class="head work-head" aria-labelledby="state">
      <div class="said">
        <h1 id="state">{headingOf(w, phase, reason)}</h1>
        <p class="lede">
          {reason !== null ? (
            <ReasonWords w={w} reason={reason} />
          ) : phase === 'finishing' ? (
            w.work.finishing
          ) : (
            w.work.running(busy)
          )}
        </p>
      </div>
      <div class="deeds">
        <p class="actions">
          <MainButton w={w} house={house} button={first} />
          {mayFinish && (
            <button type="button" aria-describedby="finish-note" onClick={() => house.finish()}>
              {w.start.finish}
            </button>
          )}
          {reason?.why === 'reload-needed' && (
            <button type="button" onClick={() => location.reload()}>
              {w.start.reload}
            </button>
          )}
        </p>
        {mayFinish && (
          <p class="soft small" id="finish-note">
            {w.start.finishNote}
          </p>
        )}
      </div>
    </section>
  );
}

function headingOf(w: Words, phase: VolunteerView['phase'], reason: Reason | null): string {
  return phase === 'running' && reason !== null ? w.work.waiting : w.work.heading[phase];
}

/** One button that is always the next sensible thing, so that focus stays where it is. */
function MainButton(props: Props & { readonly button: { current: HTMLButtonElement | null } }): JSX.Element {
  const { w, house, button } = props;
  const { phase, reason } = house.watched.view.value;
  const [name, act] = ((): [string, () => void] => {
    if (reason?.why === 'restored') return [w.start.acceptRestore, () => house.acceptRestore()];
    if (reason?.why === 'elsewhere') return [w.start.resume, () => house.takeOver()];
    if (phase === 'paused') return [w.start.resume, () => house.resume()];
    if (phase === 'running' || phase === 'starting') return [w.start.pause, () => house.pause()];
    if (phase === 'finishing') return [w.start.pause, () => house.pause()];
    return [w.start.again, () => void house.begin()];
  })();
  return (
    <button type="button" class="main" ref={button} onClick={act}>
      {name}
    </button>
  );
}

/** Why nothing is being computed, in words, with a countdown where there is something to count down to. */
export function ReasonWords(props: { readonly w: Words; readonly reason: Reason }): JSX.Element {
  const { w, reason } = props;
  if (reason.why === 'preparing') return <>{w.work.preparing[reason.step]}</>;
  if (reason.why === 'refused') return <RefusedWords w={w} reason={reason} />;
  if (reason.why === 'restored') return <>{w.work.restored(reason.at, reason.kept, reason.remembered)}</>;
  if (reason.why === 'no-worker-works') return <>{w.work.noWorker(reason.detail)}</>;
  if (reason.why !== 'unreachable' && reason.why !== 'worker-restarting')
    return <>{w.work.plain[reason.why]}</>;
  const said = reason.why === 'unreachable' ? w.work.unreachable : w.work.restarting(reason.detail);
  return (
    <>
      {said}
      {gapAfter(said)}
      <Retry w={w} at={reason.retryAt} />
    </>
  );
}

/** Where the detail is somebody else's word for it, which whoever helps may want to read, it is shown beside ours. */
const detailed: readonly RefusedCode[] = ['storage', 'malformed', 'ask'];

function RefusedWords(props: {
  readonly w: Words;
  readonly reason: Extract<Reason, { why: 'refused' }>;
}): JSX.Element {
  const { w, reason } = props;
  const said = refusalWords[w.language].refused[reason.code];
  return (
    <>
      {said}
      {reason.detail !== null && detailed.includes(reason.code) && (
        <small class="detail soft">{w.work.detail(reason.detail)}</small>
      )}
    </>
  );
}

/** One calm row for each worker; rows wait for workers that have not come yet, so that nothing jumps. */
export function Machine({ w, house, loom }: Props & { readonly loom: JobView | null }): JSX.Element | null {
  const { workers, connection, outbox, settings, phase, gpu } = house.watched.view.value;
  // What is on the loom need not be named again.
  const others = (house.live.jobs.value ?? []).filter(({ job }) => job !== loom?.job);
  const titles = new Map(others.map((job) => [job.job, toldOf(w, job).title]));
  const expected = phase === 'starting' || phase === 'running' ? settings.cores : 0;
  // Where there is no graphics processor to use, the sentence below says why; a row would only say "lost".
  const shown = workers.filter(
    ({ backend }) => backend === 'wasm' || gpu.state === 'on' || gpu.state === 'testing',
  );
  const missing = Math.max(0, expected - workers.filter(({ backend }) => backend === 'wasm').length);
  const line = (
    <p class="soft small">
      {w.work.connection[connection]}
      {outbox > 0 && ` · ${w.work.outbox(outbox)}`}
    </p>
  );
  // Nothing runs any more: what is left to say is that some results have not arrived.
  if (shown.length + missing === 0) return connection === 'none' && outbox === 0 ? null : line;
  return (
    <section class="machine" aria-labelledby="machine">
      <h2 id="machine">{w.work.machine}</h2>
      <ul class="threads">
        {shown.map((worker) => (
          <WorkerRow
            key={worker.slot}
            w={w}
            worker={worker}
            name={nameOf(w, worker, workers)}
            title={titles.get(worker.job ?? '') ?? ''}
          />
        ))}
        {Array.from({ length: missing }, (_, i) => (
          <li key={`to come ${i}`} class="thread-row">
            <span class="who soft">{w.work.core(expected - missing + i + 1)}</span>
            <span class="thread" />
            <span class="what soft">{w.work.workerStates.loading}</span>
          </li>
        ))}
      </ul>
      {line}
      {gpu.state !== 'on' && gpu.state !== 'testing' && gpu.state !== 'unknown' && (
        <p class="soft small">
          {w.work.gpu}: {ownWords[w.language].settings.gpuStates(gpu)}
        </p>
      )}
    </section>
  );
}

function nameOf(w: Words, worker: WorkerView, all: readonly WorkerView[]): string {
  if (worker.backend === 'webgpu') return w.work.gpu;
  return w.work.core(all.filter(({ backend }) => backend === 'wasm').indexOf(worker) + 1);
}

interface RowProps {
  readonly w: Words;
  readonly worker: WorkerView;
  readonly name: string;
  readonly title: string;
}

function WorkerRow({ w, worker, name, title }: RowProps): JSX.Element {
  const { state, chunk, unitsDone, unitsTotal, auditing } = worker;
  const done = unitsTotal > 0 ? unitsDone / unitsTotal : 0;
  // Its chunk stands aside meanwhile.
  const at = chunk !== null && auditing === 0 && (state === 'computing' || state === 'paused');
  return (
    <li class={`thread-row ${state}`} data-slot={worker.slot}>
      <span class="who">{name}</span>
      <span
        class="thread"
        role="progressbar"
        aria-label={w.work.thread(name)}
        aria-valuemin={0}
        aria-valuemax={unitsTotal}
        aria-valuenow={unitsDone}
        aria-valuetext={w.work.units(unitsDone, unitsTotal)}
      >
        <span style={{ transform: `scaleX(${done})` }} />
      </span>
      <span class="what soft figures">
        {auditing > 0 ? auditingWords[w.language].now(auditing) : w.work.workerStates[state]}
        {at && ' · '}
        {at && <Powers text={w.work.chunk(chunk + 1, title)} />}
      </span>
    </li>
  );
}

/** The counts that a screen reader hears: at most every 20 seconds, and whenever the state changes. */
export function spokenOf(w: Words, view: VolunteerView): string {
  return `${headingOf(w, view.phase, view.reason)}. ${w.work.spoken(view.chunks.computed, view.chunks.final)}`;
}
