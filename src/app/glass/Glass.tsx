/** The cloth from close by, down to a single chunk: a canvas to move over, controls, and its twin in words and a table. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { JSX, Ref } from 'preact';
import { dyeOf } from '../ornament.ts';
import type { JobView } from '../../wire/views.ts';
import type { Words } from '../words/words.ts';
import { glassWords } from './words.ts';
import { openGlass } from './model.ts';
import type { Glass as Model, Look } from './model.ts';
import { Twin } from './Twin.tsx';

export interface GlassProps {
  readonly w: Words;
  readonly job: JobView;
  /** Where to look first. */
  readonly chunk: number;
  readonly still: boolean;
  /** What the whole cloth shows, bin by bin. */
  readonly overview: () => Uint8Array;
  /** Chunks computed here. */
  readonly mine: ReadonlySet<number>;
  readonly close: () => void;
}

export function Glass(props: GlassProps): JSX.Element {
  const { w, job, chunk, still, overview, mine, close } = props;
  const g = glassWords[w.language];
  const canvas = useRef<HTMLCanvasElement>(null);
  const first = useRef<HTMLButtonElement>(null);
  const look = useSignal<Look | null>(null);
  const glass = useRef<Model | null>(null);
  const shown = useMemo(
    () => ({ job: job.job, chunks: job.chunks, dye: dyeOf(job.kernel), mine, overview, whole: w.f.whole }),
    [job.job, w],
  );
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const opened = openGlass(canvas.current, shown, glass.current?.chosen ?? chunk, (next) => {
      look.value = next;
    });
    glass.current = opened;
    return opened.close;
  }, [shown]);
  useEffect(() => first.current?.focus(), []);
  useEffect(() => glass.current?.jobMoved(still), [job, still]);

  const seen = look.value;
  return (
    <div
      class="glass"
      role="group"
      aria-label={g.group}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || glass.current === null) return;
        if (event.key === 'Escape') close();
        else if (
          !glass.current.key(
            event.key,
            event.target instanceof HTMLInputElement && event.target.type === 'number',
          )
        )
          return;
        event.preventDefault();
      }}
    >
      <canvas ref={canvas} tabIndex={-1} role="img" aria-label={g.canvas} />
      <Bar {...props} glass={glass} first={first} seen={seen} />
      {seen !== null && <Told w={w} job={job} seen={seen} />}
      <p class="soft small by-fingers">{g.how.fingers}</p>
      <p class="soft small by-keys">{g.how.keys}</p>
    </div>
  );
}

interface BarProps extends GlassProps {
  readonly glass: { readonly current: Model | null };
  readonly first: Ref<HTMLButtonElement>;
  readonly seen: Look | null;
}

/** Closer, further away, where in the cloth, which chunk, and back to the whole. */
function Bar({ w, job, chunk, close, glass, first, seen }: BarProps): JSX.Element {
  const g = glassWords[w.language];
  const chosen = seen?.chosen ?? chunk;
  // What is being typed stays as it is, whatever is told meanwhile.
  const typed = useSignal<string | null>(null);
  return (
    <div class="glass-bar">
      <button type="button" aria-label={g.further} title={g.further} onClick={() => glass.current?.step(0.5)}>
        −
      </button>
      <button
        type="button"
        aria-label={g.closer}
        title={g.closer}
        ref={first}
        onClick={() => glass.current?.step(2)}
      >
        +
      </button>
      <input
        type="range"
        aria-label={g.place}
        min={1}
        max={job.chunks}
        step={1}
        value={chosen + 1}
        aria-valuetext={seen === null ? '' : saidOf(w, seen)}
        onInput={(event) => glass.current?.choose(Number(event.currentTarget.value) - 1)}
      />
      <input
        type="number"
        inputMode="numeric"
        class="figures"
        aria-label={g.number}
        min={1}
        max={job.chunks}
        value={typed.value ?? chosen + 1}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onBlur={() => (typed.value = null)}
        onChange={(event) => {
          const wanted = Math.round(Number(event.currentTarget.value)) - 1;
          if (wanted >= 0 && wanted < job.chunks) glass.current?.choose(wanted);
          event.currentTarget.value = String((glass.current?.chosen ?? 0) + 1);
          typed.value = null;
        }}
      />
      <button type="button" class="text" onClick={close}>
        {g.whole}
      </button>
    </div>
  );
}

/** What is seen, in words and as a table. */
function Told(props: { readonly w: Words; readonly job: JobView; readonly seen: Look }): JSX.Element {
  const { w, job, seen } = props;
  const g = glassWords[w.language];
  return (
    <>
      <p class="figures glass-said">
        <strong>{saidOf(w, seen)}</strong>{' '}
        <span class="soft">
          {g.inView(seen.from + 1, seen.to, job.chunks)} {seen.each > 1 && g.each(seen.each)}
        </span>
      </p>
      {seen.unanswered && <p role="status">{g.unanswered}</p>}
      <p class="unseen" role="status">
        {seen.told === null ? '' : g.inView(seen.told[0] + 1, seen.told[1], job.chunks)}
      </p>
      <Twin w={w} look={seen} />
    </>
  );
}

/** The chosen chunk in words. */
function saidOf(w: Words, { chosen, state, here }: Look): string {
  return glassWords[w.language].chunk(chosen + 1, state === null ? null : w.states[state], here);
}
