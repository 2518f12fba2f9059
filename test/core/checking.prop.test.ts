/**
 * Any sequence of commands under audits: all that must hold holds after each, books of the test's own agree with the state,
 * a frozen state goes on as the one that was not, and in the calm that follows every job ends.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wordsToClose } from '../../src/core/audit.ts';
import { leaverAfterMs, upkeep } from '../../src/core/checking.ts';
import { evolve } from '../../src/core/evolve.ts';
import { numbersIn } from '../../src/core/intervals.ts';
import { decide } from '../../src/core/machine.ts';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import { chunksOf, emptyState, identityKey, isRefusal } from '../../src/core/state.ts';
import type { Backend, Command, Event, State } from '../../src/core/state.ts';
import { suspendedMs } from '../../src/core/trust.ts';
import { dice } from '../sim/random.ts';
import { auditCommand, auditedSpec, commitCommand, house, join, nobody, slotOf, submit } from './house.ts';
import type { House } from './house.ts';

/** Who lies: c always in its own way, d and e alike; the others never. */
const people = ['a', 'b', 'c', 'd', 'e'] as const;
const rootOf = (device: string, lies: boolean): string =>
  !lies ? 'right' : device === 'd' || device === 'e' ? 'ring' : `lie of ${device}`;

/** What somebody does, as three numbers that are made to fit the state. */
type Move = readonly [what: number, who: number, which: number];

/** The books of the test: what was claimed for each chunk, and what became of it. */
interface Books {
  readonly claims: Map<string, string>;
  /** How many answered so. */
  readonly authors: Map<string, number>;
  readonly winners: Map<string, readonly string[]>;
  readonly banned: Set<string>;
  /** Found wrong, and given nothing since. */
  readonly suspended: Set<string>;
  readonly wrongFinal: string[];
  readonly kinds: Map<string, number>;
}

function enter(books: Books, h: House, events: readonly Event[]): void {
  for (const event of events) {
    books.kinds.set(event.e, (books.kinds.get(event.e) ?? 0) + 1);
    if (event.e === 'accepted') {
      books.claims.set(`${event.job}/${event.chunk}`, event.root);
      books.authors.set(`${event.job}/${event.chunk}`, event.winners.length);
      books.winners.set(
        `${event.job}/${event.chunk}`,
        event.winners.map((winner) => winner.device),
      );
      if (event.final && event.root !== 'right') books.wrongFinal.push(`${event.chunk}`);
    }
    if (event.e === 'leased')
      expect(books.banned.has(identityKey(event.device, event.backend)), 'a banned one gets no work').toBe(
        false,
      );
    if (event.e === 'disproved') {
      const key = identityKey(event.device, event.backend);
      if (event.audit === undefined)
        expect(books.claims.get(`${event.job}/${event.chunk}`), 'only lies are disproved').not.toBe('right');
      else expect(['c', 'd', 'e'], 'only auditors that were wrong').toContain(event.device);
      books.suspended.add(key);
      if (event.consequence === 'ban') books.banned.add(key);
    }
    if (event.e === 'audited' && event.device !== 'anchor') {
      const authors = books.winners.get(`${event.job}/${event.chunk}`) ?? [];
      expect(authors, 'nobody audits itself').not.toContain(event.device);
      books.kinds.set('audited by people', (books.kinds.get('audited by people') ?? 0) + 1);
    }
    if (event.e === 'disproved' && event.audit !== undefined)
      books.kinds.set('auditors disproved', (books.kinds.get('auditors disproved') ?? 0) + 1);
    if (event.e === 'readmitted') books.banned.delete(identityKey(event.device, event.backend));
    if (event.e === 'leased') books.suspended.delete(identityKey(event.device, event.backend));
    // What ends with its job is not examined.
    const isExamined = event.e === 'voided' && h.state.jobs.has(event.job);
    if (isExamined && !books.banned.has(identityKey(event.device, event.backend)))
      for (const chunk of numbersIn(event.chunks))
        // What others answer for too stands without it.
        if (books.authors.get(`${event.job}/${chunk}`) === 1)
          expect(
            books.claims.get(`${event.job}/${chunk}`),
            'of who is suspended only lies are void',
          ).not.toBe('right');
    if (event.e === 'vested') {
      expect(books.banned.has(identityKey(event.device, event.backend)), 'a banned one is paid no more').toBe(
        false,
      );
      for (const chunk of numbersIn(event.chunks)) {
        if (books.claims.get(`${event.job}/${chunk}`) === 'right') continue;
        books.wrongFinal.push(`${chunk}`);
        const isKept = books.suspended.has(identityKey(event.device, event.backend));
        if (h.state.jobs.has(event.job)) expect(isKept, 'of who is suspended no lie is kept').toBe(false);
      }
    }
    if (event.e === 'finished') expect(h.state.jobs.has(event.job)).toBe(false);
  }
}

/** The units of an audit that the claim has wrong. */
function wrongOf(books: Books, state: State, audit: number): readonly number[] {
  const known = state.audits.get(audit);
  return known !== undefined && books.claims.get(`${known.job}/${known.chunk}`) === 'right'
    ? []
    : (known?.units ?? []);
}

