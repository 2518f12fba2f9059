/** Volunteers audit one another over real sockets [AU2] [AU7] [AU8]: who is given what, what an answer leads to, and what a bad one does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeAuditAnswer, encodeOutputs } from '../../src/wire/audits.ts';
import type { Taken } from '../../src/wire/audits.ts';
import type { ChecksView } from '../../src/wire/views.ts';
import { unitDigest } from '../../src/coordinator/digests.ts';
import { answers, bent, hearsNoAudit, right, stage, until } from './auditors.ts';
import type { Stage } from './auditors.ts';
import { compiledOf, counting } from './counting.ts';
import { kernel, shelf } from './under-audit.ts';
import { identity } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

async function opened(options: Parameters<typeof stage>[0] = {}): Promise<Stage> {
  const made = await stage(options);
  open.push(made.house);
  return made;
}

async function takenOver({ house }: Stage): Promise<Taken> {
  return (await (await house.operator('/audits/take', { max: 64 })).json()) as Taken;
}

/** An anchor takes this one, as soon as it is an anchor's. */
async function takesOver(at: Stage, id: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++, await sleep(50))
    if ((await takenOver(at)).audits.some(({ audit }) => audit === id)) return;
  throw new Error(`audit ${id} is not for an anchor`);
}

async function answeredByAnchor({ house }: Stage, id: number, units: readonly number[]): Promise<unknown> {
  return (await house.operator(`/audits/${id}`, encodeOutputs(units.map(right)))).json();
}

const vested = ({ house }: Stage, account: string): bigint | undefined =>
  house.runtime.state.balances.get(`vested:${account}`);
const rechecked = ({ events }: Stage) => events.flatMap((event) => (event.e === 'rechecked' ? [event] : []));
const disproved = ({ events }: Stage) => events.flatMap((event) => (event.e === 'disproved' ? [event] : []));

