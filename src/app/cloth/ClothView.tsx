/** The cloth on the page: a canvas that follows one job, the picture where there is one, and their twin in words and a table. */
import { useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Glass as GlassPart } from '../glass/Glass.tsx';
import type { JobView } from '../../wire/views.ts';
import type { Watched } from '../view.ts';
import type { Words } from '../words/words.ts';
import { toldOf } from '../told.ts';
import { Weaver } from './weaver.ts';

type Glass = typeof GlassPart;

interface Props {
  readonly w: Words;
  readonly job: JobView | null;
  readonly watched: Watched;
  /** Offers the finished cloth as a file. */
  readonly keep?: boolean;
}

export function ClothView({ w, job, watched, keep = false }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const weaver = useMemo(() => new Weaver(), []);
  const woven = useSignal(false);
  const still = watched.still.value;

  useEffect(() => (canvas.current === null ? undefined : weaver.attach(canvas.current)), [weaver]);
  useEffect(() => {
    let here = true;
    void weaver.show(job, still).then((drawn) => {
      if (here) woven.value = drawn;
    });
    return () => {
      here = false;
    };
  }, [weaver, job, still]);
  // Stitches come straight from the store: they are told to the weaver, not to the page.
  useEffect(() => watched.view.subscribe((view) => weaver.stitches(view.stitches)), [weaver, watched]);

  const picture = job !== null && hasPicture(job);
  const glass = useGlass(job, weaver);
  const closeBy = glass.open.value !== null && glass.open.value.job === job?.job ? glass.open.value : null;
  return (
    <figure class={`cloth ${picture ? 'with-picture' : job?.free === job?.chunks ? 'unwoven' : ''}`}>
      {picture && <Picture w={w} job={job} still={still} />}
      <canvas
        ref={canvas}
        hidden={closeBy !== null}
        onDblClick={glass.point}
        onWheel={(event) => (event.ctrlKey || event.metaKey) && glass.point(event)}
        role="img"
        aria-label={labelOf(w, job)}
      />
      {closeBy !== null && job !== null && (
        <closeBy.Glass
          key={closeBy.chunk}
          w={w}
          job={job}
          chunk={closeBy.chunk}
          still={still}
          overview={() => weaver.shares}
          mine={weaver.computedHere(job.job)}
          close={glass.close}
        />
      )}
      {job !== null && (
        <figcaption>
          <Key w={w} job={job} />
          {closeBy === null && job.chunks > 1 && <Closer w={w} glass={glass} />}
          {keep && woven.value && job.final > 0 && (
            <button type="button" class="text" onClick={() => void weaver.keep(`talka-${job.job}.png`)}>
              {w.cloth.keep}
            </button>
          )}
        </figcaption>
      )}
    </figure>
  );
}

/** The whole cloth in two sentences. */
function labelOf(w: Words, job: JobView | null): string {
  if (job === null) return w.cloth.bare;
  const { final, committed, leased, free } = countsOf(job);
  return `${w.cloth.label(toldOf(w, job).title)} ${w.cloth.summary(final, committed, leased, free)}`;
}

/** The look from close by, which is loaded when it is first asked for. */
interface GlassHandle {
  readonly open: Signal<{ readonly Glass: Glass; readonly job: string; readonly chunk: number } | null>;
  /** Its program could not be loaded. */
  readonly failed: Signal<boolean>;
  readonly opener: { current: HTMLButtonElement | null };
  /** Opens it where the work goes on, or at the place pointed at. */
  edge(): void;
  point(event: MouseEvent): void;
  close(): void;
}

function useGlass(job: JobView | null, weaver: Weaver): GlassHandle {
  const open = useSignal<GlassHandle['open']['value']>(null);
  const failed = useSignal(false);
  const opener = useRef<HTMLButtonElement>(null);
  const lookAt = async (chunk: number): Promise<void> => {
    if (job === null) return;
    try {
      const { Glass } = await import('../glass/Glass.tsx');
      open.value = { Glass, job: job.job, chunk };
      failed.value = false;
    } catch {
      failed.value = true;
    }
  };
  return {
    open,
    failed,
    opener,
    edge: () => void lookAt(weaver.edge()),
    point: (event) => {
      const { left, top } = weaver.box();
      event.preventDefault();
      void lookAt(weaver.chunkAt(event.clientX - left, event.clientY - top));
    },
    close: () => {
      open.value = null;
      requestAnimationFrame(() => opener.current?.focus());
    },
  };
}

function Closer({ w, glass }: { readonly w: Words; readonly glass: GlassHandle }): JSX.Element {
  return (
    <>
      {glass.failed.value && <span role="status">{w.here.unreachable}</span>}
      <button type="button" class="text" ref={glass.opener} onClick={glass.edge}>
        {w.cloth.closer}
      </button>
    </>
  );
}

/** Chunks whose result is there, provisional ones included. */
const settledOf = ({ accepted, final }: JobView): number => accepted + final;

/** Whether there is a picture to look at: a job that makes one, once a first tile is accepted. Until then it is a cloth. */
export function hasPicture(job: JobView): boolean {
  return job.result.preview && settledOf(job) > 0;
}

/** The tiles that are accepted or verified, refreshed when enough has changed and only once the new picture is there. */
function Picture(props: { readonly w: Words; readonly job: JobView; readonly still: boolean }): JSX.Element {
  const { w, job, still } = props;
  const shown = useSignal('');
  const step = Math.max(1, Math.ceil(job.chunks / 64));
  const version = job.endedAt === null ? Math.floor(settledOf(job) / step) : job.final;
  const address = isShown(job)
    ? `/api/jobs/${job.job}/picture.png`
    : `/api/jobs/${job.job}/preview.png?n=${version}`;
  useEffect(() => {
    if (still && shown.peek() !== '') return undefined;
    let here = true;
    const next = new Image();
    next.src = address;
    next
      .decode()
      .then(() => {
        if (here) shown.value = address;
      })
      // The next tiles bring the next try; until then the last picture stays.
      .catch(() => {});
    return () => {
      here = false;
    };
  }, [address, still]);
  return (
    <div class="picture">
      {shown.value !== '' && <img src={shown.value} alt={w.cloth.picture(toldOf(w, job).title)} />}
    </div>
  );
}

/** Whether the whole picture may be looked at: of demonstrations, once they have finished. */
function isShown(job: JobView): boolean {
  return job.result.picture && job.demonstration && job.state === 'finished';
}

const keyed = ['free', 'leased', 'committed', 'final'] as const;

/** As the cloth shows them: what is accepted and not yet verified is returned. */
const countsOf = (job: JobView): JobView => ({ ...job, committed: job.committed + job.accepted });

/** What the stitches mean, with their counts: the cloth as a table for those who want or need it. */
function Key(props: { readonly w: Words; readonly job: JobView }): JSX.Element {
  const { w } = props;
  const job = countsOf(props.job);
  return (
    <details class="twin">
      <summary>
        <span class="key" aria-hidden="true">
          {keyed.map((state) => (
            <span key={state} class={`sample ${state}`}>
              {w.states[state]}
            </span>
          ))}
        </span>
        <span class="twin-name">{w.cloth.table}</span>
      </summary>
      <table class="figures">
        <caption>{w.cloth.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{w.cloth.state}</th>
            <th scope="col">{w.cloth.chunks}</th>
            <th scope="col">{w.cloth.share}</th>
          </tr>
        </thead>
        <tbody>
          {keyed.map((state) => (
            <tr key={state}>
              <th scope="row">{w.states[state]}</th>
              <td>{w.f.whole(job[state])}</td>
              <td>{w.f.share(job[state], job.chunks)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
