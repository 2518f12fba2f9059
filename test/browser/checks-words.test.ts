/** Does the page about checks say the same in both languages, with the numbers of the rules, and never sound safer than it is? */
import { describe, expect, it } from 'vitest';
import { oneIn, timesOf } from '../../src/app/checks/catalogue.ts';
import type { ChecksWords, PolicyName, Rules } from '../../src/app/checks/catalogue.ts';
import { decodeChecks } from '../../src/app/checks/decode.ts';
import { rulesOf, usualRules } from '../../src/app/checks/rules.ts';
import { checksWords } from '../../src/app/words/checks.ts';
import { anchorsOneIn, canaryOneIn } from '../../src/coordinator/audit-desk.ts';
import * as data from './checks-data.ts';

const kinds: readonly PolicyName[] = ['none', 'certify', 'audit', 'adaptive', 'replicate'];
const counts = [0, 1, 2, 61_000] as const;

/** Every sentence by its place, functions asked with the rules and with small and large numbers. */
function sentences(c: ChecksWords, rules: Rules): Map<string, string> {
  const found = new Map<string, string>();
  const put = (place: string, value: unknown): void => {
    if (typeof value === 'string') found.set(place, value);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) put(`${place}.${key}`, inner);
  };
  put('story', [c.drawn(rules), c.window(rules), c.wrong(rules), c.people(), c.proof(), c.anchor(rules)]);
  put('limits', [c.limits.heading, c.limits.says(rules)]);
  put('plain', { ...c, limits: null });
  for (const kind of kinds) put(`says ${kind}`, c.policies.says(kind, rules));
  for (const n of counts) {
    const { policies: p, now, jobs } = c;
    for (const kind of kinds) put(`name ${kind} ${n}`, p.name(kind, n));
    put(`of ${n}`, [
      [c.soFar(n, n, n), p.priceFlat(c.number(n)), p.priceBy(c.number(n), n), p.priceNote(n, rules)],
      [p.openUnits(`${n}%`, c.number(n)), p.openChunks(`${n}%`, `${n}%`)],
      [
        now.auditsMade(n, n, n),
        now.waiting(n, n),
        [
          now.byPeople(n, true, true),
          now.byPeople(n, false, true),
          now.byPeople(n, true, false),
          now.byPeople(n, false, false),
          jobs.boundNote(`${n}%`),
        ],
        now.wrongDone(n, n, n),
        now.tiers([n, n, n], [16, 16, 64]),
      ],
      [now.away(n, n), now.paidFor('1', '2', '3', '4', n), now.redundancy(c.number(n)), now.chunksOpen(n, n)],
      [now.here(n, n), now.exempt(n), now.largest(`${n}%`), now.tooFew(n, n)],
      [jobs.progress(n, n, n), jobs.terms(n, n), jobs.bound('20%', c.number(n), n, n), jobs.voted(n)],
    ]);
  }
  return found;
}

