/** A runtime on a SQLite log without sockets, and a way to give it a long past: people who lease, commit and agree. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeKeys } from '../../src/coordinator/keys.ts';
import { SqliteLog } from '../../src/coordinator/log-sqlite.ts';
import { Runtime } from '../../src/coordinator/runtime.ts';
import type { Outcome } from '../../src/coordinator/runtime.ts';
import { priceOf } from '../../src/core/machine.ts';
import type { Command, JobSpec } from '../../src/core/state.ts';

const kernel = 'mersenne-tf@1';
const outputs = { lengths: Array.from({ length: 16 }, () => 16), bytes: new Uint8Array(256) };
const digests = Buffer.alloc(128, 5).toString('base64url');
const root = createHash('sha256').update('root').digest('hex');
const spec: JobSpec = {
  kernel,
  wasm: root,
  wgsl: null,
  input: root,
  agreement: 'exact',
  units: 16 * 100_000_000,
  unitsPerChunk: 16,
  unitCostMicro: 15_000,
  policy: { kind: 'replicate', quorum: 2 },
  weight: 1,
  title: 'bench',
  cause: 'measuring a restart',
  demonstration: true,
};

export interface Filled {
  /** Asks for one lease as a new person: `leased`, or why not. */
  lease(person: string): Promise<string>;
  /** Settles chunks until at least so many events have happened; says how many did. */
  live(events: number): Promise<number>;
}

/** Opens a data folder; an empty one gets a job. */
export async function fill(dataDir: string): Promise<Filled> {
  const runtime = await Runtime.open({
    log: new SqliteLog(join(dataDir, 'log.db')),
    key: makeKeys().keys.coordinator,
    now: Date.now,
    live: new Map(),
    measureOf: () => null,
    lastView: () => '{}',
    onFatal: (error) => { throw error; }, // prettier-ignore
    onNote: () => {},
  });
  const run = async (command: Command): Promise<Outcome> =>
    runtime.run(command, command.c === 'commit' ? outputs : null);
  const join_ = (device: string): Promise<Outcome> =>
    run({ c: 'join', device, account: `a${device}`, site: null, group: '', role: 'volunteer' });
  const ask = (device: string, rateMilli: number): Promise<Outcome> =>
    run({
      c: 'ask',
      device,
      slot: { slot: 0, backend: 'wasm', rates: { [kernel]: rateMilli } },
      live: new Map(),
    });
  if (runtime.state.jobs.size === 0) {
    await run({ c: 'fund', account: 'bench', amountMicro: priceOf(spec) });
    await run({ c: 'submit', requester: 'bench', spec });
  }
  return {
    lease: async (person) => {
      await join_(person);
      const outcome = await ask(person, 1000);
      return outcome.refused === null ? 'leased' : outcome.refused;
    },
    live: async (wanted) => {
      const devices = Array.from({ length: 200 }, (_, i) => `device${String(i).padStart(10, '0')}`);
      for (const device of devices) await join_(device);
      let events = 0;
      const count = (outcome: Outcome): Outcome => {
        if (outcome.refused === null) events += outcome.events.length;
        return outcome;
      };
      while (events < wanted) {
        await Promise.all(devices.map(async (device) => {
          const outcome = count(await ask(device, 300));
          const leased = outcome.refused === null ? outcome.events[0] : undefined;
          if (leased?.e !== 'leased') return;
          await Promise.all(Array.from({ length: leased.count }, async (_, i) => count(await run({ c: 'commit', device, replica: leased.lease + i, root, digests, stored: true, agrees: [] }))));
        })); // prettier-ignore
      }
      return events;
    },
  };
}
