/** Volunteers that audit: who may [AU7], for all small cases; what their answers lead to; who vouched for a lie [AU8]. docs/SPEC.md, section 10. */
import { describe, expect, test } from 'vitest';
import { isAuditor, mayAudit } from '../../src/core/auditing.ts';
import { anchoredUnitsMax } from '../../src/core/audit.ts';
import { leaverAfterMs } from '../../src/core/checking.ts';
import type { Audit, Command, Event, LedgerAccount } from '../../src/core/state.ts';
import { identityKey } from '../../src/core/state.ts';
import { faultMemoryMs, halfLifeMs, probationMicro, suspendedMs } from '../../src/core/trust.ts';
import { unitText } from '../../src/core/unit-text.ts';
import {
  answers,
  ask,
  auditCommand,
  auditedSpec,
  commit,
  drawing,
  house,
  identityOf,
  join,
  keepUp,
  kernel,
  proven,
  submit,
} from './house.ts';
import type { House } from './house.ts';

const unitMicro = 125_000;
const balance = (h: House, account: LedgerAccount): number => Number(h.state.balances.get(account) ?? 0n);
const kinds = (events: readonly Event[]): string[] => events.map(({ e }) => e);

/** Person a computed a chunk of which unit 0 and 1 are drawn; the others are known since long. */
function drawnOf(names = 'abcd', over: Parameters<typeof auditedSpec>[0] = {}, root = 'lie'): House {
  const h = house();
  join(h, 'anchor', { account: 'anchor', role: 'anchor' });
  for (const name of names) join(h, name);
  for (const name of names) proven(h, name, probationMicro);
  submit(h, auditedSpec(over, { units: 800 }));
  answers(h, 'a', root, { words: drawing([0, 1]) });
  return h;
}

const auditOf = (h: House): Audit => [...h.state.audits.values()][0] as Audit;
const refute = (h: House, device: string, wrong = [0]): Command => ({
  c: 'refute',
  audit: auditOf(h).id,
  device,
  wrong,
  right: wrong.map((unit) => `right ${unit}`),
});

describe('[AU7] who may audit', () => {
  test('all small cases: role, phase, record, account, network, kernel, whose audit it is', () => {
    let may = 0;
    for (const role of ['volunteer', 'anchor'] as const)
      for (const phase of ['none', 'open', 'suspended', 'banned'] as const)
        for (const provenMicro of [0, probationMicro - 1, probationMicro])
          for (const account of ['A', 'B'])
            for (const [own, author] of [
              ['', ''],
              ['n', ''],
              ['', 'n'],
              ['n', 'n'],
              ['n', 'm'],
            ] as const)
              for (const paused of [false, true])
                for (const anchored of [false, true]) {
                  const h = house();
                  join(h, 'a', { group: author });
                  join(h, 'b', { account, group: own, role });
                  if (phase !== 'none') {
                    proven(h, 'b', provenMicro);
                    identityOf(h, 'b').phase = phase;
                  }
                  submit(h, auditedSpec({}, { units: 800 }));
                  answers(h, 'a', 'right', { words: drawing([0]) });
                  if (paused) h.must({ c: 'pauseKernel', kernel, reason: 'a test' });
                  const audit: Audit = anchored ? { ...auditOf(h), anchored } : auditOf(h);
                  const isKnown = role === 'volunteer' && phase === 'open' && provenMicro >= probationMicro;
                  const apart = account !== 'A' && (own === '' || own !== author);
                  expect(isAuditor(h.state, 'b', h.now())).toBe(isKnown);
                  expect(mayAudit(h.state, audit, 'b', h.now())).toBe(
                    isKnown && apart && !paused && !anchored,
                  );
                  if (mayAudit(h.state, audit, 'b', h.now())) may++;
                }
    expect(may).toBe(4);
  });

  test('its cores: a record of its graphics processor is none, and an old one fades', () => {
    const h = drawnOf('ab');
    h.state.identities.delete(identityKey('b', 'wasm'));
    proven(h, 'b', probationMicro, 'webgpu');
    expect(h.refused(auditCommand(1, [], 'b'))).toBe('not-yours');
    proven(h, 'b', probationMicro);
    expect(mayAudit(h.state, auditOf(h), 'b', h.now())).toBe(true);
    expect(mayAudit(h.state, auditOf(h), 'b', h.now() + halfLifeMs)).toBe(false);
    expect(h.refused(auditCommand(1, [], 'nobody'))).toBe('not-yours');
  });

  test('nobody who agreed with it: all who gave the answer are its authors', () => {
    const h = house();
    for (const name of 'abc') join(h, name, { group: name === 'c' ? 'net-b' : `net-${name}` });
    join(h, 'd');
    proven(h, 'c', probationMicro);
    proven(h, 'd', probationMicro);
    submit(h, auditedSpec({ kind: 'adaptive' }, { units: 800 }));
    answers(h, 'a', 'right', { words: drawing([0]) });
    answers(h, 'b', 'right', { words: drawing([0]) });
    const audit = auditOf(h);
    expect(mayAudit(h.state, audit, 'c', h.now())).toBe(false);
    expect(mayAudit(h.state, audit, 'd', h.now())).toBe(true);
    // Who is drawn for it alone is not the only one that answers for it.
    expect(mayAudit(h.state, { ...audit, authors: ['a/wasm'] }, 'c', h.now())).toBe(false);
  });
});

