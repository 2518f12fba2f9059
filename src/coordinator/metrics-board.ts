/** What Prometheus reads: counters, and gauges that are looked up when somebody asks. Loaded behind the first lease (`metrics.ts`). */
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { Event, LivePeople, State } from '../core/state.ts';
import { networksOf } from './checks-view.ts';
import { crowdingOf } from './crowding.ts';
import type { Runtime } from './runtime.ts';

export interface MetricsParts {
  readonly runtime: Runtime;
  /** How many devices are connected. */
  devices(): number;
  readonly live: LivePeople;
  /** Objections that wait for the operator. */
  objections(): number;
  now(): number;
}

export class MetricsBoard {
  readonly #registry = new Registry();
  readonly #events: Counter<'event'>;
  readonly #refusals: Counter<'reason'>;
  readonly #tickEvents: Histogram;

  constructor(parts: MetricsParts) {
    const registers = [this.#registry];
    this.#events = new Counter({
      name: 'talka_events_total',
      help: 'Events in the log since this process began',
      labelNames: ['event'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'talka_refusals_total',
      help: 'Things that were asked for and not given',
      labelNames: ['reason'],
      registers,
    });
    this.#tickEvents = new Histogram({
      name: 'talka_tick_events',
      help: 'Events in one tick',
      buckets: [1, 4, 16, 64, 256, 1024, 4096],
      registers,
    });
    addGauges(this.#registry, parts);
  }

  refused(reason: string): void {
    this.#refusals.inc({ reason });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Counted by kind first: labels are looked up once a tick and not once an event. */
  tick(events: readonly Event[]): void {
    const kinds = new Map<Event['e'], { times: number }>();
    for (let i = 0; i < events.length; i++) {
      const { e } = events[i] as Event;
      const kind = kinds.get(e);
      if (kind === undefined) kinds.set(e, { times: 1 });
      else kind.times++;
    }
    for (const [event, { times }] of kinds) this.#events.inc({ event }, times);
    this.#tickEvents.observe(events.length);
  }
}

type AddGauge = (name: string, help: string, read: (state: State) => number) => void;

/** Where those are who want work, and who compute: whether one place holds too much. */
function addPlaces(gauge: AddGauge, live: LivePeople): void {
  gauge(
    'talka_network_share_max',
    'Largest share of those who want work that is in one network prefix',
    () => networksOf(live, 0).largestShare ?? 0,
  );
  gauge(
    'talka_network_alarm',
    '1 while one network prefix holds more than half of eight people or more',
    () => (networksOf(live, 0).alarm ? 1 : 0),
  );
  gauge(
    'talka_largest_prefix_share',
    'Largest share of what is computed now that two people or more of one prefix (/24, /48) do',
    (state) => crowdingOf(state).prefixShare,
  );
  gauge(
    'talka_largest_network_share',
    'The same of one network (autonomous system), by the table of networks; 0 without one',
    (state) => crowdingOf(state).networkShare,
  );
  gauge(
    'talka_crowding_alarm',
    '1 while one prefix does more than a tenth, or one network more than a quarter, of what 20 people or more compute',
    (state) => (crowdingOf(state).alarm ? 1 : 0),
  );
}

/** What is looked up when somebody asks. */
function addGauges(registry: Registry, { runtime, devices, live, objections, now }: MetricsParts): void {
  const gauge: AddGauge = (name, help, read) => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read(runtime.state));
        },
      }),
    );
  };
  gauge('talka_devices', 'Devices that are connected', devices);
  const closing = ({ jobs }: State): number =>
    [...jobs.values()].filter(({ closingAt }) => closingAt !== null).length;
  gauge('talka_jobs_open', 'Open jobs', (state) => state.jobs.size - closing(state));
  gauge('talka_jobs_closing', 'Cancelled jobs of which work is still checked', closing);
  gauge('talka_leases_live', 'Leases whose chunks are open', (state) => state.leases.size);
  gauge('talka_replicas_open', 'Replicas of open chunks', (state) => state.replicas.size);
  gauge('talka_asks_parked', 'Slots that wait for work', () => runtime.parking.size);
  gauge('talka_queue_length', 'Commands that wait to be decided', () => runtime.queueLength);
  gauge('talka_audits_waiting', 'Audits that were drawn and are not answered', (state) => state.audits.size);
  gauge(
    'talka_audit_oldest_seconds',
    'How long the oldest of them has waited; 0 where there is none',
    (state) => {
      const [oldest] = state.audits.values();
      return oldest === undefined ? 0 : Math.max(0, now() - oldest.at) / 1_000;
    },
  );
  gauge('talka_objections_waiting', 'Objections that wait for the operator', objections);
  gauge('talka_log_size', 'Ticks in the log', () => runtime.head?.size ?? 0);
  addPlaces(gauge, live);
  gauge('talka_store_fault', '1 while the store takes no writes', () =>
    runtime.storeFault === null ? 0 : 1,
  );
  gauge('process_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
  gauge(
    'process_cpu_seconds_total',
    'CPU time of the process',
    () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  );
}
