/** A disk that is full for everything, the side tables and blobs included: each write is refused with its reason, nothing ends, and with room again all goes on. */
import { execFileSync } from 'node:child_process';
import { randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { faultOf } from '../../src/coordinator/faults.ts';
import { StoreFault } from '../../src/coordinator/log.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { assertInvariants } from '../../src/core/invariants.ts';
import type { AccountView, JobView, StatusView } from '../../src/wire/views.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, identity, outputsOf, Scripted } from './volunteer.ts';
import type { Identity } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
const folders: string[] = [];
const mounts: string[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
  for (const one of mounts.splice(0)) execFileSync('umount', [one]);
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'talka-full-'));
  folders.push(dir);
  return dir;
}

/** Strangers come through a proxy of this machine, so that each may have a network of its own. */
async function start(options: CoordinatorOptions): Promise<Started> {
  const house = await started({
    socketThread: true,
    loopbackExempt: false,
    trustProxy: ['127.0.0.1/32'],
    ...options,
  });
  open.push(house);
  return house;
}

const from = (house: Started, address: string, who = identity()): Scripted =>
  new Scripted(house.url, who, { 'x-forwarded-for': address });

function commit(one: Scripted, job: JobView, { lease, chunk }: { lease: number; chunk: number }): void {
  const first = chunk * job.unitsPerChunk;
  const outputs = outputsOf(cheapInput(job.units), first, Math.min(job.units, first + job.unitsPerChunk));
  one.commit([answerOf(job.job, job.agreement, lease, first, outputs)]);
}

/** A request that an account signs for itself. */
function post(house: Started, who: Identity, path: 'name' | 'erase', ...parts: string[]): Promise<Response> {
  const { publicKey, account, privateKey } = who;
  const at = Date.now();
  const text = JSON.stringify([house.url, publicKey, account, ...parts, at]);
  const signature = sign(null, Buffer.from(`talka/${path}/1\0${text}`), privateKey).toString('base64url');
  const [name] = parts;
  const body = { publicKey, account, at, signature, ...(name === undefined ? {} : { name }) };
  return house.call(`/api/account/${path}`, { method: 'POST', body: JSON.stringify(body) });
}

/** Writes until nothing more is taken, wherever it would lie; says what stood in the way. */
function fill(write: (i: number) => void): unknown {
  let fault: unknown = null;
  for (let i = 0, inVain = 0; i < 10_000 && inVain < 100; i++) {
    try {
      write(i);
      inVain = 0;
    } catch (error) {
      fault = error;
      inVain++;
    }
  }
  return fault;
}

const anyId = (): string => randomBytes(12).toString('base64url');

describe('[HT2] side tables that are full', () => {
  test('a chain is refused, a new network is sent away for a while, a name is 507; all of them go on', async () => {
    const house = await start({ dataDir: folder(), sidePagesMax: 12 });
    const { side } = house.house;
    const job = await house.job({ units: 80 });
    const a = from(house, '198.51.100.1');
    await a.signIn();
    const lease = await a.leaseOf('cheap@1');
    commit(a, job, lease);
    await a.acked(lease.lease);
    const head = { nonce: 'n', count: 1, hash: 'f'.repeat(64), signature: 's'.repeat(86), at: 1 };
    const faults = [
      fill(() => side.keepChain({ device: anyId(), ...head })),
      fill(() => side.setName(anyId(), 'Nina')),
      fill((i) => void side.groupOf(`10.${i >> 8}.${i & 255}.0/24`)),
      fill(() => side.keepChain({ device: anyId(), ...head })),
    ];
    for (const fault of faults) expect(fault).toMatchObject({ name: 'StoreFault', reason: 'full' });

    a.signChain();
    expect(await a.refusal()).toMatchObject({ about: 'chain', reason: 'store', detail: 'full' });
    const newcomer = from(house, '203.0.113.7');
    await expect(newcomer.signIn()).rejects.toThrow('bye store');
    expect((await post(house, a.who, 'name', 'Nina')).status).toBe(507);
    expect(side.nameOf(a.who.account)).toBeNull();
    // Who has a network already comes in, and whoever is in goes on.
    const neighbour = from(house, '198.51.100.2');
    await neighbour.signIn();
    const next = await a.leaseOf('cheap@1', 1);
    commit(a, job, next);
    await a.acked(next.lease);
    assertInvariants(house.runtime.state);
  }, 30_000);

  test('a request that was refused so can be sent again as it is', async () => {
    const house = await start({ dataDir: folder() });
    const a = from(house, '198.51.100.1');
    await a.signIn();
    const { side } = house.house;
    const setName = side.setName.bind(side);
    side.setName = () => {
      throw new StoreFault('full', 'no room');
    };
    const { publicKey, account, privateKey } = a.who;
    const at = Date.now();
    const text = JSON.stringify([house.url, publicKey, account, 'Nina', at]);
    const signature = sign(null, Buffer.from(`talka/name/1\0${text}`), privateKey).toString('base64url');
    const body = JSON.stringify({ publicKey, account, at, signature, name: 'Nina' });
    const send = async () => (await house.call('/api/account/name', { method: 'POST', body })).status;
    expect(await send()).toBe(507);
    side.setName = setName;
    expect([await send(), await send()]).toEqual([200, 401]);
  });
});

