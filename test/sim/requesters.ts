/** Who submits jobs: they fund, submit and cancel, and ask again where a crash took the answer with it. */
import { priceOf } from '../../src/core/offer.ts';
import type { Command, Event } from '../../src/core/state.ts';
import type { Outcome } from './coordinator.ts';
import type { Climate } from './weather.ts';

export interface RequesterParts {
  readonly jobs: Climate['jobs'];
  now(): number;
  after(ms: number, then: () => void): void;
  /** Which coordinator there is now; null: none. */
  house(): object | null;
  order(command: Command, done?: (outcome: Outcome) => void): void;
  /** The log's records, as texts. */
  records(): readonly string[];
}

/** Again after so long, where there is no coordinator, or it refused, or it is another than was asked. */
const retryMs = 5000;

export class Requesters {
  readonly #parts: RequesterParts;
  #submitted = 0;

  constructor(parts: RequesterParts) {
    this.#parts = parts;
  }

  /** How many jobs have been submitted. */
  get submitted(): number {
    return this.#submitted;
  }

  /** The job of that number is funded, then submitted. */
  bring(i: number): void {
    const spec = this.#parts.jobs[i]?.spec;
    if (spec === undefined) return;
    const again = (): void => this.#parts.after(retryMs, () => this.bring(i));
    const command = { c: 'fund', account: `r${i}`, amountMicro: priceOf(spec) } as const;
    // Money that was issued twice does no harm.
    this.#ask(command, again, (outcome) => ('refused' in outcome ? again() : this.#submit(i)));
  }

  #submit(i: number): void {
    const spec = this.#parts.jobs[i]?.spec;
    if (spec === undefined) return;
    const again = (): void => this.#parts.after(retryMs, () => this.#submit(i));
    const lost = (): void => {
      const durable = this.#submittedBy(`r${i}`);
      if (durable === null) again();
      else this.#isIn(i, durable);
    };
    this.#ask({ c: 'submit', requester: `r${i}`, spec }, lost, (outcome) => {
      if ('refused' in outcome) return again();
      const [event] = outcome;
      if (event?.e === 'submitted') this.#isIn(i, event.job);
    });
  }

  #isIn(i: number, job: string): void {
    this.#submitted++;
    const { jobs, now, after, order } = this.#parts;
    const cancelAt = jobs[i]?.cancelAt ?? null;
    if (cancelAt !== null) after(Math.max(1, cancelAt - now()), () => order({ c: 'cancel', job }));
  }

  /** Orders something; `lost`: no answer came, and there is no coordinator any more that could give it. */
  #ask(command: Command, lost: () => void, done: (outcome: Outcome) => void): void {
    const { house, order, after } = this.#parts;
    const asked = house();
    if (asked === null) return lost();
    let isAnswered = false;
    const look = (): void => {
      if (isAnswered) return;
      if (house() === asked) after(retryMs, look);
      else lost();
    };
    order(command, (outcome) => {
      isAnswered = true;
      done(outcome);
    });
    after(retryMs, look);
  }

  /** The job that a requester submitted, as the log has it; null where it has none. */
  #submittedBy(requester: string): string | null {
    for (const record of this.#parts.records()) {
      if (!record.includes(`"requester":"${requester}"`)) continue;
      for (const event of (JSON.parse(record) as { events: Event[] }).events)
        if (event.e === 'submitted' && event.requester === requester) return event.job;
    }
    return null;
  }
}
