/** Placement by networks [CH2] [LS4]: who may stand beside whom where people of enough networks are there, and that nobody waits for ever. */
import { describe, expect, test } from 'vitest';
import { apartMsMax, networksMin } from '../../src/core/placement.ts';
import { freeze, thaw } from '../../src/core/snapshot.ts';
import { anchorAfterMs } from '../../src/core/schedule.ts';
import { isRefusal } from '../../src/core/state.ts';
import type { LiveNetworks, LivePeople } from '../../src/core/state.ts';
import { ask, chunkOf, commit, connected, house, join, kernel, longJob, slotOf, submit, specOf, withRecord } from './house.ts'; // prettier-ignore
import type { House } from './house.ts';

const wish = `wasm ${kernel}`;

/** The networks of devices who are live, as the shell counts them. */
function networksOf(h: House, names: string, wishes = [wish]): LiveNetworks {
  const counts = new Map<string, number>();
  const ofGroup = new Map<string, string>();
  for (const name of names) {
    const device = h.state.devices.get(name);
    if (device === undefined || device.network === '') continue;
    counts.set(device.network, (counts.get(device.network) ?? 0) + 1);
    ofGroup.set(device.group, device.network);
  }
  return { wanting: new Map(wishes.map((one) => [one, counts])), ofGroup };
}

/** Signs somebody in again, from another network. */
function moves(h: House, name: string, network: string): void {
  const { account, group } = h.state.devices.get(name) as { account: string; group: string };
  h.must({ c: 'join', device: name, account, site: null, group, network, role: 'volunteer' });
}

/** People named by letters, each with a digit for its network (0: not known). */
function crowd(placed: string, over: Parameters<typeof specOf>[0] = {}) {
  const names = placed.replaceAll(/\d/g, '');
  const { h, job } = longJob(names, over);
  for (const [, name = '', network = ''] of placed.matchAll(/(\w)(\d)/g))
    if (network !== '0') moves(h, name, `as${network}`);
  const networks = networksOf(h, names);
  const live = connected(h, names);
  const asks = (device: string, others: { live: LivePeople; networks?: LiveNetworks } = { live, networks }) =>
    h.run({ c: 'ask', device, slot: slotOf(), ...others });
  /** Which chunk somebody is leased first, or why none. */
  const gets = (device: string, others?: { live: LivePeople; networks?: LiveNetworks }): number | string => {
    const decision = asks(device, others);
    if (isRefusal(decision)) return decision.refused;
    const [leased] = decision;
    return leased?.e === 'leased' ? leased.chunk : 'nothing';
  };
  return { h, job, networks, live, gets };
}

describe('[CH2] where people of four networks are live', () => {
  test('somebody of the same network gets other chunks, everybody else what waits', () => {
    const { h, gets } = crowd('a1b1c2d3e4');
    const first = ask(h, 'a').chunk;
    expect(gets('b')).not.toBe(first);
    expect(gets('c')).toBe(first);
  });

  test('all that matters: how many networks are live for this, whose is known, who holds a place', () => {
    for (const placed of ['a1b1c2d3e4', 'a1b1c2d3', 'a1b0c2d3e4f5', 'a0b1c2d3e4', 'a1b1c0d0e0', 'a0b0c0d0e0'])
      for (const table of [true, false])
        for (const end of ['leased', 'committed', 'returned', 'expired'] as const) {
          const { h, live, networks, gets } = crowd(placed);
          const lease = ask(h, 'a');
          if (end === 'committed') commit(h, 'a', lease.lease);
          const replicas = Array.from({ length: lease.count }, (_, i) => lease.lease + i);
          if (end === 'returned') h.must({ c: 'giveBack', device: 'a', replicas, why: 'failed' });
          if (end === 'expired') h.wait(lease.deadline - h.now());
          if (end === 'expired') h.must({ c: 'expire', lease: lease.lease });
          const enough = (networks.wanting.get(wish)?.size ?? 0) >= networksMin;
          const beside =
            placed.startsWith('a1b1') && (end === 'leased' || end === 'committed') && table && enough;
          const got = gets('b', table ? { live, networks } : { live });
          expect([placed, table, end, got === lease.chunk]).toEqual([placed, table, end, !beside]);
        }
  });

  test('networks count only where they are live for this kernel on this backend', () => {
    const { h, live, networks, gets } = crowd('a1b1c2d3e4');
    const { chunk } = ask(h, 'a');
    const elsewhere = networksOf(h, 'abcde', [`webgpu ${kernel}`, 'wasm other@1']);
    expect(gets('b', { live, networks: { ...networks, wanting: elsewhere.wanting } })).toBe(chunk);
  });

  test('it holds while a lease is cut: late answers and those of who has moved count as ever', () => {
    const { h, job, gets } = crowd('a1b1c2d3e4f5');
    const lease = ask(h, 'a');
    expect(gets('c')).toBe(lease.chunk);
    // Somebody of another network takes the chunk, and only then is in that of the first.
    moves(h, 'c', 'as1');
    const replica = chunkOf(job, lease.chunk).replicas.find(({ device }) => device === 'c');
    commit(h, 'a', lease.lease);
    commit(h, 'c', replica?.id ?? 0);
    expect(job.finalChunks).toBe(1);
  });
});