describe('an audit that a volunteer is given', () => {
  test('says nothing of the claim; the right answer counts and is paid', async () => {
    const at = await opened();
    const author = await at.person(1, { audits: false });
    const auditor = await at.person(2);
    const audit = await at.drawn(author);
    const word = await auditor.of('audit');
    expect(word).toEqual({
      ...{ t: 'audit', audit: audit.id, job: at.job.job },
      units: [...audit.units],
      limitMs: 60_000,
    });
    answers(auditor, word);
    const amountMicro = audit.units.length * at.job.unitCostMicro;
    expect(await auditor.of('audited')).toEqual({
      t: 'audited',
      audit: audit.id,
      became: 'counted',
      amountMicro,
    });
    expect(vested(at, auditor.who.account)).toBe(BigInt(amountMicro));
    expect(at.events.filter(({ e }) => e === 'audited')).toMatchObject([
      { audit: audit.id, wrong: [], device: auditor.who.device, account: auditor.who.account, site: null },
    ]);
    const checks = (await (await at.house.call('/api/checks')).json()) as ChecksView;
    expect(checks).toMatchObject({ auditsByPeople: 1, sharedWithPeople: true, made: { audits: 1 } });
  });

  test('[LG7] finds a liar: two engines agree, the author is disproved and the auditor paid', async () => {
    const at = await opened();
    const author = await at.person(1, { audits: false });
    const auditor = await at.person(2);
    const audit = await at.drawn(author, bent);
    answers(auditor, await auditor.of('audit'));
    expect(await author.of('judged')).toMatchObject({ consequence: 'suspend', wrong: [...audit.units] });
    expect(await auditor.of('audited')).toMatchObject({ audit: audit.id, became: 'counted' });
    expect(disproved(at).map(({ device }) => device)).toEqual([author.who.device]);
    // [LG7] The two engines are the operator's: of the dispute the ledger shows the audit's pay, and what the chunk was to be paid on its way back.
    const from = at.events.findIndex(({ e }) => e === 'audited');
    await until(() => at.events.some(({ e }) => e === 'voided'), 'the chunk is void');
    const moves = at.events.slice(from).flatMap((event) => ('entries' in event ? event.entries : []));
    const amountMicro = audit.units.length * at.job.unitCostMicro;
    expect(moves.slice(0, 2)).toEqual([
      { from: `escrow:${at.job.job}`, to: `vested:${auditor.who.account}`, amountMicro },
      {
        from: `pending:${author.who.account}`,
        to: `escrow:${at.job.job}`,
        amountMicro: 32 * at.job.unitCostMicro,
      },
    ]);
    // Nobody counts on the author any more, though it is still connected.
    at.pass(3_000);
    const { live } = (await (await at.house.call('/api/checks')).json()) as ChecksView;
    expect([live.people, at.house.house.live().people]).toEqual([1, 2]);
  }, 30_000);

  test('[LG7] is answered rubbish by a slanderer: it is disproved itself, the author is not, and an anchor makes the audit', async () => {
    const at = await opened();
    const author = await at.person(1, { audits: false });
    const slanderer = await at.person(2);
    const audit = await at.drawn(author);
    answers(slanderer, await slanderer.of('audit'), bent);
    expect(await slanderer.of('judged')).toMatchObject({
      ...{ backend: 'wasm', consequence: 'suspend', job: at.job.job, chunk: audit.chunk },
      wrong: [...audit.units],
    });
    // [HT3] What it answered is committed to nowhere: the finding has it, beside what is right.
    const digests = (answer: (unit: number) => Uint8Array): string[] =>
      audit.units.map((unit) => unitDigest(audit.job, unit, answer(unit)).toString('hex'));
    expect(disproved(at)).toMatchObject([
      { device: slanderer.who.device, audit: audit.id, right: digests(right), claimed: digests(bent) },
    ]);
    expect(vested(at, slanderer.who.account)).toBeUndefined();
    // [LG7] Nor does anybody else pay or get anything for it.
    const from = at.events.findIndex(({ e }) => e === 'disproved');
    expect(at.events.slice(from).flatMap((event) => ('entries' in event ? event.entries : []))).toEqual([]);
    expect(at.house.runtime.state.checks).toMatchObject({ audits: 0, mismatches: 0, auditorsWrong: 1 });
    const other = await at.person(3);
    expect(await hearsNoAudit(other)).toBe(true);
    expect((await takenOver(at)).audits.map((one) => one.audit)).toContain(audit.id);
    expect(await answeredByAnchor(at, audit.id, audit.units)).toEqual({ became: 'right' });
  }, 30_000);

  test('[AU6] finds a kernel that disagrees with itself: it is paused, and nobody is blamed, voided or paid', async () => {
    const [served] = [...shelf.values()].filter(({ kernel: { id } }) => id === kernel);
    if (served === undefined) throw new Error('it is served');
    const wasm = await compiledOf(counting);
    const at = await opened({ shelf: new Map([[kernel, { ...served, wasm }]]), unitsPerChunk: 16 });
    at.dice.anchors = true;
    const author = await at.person(1, { audits: false });
    // Of one unit alone two engines say the same. What is drawn of a chunk of 16 units is one auditor's: of one in forty, two units or more.
    const audit = await at.drawn(author, bent, 2);
    await takesOver(at, audit.id);
    expect(await answeredByAnchor(at, audit.id, audit.units)).toEqual({ became: 'paused' });
    await until(() => at.events.some(({ e }) => e === 'kernelPaused'), 'the kernel is paused');
    const [paused] = at.events.flatMap((event) => (event.e === 'kernelPaused' ? [event] : []));
    expect(paused).toMatchObject({
      kernel,
      reason: expect.stringContaining('two engines disagree on unit') as string,
    });
    const later = at.events.map(({ e }) => e);
    for (const kind of ['disproved', 'voided', 'audited', 'misdeed']) expect(later).not.toContain(kind);
    expect(at.house.runtime.state.audits.has(audit.id)).toBe(true);
    expect([...at.house.runtime.state.pausedKernels.keys()]).toEqual([kernel]);
    // Somebody who holds nothing: the author may still hold what it did not compute.
    const other = await at.person(2, { audits: false });
    other.ask(kernel);
    expect(await other.refusal()).toMatchObject({ about: 'ask', reason: 'kernel-paused' });
  }, 60_000);

  test('that gets what no output looks like, or too few, is somebody else’s; it is on record', async () => {
    const at = await opened();
    const author = await at.person(1, { audits: false });
    const lazy = await at.person(2);
    const audit = await at.drawn(author);
    const word = await lazy.of('audit');
    answers(lazy, word, () => Uint8Array.of(1, 2, 3));
    expect(await lazy.of('refusal')).toMatchObject({ about: 'audit', reason: 'bad-output' });
    const other = await at.person(3);
    const again = await other.of('audit');
    expect(again).toEqual(word);
    other.ws.send(encodeAuditAnswer(audit.id, []));
    expect(await other.of('refusal')).toMatchObject({ about: 'audit', reason: 'malformed' });
    await until(() => at.events.filter(({ e }) => e === 'misdeed').length === 2, 'both are on record');
    expect(disproved(at)).toEqual([]);
    answers(lazy, word);
    expect(await lazy.of('audited')).toMatchObject({ became: 'gone' });
  });

  test('counts once; what was never given to somebody is refused to them, by name and on record', async () => {
    const at = await opened();
    const author = await at.person(1, { audits: false });
    const auditor = await at.person(2);
    const other = await at.person(3, { audits: false });
    await at.drawn(author);
    const word = await auditor.of('audit');
    for (const forged of [word, { ...word, audit: 4_711 }]) {
      answers(other, forged, bent);
      expect(await other.of('refusal')).toEqual({ t: 'refusal', about: 'audit', reason: 'not-yours' });
    }
    const onRecord = () => at.events.flatMap((event) => (event.e === 'misdeed' ? [event] : []));
    await until(() => onRecord().length === 2, 'both are on record');
    expect(onRecord()).toMatchObject(
      [other, other].map(({ who: { device } }) => ({ device, what: 'audit-not-yours' })),
    );
    answers(auditor, word);
    answers(auditor, word);
    const heard = [await auditor.of('audited'), await auditor.of('audited')];
    expect(heard.map(({ became }) => became).sort()).toEqual(['counted', 'gone']);
    expect(at.events.filter(({ e }) => e === 'audited')).toHaveLength(1);
    expect(onRecord()).toHaveLength(2);
  });

  test('is lost with the connection, and given back by a word: somebody else is drawn at once', async () => {
    const at = await opened();
    const author = await at.person(1, { audits: false });
    const first = await at.person(2);
    await at.drawn(author);
    const word = await first.of('audit');
    await first.end();
    const second = await at.person(3);
    expect(await second.of('audit')).toEqual(word);
    second.say({ t: 'returnAudits', audits: [word.audit] });
    const third = await at.person(4);
    expect(await third.of('audit')).toEqual(word);
    answers(second, word);
    expect(await second.of('audited')).toMatchObject({ became: 'gone' });
    answers(third, word);
    expect(await third.of('audited')).toMatchObject({ became: 'counted' });
  });

  test('ends with the connection by which it was given, after a restart too: it is given anew, and the old one is answered in vain', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'talka-auditors-'));
    open.push({ close: async () => rmSync(dataDir, { recursive: true, force: true }) });
    const before = await stage({ dataDir });
    const author = await before.person(1, { audits: false });
    const auditor = await before.person(2);
    await before.drawn(author);
    const word = await auditor.of('audit');
    await before.house.close();
    const at = await opened({ dataDir });
    const back = await at.person(2, { who: auditor.who, audits: false });
    answers(back, word);
    expect(await back.refusal()).toMatchObject({ about: 'audit', reason: 'not-yours' });
    const other = await at.person(3);
    expect(await other.of('audit')).toEqual(word);
    answers(other, word);
    expect(await other.of('audited')).toMatchObject({ became: 'counted' });
  });
});

