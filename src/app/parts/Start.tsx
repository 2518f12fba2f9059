/** Before anything runs: what it would cost this machine, what is agreed to, and the one Start. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';
import { consentText } from '../consent.ts';
import type { House } from '../house.ts';
import type { JobView } from '../../wire/views.ts';
import type { Words } from '../words/words.ts';

/** Watts that one busy core adds, and that a busy graphics processor adds: estimates, shown as such. */
const coreWatts = { low: 3, high: 10 };

interface Props {
  readonly w: Words;
  readonly house: House;
  readonly job: JobView | null;
}

export function Before({ w, house, job }: Props): JSX.Element {
  const { begun, live } = house;
  const known = live.jobs.value !== null && live.status.value !== null;
  const loading = begun.value === 'loading';
  return (
    <div class="before">
      <section class="start" aria-label={w.start.start}>
        <div class="go">
          <p class="brief small figures" aria-hidden="true">
            <Brief w={w} house={house} />
          </p>
          <button
            type="button"
            class="loud"
            aria-describedby="sum consent"
            disabled={!known || loading}
            onClick={() => void house.begin()}
          >
            {loading ? w.start.starting : w.start.start}
          </button>
        </div>
        <p class="sum" id="sum">
          <CostLine w={w} house={house} />
        </p>
        <p class="soft small" role="status">
          {begun.value === 'failed'
            ? w.start.failed
            : house.forgotten.value === 'yes' || house.forgotten.value === 'here'
              ? w.start.forgotten[house.forgotten.value]
              : known
                ? ''
                : w.start.waiting}
        </p>
        <p class="consent" id="consent">
          {consentText(w.language)}
        </p>
      </section>
      <section aria-labelledby="cost">
        <h2 id="cost">{w.cost.heading}</h2>
        <Cost w={w} house={house} job={job} />
      </section>
    </div>
  );
}

/** The cost in one sentence, right before Start. */
function CostLine({ w, house }: { readonly w: Words; readonly house: House }): JSX.Element {
  const { cores, gpu } = house.chosen.value;
  const { secure, settings } = house.watched.view.value;
  const withGpu = gpu && secure && 'gpu' in navigator;
  return <>{w.cost.line(cores, settings.coresMax, cores * coreWatts.low, cores * coreWatts.high, withGpu)}</>;
}

/** Cores and watts in a few words: on a phone they stay with the button, wherever that is. */
function Brief({ w, house }: { readonly w: Words; readonly house: House }): JSX.Element {
  const { cores } = house.chosen.value;
  const { coresMax } = house.watched.view.value.settings;
  return (
    <>
      {w.cost.coresValue(cores, coresMax)} ·{' '}
      {w.cost.powerValue(cores * coreWatts.low, cores * coreWatts.high)}
    </>
  );
}

/** Cores, graphics, watts, data, battery, storage: said before the page asks for anything. */
function Cost({ w, house, job }: Props): JSX.Element {
  const { cores } = house.chosen.value;
  return (
    <dl class="cost">
      <Row term={w.cost.cores}>
        <Cores w={w} house={house} />
      </Row>
      <Row term={w.cost.gpu}>
        <Graphics w={w} house={house} />
      </Row>
      <Row term={w.cost.power}>
        {w.cost.powerValue(cores * coreWatts.low, cores * coreWatts.high)}
        <small>{w.cost.powerNote}</small>
        {house.chosen.value.gpu && house.watched.view.value.secure && <small>{w.cost.powerGpu}</small>}
      </Row>
      <Row term={w.cost.data}>
        <Data w={w} house={house} job={job} cores={cores} />
      </Row>
      <Row term={w.cost.battery}>
        <small>{w.cost.batteryNote}</small>
      </Row>
      <Row term={w.cost.kept}>
        <small>{w.cost.keptNote}</small>
      </Row>
    </dl>
  );
}

function Row(props: { readonly term: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

/** How many cores: one fewer, one more. Used before Start and in the settings. */
export function Cores(props: { readonly w: Words; readonly house: House }): JSX.Element {
  const { w, house } = props;
  const { cores } = house.chosen.value;
  const { coresMax } = house.watched.view.value.settings;
  const set = (wanted: number): void => house.configure({ cores: Math.min(coresMax, Math.max(1, wanted)) });
  return (
    <span class="stepper">
      <button type="button" aria-label={w.cost.fewer} disabled={cores <= 1} onClick={() => set(cores - 1)}>
        −
      </button>
      <output class="figures">{w.cost.coresValue(cores, coresMax)}</output>
      <button
        type="button"
        aria-label={w.cost.more}
        disabled={cores >= coresMax}
        onClick={() => set(cores + 1)}
      >
        +
      </button>
    </span>
  );
}

/** Whether the graphics processor is used, or why it cannot be. Before Start only the browser's own word counts. */
function Graphics(props: { readonly w: Words; readonly house: House }): JSX.Element {
  const { w, house } = props;
  if (!house.watched.view.value.secure) return <small>{w.cost.gpuInsecure}</small>;
  if (!('gpu' in navigator)) return <small>{w.cost.gpuAbsent}</small>;
  const { gpu } = house.chosen.value;
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={gpu}
        onChange={(event) => house.configure({ gpu: event.currentTarget.checked })}
      />
      <span>{gpu ? w.cost.gpuAfter : w.cost.gpuNo}</span>
    </label>
  );
}

function Data(props: Props & { readonly cores: number }): JSX.Element {
  const { w, house, job, cores } = props;
  const hourly = useSignal<number | null>(null);
  useEffect(() => {
    const estimate = async (): Promise<void> => {
      const { resultBytesAnHour } = await import('../facts.ts');
      hourly.value = job === null ? null : resultBytesAnHour(job, cores);
    };
    void estimate();
  }, [job?.job, cores]);
  const program = house.live.status.value?.kernels.find(({ id }) => id === job?.kernel);
  if (program === undefined) return <small>{w.cost.dataUnknown}</small>;
  return (
    <>
      {w.cost.dataValue(program.wasmBytes)}
      {hourly.value !== null && <small>{w.cost.dataHour(hourly.value)}</small>}
    </>
  );
}