/** Every other anchor goes no further than it must [AU2]. */
function early(wrong: readonly number[], which: number): { readonly units?: readonly number[] } {
  return wrong.length > 0 && which % 4 !== 1 && which % 8 > 3
    ? { units: wrong.slice(0, 1 + (which % 3)) }
    : {};
}

function nth<T>(list: Iterable<T>, which: number): T | undefined {
  const all = [...list];
  return all[which % Math.max(1, all.length)];
}

/** What a move comes to now; null where there is nothing to do. */
function commandOf(
  h: House,
  books: Books,
  [what, who, which]: Move,
  throws: ReturnType<typeof dice>,
): Command | null {
  const device = people[who % people.length] as string;
  const backend: Backend = which % 3 === 0 ? 'webgpu' : 'wasm';
  const words = (count: number): number[] => Array.from({ length: count }, () => throws.below(4_294_967_296));
  // Draws are made likely: chunks are small.
  const often = (count: number): number[] =>
    words(count).map((word) => (which % 2 === 0 ? word & 0x0f0f_00f0 : word));
  switch (what % 10) {
    case 0:
    case 1:
      return { c: 'ask', device, slot: slotOf({ slot: which % 2, backend }), live: nobody };
    case 2:
    case 3:
    case 4: {
      const replica = nth(h.state.replicas.keys(), which);
      const lease = h.state.leases.get(h.state.replicas.get(replica ?? -1) ?? -1);
      if (replica === undefined || lease === undefined) return null;
      const name = who === 9 ? device : lease.device;
      const lies = ['c', 'd', 'e'].includes(name) && which % 5 !== 0;
      return commitCommand(name, replica, rootOf(name, lies), { words: often(8) });
    }
    case 5:
      return answerTo(h, books, device, who, which);
    case 6: {
      const due = nth(upkeep(h.state, h.now(), 50), which);
      if (due !== undefined)
        return due.c === 'close' ? { ...due, words: words(wordsToClose(due.units)) } : due;
      const of = { device, backend } as const;
      return which % 2 === 0 ? { c: 'void', ...of } : { c: 'vest', job: 'j1', ...of };
    }
    case 7: {
      const lease = nth(h.state.leases.values(), which);
      return lease === undefined ? null : { c: 'expire', lease: lease.id };
    }
    case 8: {
      const replica = nth(h.state.replicas.keys(), which);
      return replica === undefined ? null : { c: 'giveBack', device, replicas: [replica], why: 'closing' };
    }
    default:
      return operatorOrTime(h, device, who, which);
  }
}

/** An audit is answered: by an anchor or a volunteer, or its auditor is found wrong, or somebody vouched for a lie. */
function answerTo(h: House, books: Books, device: string, who: number, which: number): Command {
  const audit = nth(h.state.audits.keys(), which) ?? which;
  const wrong = wrongOf(books, h.state, audit);
  const crook = ['c', 'd', 'e'][who % 3] as string;
  const made = {
    ...auditCommand(audit, wrong, which % 4 === 1 ? device : 'anchor'),
    ...early(wrong, which),
  };
  if (which % 4 === 2)
    return {
      c: 'refute',
      audit,
      device: crook,
      wrong: h.state.audits.get(audit)?.units ?? [1],
      right: [],
    };
  const isVouched = which % 4 === 3 && wrong.length > 0 && made.c === 'audit';
  return isVouched ? { ...made, vouched: { device: crook, wrong } } : made;
}

/** A job is cancelled, somebody is let in again, or time passes. */
function operatorOrTime(h: House, device: string, who: number, which: number): Command | null {
  if (which === 7) return { c: 'cancel', job: nth(h.state.jobs.keys(), who) ?? 'j1' };
  if (which % 5 === 1) return { c: 'readmit', device, backend: 'wasm', reason: 'a test' };
  h.wait([1, 50_000, leaverAfterMs, suspendedMs][which % 4] as number);
  return null;
}

/** One chunk makes somebody known: then it may audit. */
const unitCostMicro = 1_000_000;

function dayOf(
  kind: 'audit' | 'adaptive',
  windowUnits: number,
  leaverUnits: number,
  verifyMilli: number,
): House {
  const h = house();
  join(h, 'anchor', { account: 'anchor', role: 'anchor' });
  for (const name of people) join(h, name);
  const units = windowUnits > 50 ? 60 : 45;
  submit(
    h,
    auditedSpec({ kind, windowUnits, leaverUnits, verifyMilli }, { units, unitsPerChunk: 4, unitCostMicro }),
  );
  submit(
    h,
    auditedSpec(
      { kind, windowUnits, leaverUnits, verifyMilli },
      { units: 21, unitsPerChunk: 4, unitCostMicro },
    ),
    'r2',
  );
  return h;
}

