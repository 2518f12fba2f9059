/** Who is given which audit, and when it is somebody else's [AU7]: the desk alone, with the rules and without a socket. */
import { describe, expect, test } from 'vitest';
import { AuditDesk, patienceMs } from '../../src/coordinator/audit-desk.ts';
import type { Candidate, Given } from '../../src/coordinator/audit-desk.ts';
import { probationMicro } from '../../src/core/trust.ts';
import {
  ask,
  auditCommand,
  auditedSpec,
  commit,
  drawing,
  house,
  identityOf,
  join,
  kernel,
  proven,
  submit,
} from '../core/house.ts';
import type { House } from '../core/house.ts';

/** An audit of one unit costs a second of the reference core here. */
const unitCostMicro = 1e6;

interface Room {
  readonly h: House;
  readonly desk: AuditDesk;
  /** Who is here, by one letter; each alone in its network. */
  here: string;
  /** What shall be drawn next, by the number of sides; else 1, which is no lot and no canary. */
  readonly thrown: Map<number, number>;
  /** Person a computes a chunk of which one unit is drawn. */
  draws(): number;
  give(): Given[];
}

function room(names = 'bc', fits = true): Room {
  const h = house();
  join(h, 'anchor', { account: 'anchor', role: 'anchor' });
  for (const name of `a${names}`) {
    join(h, name);
    proven(h, name, probationMicro);
  }
  submit(h, auditedSpec({}, { units: 8_000, unitCostMicro }));
  const thrown = new Map<number, number>();
  const made: Room = {
    ...{ h, here: names, thrown },
    desk: new AuditDesk({
      groupsMin: 1,
      below: (n) => Math.min(n - 1, thrown.get(n) ?? 1),
      lot: (_about, _id, n) => Math.min(n - 1, thrown.get(n) ?? 1),
      fits: () => fits,
      *candidates(): Generator<Candidate> {
        for (const name of made.here)
          yield {
            ...{ device: name, account: name.toUpperCase(), group: h.state.devices.get(name)?.group ?? '' },
            asksFor: (one) => one === kernel,
          };
      },
    }),
    draws() {
      const { lease } = ask(h, 'a');
      commit(h, 'a', lease, 'right', { words: drawing([0]) });
      return Math.max(...h.state.audits.keys());
    },
    give() {
      made.desk.meet(h.state, h.now());
      return made.desk.give(h.state, h.now(), 100);
    },
  };
  return made;
}

const isAnchors = ({ h, desk }: Room, id: number): boolean => {
  const audit = h.state.audits.get(id);
  return audit !== undefined && desk.isFree(id, h.now()) && desk.isAnchors(h.state, audit, h.now());
};