describe('a conversation that trips over a bug of ours', () => {
  test('ends with a word and a note; the house and everybody else go on', async () => {
    const notes: string[] = [];
    const house = await start({ onNote: (note) => notes.push(note) });
    const [a, b] = [from(house, '198.51.100.1'), from(house, '198.51.101.1')];
    for (const one of [a, b]) await one.signIn();
    house.house.side.keepChain = () => {
      throw new TypeError('planted');
    };
    a.signChain();
    expect(await a.of('bye')).toMatchObject({ reason: 'internal' });
    expect(notes).toEqual(['a conversation failed: this is a bug']);
    b.ask('cheap@1');
    expect(await b.refusal()).toMatchObject({ about: 'ask' });
  });
});

describe('the faults of the world', () => {
  test.each([
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['EROFS', 'read-only'],
    ['EIO', 'io'],
  ])('%s is a store that is %s', (code, reason) => {
    expect(faultOf(Object.assign(new Error('of the file system'), { code }))).toMatchObject({
      name: 'StoreFault',
      reason,
    });
  });

  test('what is not the world’s stays ours', () => {
    const bug = Object.assign(new Error('x'), { code: 'ENOENT' });
    expect(faultOf(bug)).toBe(bug);
    expect(faultOf('text')).toBe('text');
  });
});

/** Why no small disk can be had here; null when it can. */
function whyNoDisk(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'only root on Linux may mount a small disk';
  const dir = mkdtempSync(join(tmpdir(), 'talka-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'pipe' });
    execFileSync('umount', [dir]);
    return null;
  } catch {
    return 'nothing may be mounted here';
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const noDisk = whyNoDisk();

describe('[HT2] a small disk, really full', () => {
  test.skipIf(noDisk !== null)(
    `every kind of write says so, reads go on, and with room again so do writes${noDisk === null ? '' : ` (${noDisk})`}`,
    async () => {
      const dataDir = folder();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dataDir]);
      mounts.push(dataDir);
      const house = await start({ dataDir });
      const job = await house.job({ units: 80 });
      const a = from(house, '198.51.100.1');
      await a.signIn();
      const lease = await a.leaseOf('cheap@1');
      const filler = join(dataDir, 'filler');
      const full = fill((i) => writeFileSync(filler, Buffer.alloc(4_096), { flag: i === 0 ? 'w' : 'a' }));
      expect(full).toMatchObject({ code: 'ENOSPC' });

      // The side tables first: as long as the log has not been asked, nobody knows that the disk is full.
      const { side } = house.house;
      expect(
        fill((i) =>
          side.keepChain({
            device: `d${i}`,
            nonce: 'n',
            count: 1,
            hash: 'f'.repeat(64),
            signature: 's',
            at: 1,
          }),
        ),
      ).toMatchObject({ name: 'StoreFault', reason: 'full' });
      a.signChain();
      expect(await a.refusal()).toMatchObject({ about: 'chain', reason: 'store', detail: 'full' });
      await expect(from(house, '203.0.113.7').signIn()).rejects.toThrow('bye store');
      expect((await post(house, a.who, 'name', 'Nina')).status).toBe(507);
      expect((await post(house, a.who, 'erase')).status).toBe(507);
      const blob = await house.operator('/blobs', Buffer.alloc(200_000, 7));
      expect([blob.status, await blob.json()]).toEqual([507, { refused: 'store', detail: 'full' }]);
      // Then the log.
      let funded = 200;
      for (let i = 0; funded === 200 && i < 10_000; i++)
        funded = (await house.operator('/fund', { account: `x${i}`, amountMicro: 1 })).status;
      expect(funded).toBe(507);
      commit(a, job, lease);
      expect(await a.refusal()).toMatchObject({ about: 'commit', reason: 'store' });
      expect((await house.call(`/api/jobs/${job.job}`)).status).toBe(200);
      expect((await (await house.call('/api/status')).json()) as StatusView).toMatchObject({
        storeFault: 'full',
      });

      rmSync(filler);
      for (let tries = 0; house.runtime.storeFault !== null && tries < 400; tries++) await sleep(50);
      expect(house.runtime.storeFault).toBeNull();
      commit(a, job, lease);
      await a.acked(lease.lease);
      await from(house, '203.0.113.7').signIn();
      expect((await post(house, a.who, 'name', 'Nina')).status).toBe(200);
      const view = (await (await house.call(`/api/account/${a.who.account}`)).json()) as AccountView;
      expect(view).toMatchObject({ name: 'Nina' });
      expect((await house.operator('/blobs', Buffer.alloc(200_000, 7))).status).toBe(201);
      assertInvariants(house.runtime.state);
    },
    60_000,
  );
});
