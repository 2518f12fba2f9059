/** [LO10] No record that is given out tells a secret: whole lives of jobs under every policy are played out, and looked at after each step. */
import { describe, expect, test } from 'vitest';
import { wordsToClose } from '../../src/core/audit.ts';
import { heldFor } from '../../src/coordinator/horizon.ts';
import { upkeep } from '../../src/core/checking.ts';
import { add, has, numbersIn } from '../../src/core/intervals.ts';
import { isRefusal } from '../../src/core/state.ts';
import type { Event, State } from '../../src/core/state.ts';
import {
  answers,
  auditCommand,
  auditedSpec,
  commitCommand,
  drawing,
  house,
  join,
  proven,
  slotOf,
  specOf,
  submit,
} from '../core/house.ts';
import type { House } from '../core/house.ts';
import { probationMicro } from '../../src/core/trust.ts';
import { dice } from '../sim/random.ts';
import type { Dice } from '../sim/random.ts';

type Hold = (state: State, events: readonly Event[]) => unknown;

/** Where a secret came into the log, noted as it happened and without looking at how records are held back. */
class Secrets {
  /** The record that an audit was drawn in. */
  readonly #draws = new Map<number, number>();
  /** The records that hold answers to a chunk, or say what is right in it, by job and chunk. */
  readonly #answers = new Map<string, number[]>();
  /** The records that name a replica's holder. */
  readonly #leases = new Map<number, number>();
  /** The records that say who was wrong about an audit that waits on. */
  readonly #refuted = new Map<number, number[]>();

