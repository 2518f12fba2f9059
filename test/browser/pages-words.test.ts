/** Are both languages whole, are states called what SPEC calls them, and do the pages' pure parts keep their promises? */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { consentText } from '../../src/app/consent.ts';
import { binOf, layOut, middleOf, motifOf, stitchesOf } from '../../src/app/cloth/layout.ts';
import { decodeLeaderboard } from '../../src/app/decode-board.ts';
import { decodeJobs, decodePulse, decodeStatus } from '../../src/app/decode.ts';
import { readMersenne, resultBytesAnHour } from '../../src/app/facts.ts';
import { formatsFor } from '../../src/app/format.ts';
import { joined } from '../../src/app/join.ts';
import { preferred } from '../../src/app/language.ts';
import { toldOf } from '../../src/app/told.ts';
import { dyeOf, ornamentOf, pathOf } from '../../src/app/ornament.ts';
import { glassWords } from '../../src/app/glass/words.ts';
import { nameRefusalOf, nameRefusals, refusalWords } from '../../src/app/words/refusals.ts';
import { boardWords } from '../../src/app/words/board.ts';
import { auditingWords } from '../../src/app/words/auditing.ts';
import { judgedWords } from '../../src/app/words/judged.ts';
import { ownWords } from '../../src/app/words/own.ts';
import { receiptWords } from '../../src/app/words/receipts.ts';
import { rewardWords } from '../../src/app/words/rewards.ts';
import { verifyWords } from '../../src/app/words/verify.ts';
import { words as en } from '../../src/app/words/en.ts';
import { words as zh } from '../../src/app/words/zh.ts';
import { kEndOf, candidate, specForBits, encodeInput } from '../../src/kernels/mersenne-tf/input.ts';
import { OUTPUT_BYTES } from '../../src/kernels/path-trace/codec.ts';
import { ownRefusals } from '../../src/volunteer/store.ts';
import type { GpuView } from '../../src/volunteer/store.ts';
import { byeReasons } from '../../src/wire/version.ts';
import type { ReceiptRow } from '../../src/volunteer/receipt-check.ts';
import * as data from './fixture-data.ts';

const gpus: readonly GpuView[] = [
  { state: 'unknown' },
  { state: 'absent', why: 'no-webgpu' },
  { state: 'absent', why: 'insecure-origin' },
  { state: 'absent', why: 'no-adapter' },
  { state: 'software', name: '' },
  { state: 'off' },
  { state: 'testing', name: '' },
  { state: 'on', name: '' },
  { state: 'failed', name: '', why: '' },
  { state: 'lost', name: '', retryAt: 0 },
];

/** One of each kind of row that a receipt may have. */
const receiptRows: readonly ReceiptRow[] = [
  { kind: 'accepted', row: { replica: 1, job: 'j1', chunk: 7, amountMicro: 5, final: true } },
  { kind: 'vested', row: { job: 'j1', chunks: [3, 4, 6, 9], amountMicro: 5 } },
  { kind: 'voided', row: { job: 'j1', chunks: [3, 4], amountMicro: 5 } },
  { kind: 'audit', row: { audit: 3, job: 'j1', units: 2, amountMicro: 5 } },
];

/** Every sentence of a catalogue by its place, functions asked with small and large numbers. */
type Said = (...told: readonly unknown[]) => unknown;
const isSaid = (value: unknown): value is Said => typeof value === 'function';

function sentences(value: unknown, place: string, found = new Map<string, string>()): Map<string, string> {
  if (place === '.f') return found;
  if (typeof value === 'string') found.set(place, value);
  else if (place.endsWith('.gpuStates') && isSaid(value)) {
    for (const gpu of gpus) found.set(`${place} ${JSON.stringify(gpu)}`, String(value(gpu)));
  } else if (/\.(whatOf|amounts\.fails|amounts\.outside)$/.test(place) && isSaid(value)) {
    for (const row of receiptRows) found.set(`${place} ${row.kind}`, String(value(row, 61_000)));
  } else if (isSaid(value)) {
    for (const n of [0, 1, 2, 61_000]) found.set(`${place}(${n})`, String(value(n, n, n, n, n)));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) sentences(inner, `${place}.${key}`, found);
  }
  return found;
}

