/** [LO8] Countersignatures at the coordinator: what holds is kept and shown, everything else is refused by name and changes nothing. */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { deviceId } from '../../src/coordinator/digests.ts';
import type { House } from '../../src/coordinator/house.ts';
import { pauseMs, presentMs, Witnesses, witnessesMax } from '../../src/coordinator/witnesses.ts';
import { SideTables } from '../../src/coordinator/side.ts';
import type {
  CosignaturesView,
  CosignatureView,
  RefusalView,
  SignedHeadView,
  StatusView,
} from '../../src/wire/views.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';

let open: { close(): Promise<unknown> }[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A coordinator whose clock stands where it is put. */
async function start(options: Parameters<typeof started>[0] = {}): Promise<Started & { at: number }> {
  let at = 1_700_000_000_000;
  const house = { ...(await started({ now: () => at, ...options })), at };
  Object.defineProperty(house, 'at', {
    get: () => at,
    set(to: number) {
      at = to;
    },
  });
  open.push(house);
  return house;
}

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'talka-witnesses-'));
  folders.push(folder);
  return folder;
}

interface Witness {
  readonly key: KeyObject;
  readonly witness: string;
}

function aWitness(): Witness {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { key: privateKey, witness: String(publicKey.export({ format: 'jwk' }).x) };
}

/** As somebody writes it who has read docs/SPEC.md [LO7] and not our code. */
function cosign(
  { key, witness }: Witness,
  coordinator: string,
  head: SignedHeadView,
  seenAt: number,
): CosignatureView {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64BE(BigInt(seenAt), 0);
  numbers.writeBigUInt64BE(BigInt(head.size), 8);
  const said = Buffer.concat([
    Buffer.from('talka/witness/1\0'),
    numbers.subarray(0, 8),
    Buffer.from(coordinator, 'base64url'),
    numbers.subarray(8),
    Buffer.from(head.root, 'hex'),
  ]);
  return { witness, seenAt, cosignature: sign(null, said, key).toString('base64url'), head };
}

const keyOf = ({ house }: { house: House }): string => house.keys.coordinator.publicText;

async function grow({ runtime }: Started, ticks: number, account = 'r'): Promise<SignedHeadView> {
  for (let i = 0; i < ticks; i++) await runtime.run({ c: 'fund', account, amountMicro: 1 + i });
  if (runtime.head === null) throw new Error('a log that grew has a head');
  return runtime.head;
}

