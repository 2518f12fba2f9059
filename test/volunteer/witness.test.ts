/** Witnesses of a real log: what grows is countersigned; a log that shrinks, forks or is not signed is caught, with evidence. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { base64urlOf, makeKey, openKey } from '../../src/volunteer/crypto.ts';
import type { DeviceKey } from '../../src/volunteer/crypto.ts';
import { compareKept } from '../../src/volunteer/witness-compare.ts';
import { lookAtLog, readWitnessed } from '../../src/volunteer/witness.ts';
import type { AskLog, Witnessed } from '../../src/volunteer/witness.ts';

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

  it('as a command: it remembers, countersigns, compares, and keeps what shows a lie', async () => {
    const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
      spawnSync(process.execPath, [cli, 'witness', ...args], { encoding: 'utf8' });
    // The houses live in this process, and must answer while the command runs.
    const start = (...args: string[]): Promise<Ended> => {
      const child = spawn(process.execPath, [cli, 'witness', ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (data: Buffer) => (out += data.toString()));
      return new Promise((done) => child.once('close', (code) => done({ code, out })));
    };
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const once = (at: string, data: string): Promise<Ended> => start('--url', at, '--data', data, '--once');
    said(await once(house.url, a), 0, 'countersigned');
    said(await once(house.url, a), 0, 'unchanged');
    await grow(house, 2);
    said(await once(house.url, a), 0, 'countersigned');
    expect((await once(forked.url, b)).code).toBe(0);
    const files = [join(a, 'witnessed.json'), join(b, 'witnessed.json')] as const;
    // The longer log's own house is asked: a shorter one has no proof to give.
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
});