  see(state: State, record: number, events: readonly Event[]): void {
    for (const id of state.audits.keys()) if (!this.#draws.has(id)) this.#draws.set(id, record);
    for (const event of events) {
      if (event.e === 'leased')
        for (let i = 0; i < event.count; i++) this.#leases.set(event.lease + i, record);
      if (event.e === 'disproved' && event.audit !== undefined)
        this.#refuted.set(event.audit, [...(this.#refuted.get(event.audit) ?? []), record]);
      if (event.e !== 'committed' && event.e !== 'accepted' && event.e !== 'disproved') continue;
      const key = `${event.job}/${event.chunk}`;
      this.#answers.set(key, [...(this.#answers.get(key) ?? []), record]);
    }
  }

  /** What a set of records that was given out tells too early; null when nothing. */
  toldBy(state: State, given: ReadonlySet<number>): string | null {
    for (const [id, { job, chunk }] of state.audits)
      if (given.has(this.#draws.get(id) as number)) return `audit ${id} of chunk ${chunk} of ${job}`;
    for (const [id, records] of this.#refuted)
      if (state.audits.has(id) && records.some((record) => given.has(record)))
        return `that units of audit ${id} are drawn`;
    for (const [key, records] of this.#answers) {
      const [id, chunk] = key.split('/') as [string, string];
      const job = state.jobs.get(id);
      if (job === undefined || has(job.final, Number(chunk))) continue;
      if (records.some((record) => given.has(record))) return `an answer to chunk ${chunk} of ${id}`;
    }
    for (const replica of state.replicas.keys())
      if (given.has(this.#leases.get(replica) as number)) return `who holds replica ${replica}`;
    return null;
  }
}

const people = ['a', 'b', 'c', 'd', 'e'];
const liars = new Set(['d', 'e']);

/** One thing that somebody does; most of the time it is allowed. */
function step(h: House, throws: Dice, held: Map<number, string>, roots: Map<string, string>): void {
  const who = throws.of(people);
  const mine = [...held].filter(([, device]) => device === who).map(([replica]) => replica);
  const kind = throws.below(100);
  if (kind < 30) {
    const decision = h.run({
      c: 'ask',
      device: who,
      slot: slotOf({ slot: throws.below(2) }),
      live: new Map(),
    });
    if (isRefusal(decision)) return;
    for (const event of decision)
      if (event.e === 'leased') for (let i = 0; i < event.count; i++) held.set(event.lease + i, event.device);
  } else if (kind < 65 && mine.length > 0) {
    const replica = throws.of(mine);
    held.delete(replica);
    // Now and then two liars agree.
    const root = liars.has(who) && throws.chance(500) ? throws.of(['lie', `lie of ${who}`]) : 'right';
    const words = Array.from({ length: 600 }, () => (throws.chance(300) ? 0 : 0xffff_ffff));
    const decision = h.run(commitCommand(who, replica, root, { words }));
    if (isRefusal(decision)) return;
    for (const event of decision)
      if (event.e === 'accepted') roots.set(`${event.job}/${event.chunk}`, event.root);
  } else if (kind < 70 && mine.length > 0)
    h.run({ c: 'giveBack', device: who, replicas: [throws.of(mine)], why: 'closing' });
  else if (kind < 82) {
    const audit = throws.of([...h.state.audits.values()]);
    if (audit === undefined) return;
    const lied = roots.get(`${audit.job}/${audit.chunk}`) !== 'right';
    // A volunteer that audits may be wrong itself: then the audit waits on.
    if (throws.chance(500) && liars.has(who))
      h.run({ c: 'refute', audit: audit.id, device: who, wrong: audit.units, right: [] });
    else h.run(auditCommand(audit.id, lied ? audit.units.filter(() => throws.chance(500)) : []));
  } else if (kind < 94) {
    const due = throws.of(upkeep(h.state, h.now(), 8));
    if (due === undefined) return;
    const words = (units: number): number[] => Array.from({ length: units }, () => throws.below(2 ** 32));
    h.run(due.c === 'close' ? { ...due, words: words(wordsToClose(due.units)) } : due);
  } else if (kind < 99) {
    h.wait(throws.below(120_000));
    for (const lease of h.state.leases.values())
      if (lease.left > 0 && lease.deadline <= h.now()) h.run({ c: 'expire', lease: lease.id });
  } else if (throws.chance(100)) h.run({ c: 'cancel', job: throws.of([...h.state.jobs.keys()]) ?? 'j1' });
}

interface Played {
  readonly told: string | null;
  /** A record that was public and is not any more. */
  readonly takenBack: number | null;
  /** How many were public at once while a job was open; and how many were not, once all were over. */
  readonly early: number;
  readonly heldAtEnd: number;
  readonly voided: number;
}

/** Plays three jobs and looks after each step at what `hold` lets out. */
function play(seed: number, hold: Hold, steps = 700): Played {
  const throws = dice(seed);
  const h = house();
  join(h, 'anchor', { account: 'anchor', role: 'anchor' });
  for (const name of people) join(h, name);
  submit(h, auditedSpec({ windowUnits: 12, leaverUnits: 8 }, { units: 60, unitsPerChunk: 4 }));
  submit(h, specOf({ units: 40, unitsPerChunk: 4 }));
  submit(
    h,
    auditedSpec({ kind: 'adaptive', windowUnits: 9, leaverUnits: 6 }, { units: 60, unitsPerChunk: 4 }),
  );
  const secrets = new Secrets();
  const [held, roots] = [new Map<number, string>(), new Map<string, string>()];
  const given = new Set<number>();
  let [seen, early, voided] = [0, 0, 0];
  const look = (): string | number | null => {
    for (; seen < h.log.length; seen++) {
      const { events } = h.log[seen] as House['log'][number];
      secrets.see(h.state, seen, events);
      for (const { e } of events) if (e === 'voided') voided++;
    }
    for (const [record, { events }] of h.log.entries()) {
      const isPublic = hold(h.state, events) === null;
      if (!isPublic && given.has(record)) return record;
      if (isPublic) given.add(record);
    }
    if (h.state.jobs.size > 0) early = Math.max(early, given.size);
    return secrets.toldBy(h.state, given);
  };
  const at = (found: string | number | null): Played => ({
    told: typeof found === 'string' ? found : null,
    takenBack: typeof found === 'number' ? found : null,
    early,
    heldAtEnd: h.log.length - given.size,
    voided,
  });
  for (let i = 0; i < steps; i++) {
    step(h, throws, held, roots);
    const found = look();
    if (found !== null) return at(found);
  }
  for (const job of [...h.state.jobs.keys()]) h.run({ c: 'cancel', job });
  // What is pending of them is still checked.
  for (let left = 500; left > 0 && h.state.jobs.size > 0; left--) {
    checkNext(h, roots);
    const found = look();
    if (found !== null) return at(found);
  }
  return at(look());
}

/** Carries out what is due, or answers the next audit, truly. */
function checkNext(h: House, roots: ReadonlyMap<string, string>): void {
  const [due] = upkeep(h.state, h.now(), 1);
  if (due !== undefined)
    h.run(due.c === 'close' ? { ...due, words: new Array<number>(wordsToClose(due.units)).fill(0) } : due);
  const [audit] = h.state.audits.values();
  if (due !== undefined || audit === undefined) return;
  const lied = roots.get(`${audit.job}/${audit.chunk}`) !== 'right';
  h.run(auditCommand(audit.id, lied ? audit.units : []));
}

const seeds = Array.from({ length: 30 }, (_, i) => i + 1);

describe('[LO10] records', () => {
  test('that are given out tell no draw that waits, no answer to a chunk that may be computed again, and no holder', () => {
    let [early, voided] = [0, 0];
    for (const seed of seeds) {
      const played = play(seed, heldFor);
      expect({ seed, ...played }).toMatchObject({ told: null, takenBack: null, heldAtEnd: 0 });
      early += played.early;
      voided += played.voided;
    }
    // It is worth looking: a good part was public before the end, and work was void.
    expect(early).toBeGreaterThan(100 * seeds.length);
    expect(voided).toBeGreaterThan(seeds.length);
  }, 60_000);

  /** The state, were what is provisional final. */
  const hopeful = (state: State): State => ({
    ...state,
    jobs: new Map(
      [...state.jobs].map(([id, job]) => {
        const final = [...job.final];
        for (const chunk of numbersIn(job.accepted)) add(final, chunk, chunk + 1);
        return [id, { ...job, final }];
      }),
    ),
  });
  const without = (...kinds: Event['e'][]): Hold => {
    return (state, events) =>
      heldFor(
        state,
        events.filter(({ e }) => !kinds.includes(e)),
      );
  };
  test.each<[string, Hold]>([
    ['nothing is held back', () => null],
    ['a provisional answer is given out, which may become void', (state, e) => heldFor(hopeful(state), e)],
    [
      'draws are given out once the chunk is final',
      (state, events) => (heldFor(state, events) === 'draw' ? null : heldFor(state, events)),
    ],
    ['leases are given out', without('leased')],
    ['commitments are given out', without('committed')],
    ['what is right in a void chunk is given out', without('audited', 'disproved')],
  ])(
    'and it is seen when %s',
    (_, hold) => {
      expect(seeds.some((seed) => play(seed, hold).told !== null)).toBe(true);
    },
    60_000,
  );

  test('of an auditor that was wrong wait until what it was to look at is recomputed, though the chunk is final', () => {
    const h = house();
    join(h, 'anchor', { account: 'anchor', role: 'anchor' });
    for (const name of 'ab') join(h, name);
    proven(h, 'b', probationMicro);
    const job = submit(h, auditedSpec({}, { units: 800 }));
    answers(h, 'a', 'right', { words: drawing([1]) });
    const wrong = h.must({ c: 'refute', audit: 1, device: 'b', wrong: [1], right: ['right'] });
    expect(heldFor(h.state, wrong)).toBe('draw');
    add(job.final, 0, 1);
    expect(heldFor(h.state, wrong)).toBe('draw');
    h.state.audits.delete(1);
    expect(heldFor(h.state, wrong)).toBeNull();
  });
});
