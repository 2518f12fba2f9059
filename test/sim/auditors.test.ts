/**
 * What a gang of auditors can do, measured with the real rules and the real desk and nothing around them: how often a wrong unit is noticed,
 * beside the formula that bounds and prices stand on; whom the lot falls on; and what vouching for each other costs a gang.
 */
import { describe, expect, test } from 'vitest';
import { noticed } from '../../src/core/audit.ts';
import { evolve } from '../../src/core/evolve.ts';
import { decide } from '../../src/core/machine.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Audit, Command, Event, JobSpec, State } from '../../src/core/state.ts';
import { AuditDesk } from '../../src/coordinator/audit-desk.ts';
import { dice } from './random.ts';
import type { Dice } from './random.ts';

const kernel = 'weave@1';
const unitsPerChunk = 16;
/** One chunk makes somebody known. */
const unitCostMicro = 250_000;
const policy = { kind: 'audit', quorum: 1, windowUnits: 1e9, leaverUnits: 1e9, verifyMilli: 0 } as const;
const spec: JobSpec = {
  ...{ kernel, wasm: 'a'.repeat(64), wgsl: null, input: 'c'.repeat(64), agreement: 'exact' },
  ...{ units: 1e6, unitsPerChunk, unitCostMicro, policy, weight: 1 },
  ...{ title: 'a job', cause: 'the simulator', demonstration: true },
};

interface Person {
  readonly device: string;
  readonly account: string;
  readonly group: string;
  readonly isGangs: boolean;
}

const someone = (name: string, group: string, isGangs: boolean): Person => ({
  ...{ device: `d${name}`, account: `P${name}`, group, isGangs },
});
const crowd = (size: number, hostile: number): Person[] =>
  Array.from({ length: size }, (_, i) => someone(`${i}`, `net${i}`, i < size * hostile));

/** A house of people who have each computed one chunk, and so may audit. */
class House {
  readonly state: State = emptyState();
  readonly throws: Dice;
  readonly people: readonly Person[];
  readonly desk: AuditDesk;
  at = 1_000_000;

  constructor(people: readonly Person[], seed: number, Desk = AuditDesk) {
    this.people = people;
    this.throws = dice(seed);
    const asksFor = (): boolean => true;
    this.desk = new Desk({
      groupsMin: 8,
      below: (n) => this.throws.below(n),
      lot: (about, id, n) => this.throws.fork(`${about} ${id}`).below(n),
      candidates: () => people.map((person) => ({ ...person, asksFor })),
      fits: () => true,
    });
    this.must({ c: 'join', device: 'anchor', account: 'anchor', site: null, group: 'o', role: 'anchor' });
    for (const { device, account, group } of people)
      this.must({ c: 'join', device, account, site: null, group, role: 'volunteer' });
    this.must({ c: 'fund', account: 'r', amountMicro: spec.units * unitCostMicro });
    this.must({ c: 'submit', requester: 'r', spec });
    for (const person of people) this.commits(person, false);
    for (const { id } of this.state.audits.values()) this.must(this.audit(id, 'anchor', []));
    this.desk.meet(this.state, this.at);
  }

  must(command: Command): readonly Event[] {
    const decision = decide(this.state, command, this.at);
    if (isRefusal(decision)) throw new Error(`${command.c} was refused: ${decision.refused}`);
    for (const event of decision) evolve(this.state, event, this.at);
    return decision;
  }

  audit(audit: number, device: string, wrong: readonly number[]): Command {
    return { c: 'audit', audit, device, wrong, right: [] };
  }

  /** Somebody computes what it is leased; a lie is one in every unit. */
  commits({ device }: Person, lies: boolean): void {
    this.at += 1_000;
    const slot = { slot: 0, backend: 'wasm', rates: { [kernel]: 1_000 } } as const;
    const [leased] = this.must({ c: 'ask', device, slot, live: new Map() });
    if (leased?.e !== 'leased') throw new Error('nothing was leased');
    const words = (): number[] => Array.from({ length: 4 }, () => this.throws.below(2 ** 32));
    for (let i = 0; i < leased.count; i++) {
      const root = lies ? 'lie' : 'right';
      const replica = leased.lease + i;
      this.must({
        ...{ c: 'commit', device, replica, root, digests: root, stored: true, agrees: [], words: words() },
      });
    }
  }

  isOfGang(device: string): boolean {
    return this.people.some((person) => person.isGangs && person.device === device);
  }

  /** Audits that anchors make now. */
  *anchors(): Generator<Audit> {
    for (const audit of [...this.state.audits.values()])
      if (this.desk.isFree(audit.id, this.at) && this.desk.isAnchors(this.state, audit, this.at)) yield audit;
  }
}

interface Measured {
  wrong: number;
  noticed: number;
  vouched: number;
  /** Of the vouchers, those that an anchor's second look would ban. */
  banned: number;
}