describe('the words about checks', () => {
  const [english, chinese] = [checksWords.en, checksWords.zh].map((c) => sentences(c, usualRules)) as [
    Map<string, string>,
    Map<string, string>,
  ];

  it('are whole in both languages, and no English is left in the Chinese', () => {
    expect([...chinese.keys()]).toEqual([...english.keys()]);
    expect(english.size).toBeGreaterThan(150);
    for (const [place, said] of [...english, ...chinese]) {
      expect(said.trim(), place).not.toBe('');
      expect(said, place).not.toMatch(/[!！]|undefined|NaN|\[object/);
    }
    for (const [place, said] of chinese) {
      expect(said.replace('· Talka', ''), place).not.toMatch(/[A-Za-z]{2,}/);
      expect(said, place).toMatch(/\p{Script=Han}/u);
    }
  });

  it('say what must be known before anything here is trusted', () => {
    const whole = ([...said]: Iterable<string>): string => said.join('\n');
    for (const said of [
      'The operator’s own machines make part of the audits, all while few networks are here',
      'trusts the operator for that',
      'Provisional is not final',
      'Two people who conspire on two networks',
      'A newcomer’s work waits like everybody’s',
      'A quarter of the audits, drawn in secret, are the anchor’s alone',
      'never anybody on the author’s own network or account',
      'A new key costs nothing',
      '“nothing found” proves nothing',
      'What it leaves out is audited',
    ])
      expect(whole(english.values())).toContain(said);
    for (const said of [
      '一部分抽查由运营方自己的机器来做，在场的网络太少时全部由它来做',
      '信得过运营方',
      '暂时算数不等于最终确认',
      '两个网络上的两个人串通好',
      '新来的和大家一样要等',
      '暗中抽出的四分之一抽查只归锚机',
      '与作者同一网络、同一账户的绝不会抽到',
      '换一把新密钥不花钱',
      '“什么也没找到”证明不了什么',
      '没写出的照样暗中抽查',
    ])
      expect(whole(chinese.values())).toContain(said);
  });
});

describe('the numbers of the story', () => {
  it('are those of the rules, before the coordinator has said its own too', () => {
    expect(rulesOf(data.fresh())).toEqual(usualRules);
    expect(rulesOf(null)).toEqual(usualRules);
  });

  it('say of who recomputes what the coordinator does', () => {
    const [inEnglish, inChinese] = [checksWords.en, checksWords.zh].map((c) => c.anchor(usualRules).says[1]);
    expect([anchorsOneIn, inEnglish?.startsWith('A quarter of'), inChinese?.includes('四分之一')]).toEqual([
      4,
      true,
      true,
    ]);
    expect(inEnglish).toContain(`One in ${canaryOneIn} of`);
    expect(inChinese).toContain(`每 ${canaryOneIn} 份`);
  });

  it('stand in it, whatever they are', () => {
    const rules: Rules = {
      ...{ oneIn: [13, 17, 71], probationMicro: 5e6, tier1Micro: 83e6, suspendedMs: 9 * 3_600_000 },
      ...{ faultMemoryMs: 41 * 86_400_000, leaverAfterMs: 19 * 60_000, anchorAfterMs: 37_000 },
      ...{ windowUnits: 7_001, leaverUnits: 3_002 },
    };
    for (const c of [checksWords.en, checksWords.zh]) {
      const told = [...sentences(c, rules).values()].join('\n');
      for (const number of ['17', '71', '83', '9', '41', '19', '37', '7,001', '3,002', '5'])
        expect(told, number).toMatch(new RegExp(`(?<![\\d,])${number}(?![\\d,])`));
    }
  });

  it('are never rounded to what would be safer or cheaper', () => {
    expect([1 / 130_490, 1 / 139_999, 0.0073, 0.104, 0.4].map(oneIn)).toEqual([
      130_000, 130_000, 130, 9.6, 2.5,
    ]);
    for (let share = 1e-9; share < 1; share *= 1.37) {
      expect(1 / oneIn(share)).toBeGreaterThanOrEqual(share);
      expect(1 / oneIn(share)).toBeLessThan(share * 1.12);
    }
    expect([1, 2, 1.0201, 1.0299999999, 2.0666].map(timesOf)).toEqual([1, 2, 1.03, 1.03, 2.07]);
  });
});

/** The path of every field that must be there; what a requester may leave out, and what the page does not read, is left out. */
function* fieldsOf(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'texts') continue;
    if (!Array.isArray(value)) yield [...path, key];
    yield* fieldsOf(inner, [...path, key]);
  }
}

describe('what the page reads', () => {
  it('is decoded or refused, never half believed', () => {
    for (const view of [data.fresh(), data.busy(), data.crowded()])
      expect(decodeChecks(JSON.parse(JSON.stringify(view)))).toEqual(view);
    const view = { ...data.busy() };
    const whole = JSON.stringify(view);
    const fields = [...fieldsOf(view)];
    expect(fields.length).toBeGreaterThan(60);
    for (const path of fields) {
      const less = JSON.parse(whole) as Record<string, unknown>;
      const last = path.at(-1) as string;
      const place = path.slice(0, -1).reduce<unknown>((at, name) => Reflect.get(at as object, name), less);
      Reflect.deleteProperty(place as object, last);
      expect(() => decodeChecks(less), path.join('.')).toThrow('another shape');
    }
    const [job] = data.busy().jobs;
    expect(() =>
      decodeChecks({ ...view, jobs: [{ ...job, policy: { ...job?.policy, kind: 'other' } }] }),
    ).toThrow();
    for (const texts of [{ zh: { title: 5 } }, { zh: '题' }, null, '题'])
      expect(() => decodeChecks({ ...view, jobs: [{ ...job, texts }] }), JSON.stringify(texts)).toThrow();
    expect(() => decodeChecks({ ...view, identities: { tiers: [1, 2], suspended: 0, banned: 0 } })).toThrow();
    expect(() => decodeChecks('<html>')).toThrow('another shape');
  });
});