describe('[AU7] who is given audits', () => {
  test('neither the author nor anybody of its network; after a minute an anchor', async () => {
    const at = await opened();
    const author = await at.person(1);
    const neighbour = await at.person(1);
    await until(() => at.house.house.auditor.meet(), 'audits are shared');
    const audit = await at.drawn(author);
    expect((await takenOver(at)).audits).toEqual([]);
    for (const one of [author, neighbour]) expect(await hearsNoAudit(one, 600)).toBe(true);
    at.pass(60_000);
    expect((await takenOver(at)).audits.map((one) => one.audit)).toContain(audit.id);
  });

  test('nobody while too few networks are there: anchors make all of them at once, and the page says so', async () => {
    const at = await opened({ auditorGroupsMin: 3 });
    const author = await at.person(1);
    const auditor = await at.person(2);
    const audit = await at.drawn(author);
    const view = async () => (await (await at.house.call('/api/checks')).json()) as ChecksView;
    expect(await view()).toMatchObject({ sharedWithPeople: false, auditsByPeople: 0 });
    expect(await hearsNoAudit(auditor, 1_200)).toBe(true);
    expect((await takenOver(at)).audits.map((one) => one.audit)).toContain(audit.id);
    const third = await at.person(3);
    at.pass(2_000);
    expect(await view()).toMatchObject({ sharedWithPeople: true });
    await at.drawn(author);
    // One of the two that are not the author, by lot.
    await Promise.any([auditor.of('audit'), third.of('audit')]);
  });

  test('nobody whose page does not know the word, who paused, or who is new', async () => {
    const at = await opened();
    const author = await at.person(1, { audits: false });
    const old = await at.person(2, { audits: false });
    await at.person(5).then(async (paused) => {
      const { lease } = await paused.leaseOf('mersenne-tf@1', 1);
      paused.say({ t: 'giveBack', replicas: [lease], why: 'paused' });
    });
    const fresh = await at.person(3);
    at.house.runtime.state.identities.delete(`${fresh.who.device}/wasm`);
    await at.drawn(author);
    for (const one of [old, fresh]) expect(await hearsNoAudit(one, 900)).toBe(true);
  });

  test('a quarter by lot only anchors', async () => {
    const at = await opened();
    at.dice.anchors = true;
    const author = await at.person(1, { audits: false });
    const auditor = await at.person(2);
    const audit = await at.drawn(author);
    expect(await hearsNoAudit(auditor)).toBe(true);
    expect((await takenOver(at)).audits.map((one) => one.audit)).toContain(audit.id);
  });
});

