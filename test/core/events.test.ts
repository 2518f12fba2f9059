/** Checks that every event that concerns work, or checks of it, names account, device and site, so that any balance can be traced to who computed. */
import { describe, expect, test } from 'vitest';
import { leaverAfterMs } from '../../src/core/checking.ts';
import { decide } from '../../src/core/machine.ts';
import { evolve } from '../../src/core/evolve.ts';
import { emptyState, isRefusal } from '../../src/core/state.ts';
import type { Event } from '../../src/core/state.ts';
import { probationMicro } from '../../src/core/trust.ts';
import { generator } from './generator.ts';
import {
  answers,
  auditAll,
  auditCommand,
  auditedSpec,
  drawing,
  house,
  join,
  keepUp,
  proven,
  putInOrder,
  submit,
} from './house.ts';
import type { House } from './house.ts';

const concernsWork: readonly Event['e'][] = ['leased', 'committed', 'returned', 'expired', 'misdeed'];

test('events that concern work name account, device and site, and so does every winner', () => {
  const state = emptyState();
  const generate = generator(7);
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const { command, at } = generate.next(state);
    const decision = decide(state, command, at);
    generate.saw(decision);
    if (isRefusal(decision)) continue;
    for (const event of decision) {
      evolve(state, event, at);
      const named = event.e === 'accepted' ? event.winners : concernsWork.includes(event.e) ? [event] : [];
      for (const who of named) {
        seen.add(event.e);
        const { device, account } = who as { device?: string; account?: string };
        expect([typeof device, typeof account]).toEqual(['string', 'string']);
        expect(who).toHaveProperty('site');
      }
    }
  }
  expect([...seen].toSorted()).toEqual([...concernsWork, 'accepted'].toSorted());
});

/** Who is here, and by which site they came: an anchor, one who is checked, and one who checks. */
const cast = { anchor: null, a: 'fair', b: null, c: 'market' } as const;

/** A house with all of them, c with a record, and a job under audits of which a unit in 64 is drawn. */
function checked(kind: 'audit' | 'adaptive' = 'audit'): House {
  const h = house();
  join(h, 'anchor', { account: 'ANCHOR', role: 'anchor' });
  for (const name of 'abc') {
    const site = cast[name as keyof typeof cast];
    join(h, name, site === null ? {} : { site });
  }
  proven(h, 'c', probationMicro);
  submit(h, auditedSpec({ kind }, { units: 800 }));
  return h;
}

/** Both leave, and what they leave is found right. */
function leaving(): House {
  const h = checked();
  for (const name of 'ab') answers(h, name);
  h.wait(leaverAfterMs);
  putInOrder(h);
  return h;
}

/** Both are found wrong once, all that they have is examined, and the operator lets them in again. */
function suspended(): House {
  const h = checked();
  for (const name of 'ab') answers(h, name);
  for (const name of 'ab') {
    const accepted = answers(h, name, 'lie', { words: drawing([0], 2) }).find(({ e }) => e === 'accepted');
    auditAll(h, accepted?.e === 'accepted' ? (accepted.drawn ?? []) : []);
  }
  putInOrder(h);
  for (const device of 'ab') h.must({ c: 'readmit', device, backend: 'wasm', reason: 'bad memory' });
  return h;
}

/** A lie of two together is found by who checks them. */
function ring(): House {
  const h = checked('adaptive');
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  answers(h, 'a', 'ring');
  answers(h, 'b', 'ring', { words: drawing(all) });
  for (const { id } of [...h.state.audits.values()]) h.must(auditCommand(id, all, 'c'));
  keepUp(h);
  return h;
}

/** Who checks is wrong itself. */
function refuted(): House {
  const h = checked();
  answers(h, 'b', 'right', { words: drawing([0, 1]) });
  const [audit] = h.state.audits.keys();
  h.must({ c: 'refute', audit: audit as number, device: 'c', wrong: [0], right: ['right 0'] });
  return h;
}

const concernsChecks: readonly Event['e'][] = [
  'audited',
  'drawn',
  'vested',
  'voided',
  'disproved',
  'readmitted',
];

describe('events that concern checks name whose work it is, with the site that it came by', () => {
  test.each([
    ['who leaves', leaving, 'audited anchor, drawn a b, vested a b'],
    [
      'who is suspended',
      suspended,
      'audited anchor, disproved a b, drawn a b, readmitted a b, vested a b, voided a b',
    ],
    ['who lies together', ring, 'audited c, disproved a b, voided a b'],
    ['who denies the truth', refuted, 'disproved c'],
  ])('of %s', (_who, story, expected) => {
    const seen = new Map<string, Set<string>>();
    for (const event of story().log.flatMap(({ events }) => events)) {
      if (!concernsChecks.includes(event.e)) continue;
      const { device, account, ...rest } = event as Event & { device: string; account: string };
      expect(account).toBe(device.toUpperCase());
      // An anchor's part is nobody's credit by any site.
      if (device === 'anchor') expect(rest).not.toHaveProperty('site');
      else expect(rest).toHaveProperty('site', cast[device as keyof typeof cast]);
      seen.set(event.e, (seen.get(event.e) ?? new Set()).add(device));
    }
    const told = [...seen].map(([kind, devices]) => [kind, ...[...devices].toSorted()].join(' '));
    expect(told.toSorted().join(', ')).toBe(expected);
  });
});