describe('the words', () => {
  const [english, chinese] = [sentences(en, ''), sentences(zh, '')];

  it('are as many in both languages, and none is empty', () => {
    expect([...chinese.keys()]).toEqual([...english.keys()]);
    expect(english.size).toBeGreaterThan(200);
    for (const [place, said] of [...english, ...chinese]) expect(said.trim(), place).not.toBe('');
  });

  it('leave no English in the Chinese', () => {
    // Names, units and codes that Chinese readers write the same way.
    const shared = /\b(Talka|talka|GPU|WebGPU|PNG|W|https?|kB|MB|GB|k)\b/g;
    const own = new Set(['.language']);
    for (const [place, said] of chinese) {
      if (own.has(place)) continue;
      expect(said.replace(shared, '').match(/[A-Za-z]{2,}/)?.[0], `${place}: ${said}`).toBeUndefined();
      expect(said, place).toMatch(/\p{Script=Han}/u);
    }
  });

  it('have a whole sentence in both languages for every reason that the wire and the volunteer know', () => {
    const codes = [...byeReasons, ...ownRefusals];
    expect(new Set(codes).size).toBe(codes.length);
    for (const [language, w, spoken] of [
      ['en', en, /[.?]$/],
      ['zh', zh, /。$/],
    ] as const) {
      const { refused, name } = refusalWords[language];
      expect(Object.keys(refused).toSorted()).toEqual(codes.toSorted());
      expect(Object.keys(name).toSorted()).toEqual([...nameRefusals].toSorted());
      const all = new Map([
        ...codes.map((code) => [`refused ${code}`, refused[code]] as const),
        ...nameRefusals.map((code) => [`name ${code}`, name[code]] as const),
        ...Object.entries(w.work.plain).map(([why, said]) => [`plain ${why}`, said] as const),
        ...Object.entries(w.work.preparing).map(([step, said]) => [`preparing ${step}`, said] as const),
        ...Object.entries(w.here.storeFaults).map(([why, said]) => [`store ${why}`, said] as const),
      ]);
      expect(new Set(all.values()).size, 'no two reasons in the same words').toBe(all.size);
      for (const [place, said] of all) {
        expect(said, place).toMatch(spoken);
        // A reason's name is for programs: people get a sentence.
        const raw = place.split(' ')[1] ?? '';
        if (raw.includes('-')) expect(said, place).not.toContain(raw);
        expect(said.length, place).toBeGreaterThan(language === 'en' ? 20 : 8);
      }
      for (const code of codes) {
        // What happened, what is safe, what to do: three things are not said in one breath.
        expect(
          refused[code].split(/[.;] |[。；]/).filter((part) => part !== '').length,
          code,
        ).toBeGreaterThan(2);
        expect(refused[code], code).toMatch(/safe|lost|没有丢|好好地存|也什么都没丢/);
      }
    }
    expect(nameRefusalOf('signature')).toBe('signature');
    expect(nameRefusalOf('503')).toBe('other');
  });

  it('know every reason for which a coordinator’s store takes no writes', () => {
    const log = readFileSync(new URL('../../src/coordinator/log.ts', import.meta.url), 'utf8');
    const reasons = [...(/type StoreReason = (.+);/.exec(log)?.[1] ?? '').matchAll(/'([\w-]+)'/g)];
    expect(reasons.length).toBeGreaterThan(3);
    for (const w of [en, zh])
      expect(new Set(Object.keys(w.here.storeFaults))).toEqual(new Set(reasons.map(([, reason]) => reason)));
  });

  it('are whole in both languages in the parts that are loaded later, and no English is left in the Chinese', () => {
    for (const { en: inEnglish, zh: inChinese } of [
      glassWords,
      boardWords,
      refusalWords,
      receiptWords,
      judgedWords,
      auditingWords,
      verifyWords,
      rewardWords,
    ]) {
      const [written, again] = [sentences(inEnglish, ''), sentences(inChinese, '')];
      expect([...again.keys()]).toEqual([...written.keys()]);
      for (const said of written.values()) expect(said.trim()).toMatch(/^[^!]+$/);
      for (const said of again.values())
        expect(said.replace('· Talka', '')).not.toMatch(/[A-Za-z]{2,}|[!！]/);
    }
  });

  it('never shout and never promise', () => {
    for (const [place, said] of [...english, ...chinese]) {
      expect(said, place).not.toMatch(/[!！]|\p{Extended_Pictographic}/u);
      expect(said, place).not.toMatch(/\bmin(e|ing) coins|earn while|undefined|NaN|\[object/);
    }
  });

  it('call each state of a chunk what docs/SPEC.md says', () => {
    const spec = readFileSync(new URL('../../docs/SPEC.md', import.meta.url), 'utf8');
    const rows = [...spec.matchAll(/^\| \*(\w+)\* \| ([^·|]+) · ([^|]+) \|/gm)];
    expect(rows).toHaveLength(6);
    for (const [, state, inEnglish, inChinese] of rows) {
      expect(Reflect.get(en.states, state ?? '')).toBe(inEnglish?.trim());
      expect(Reflect.get(zh.states, state ?? '')).toBe(inChinese?.trim());
    }
  });

  it('write a consent in each language, and quantities as its readers do', () => {
    expect(consentText('en')).toContain('30 days');
    expect(consentText('zh')).toContain('30 天');
    const f = formatsFor('en');
    expect([
      f.share(0, 9),
      f.share(1, 1000),
      f.share(1, 2),
      f.share(999, 1000),
      f.share(9999, 10_000),
      f.share(7, 7),
    ]).toEqual(['0%', '0.1%', '50%', '99.9%', '99.9%', '100%']);
    expect([f.span(400), f.span(90_000), f.span(3 * 3_600_000), f.bytes(4312), f.credit(1_234_567)]).toEqual([
      '1 second',
      '2 minutes',
      '3 hours',
      '4.3 kB',
      '1.23',
    ]);
    expect(formatsFor('zh-CN').span(90_000)).toBe('2分钟');
    expect([f.count(9_999_999), f.count(123_456_789), f.credit(12_345.67e6), f.credit(9.007e15)]).toEqual([
      '9,999,999',
      '123.5M',
      '12,346',
      '9.007B',
    ]);
    expect(formatsFor('zh-CN').count(123_456_789)).toBe('1.235亿');
  });

  it('let the consent say what is learnt and what stays, in both languages', () => {
    for (const said of [
      'graphics processor',
      'cores',
      'how fast',
      'for ever',
      'Forget me',
      'network address',
      'check parts that others computed',
    ])
      expect(consentText('en')).toContain(said);
    for (const said of [
      '核对别人算出的部分',
      '显卡',
      '核心',
      '速度',
      '永远',
      ownWords.zh.me.forget,
      '网络地址',
    ])
      expect(consentText('zh')).toContain(said);
  });

  it('call only public what is public, and a claim a claim', () => {
    expect(en.here.log(5, 0)).toBe('5 records in the log, seen in the last hour by no witness');
    expect(en.here.log(5, 1)).toContain('by 1 witness (');
    // Counted are keys, and whoever wants many has them.
    expect(en.here.log(5, 3)).toMatch(/3 witnesses .*keys are cheap, so this is evidence, not proof/);
    expect(zh.here.log(5, 3)).toMatch(/3 位见证人.*不是证明/);
    expect(zh.here.log(5, 0)).not.toContain('公开');
    expect([en.here.line(1, 1, '2'), zh.here.line(1, 1, '2')].join()).toMatch(/by their own word.*自报/);
    expect([en.job.disputes(1), zh.job.disputes(1)].join()).toMatch(
      /person.*operator’s own machine.*另一个人.*运营方/,
    );
    expect([boardWords.en, boardWords.zh].map(({ namesNote }) => namesNote).join()).toMatch(/ornament.*纹样/);
  });

  it('tell a job in its requester’s words, in the reader’s language where there are any', () => {
    const zhWords = { title: '布上的兔子', cause: '看看许多小机器能一起画出什么。' };
    const job = { ...data.picture, texts: { zh: zhWords, lt: { title: 'Triušis', cause: 'Parodymui.' } } };
    expect(toldOf(zh, job)).toEqual({ ...zhWords, requester: data.picture.requester });
    expect(toldOf(en, job)).toMatchObject({ title: data.picture.title, cause: data.picture.cause });
    expect(toldOf(zh, data.picture)).toMatchObject({ title: data.picture.title, cause: data.picture.cause });
  });

  it('tell the demonstrations of a new coordinator in Chinese too', () => {
    const seed = readFileSync(new URL('../../src/coordinator/seed.ts', import.meta.url), 'utf8');
    const requester = /^const requester = '(.+)';$/m.exec(seed)?.[1] ?? '';
    expect(toldOf(zh, { ...data.picture, requester }).requester).toBe(zh.job.itself);
    const seeded = [...seed.matchAll(/zh: \{\s+title: ['`](.+?)['`],\s+cause:\s+'(.+?)',/g)];
    expect(seeded).toHaveLength(2);
    for (const [, title = '', cause = ''] of seeded)
      expect(`${title.replace('${spec.exponent}', '')} ${cause}`).not.toMatch(/[A-Za-z]{2,}/);
  });

  it('stand side by side as their script does', () => {
    expect(joined('One.', false, '', 'Two.')).toBe('One. Two.');
    expect(joined('一。', '二。')).toBe('一。二。');
    expect(joined('In the requester’s words.', '完成。', '')).toBe('In the requester’s words. 完成。');
  });

  it('follow the address first, then the browser', () => {
    expect(preferred('?lang=zh', ['en-GB'])).toBe('zh');
    expect(preferred('', ['fr-FR', 'zh-TW', 'en'])).toBe('zh');
    expect(preferred('?lang=xx', ['de'])).toBe('en');
  });
});

describe('ornaments', () => {
  it('are the same for the same id, differ between ids, and are symmetric', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const { side, stitches, dyes } = ornamentOf(data.accountOf(i));
      expect(ornamentOf(data.accountOf(i)).stitches).toEqual(stitches);
      seen.add(`${dyes.join()} ${stitches.join('')}`);
      const rows = Array.from({ length: side }, (_, row) => stitches.slice(row * side, (row + 1) * side));
      expect(rows.toReversed()).toEqual(rows);
      expect(rows.map((row) => row.toReversed())).toEqual(rows);
    }
    expect(seen.size).toBeGreaterThan(495);
  });

  it('draw every stitch exactly once', () => {
    const ornament = ornamentOf('a household');
    for (const colour of [1, 2]) {
      const drawn = [...pathOf(ornament, colour).matchAll(/h(\d+)v/g)].reduce(
        (sum, [, run]) => sum + Number(run),
        0,
      );
      expect(drawn).toBe(ornament.stitches.filter((stitch) => stitch === colour).length);
    }
    expect(dyeOf('mersenne-tf@1')).toBe(dyeOf('mersenne-tf@2'));
    expect(dyeOf('mersenne-tf@1')).not.toBe(dyeOf('path-trace@1'));
  });
});

describe('the cloth', () => {
  it.each([1, 12, 600, 1440, 3000, 4096])('of %i bins is a whole rectangle, each bin somewhere', (bins) => {
    const layout = layOut(bins, 1088, 180);
    let next = 0;
    for (let bin = 0; bin < bins; bin++) {
      const [from, to] = stitchesOf(layout, bin);
      expect(from).toBe(next);
      expect(to).toBeGreaterThan(from);
      const { x, y } = middleOf(layout, bin);
      expect(x > 0 && x < 1088 && y > 0 && y < 180).toBe(true);
      next = to;
    }
    expect(next).toBe(layout.columns * layout.rows);
    expect(next).toBeGreaterThanOrEqual(1600);
  });

  it('puts every chunk in a bin, first in the first and last in the last', () => {
    for (const chunks of [1, 7, 4096, 4097, 1_000_003]) {
      expect(binOf(0, chunks)).toBe(0);
      expect(binOf(chunks - 1, chunks)).toBe(Math.min(chunks, 4096) - 1);
    }
    expect(motifOf('j1')(3, 4)).toBe(motifOf('j1')(3, 4));
  });
});

describe('what pages read', () => {
  it('is what the kernels mean', () => {
    const spec = specForBits(20_000_047, 60, 61.5);
    const facts = readMersenne(encodeInput(spec));
    const log2 = (q: bigint): number => Math.log2(Number(q));
    expect(facts?.exponent).toBe(20_000_047);
    expect(facts?.bitFrom).toBeCloseTo(log2(candidate(spec.exponent, spec.kFrom)), 6);
    expect(facts?.bitTo).toBeCloseTo(log2(candidate(spec.exponent, kEndOf(spec))), 6);
    expect(readMersenne(new Uint8Array(23))).toBeNull();
    const aUnitASecond = { ...data.picture, unitCostMicro: 1_000_000 };
    expect(resultBytesAnHour(aUnitASecond, 1)).toBe(3600 * (OUTPUT_BYTES + 32));
  });

  it('is decoded or refused, never half believed', () => {
    expect(decodeJobs({ at: 1, jobs: [data.factoring] })).toHaveLength(1);
    expect(decodeStatus(data.status()).name).toBe('The village green');
    expect(decodeLeaderboard(data.leaderboard(3)).rows).toHaveLength(3);
    const pulse = { at: 1, live: data.here, storeFault: null, jobs: [data.factoring] };
    expect(decodePulse(pulse).live.people).toBe(12);
    for (const key of ['chunks', 'title', 'etaMs', 'result']) {
      const { [key]: _, ...rest } = data.factoring as unknown as Record<string, unknown>;
      expect(() => decodeJobs({ jobs: [rest] }), key).toThrow('another shape');
    }
    const zhTexts = { zh: { title: '题', cause: '由' } };
    expect(decodeJobs({ jobs: [{ ...data.factoring, texts: zhTexts }] })[0]?.texts).toEqual(zhTexts);
    for (const texts of [{ zh: { title: '题' } }, { zh: '题' }, null])
      expect(() => decodeJobs({ jobs: [{ ...data.factoring, texts }] })).toThrow('another shape');
    expect(() => decodePulse({ ...pulse, live: null })).toThrow('another shape');
    expect(() => decodeStatus('<html>')).toThrow('another shape');
  });
});
