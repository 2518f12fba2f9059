/** Witnesses of a real log: what grows is countersigned; a log that shrinks, forks or is not signed is caught, with evidence. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { isSigned } from '../../src/volunteer/checks.ts';
import { base64urlOf, makeKey, openKey } from '../../src/volunteer/crypto.ts';
import type { DeviceKey } from '../../src/volunteer/crypto.ts';
import { compareKept } from '../../src/volunteer/witness-compare.ts';
import { isDisowned, sendCosignature } from '../../src/volunteer/witness-send.ts';
import type { Post } from '../../src/volunteer/witness-send.ts';
import { lookAtLog, readWitnessed } from '../../src/volunteer/witness.ts';
import type { AskLog, Witnessed } from '../../src/volunteer/witness.ts';
import type { CosignaturesView } from '../../src/wire/views.ts';

const cli = join(import.meta.dirname, '../../src/cli.ts');
const quiet = { port: 0, seed: 'none', anchorShare: 0, webDir: null, graceMs: 0 } as const;

/** The coordinator's answers, without a network. */
const askOf =
  ({ fetch, url }: RunningCoordinator): AskLog =>
  async (path) => {
    const response = await fetch(new Request(`${url}${path}`));
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return (await response.json()) as unknown;
  };

/** The same for what is sent to it. */
const postOf =
  ({ fetch, url }: RunningCoordinator): Post =>
  async (path, body) =>
    fetch(new Request(`${url}${path}`, { method: 'POST', body }));