describe('[AU7] a desk', () => {
  test('[TR5] leaves to anchors what waits of who is suspended, and to nobody else’s harm', () => {
    const at = room('bc');
    at.thrown.set(2, 0);
    const [first, second] = [at.draws(), at.draws()];
    at.h.must(auditCommand(at.draws(), [16]));
    expect([isAnchors(at, first), isAnchors(at, second)]).toEqual([true, true]);
    expect(at.give()).toEqual([]);
    for (const { authors } of at.h.state.audits.values()) expect(authors).toEqual(['a/wasm']);
  });

  test('[AU2] leaves to anchors what is drawn of a newcomer, also when it has a record by the time somebody makes it', () => {
    const at = room('bc');
    at.give();
    const record = identityOf(at.h, 'a');
    record.provenMicro = probationMicro - 1;
    const first = at.draws();
    expect(isAnchors(at, first)).toBe(true);
    record.provenMicro = probationMicro;
    const second = at.draws();
    expect([isAnchors(at, first), isAnchors(at, second)]).toEqual([true, false]);
    expect(at.give()).toMatchObject([{ audit: { id: second } }]);
    record.provenMicro = 0;
    expect(isAnchors(at, second)).toBe(false);
  });

  test('gives a device one audit at a time; what it was drawn for waits for it, though another is idle', () => {
    const at = room('bc');
    at.thrown.set(2, 0);
    const [first, second] = [at.draws(), at.draws()];
    expect(at.give()).toMatchObject([{ device: 'b', audit: { id: first }, limitMs: 60_000 }]);
    at.thrown.set(2, 1);
    // It was drawn for the second as well.
    expect(at.give()).toEqual([]);
    expect(at.desk.answers('b', first)).toBe(true);
    expect(at.give()).toMatchObject([{ device: 'b', audit: { id: second } }]);
  });

  test('draws anew where whoever it waits for is gone', () => {
    const at = room('bc');
    at.thrown.set(2, 0);
    at.draws();
    const second = at.draws();
    at.give();
    at.here = 'c';
    expect(at.give()).toMatchObject([{ device: 'c', audit: { id: second } }]);
  });

  test('takes back what is late: whoever never answers is given nothing for a minute', () => {
    const at = room('b');
    const [first, second] = [at.draws(), at.draws()];
    at.give();
    at.h.wait(59_999);
    expect([isAnchors(at, first), isAnchors(at, second)]).toEqual([false, false]);
    at.h.wait(1);
    // By now an anchor may make both; a late answer to the first still is one.
    expect([isAnchors(at, first), isAnchors(at, second)]).toEqual([true, true]);
    const third = at.draws();
    expect(at.give()).toEqual([]);
    expect(at.desk.answers('b', first)).toBe(true);
    at.h.wait(59_999);
    expect(at.give()).toEqual([]);
    at.h.wait(1);
    expect(isAnchors(at, third)).toBe(true);
    expect(at.draws()).toBeGreaterThan(third);
    expect(at.give()).toMatchObject([{ device: 'b' }]);
  });

  test('gives who declines nothing for a minute, and asks somebody else at once', () => {
    const at = room('bc');
    at.thrown.set(2, 0);
    const id = at.draws();
    expect(at.give()).toMatchObject([{ device: 'b' }]);
    at.desk.declined('c', id, at.h.now());
    expect(at.give()).toEqual([]);
    at.desk.declined('b', id, at.h.now());
    at.thrown.set(2, 1);
    expect(at.give()).toMatchObject([{ device: 'c', audit: { id } }]);
    expect(at.desk.answers('b', id)).toBe(false);
    expect(at.desk.answers('c', id)).toBe(true);
    expect(at.desk.answers('c', id)).toBe(false);
  });

  test('forgets what a lost connection held, but not an answer that is being compared', () => {
    const at = room('b');
    const id = at.draws();
    at.give();
    at.desk.left('b');
    expect(at.give()).toMatchObject([{ device: 'b', audit: { id } }]);
    at.desk.answers('b', id);
    at.desk.left('b');
    expect(at.desk.isFree(id, at.h.now())).toBe(false);
  });

  test('gives an account four seconds, and an eighth of what it has computed since', () => {
    const at = room('b');
    const given = (): number => {
      let count = 0;
      for (let i = 0; i < 12; i++) {
        at.draws();
        for (const { audit, device } of at.give()) {
          at.desk.answers(device, audit.id);
          at.h.must(auditCommand(audit.id, [], device));
          count++;
        }
      }
      return count;
    };
    expect(given()).toBe(4);
    // Two chunks of eight seconds: two seconds more.
    for (let i = 0; i < 2; i++) commit(at.h, 'b', ask(at.h, 'b').lease);
    expect(given()).toBe(2);
    expect(given()).toBe(0);
  });

  test('leaves to anchors what is theirs by lot, what is large, does not fit, or has waited; also where the clock was put back', () => {
    const at = room('b');
    at.thrown.set(4, 0);
    // Nobody was met yet.
    expect(isAnchors(at, at.draws())).toBe(true);
    at.desk.meet(at.h.state, at.h.now());
    const byLot = at.draws();
    expect([isAnchors(at, byLot), at.give()]).toEqual([true, []]);
    at.thrown.clear();
    // The lot was cast once.
    expect(isAnchors(at, byLot)).toBe(true);
    const other = at.draws();
    expect(isAnchors(at, other)).toBe(false);
    const audit = at.h.state.audits.get(other);
    if (audit === undefined) throw new Error('it is there');
    const { desk, h } = at;
    expect(desk.isAnchors(h.state, { ...audit, units: [0, 1] }, h.now())).toBe(false);
    expect(desk.isAnchors(h.state, { ...audit, units: [0, 1, 2] }, h.now())).toBe(true);
    expect(desk.isAnchors(h.state, { ...audit, anchored: true }, h.now())).toBe(true);
    expect(desk.isAnchors(h.state, audit, h.now() - patienceMs)).toBe(true);
    expect(desk.isAnchors(h.state, audit, h.now() + patienceMs - 1)).toBe(false);
    expect(desk.isAnchors(h.state, audit, h.now() + patienceMs)).toBe(true);
    const tooLong = room('b', false);
    tooLong.draws();
    expect(tooLong.give()).toEqual([]);
  });

  test('knows what it gave somebody on this connection, also when that is over; no more with the connection', () => {
    const at = room('b');
    const id = at.draws();
    expect(at.desk.wasGiven('b', id)).toBe(false);
    at.give();
    expect([at.desk.wasGiven('b', id), at.desk.wasGiven('c', id)]).toEqual([true, false]);
    at.desk.declined('b', id, at.h.now());
    expect(at.desk.wasGiven('b', id)).toBe(true);
    at.desk.left('b');
    expect(at.desk.wasGiven('b', id)).toBe(false);
  });

  test('has an anchor make what a volunteer got wrong, and what it vouched for; the latter is forgotten with its audit', () => {
    const at = room('bc');
    at.thrown.set(2, 0);
    const [wrong, vouched] = [at.draws(), at.draws()];
    at.give();
    at.desk.answers('b', wrong);
    at.desk.refuted(wrong);
    expect(isAnchors(at, wrong)).toBe(true);
    expect(at.give()).toMatchObject([{ device: 'b', audit: { id: vouched } }]);
    at.desk.answers('b', vouched);
    expect(at.desk.vouch({ audit: vouched, device: 'b', outputs: [] })).toBeNull();
    expect([isAnchors(at, vouched), at.give()]).toEqual([true, []]);
    expect(at.desk.voucherOf(vouched)).toMatchObject({ device: 'b' });
    at.h.must(auditCommand(vouched));
    expect(at.desk.forget(at.h.state, at.h.now())).toMatchObject([{ audit: vouched, device: 'b' }]);
    expect(at.desk.voucherOf(vouched)).toBeUndefined();
  });

  test('of 513 canaries that wait for an anchor the oldest is an audit like any other, and an anchor’s', () => {
    const at = room('b');
    const id = at.draws();
    at.desk.meet(at.h.state, at.h.now());
    expect(at.desk.vouch({ audit: id, device: 'b', outputs: [] })).toBeNull();
    for (let i = 1; i < 512; i++)
      expect(at.desk.vouch({ audit: id + i, device: 'b', outputs: [] })).toBeNull();
    expect(at.desk.vouch({ audit: id + 512, device: 'b', outputs: [] })).toMatchObject({ audit: id });
    expect([at.desk.voucherOf(id), isAnchors(at, id)]).toEqual([undefined, true]);
  });
});