/** A gang's lies are audited again and again; nobody is sent away for them, so that there is enough to count. */
function measure(people: readonly Person[], chunks: number, seed: number, Desk = AuditDesk): Measured {
  const house = new House(people, seed, Desk);
  const { desk, state, throws } = house;
  const into: Measured = { wrong: 0, noticed: 0, vouched: 0, banned: 0 };
  for (let done = 0; done < chunks; done++) {
    const author = throws.of(people);
    house.commits(author, author.isGangs);
    for (const { audit, device } of desk.give(state, house.at, 64)) {
      desk.answers(device, audit.id);
      if (author.isGangs) into.wrong++;
      const vouches = author.isGangs && house.isOfGang(device);
      if (author.isGangs && !vouches) into.noticed++;
      if (vouches) into.vouched++;
      if (vouches && desk.isCanary(audit.id)) desk.vouch({ audit: audit.id, device, outputs: [] });
      else house.must(house.audit(audit.id, device, []));
    }
    for (const { id, units } of house.anchors()) {
      const voucher = desk.voucherOf(id);
      if (author.isGangs) into.noticed++;
      if (author.isGangs && voucher === undefined) into.wrong++;
      if (voucher !== undefined) {
        const found = {
          ...house.audit(id, 'anchor', units),
          vouched: { device: voucher.device, wrong: units },
        };
        const events = decide(state, found, house.at);
        if (isRefusal(events)) throw new Error(events.refused);
        const blamed = events.flatMap((event) => (event.e === 'disproved' ? [event] : []));
        expect(blamed.map(({ consequence }) => consequence)).toEqual(['ban', 'ban']);
        into.banned++;
      }
      desk.concluded(id);
      house.must(house.audit(id, 'anchor', []));
    }
    desk.forget(state, house.at);
  }
  return into;
}

class Unwary extends AuditDesk {
  override isCanary(): boolean {
    return false;
  }
}

describe('a gang of auditors that vouches for its own lies', () => {
  test.each([0.2, 0.4])(
    '%f of all: a wrong unit is noticed as the formula says, which bounds and prices stand on',
    (hostile) => {
      const people = crowd(40, hostile);
      const { wrong, noticed: seen } = measure(people, 14_000, 7, Unwary);
      const share = seen / wrong;
      const sigma = Math.sqrt(0.25 / wrong);
      // Its author is not among those who are drawn.
      const expected = 1 / 4 + (3 / 4) * (1 - (40 * hostile - 1) / 39);
      console.log(`${hostile * 100} % hostile: noticed ${seen} of ${wrong}, ${share.toFixed(3)}; the formula ${noticed({ hostile, anchors: 1 / 4 }).toFixed(3)}`); // prettier-ignore
      expect(wrong).toBeGreaterThan(800);
      expect(Math.abs(share - expected)).toBeLessThan(4 * sigma);
      expect(share).toBeGreaterThan(noticed({ hostile, anchors: 1 / 4 }) - 3 * sigma);
    },
  );

  test('risks a key each time: one in 32 is looked at once more, and bans auditor and author; without that it risks none', () => {
    const { vouched, banned } = measure(crowd(40, 0.4), 14_000, 11);
    console.log(`vouched ${vouched} times, ${banned} bans`);
    expect(vouched).toBeGreaterThan(500);
    expect(banned / vouched).toBeGreaterThan(1 / 64);
    expect(banned / vouched).toBeLessThan(1 / 16);
    expect(measure(crowd(40, 0.4), 1_500, 11, Unwary).banned).toBe(0);
  });
});

describe('the lot', () => {
  /** How many of the audits of one author's chunks each group gets. */
  function drawnFrom(others: readonly Person[], chunks: number, seed: number): Map<string, number> {
    const author = someone('author', 'net-author', false);
    const house = new House([author, ...others], seed);
    const counts = new Map<string, number>();
    for (let done = 0; done < chunks; done++) {
      // All work alike, so that nobody's share of audits is used up.
      if (done % 4 === 0) for (const other of others) house.commits(other, false);
      house.commits(author, false);
      for (const { audit, device } of house.desk.give(house.state, house.at, 64)) {
        const isAuthors = audit.authors[0] === 'dauthor/wasm';
        const group = others.find((one) => one.device === device)?.group ?? '?';
        if (isAuthors) counts.set(group, (counts.get(group) ?? 0) + 1);
        house.desk.answers(device, audit.id);
        house.must(house.audit(audit.id, device, []));
      }
      for (const { id } of house.anchors()) house.must(house.audit(id, 'anchor', []));
      house.desk.forget(house.state, house.at);
    }
    return counts;
  }

  test('falls on one network as on any other, however many people are behind it; and never on the author’s', () => {
    const alone = Array.from({ length: 8 }, (_, i) => someone(`a${i}`, `net${i}`, false));
    const flat = Array.from({ length: 12 }, (_, i) => someone(`b${i}`, 'net-flat', false));
    const counts = drawnFrom([...alone, ...flat], 1_600, 5);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    console.log(`one network of twelve people: ${counts.get('net-flat')} of ${total}, of nine networks`);
    expect(total).toBeGreaterThan(300);
    expect(counts.get('?')).toBeUndefined();
    const share = (counts.get('net-flat') ?? 0) / total;
    expect(Math.abs(share - 1 / 9)).toBeLessThan(4 * Math.sqrt(1 / 9 / total));
  });

  test('on nobody while there are seven networks, and then on anchors alone; with eight it does', () => {
    const seven = new House(crowd(7, 0), 3);
    seven.commits(seven.people[0] as Person, false);
    while (seven.state.audits.size === 0) seven.commits(seven.people[0] as Person, false);
    expect(seven.desk.meet(seven.state, seven.at)).toBe(false);
    expect(seven.desk.give(seven.state, seven.at, 64)).toEqual([]);
    expect([...seven.anchors()]).toHaveLength(seven.state.audits.size);
    expect(new House(crowd(8, 0), 3).desk.meet(seven.state, seven.at)).toBe(false);
    const eight = new House(crowd(8, 0), 3);
    expect(eight.desk.isShared).toBe(true);
  });
});