/** So many more ticks, each with money of its own. */
async function grow({ runtime }: RunningCoordinator, ticks: number, account = 'r'): Promise<void> {
  for (let i = 0; i < ticks; i++) await runtime.run({ c: 'fund', account, amountMicro: 1 + i });
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

function said({ code, out }: Ended, expected: number, words: string): void {
  expect(out).toContain(words);
  expect(code).toBe(expected);
}

async function witnessKey(): Promise<DeviceKey> {
  return openKey(await makeKey(true));
}

describe('[LO7] witnesses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'talka-witness-'));
  const [dir, fork] = [join(folder, 'one'), join(folder, 'fork')];
  let house: RunningCoordinator;
  let forked: RunningCoordinator;
  let coordinator: string;
  let keys: [DeviceKey, DeviceKey];

  const look = async (of: RunningCoordinator, known: Witnessed | null, key = keys[0]): Promise<Witnessed> => {
    const round = await lookAtLog(askOf(of), coordinator, known, key, 1_000);
    if (round.is !== 'countersigned') throw new Error(JSON.stringify(round));
    return round.witnessed;
  };

  beforeAll(async () => {
    keys = [await witnessKey(), await witnessKey()];
    // One past, and two houses of one key that go on from it: what a coordinator would do to tell two stories.
    const first = await startCoordinator({ ...quiet, dataDir: dir });
    await grow(first, 5);
    await first.close();
    cpSync(dir, fork, { recursive: true });
    house = await startCoordinator({ ...quiet, dataDir: dir });
    forked = await startCoordinator({ ...quiet, dataDir: fork });
    coordinator = house.house.keys.coordinator.publicText;
    expect(forked.house.keys.coordinator.publicText).toBe(coordinator);
  });
  afterAll(async () => {
    await house.close();
    await forked.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('countersign a log that grows, and what they keep can be checked by anybody', async () => {
    const before = await look(house, null);
    await grow(house, 7);
    const after = await look(house, before);
    expect(after.head.size).toBeGreaterThanOrEqual(before.head.size + 7);
    expect(await readWitnessed(after)).toEqual(after);
    expect(await look(house, after)).toBe(after);
    for (const bent of [
      { ...after, head: { ...after.head, root: 'a'.repeat(64) } },
      { ...after, seenAt: 1_001 },
      { ...after, witness: base64urlOf(keys[1].publicKey) },
      { ...after, head: { ...after.head, size: 1 } },
      {},
      null,
    ])
      expect(await readWitnessed(bent)).toHaveProperty('malformed');
  });

  it('two of them expose a coordinator that tells them different logs, of one size and of two', async () => {
    await grow(house, 3, 'for-one');
    await grow(forked, 3, 'for-the-other');
    let one = await look(house, null, keys[0]);
    let other = await look(forked, null, keys[1]);
    const short = one.head.size < other.head.size ? house : forked;
    const missing = Math.abs(one.head.size - other.head.size);
    if (missing > 0) expect(await compareKept(one, other, askOf(house))).toMatchObject({ is: 'caught' });
    await grow(short, missing);
    one = await look(house, null, keys[0]);
    other = await look(forked, null, keys[1]);
    expect(one.head.size).toBe(other.head.size);
    expect(await compareKept(one, other, askOf(house))).toMatchObject({ is: 'caught', why: 'two-roots' });
    await grow(forked, 2);
    const later = await look(forked, other, keys[1]);
    expect(await compareKept(one, later, askOf(forked))).toMatchObject({
      is: 'caught',
      why: 'not-extending',
    });
    expect(await compareKept(other, later, askOf(forked))).toEqual({ is: 'agree' });
    expect(await compareKept(other, later, () => Promise.reject(new Error('gone')))).toEqual({
      is: 'unproven',
    });
  });

  it('[LO8] a coordinator that tells two logs and collects countersignatures of both is exposed by its own two lists', async () => {
    const collect = async (of: RunningCoordinator, witnesses: readonly DeviceKey[]): Promise<unknown> => {
      for (const key of witnesses) {
        const round = await lookAtLog(askOf(of), coordinator, null, key, Date.now());
        if (round.is !== 'countersigned') throw new Error(JSON.stringify(round));
        const sent = await sendCosignature(postOf(of), round.witnessed);
        expect(sent).toMatchObject({ is: 'taken' });
        await grow(of, 1);
      }
      return askOf(of)('/api/log/cosignatures');
    };
    await grow(house, 2, 'for-one');
    await grow(forked, 3, 'for-the-other');
    const here = (await collect(house, [keys[0], await witnessKey()])) as CosignaturesView;
    const there = (await collect(forked, [keys[1], await witnessKey()])) as CosignaturesView;
    expect(here.cosignatures).toHaveLength(2);
    for (const of of [house, forked]) {
      const found = await compareKept(here, there, askOf(of));
      if (found.is !== 'caught') throw new Error(JSON.stringify(found));
      // What is shown as proof is signed by the coordinator, both of it.
      for (const head of found.heads) expect(await isSigned(head, coordinator)).toBe(true);
      expect(found.heads[0].root).not.toBe(found.heads[1].root);
    }
    // Without its newest head, which it might hide, what others countersigned is enough; and so is one witness's own memory.
    const bare = (list: CosignaturesView): unknown => ({ ...list, head: null });
    expect(await compareKept(bare(here), bare(there), askOf(house))).toMatchObject({ is: 'caught' });
    const mine = { ...here.cosignatures[0], coordinator };
    expect(await compareKept(mine, there, askOf(forked))).toMatchObject({ is: 'caught' });
    expect(await compareKept(mine, here, askOf(house))).toEqual({ is: 'agree' });
    const later = await askOf(house)('/api/log/cosignatures');
    expect(await compareKept(here, later, askOf(house))).toEqual({ is: 'agree' });
    // Two honest witnesses of one fork cannot speak for the other: its coordinator does not take them.
    const round = await lookAtLog(askOf(forked), coordinator, null, await witnessKey(), Date.now());
    if (round.is !== 'countersigned') throw new Error(JSON.stringify(round));
    const sent = await sendCosignature(postOf(house), round.witnessed);
    expect([sent, isDisowned(sent)]).toMatchObject([{ is: 'refused', refused: 'not-in-log' }, true]);
    // Nothing that is bent counts as evidence.
    const [first, ...rest] = there.cosignatures;
    for (const bent of [
      { ...there, cosignatures: [{ ...first, seenAt: 1 }, ...rest] },
      { ...there, cosignatures: [{ ...first, head: { ...first?.head, root: 'a'.repeat(64) } }] },
      { ...there, head: { ...there.head, size: 1 } },
      { ...there, coordinator: 'C'.repeat(43) },
      { ...there, cosignatures: 'none' },
    ])
      expect(await compareKept(here, bent, askOf(house))).toMatchObject({ is: 'incomparable' });
  });

  it('one alone notices a log that shrinks, that has two roots, that does not extend, and that nobody signed', async () => {
    const seen = await look(forked, null);
    const at = (told: unknown, proof: unknown = { path: [] }): AskLog => (path) =>
      Promise.resolve(path.includes('head') ? told : proof); // prettier-ignore
    const why = async (ask: AskLog, known: Witnessed | null): Promise<unknown> => {
      const round = await lookAtLog(ask, coordinator, known, keys[0], 1_000);
      return round.is === 'caught' ? round.why : round.is;
    };
    const size = seen.head.size;
    const smaller = { ...seen, head: { ...seen.head, size: 1_000_000 } };
    expect(await why(askOf(forked), smaller)).toBe('shrunk');
    expect(await why(at(seen.head), { ...seen, head: { ...seen.head, root: 'a'.repeat(64) } })).toBe(
      'two-roots',
    );
    expect(await why(at({ ...seen.head, size: size + 1 }), null)).toBe('not-signed');
    expect(await why(at({}), null)).toBe('not-signed');
    await grow(forked, 1);
    const grown = await look(forked, null);
    expect(await why(at(grown.head), seen)).toBe('not-extending');
    expect(await why(at(grown.head, { nothing: true }), seen)).toBe('nothing');
    expect(await why(() => Promise.reject(new Error('away')), seen)).toBe('nothing');
  });

  // The houses live in this process, and must answer while a command runs.
  const start = (...args: string[]): Promise<Ended> => {
    const child = spawn(process.execPath, [cli, 'witness', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    return new Promise((done) => child.once('close', (code) => done({ code, out })));
  };

  it('as a command: it remembers, countersigns, compares, and keeps what shows a lie', async () => {
    const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
      spawnSync(process.execPath, [cli, 'witness', ...args], { encoding: 'utf8' });
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const once = (at: string, data: string): Promise<Ended> => start('--url', at, '--data', data, '--once');
    said(await once(house.url, a), 0, 'countersigned');
    said(await once(house.url, a), 0, 'unchanged');
    await grow(house, 2);
    said(await once(house.url, a), 0, 'countersigned');
    expect((await once(forked.url, b)).code).toBe(0);
    const files = [join(a, 'witnessed.json'), join(b, 'witnessed.json')] as const;
    // Whichever house is asked: one has no proof, and the other's log is shorter than what it signed.
    said(await start('compare', ...files, '--url', house.url), 3, 'is caught');
    said(await start('compare', ...files, '--url', forked.url), 3, 'is caught');
    // The other house takes the first one's place.
    const caught = await once(forked.url, a);
    said(caught, 3, 'is caught');
    const evidence = readdirSync(a).filter((name) => name.startsWith('evidence-'));
    expect(evidence).toHaveLength(1);
    const shown = JSON.parse(readFileSync(join(a, evidence[0] as string), 'utf8')) as Record<string, unknown>;
    expect(shown).toHaveProperty('before.head.signature');
    expect(shown).toHaveProperty('told.signature');
    writeFileSync(files[1], '{}');
    expect((await start('compare', ...files, '--url', house.url)).code).toBe(2);
    const unasked = run('--once');
    expect(unasked.status).toBe(2);
    expect(unasked.stderr).toContain('--url');
  });

  it('[LO8] as a command: it sends what it countersigned unless told not to, compares with the list, and notices a disowned head', async () => {
    const [c, d] = [join(folder, 'c'), join(folder, 'd')];
    const listed = async (): Promise<readonly string[]> =>
      ((await askOf(house)('/api/log/cosignatures')) as CosignaturesView).cosignatures.map(
        ({ witness }) => witness,
      );
    const once = (at: string, data: string, ...more: string[]): Promise<Ended> =>
      start('--url', at, '--data', data, '--once', ...more);
    const before = await listed();
    const unsent = await once(house.url, c, '--no-send');
    said(unsent, 0, 'countersigned');
    expect(unsent.out).not.toContain('sent');
    expect(await listed()).toEqual(before);
    // Unchanged, and yet seen: it is dated now.
    said(await once(house.url, c), 0, 'sent: the coordinator has heard of');
    const { witness } = JSON.parse(readFileSync(join(c, 'witnessed.json'), 'utf8')) as Witnessed;
    expect(await listed()).toEqual([witness, ...before]);
    said(await once(house.url, c), 0, 'not taken: too-often');
    said(await start('compare', join(c, 'witnessed.json'), '--url', house.url), 0, 'both saw one log');
    const list = join(folder, 'list.json');
    writeFileSync(list, JSON.stringify(await askOf(house)('/api/log/cosignatures')));
    await grow(forked, 30);
    said(await start('compare', list, '--url', forked.url), 3, 'is caught');

    // One address, behind which heads are told by one house and countersignatures heard by the other.
    const door = createServer((request, response) => {
      const of = request.method === 'POST' ? forked : house;
      void buffer(request)
        .then((body) =>
          of.fetch(
            new Request(`${of.url}${request.url ?? ''}`, {
              method: request.method ?? 'GET',
              ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
            }),
          ),
        )
        .then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
    });
    await new Promise<void>((done) => door.listen(0, '127.0.0.1', done));
    const at = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    said(await once(at, d), 3, 'it does not know a head that it signed');
    door.close();
    const [evidence = ''] = readdirSync(d).filter((name) => name.startsWith('evidence-'));
    expect(JSON.parse(readFileSync(join(d, evidence), 'utf8'))).toMatchObject({
      why: 'disowned',
      told: { head: { signature: expect.any(String) as string } },
    });
  });
});