/** Whoever is honest, and the anchor, work on until every job has ended. */
function calm(h: House, books: Books): void {
  for (let round = 0; round < 400 && h.state.jobs.size > 0; round++) {
    h.wait(leaverAfterMs);
    for (const lease of [...h.state.leases.values()])
      if (lease.left > 0) enter(books, h, accepted(h, { c: 'expire', lease: lease.id }));
    for (const device of ['a', 'b', 'anchor']) {
      const leased = accepted(h, { c: 'ask', device, slot: slotOf(), live: nobody })[0];
      if (leased?.e !== 'leased') continue;
      enter(books, h, [leased]);
      for (let i = 0; i < leased.count; i++)
        enter(books, h, accepted(h, commitCommand(device, leased.lease + i, 'right')));
    }
    for (const due of upkeep(h.state, h.now(), 50))
      enter(
        books,
        h,
        accepted(
          h,
          due.c === 'close' ? { ...due, words: new Array<number>(wordsToClose(due.units)).fill(0) } : due,
        ),
      );
    for (const id of [...h.state.audits.keys()])
      enter(books, h, accepted(h, auditCommand(id, wrongOf(books, h.state, id))));
  }
}

function accepted(h: House, command: Command): readonly Event[] {
  const decision = h.run(command);
  return isRefusal(decision) ? [] : decision;
}

const move: fc.Arbitrary<Move> = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(40));
const total = new Map<string, number>();

describe('any sequence of commands under audits', () => {
  test('keeps every invariant, says only true things of people, and lets every job end', () => {
    fc.assert(
      fc.property(
        fc.array(move, { minLength: 60, maxLength: 160, size: 'max' }),
        fc.constantFrom('audit' as const, 'adaptive' as const),
        fc.constantFrom(3, 30, 1_000),
        fc.constantFrom(1, 9, 1_000),
        fc.constantFrom(0, 200, 3_000),
        (moves, kind, windowUnits, leaverUnits, verifyMilli) => {
          const h = dayOf(kind, windowUnits, leaverUnits, verifyMilli);
          const books: Books = {
            claims: new Map(),
            authors: new Map(),
            winners: new Map(),
            banned: new Set(),
            suspended: new Set(),
            wrongFinal: [],
            kinds: total,
          };
          const throws = dice(moves.length);
          for (const [i, one] of moves.entries()) {
            const command = commandOf(h, books, one, throws);
            if (command === null) continue;
            const before = i % 7 === 0 ? freeze(h.state) : null;
            const decision = h.run(command);
            if (before !== null) {
              // What was frozen decides alike.
              const thawed = thaw(before) as State;
              expect(decide(thawed, command, h.now())).toEqual(decision);
              if (isRefusal(decision)) expect(freeze(h.state), command.c).toBe(before);
              else for (const event of decision) evolve(thawed, event, h.now());
              expect(isDeepStrictEqual(thawed, h.state)).toBe(true);
            }
            if (!isRefusal(decision)) enter(books, h, decision);
          }
          calm(h, books);
          expect(h.state.jobs.size, 'every job ends').toBe(0);
          expect(h.state.audits.size).toBe(0);
          // Under terms by which every unit is recomputed, nothing wrong gets through.
          if (leaverUnits === 1_000 && windowUnits === 1_000) expect(books.wrongFinal).toEqual([]);
          const folded = emptyState();
          for (const { at, events } of h.log)
            for (const event of JSON.parse(JSON.stringify(events)) as Event[]) evolve(folded, event, at);
          expect(freeze(folded)).toBe(freeze(h.state));
        },
      ),
      { numRuns: 160, seed: 20_261_125 },
    );
  });

  test('has met everything that audits lead to', () => {
    const wanted = 'accepted audited drawn vested voided disproved readmitted finished cancelled'.split(' ');
    expect(wanted.filter((kind) => (total.get(kind) ?? 0) < 5)).toEqual([]);
    expect(total.get('audited by people')).toBeGreaterThan(20);
    expect(total.get('auditors disproved')).toBeGreaterThan(20);
  });
});

describe('the draws of an identity', () => {
  test('are never twice the same unit, and of who left at least as many as its job names, or all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 2 ** 31 }),
        (thrown, leaverUnits, seed) => {
          const h = house();
          join(h, 'a');
          const job = submit(h, auditedSpec({ leaverUnits }, { units: 8 * 20 }));
          for (const word of thrown) {
            const leased = accepted(h, { c: 'ask', device: 'a', slot: slotOf(), live: nobody })[0];
            if (leased?.e !== 'leased') break;
            for (let i = 0; i < leased.count; i++)
              h.must(commitCommand('a', leased.lease + i, 'right', { words: [word, ~word >>> 0] }));
          }
          h.wait(leaverAfterMs);
          const throws = dice(seed);
          for (const due of upkeep(h.state, h.now(), 9))
            if (due.c === 'close')
              h.must({
                ...due,
                words: Array.from({ length: wordsToClose(due.units) }, () => throws.below(4_294_967_296)),
              });
          const done = job.acceptedChunks * 8;
          const units = [...h.state.audits.values()].flatMap((audit) => audit.units);
          expect(new Set(units).size).toBe(units.length);
          expect(units.length).toBeGreaterThanOrEqual(Math.min(done, leaverUnits));
          for (const unit of units) expect(unit).toBeLessThan(done);
          expect(chunksOf(job.spec)).toBe(20);
        },
      ),
      { numRuns: 200 },
    );
  });
});