describe('nobody waits for ever for another network', () => {
  test('where every live network holds a place, all may join', () => {
    const { h, job, gets } = crowd('a1b2c3d4e1f2', { quorum: 5 });
    const { chunk } = ask(h, 'a');
    for (const name of 'bc') expect(gets(name)).toBe(chunk);
    expect(gets('e')).not.toBe(chunk);
    expect(gets('d')).toBe(chunk);
    expect(gets('f')).toBe(chunk);
    expect(chunkOf(job, chunk).replicas).toHaveLength(5);
  });

  test('nor longer than half an hour where those of others do not come', () => {
    const { h, gets } = crowd('a1b1c2d3e4');
    const { chunk, lease } = ask(h, 'a');
    commit(h, 'a', lease);
    h.wait(apartMsMax - 1);
    expect(gets('b')).not.toBe(chunk);
    h.wait(1);
    expect(gets('b')).toBe(chunk);
  });

  test('every crowd of up to six in up to five networks ends a job, and beside one another only where it must be', () => {
    let beside = 0;
    for (let code = 0; code < 5 ** 5; code += 7) {
      const digits = code
        .toString(5)
        .padStart(5, '0')
        .split('')
        .map((digit) => String(Number(digit) + 1));
      const placed =
        'abcde'
          .split('')
          .map((name, i) => `${name}${digits[i]}`)
          .join('') + 'f1';
      const h = house();
      const names = 'abcdef';
      for (const name of names) join(h, name);
      for (const [, name = '', network = ''] of placed.matchAll(/(\w)(\d)/g)) moves(h, name, `as${network}`);
      for (const name of names) withRecord(h, name, 1);
      const job = submit(h, specOf({ units: 16, quorum: 2 }));
      const others = { live: connected(h, names), networks: networksOf(h, names) };
      const restricts = (others.networks.wanting.get(wish)?.size ?? 0) >= networksMin;
      for (let rounds = 0; rounds < 50 && h.state.jobs.has(job.id); rounds++, h.wait(1_000))
        for (const name of names) {
          const decision = h.run({ c: 'ask', device: name, slot: slotOf(), ...others });
          if (isRefusal(decision)) continue;
          for (const event of decision)
            if (event.e === 'leased')
              for (let i = 0; i < event.count; i++) {
                const { replicas } = chunkOf(job, event.chunk + i);
                const places = replicas.map(({ device }) => h.state.devices.get(device)?.network);
                if (new Set(places).size < places.length) beside++;
                if (restricts) expect([placed, new Set(places).size]).toEqual([placed, places.length]);
                commit(h, name, event.lease + i);
              }
        }
      expect([placed, h.state.jobs.has(job.id)]).toEqual([placed, false]);
    }
    expect(beside).toBeGreaterThan(0);
  });
});

describe('[LS4] the anchor', () => {
  test('sees that nobody who is there may stand beside this network, and steps in', () => {
    const waited = crowd('a1b1c2d3e4');
    join(waited.h, 'z', { account: 'anchor', role: 'anchor' });
    ask(waited.h, 'a');
    waited.h.wait(anchorAfterMs);
    expect(waited.gets('z')).toBe('waiting-for-others');
    // Four networks want this, and of those who are counted on, only one of the author's own is left.
    const { h, networks } = crowd('a1b1c2d3e4');
    join(h, 'z', { account: 'anchor', role: 'anchor' });
    const { chunk } = ask(h, 'a');
    const live = connected(h, 'ab');
    h.wait(anchorAfterMs - 1);
    expect(h.refused({ c: 'ask', device: 'z', slot: slotOf(), live, networks })).toBe('waiting-for-others');
    h.wait(1);
    const [leased] = h.must({ c: 'ask', device: 'z', slot: slotOf(), live, networks });
    expect(leased).toMatchObject({ e: 'leased', chunk });
  });
});

describe('[LO1] [LO5] a network in the log', () => {
  test('is there where it is known, moves, and survives a snapshot', () => {
    const h = house();
    const who = { device: 'a', account: 'A', site: null, group: 'n1', role: 'volunteer' } as const;
    expect(h.must({ c: 'join', ...who })).toEqual([{ e: 'joined', ...who }]);
    expect(h.refused({ c: 'join', ...who, network: '' })).toBe('already-so');
    const { role, ...moved } = who;
    expect(h.must({ c: 'join', ...who, network: 'n2' })).toEqual([{ e: 'moved', ...moved, network: 'n2' }]);
    expect(role).toBe('volunteer');
    expect(h.refused({ c: 'join', ...who, network: 'n2' })).toBe('already-so');
    expect(h.state.devices.get('a')?.network).toBe('n2');
    expect(thaw(freeze(h.state))?.devices.get('a')?.network).toBe('n2');
    expect(h.must({ c: 'join', ...who })).toEqual([{ e: 'moved', ...moved }]);
    expect(h.state.devices.get('a')?.network).toBe('');
  });
});