describe('[AU8] an answer that is looked at once more', () => {
  test('counts when an anchor has found the same: the volunteer is paid as for any, the anchor by the operator [LG7]', async () => {
    const at = await opened();
    at.dice.canary = true;
    const author = await at.person(1, { audits: false });
    const auditor = await at.person(2);
    const audit = await at.drawn(author);
    answers(auditor, await auditor.of('audit'));
    await takesOver(at, audit.id);
    expect(at.events.some(({ e }) => e === 'audited')).toBe(false);
    expect(await answeredByAnchor(at, audit.id, audit.units)).toEqual({ became: 'right' });
    expect(await auditor.of('audited')).toMatchObject({ audit: audit.id, became: 'counted' });
    const costMicro = audit.units.length * at.job.unitCostMicro;
    expect(vested(at, 'anchor')).toBe(BigInt(costMicro));
    expect(vested(at, auditor.who.account)).toBe(BigInt(costMicro));
    expect(rechecked(at)).toMatchObject([
      {
        audit: audit.id,
        why: 'canary',
        units: [...audit.units],
        entries: [{ from: 'operator', amountMicro: costMicro }],
      },
    ]);
  });

  test('bans a gang that vouches for its own lie: the author and the auditor', async () => {
    const at = await opened();
    at.dice.canary = true;
    const author = await at.person(1, { audits: false });
    const accomplice = await at.person(2);
    const audit = await at.drawn(author, bent);
    answers(accomplice, await accomplice.of('audit'), bent);
    await takesOver(at, audit.id);
    expect(await answeredByAnchor(at, audit.id, audit.units)).toMatchObject({ became: 'wrong' });
    expect(await accomplice.of('judged')).toMatchObject({ consequence: 'ban', wrong: [...audit.units] });
    expect(await author.of('judged')).toMatchObject({ consequence: 'ban' });
    expect(disproved(at).map(({ device, audit: id }) => [device, id])).toEqual([
      [author.who.device, undefined],
      [accomplice.who.device, audit.id],
    ]);
    expect(vested(at, accomplice.who.account)).toBeUndefined();
    // Its audit, and what two engines computed of the difference.
    expect(vested(at, 'anchor')).toBe(BigInt(3 * audit.units.length * at.job.unitCostMicro));
    expect(rechecked(at)).toMatchObject([{ audit: audit.id, why: 'dispute', units: [...audit.units] }]);
  }, 30_000);

  test('is not: then whoever vouches gets a lie through, which is why some are', async () => {
    const at = await opened();
    const author = await at.person(1, { audits: false });
    const accomplice = await at.person(2, { who: identity() });
    const audit = await at.drawn(author, bent);
    answers(accomplice, await accomplice.of('audit'), bent);
    expect(await accomplice.of('audited')).toMatchObject({ audit: audit.id, became: 'counted' });
    expect(disproved(at)).toEqual([]);
  });
});