describe('a volunteer’s answer', () => {
  test('that agrees is paid as an anchor’s is, with its site, and counts for the author', () => {
    const h = drawnOf('ab', {}, 'right');
    const [event] = h.must(auditCommand(1, [], 'b'));
    expect(event).toMatchObject({ e: 'audited', device: 'b', account: 'B', site: null, wrong: [] });
    expect(balance(h, 'vested:B')).toBe(2 * unitMicro);
    expect(identityOf(h, 'a').auditedUnits).toBe(2);
    expect(h.state.checks).toMatchObject({ audits: 1, byPeople: 1, auditorsWrong: 0 });
    expect(h.refused(auditCommand(1, [], 'b'))).toBe('unknown-audit');
    expect(h.refused(auditCommand(1, [], 'anchor'))).toBe('unknown-audit');
  });

  test('that finds a wrong claim disproves its author, and is paid', () => {
    const h = drawnOf('ab');
    const events = h.must(auditCommand(1, [1], 'b'));
    expect(events).toMatchObject([
      { e: 'audited', wrong: [1], device: 'b' },
      { e: 'disproved', device: 'a', wrong: [1], right: ['right 1'], consequence: 'suspend' },
    ]);
    expect(events[1]).not.toHaveProperty('audit');
    expect(balance(h, 'vested:B')).toBe(2 * unitMicro);
  });

  test('of an anchor has no site, and is not counted as people’s', () => {
    const h = drawnOf('ab', {}, 'right');
    const [event] = h.must(auditCommand(1, [], 'anchor'));
    expect(event).not.toHaveProperty('site');
    expect(h.state.checks).toMatchObject({ audits: 1, byPeople: 0 });
  });
});

describe('[LG7] what is looked at once more', () => {
  const canary = { ...auditCommand(1, [], 'b'), canary: 'anchor' } as Command;
  const recheck = (units: readonly number[], device = 'anchor'): Command => ({
    c: 'recheck',
    audit: 1,
    device,
    units,
  });

  test('is paid by the operator: a canary once, beside the volunteer, who is paid as ever', () => {
    const h = drawnOf('ab', {}, 'right');
    expect(h.must(canary)).toMatchObject([
      {
        ...{ e: 'rechecked', audit: 1, job: 'j1', chunk: 0, units: [0, 1], why: 'canary', device: 'anchor' },
        entries: [{ from: 'operator', to: 'vested:anchor', amountMicro: 2 * unitMicro }],
      },
      { e: 'audited', device: 'b', entries: [{ to: 'vested:B', amountMicro: 2 * unitMicro }] },
    ]);
    expect(h.state.checks).toMatchObject({
      audits: 1,
      auditMicro: 2 * unitMicro,
      recheckMicro: 2 * unitMicro,
    });
  });

  test('and what two engines settle for both, of those of its units that differ, whatever comes of it', () => {
    const h = drawnOf('ab', {}, 'right');
    expect(h.must(recheck([1, 700]))).toEqual([
      {
        ...{ e: 'rechecked', audit: 1, job: 'j1', chunk: 0, units: [1], why: 'dispute' },
        ...{ device: 'anchor', account: 'anchor' },
        entries: [{ from: 'operator', to: 'vested:anchor', amountMicro: 2 * unitMicro }],
      },
    ]);
    expect(h.state.audits.size).toBe(1);
    expect(h.state.checks).toMatchObject({ audits: 0, auditMicro: 0, recheckMicro: 2 * unitMicro });
    h.must(auditCommand(1, [], 'b'));
    expect(h.refused(recheck([1]))).toBe('unknown-audit');
  });

  test('in an anchor’s name only, and of its own units', () => {
    const h = drawnOf('ab', {}, 'right');
    expect(h.refused(recheck([0], 'b'))).toBe('not-yours');
    expect(h.refused(recheck([0], 'nobody'))).toBe('not-yours');
    expect(h.refused(recheck([700]))).toBe('already-so');
    expect(h.refused({ ...canary, canary: 'a' } as Command)).toBe('unknown-device');
    expect(h.refused({ ...canary, device: 'a' } as Command)).toBe('not-yours');
  });
});