async function post(house: Started, body: unknown, headers: Record<string, string> = {}) {
  const answer = await house.call('/api/log/cosignatures', {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, said: (await answer.json()) as Partial<RefusalView> };
}

const listOf = async (house: Started): Promise<CosignaturesView> =>
  (await (await house.call('/api/log/cosignatures')).json()) as CosignaturesView;
const witnessesOf = async (house: Started): Promise<StatusView['witnesses']> =>
  ((await (await house.call('/api/status')).json()) as StatusView).witnesses;

describe('[LO8] countersignatures', () => {
  test('what holds is kept, the latest of each witness, and shown with the latest head; status counts keys of the last hour', async () => {
    const house = await start();
    expect(await listOf(house)).toMatchObject({
      head: null,
      cosignatures: [],
      witnesses: { count: 0, lastAt: null },
    });
    const [one, other] = [aWitness(), aWitness()];
    const early = await grow(house, 3);
    expect((await post(house, cosign(one, keyOf(house), early, house.at))).status).toBe(200);
    const late = await grow(house, 4);
    house.at += pauseMs;
    const [first, second] = [
      cosign(one, keyOf(house), late, house.at),
      cosign(other, keyOf(house), early, house.at - 1),
    ];
    expect(await post(house, first)).toMatchObject({ status: 200, said: { witnesses: { count: 1 } } });
    house.at += 1;
    expect(await post(house, second)).toMatchObject({ status: 200, said: { witnesses: { count: 2 } } });
    const list = await listOf(house);
    expect(list).toEqual({
      at: house.at,
      coordinator: keyOf(house),
      head: late,
      witnesses: { count: 2, lastAt: house.at },
      cosignatures: [second, first],
    });
    expect(await witnessesOf(house)).toEqual({ count: 2, lastAt: house.at });
    const lastAt = house.at;
    house.at += presentMs;
    expect(await witnessesOf(house)).toEqual({ count: 1, lastAt });
    house.at += 1;
    expect(await witnessesOf(house)).toEqual({ count: 0, lastAt });
  });

  test('each kind of nonsense is refused by its name, and changes nothing', async () => {
    const house = await start();
    const stranger = await start();
    const one = aWitness();
    const head = await grow(house, 5);
    const foreign = await grow(stranger, 5, 'elsewhere');
    const good = cosign(one, keyOf(house), head, house.at);
    const bent = (over: Partial<CosignatureView>): unknown => ({ ...good, ...over });
    const forged = { ...head, size: 4, tick: 4 };
    const otherRoot = { ...head, root: 'a'.repeat(64) };
    const refusals: [unknown, number, string][] = [
      [bent({ cosignature: cosign(aWitness(), keyOf(house), head, house.at).cosignature }), 401, 'signature'],
      [bent({ witness: aWitness().witness }), 401, 'signature'],
      [bent({ witness: 'A'.repeat(43) }), 401, 'signature'],
      [bent({ seenAt: house.at - 1 }), 401, 'signature'],
      [cosign(one, keyOf(stranger), head, house.at), 401, 'signature'],
      // Countersigned all right, and nothing that this coordinator signed.
      [cosign(one, keyOf(stranger), foreign, house.at), 409, 'other-head'],
      [cosign(one, keyOf(house), foreign, house.at), 409, 'other-head'],
      [cosign(one, keyOf(house), forged, house.at), 409, 'other-head'],
      [cosign(one, keyOf(house), otherRoot, house.at), 409, 'other-head'],
      [cosign(one, keyOf(house), { ...head, size: Number.MAX_SAFE_INTEGER }, house.at), 409, 'other-head'],
      [cosign(one, keyOf(house), head, house.at - 300_001), 400, 'clock'],
      [cosign(one, keyOf(house), head, house.at + 300_001), 400, 'clock'],
      [bent({ head: { ...head, size: 0 } }), 400, 'malformed'],
      [bent({ head: { ...head, size: 1.5 } }), 400, 'malformed'],
      [bent({ head: { ...head, root: 'x' } }), 400, 'malformed'],
      [{ ...good, name: 'Ann' }, 400, 'malformed'],
      [{}, 400, 'malformed'],
      ['', 400, 'malformed'],
      ['null', 400, 'malformed'],
      ['[', 400, 'malformed'],
      [' '.repeat(5_000), 413, 'too-large'],
    ];
    for (const [body, status, refused] of refusals)
      expect([body, await post(house, body)]).toMatchObject([body, { status, said: { refused } }]);
    expect((await listOf(house)).cosignatures).toEqual([]);
    expect(await post(house, good, { origin: 'https://elsewhere.example' })).toMatchObject({
      status: 403,
      said: { refused: 'origin' },
    });
    expect(await post(house, good, { host: 'elsewhere.example' })).toMatchObject({
      status: 403,
      said: { refused: 'host' },
    });
    expect((await post(house, good, { origin: house.url })).status).toBe(200);
  });

  test('a witness cannot be put back: not by itself, and not by whoever repeats its words', async () => {
    const house = await start();
    const one = aWitness();
    const early = await grow(house, 2);
    const first = cosign(one, keyOf(house), early, house.at);
    expect((await post(house, first)).status).toBe(200);
    expect(await post(house, first)).toMatchObject({ status: 409, said: { refused: 'stale' } });
    const late = await grow(house, 2);
    house.at += 1;
    const soon = cosign(one, keyOf(house), late, house.at);
    expect(await post(house, soon)).toMatchObject({ status: 429, said: { refused: 'too-often' } });
    house.at += pauseMs;
    expect((await post(house, soon)).status).toBe(200);
    house.at += pauseMs;
    for (const [head, seenAt] of [
      [early, house.at],
      [late, soon.seenAt],
    ] as const)
      expect(await post(house, cosign(one, keyOf(house), head, seenAt))).toMatchObject({
        status: 409,
        said: { refused: 'stale' },
      });
    expect((await listOf(house)).cosignatures).toEqual([soon]);
  });

  test('a head that the key signed and the log does not hold is refused by a name of its own', async () => {
    const [dir, fork] = [join(aFolder(), 'one'), join(aFolder(), 'fork')];
    const first = await started({ dataDir: dir });
    await grow(first, 5);
    await first.close();
    cpSync(dir, fork, { recursive: true });
    const [house, forked] = [await start({ dataDir: dir }), await start({ dataDir: fork })];
    expect(keyOf(house)).toBe(keyOf(forked));
    await grow(house, 3, 'for-one');
    const theirs = await grow(forked, 2, 'for-the-other');
    const one = aWitness();
    const cosigned = cosign(one, keyOf(house), theirs, house.at);
    expect(await post(house, cosigned)).toMatchObject({ status: 409, said: { refused: 'not-in-log' } });
    // Longer than ours.
    const longer = cosign(one, keyOf(house), await grow(forked, 7), house.at);
    expect(await post(house, longer)).toMatchObject({ status: 409, said: { refused: 'not-in-log' } });
    expect((await post(forked, longer)).status).toBe(200);
    expect(await house.house.metrics.text()).toContain(
      'talka_refusals_total{reason="cosignature not-in-log"} 2',
    );
  });

  test('they outlast a restart, and are erased with the account whose device key it is', async () => {
    const dataDir = aFolder();
    const first = await start({ dataDir });
    const [one, other] = [aWitness(), aWitness()];
    const head = await grow(first, 4);
    for (const witness of [one, other])
      expect((await post(first, cosign(witness, keyOf(first), head, first.at))).status).toBe(200);
    await first.close();
    open = [];
    const again = await start({ dataDir });
    expect((await listOf(again)).cosignatures).toHaveLength(2);
    expect(await witnessesOf(again)).toMatchObject({ count: 2 });
    again.house.side.erase('nobody', [deviceId(Buffer.from(one.witness, 'base64url'))], []);
    expect((await listOf(again)).cosignatures.map(({ witness }) => witness)).toEqual([other.witness]);
  });

  test('what speaks of a log that was lost is not shown as if it spoke of this one', async () => {
    const [dataDir, older] = [join(aFolder(), 'now'), join(aFolder(), 'older')];
    const first = await started({ dataDir });
    await grow(first, 4);
    await first.close();
    cpSync(dataDir, older, { recursive: true });
    const then = await start({ dataDir });
    const [short, long] = [aWitness(), aWitness()];
    const kept = then.runtime.head as SignedHeadView;
    expect((await post(then, cosign(short, keyOf(then), kept, then.at))).status).toBe(200);
    const lost = await grow(then, 6);
    expect((await post(then, cosign(long, keyOf(then), lost, then.at))).status).toBe(200);
    await then.close();
    open = [];
    // The log of before, beside the side tables of now.
    cpSync(join(older, 'log.db'), join(dataDir, 'log.db'));
    for (const left of ['log.db-wal', 'log.db-shm']) rmSync(join(dataDir, left), { force: true });
    const now = await start({ dataDir });
    await grow(now, 20, 'other');
    expect((await listOf(now)).cosignatures.map(({ witness }) => witness)).toEqual([short.witness]);
  });

  test('a full disk refuses with its reason, keeps what was there, and reads go on', async () => {
    const house = await start({ dataDir: aFolder(), sidePagesMax: 20 });
    const head = await grow(house, 2);
    let kept = 0;
    let last = { status: 200, said: {} as Partial<RefusalView> };
    for (; kept < witnessesMax && last.status === 200; kept++)
      last = await post(house, cosign(aWitness(), keyOf(house), head, house.at), {});
    expect(last).toEqual({ status: 507, said: { refused: 'store', detail: 'full' } });
    expect((await listOf(house)).cosignatures).toHaveLength(kept - 1);
    expect(await witnessesOf(house)).toMatchObject({ count: kept - 1 });
  });
});

describe('[LO8] a flood of keys', () => {
  /** The rules alone, with a clock and addresses of our own. */
  async function desk() {
    const house = await start();
    const head = await grow(house, 3);
    const clock = { at: house.at };
    const side = new SideTables(new DatabaseSync(':memory:'), Buffer.alloc(32));
    const witnesses = new Witnesses({
      side,
      log: house.house.log,
      coordinator: keyOf(house),
      head: () => head,
      now: () => clock.at,
    });
    const say = async (who: Witness, address: string): Promise<string | null> =>
      (await witnesses.hear(cosign(who, keyOf(house), head, clock.at), address)).refused;
    const names = async (): Promise<string[]> => (await witnesses.list()).map(({ witness }) => witness);
    return { clock, say, names };
  }

  test('no more than 256 are remembered, and a new one takes the place of who was heard of longest ago', async () => {
    const { clock, say, names } = await desk();
    const all = Array.from({ length: witnessesMax + 2 }, aWitness);
    for (const who of all) {
      clock.at += 1;
      expect(await say(who, '127.0.0.1')).toBeNull();
    }
    const left = await names();
    expect(left).toHaveLength(witnessesMax);
    expect(left).toEqual(
      all
        .slice(2)
        .map(({ witness }) => witness)
        .reverse(),
    );
    // Who is known and speaks again takes nobody's place.
    clock.at += pauseMs;
    expect(await say(all[200] as Witness, '127.0.0.1')).toBeNull();
    expect(new Set(await names())).toEqual(new Set(left));
  });

  test('one network crowds out its own keys only, and is soon heard no more', async () => {
    const { clock, say, names } = await desk();
    const honest = Array.from({ length: 20 }, aWitness);
    for (const [i, who] of honest.entries()) expect(await say(who, `10.0.${i}.1`)).toBeNull();
    let refused = 0;
    for (let i = 0; i < 2_000; i++) {
      clock.at += 200;
      // Whichever address of the network, it is one network.
      const answer = await say(aWitness(), `203.0.113.${i % 256}`);
      if (answer !== null) refused++;
      expect([null, 'too-often']).toContain(answer);
    }
    expect(refused).toBeGreaterThan(1_400);
    const left = new Set(await names());
    expect(left.size).toBe(witnessesMax);
    expect(honest.filter(({ witness }) => left.has(witness))).toHaveLength(honest.length);
    expect(await say(aWitness(), '198.51.100.7')).toBeNull();
  });

  test('everybody together is heard at a measured pace', async () => {
    const { say } = await desk();
    const answers = new Set<string | null>();
    for (let i = 0; i < 1_100; i++) answers.add(await say(aWitness(), `10.${i >> 8}.${i & 255}.1`));
    expect([...answers]).toEqual([null, 'too-often']);
  });
});