describe('an auditor that was wrong', () => {
  test('is suspended like any author, is not paid, and the audit is still to be made', () => {
    const h = drawnOf('abc', {}, 'right');
    expect(h.must(refute(h, 'b', [1, 0, 700]))).toEqual([
      {
        ...{ e: 'disproved', device: 'b', backend: 'wasm', account: 'B', site: null },
        ...{ job: 'j1', chunk: 0, wrong: [0, 1], right: ['right 0', 'right 1'] },
        ...{ consequence: 'suspend', awayMs: suspendedMs, audit: 1 },
      },
    ]);
    expect([h.state.audits.size, balance(h, 'vested:B')]).toEqual([1, 0]);
    expect(h.state.checks).toMatchObject({ audits: 0, mismatches: 0, auditorsWrong: 1, suspended: 1 });
    expect(identityOf(h, 'a')).toMatchObject({ phase: 'open', faults: 0 });
    expect(h.refused(auditCommand(1, [], 'b'))).toBe('not-yours');
    expect(h.refused(refute(h, 'b'))).toBe('not-yours');
    h.must(auditCommand(1, [], 'c'));
    // An hour later it works again, and is a newcomer: it audits no more for now.
    h.wait(suspendedMs);
    keepUp(h);
    answers(h, 'b', 'right', { words: drawing([2]) });
    expect(identityOf(h, 'b').phase).toBe('open');
    expect(isAuditor(h.state, 'b', h.now())).toBe(false);
  });

  test.each([
    [1, 2],
    [faultMemoryMs, 1],
  ] as const)('is judged by the same rule a second time, %i ms later: away for %i h', (ms, hours) => {
    const h = drawnOf('ab', {}, 'right');
    Object.assign(identityOf(h, 'b'), { faults: 1, faultAt: h.now(), provenMicro: 16 * probationMicro });
    h.wait(ms);
    expect(h.must(refute(h, 'b'))).toMatchObject([{ consequence: 'suspend', awayMs: hours * suspendedMs }]);
  });

  test('is named for units of the audit only, and only who may make it', () => {
    const h = drawnOf('ab', {}, 'right');
    expect(h.refused(refute(h, 'b', []))).toBe('already-so');
    expect(h.refused(refute(h, 'b', [5]))).toBe('already-so');
    expect(h.refused(refute(h, 'a'))).toBe('not-yours');
    expect(h.refused(refute(h, 'anchor'))).toBe('not-yours');
    expect(h.refused({ ...refute(h, 'b'), audit: 2 } as Command)).toBe('unknown-audit');
  });
});

describe('[AU8] whoever vouched for a lie', () => {
  const found = (vouched: { device: string; wrong: number[] }): Command =>
    ({ ...auditCommand(1, [0, 1], 'anchor'), vouched }) as Command;

  test('is banned with its author, each for what it had wrong', () => {
    const h = drawnOf();
    expect(h.must(found({ device: 'b', wrong: [1] }))).toMatchObject([
      { e: 'audited', device: 'anchor', wrong: [0, 1] },
      { e: 'disproved', device: 'a', wrong: [0, 1], consequence: 'ban' },
      { e: 'disproved', device: 'b', wrong: [1], right: ['right 1'], consequence: 'ban', audit: 1 },
    ]);
    expect([identityOf(h, 'a').phase, identityOf(h, 'b').phase]).toEqual(['banned', 'banned']);
    expect([balance(h, 'vested:B'), balance(h, 'vested:anchor')]).toEqual([0, 2 * unitMicro]);
    expect(h.state.checks).toMatchObject({ banned: 2, auditorsWrong: 1, byPeople: 0 });
  });

  test('also where it was suspended meanwhile; who is banned already, not again, but its partner is', () => {
    const h = drawnOf();
    identityOf(h, 'b').phase = 'suspended';
    expect(kinds(h.must(found({ device: 'b', wrong: [0] })))).toEqual(['audited', 'disproved', 'disproved']);
    const again = drawnOf();
    identityOf(again, 'b').phase = 'banned';
    expect(again.must(found({ device: 'b', wrong: [0] }))).toMatchObject([
      { e: 'audited' },
      { e: 'disproved', device: 'a', consequence: 'ban' },
    ]);
  });
});

describe('[AU5] of who leaves with little', () => {
  test.each([
    [anchoredUnitsMax, true],
    [anchoredUnitsMax + 8, false],
  ] as const)('%i unvested units: anchors make all audits that still wait: %s', (units, anchored) => {
    const h = house();
    join(h, 'anchor', { account: 'anchor', role: 'anchor' });
    for (const name of 'ab') join(h, name);
    proven(h, 'b', probationMicro);
    submit(h, auditedSpec({}, { units: 8_000 }));
    for (let done = 0; done < units / 8;) {
      const lease = ask(h, 'a');
      for (let i = 0; i < lease.count && done < units / 8; i++, done++)
        commit(h, 'a', lease.lease + i, 'right', { words: drawing(done === 0 ? [3] : []) });
    }
    expect(mayAudit(h.state, auditOf(h), 'b', h.now())).toBe(true);
    h.wait(leaverAfterMs);
    const events = keepUp(h);
    for (const event of events) if (event.e === 'drawn') expect(event.anchored === true).toBe(anchored);
    expect(h.state.audits.size).toBeGreaterThan(1);
    for (const audit of h.state.audits.values()) {
      expect(audit.anchored === true).toBe(anchored);
      expect(mayAudit(h.state, audit, 'b', h.now())).toBe(!anchored);
    }
  });

  test('what volunteers alone found right is drawn once more, for anchors, and counts when these have found the same', () => {
    const h = drawnOf('abc', {}, 'right');
    h.must(auditCommand(1, [], 'b'));
    expect(identityOf(h, 'a')).toMatchObject({
      auditedUnits: 2,
      open: new Map([['j1', [expect.objectContaining({ passed: 2, vouched: unitText([0, 1]) })]]]),
    });
    h.wait(leaverAfterMs);
    const events = keepUp(h);
    expect(events).toMatchObject([
      { e: 'drawn', device: 'a', anchored: true, drawn: [[0, [0, 1, 2, 3, 4, 5, 6, 7]]] },
    ]);
    expect(identityOf(h, 'a')).toMatchObject({ auditedUnits: 0 });
    expect(h.refused(auditCommand(2, [], 'c'))).toBe('not-yours');
    h.must(auditCommand(2, []));
    expect(kinds(keepUp(h))).toEqual(['vested']);
    expect(identityOf(h, 'a').auditedUnits).toBe(8);
  });
});

describe('[TR5] an examination', () => {
  test('recomputes also what volunteers alone found right: a gang has vouched for nothing', () => {
    const h = drawnOf('abc', {}, 'lie');
    h.must(auditCommand(1, [], 'b'));
    answers(h, 'a', 'right', { words: drawing([3]) });
    h.must(auditCommand(2, [11], 'c'));
    const [first] = keepUp(h).filter(({ e }) => e === 'drawn');
    expect(first).toMatchObject({ device: 'a', anchored: true, drawn: [[0, [0, 1, 2, 3, 4, 5, 6, 7]]] });
    h.must(auditCommand(3, [0, 1, 2, 3, 4, 5, 6, 7]));
    const after = keepUp(h);
    expect(after.some(({ e }) => e === 'vested')).toBe(false);
    expect(identityOf(h, 'a').open.size).toBe(0);
  });

  test('all of whose units volunteers have found right begins anew with all of them', () => {
    const h = drawnOf('abc', {}, 'right');
    answers(h, 'a', 'right', { words: drawing([0, 1, 2, 3, 4, 5, 6, 7]) });
    h.must(auditCommand(1, [], 'b'));
    h.must(auditCommand(2, [], 'b'));
    answers(h, 'a', 'lie', { words: drawing([0]) });
    const lie = h.state.audits.get(3) as Audit;
    h.must(auditCommand(3, lie.units, 'c'));
    const drawn = keepUp(h).filter(({ e }) => e === 'drawn');
    expect(drawn).toMatchObject([
      {
        drawn: [
          [1, [8, 9, 10, 11, 12, 13, 14, 15]],
          [0, [0, 1, 2, 3, 4, 5, 6, 7]],
        ],
      },
    ]);
    for (const { id } of [...h.state.audits.values()]) h.must(auditCommand(id));
    expect(keepUp(h)).toMatchObject([{ e: 'vested', chunks: [0, 2] }]);
  });
});
