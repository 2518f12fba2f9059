/** The rules on a SQLite log without sockets, as `bench/restart.ts` starts them, and the crowd that gives them a long past. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKeys } from '../../src/coordinator/keys.ts';
import { SqliteLog } from '../../src/coordinator/log-sqlite.ts';
import type { Log } from '../../src/coordinator/log.ts';
import { Runtime } from '../../src/coordinator/runtime.ts';
import type { Outcome } from '../../src/coordinator/runtime.ts';
import type { JobSpec } from '../../src/core/state.ts';
import { priceOf } from '../../src/core/offer.ts';

const kernel = 'mersenne-tf@1';
const outputs = { lengths: Array.from({ length: 16 }, () => 16), bytes: new Uint8Array(256) };
const digests = Buffer.alloc(128, 5).toString('base64url');
const root = createHash('sha256').update('root').digest('hex');
/** A third of a core: leases of some eighteen chunks. */
const rateMilli = 300;

/** Where a data folder keeps its log. */
export function logFileOf(dataDir: string): string {
  return join(dataDir, 'log.db');
}

/** Opens a data folder as the coordinator does. `around` may stand between the rules and the file. */
export function openRules(dataDir: string, around: (log: Log) => Log = (log) => log): Promise<Runtime> {
  return Runtime.open({
    log: around(new SqliteLog(logFileOf(dataDir))),
    key: openKeys(dataDir).coordinator,
    now: Date.now,
    live: new Map(),
    measureOf: () => null,
    lastView: () => '{}',
    onFatal: (error) => { throw error; }, // prettier-ignore
    onNote: () => {},
  });
}

/** Submits the job that the past is about. */
export async function submit(runtime: Runtime, spec: JobSpec): Promise<void> {
  await given(runtime.run({ c: 'fund', account: 'bench', amountMicro: priceOf(spec) }));
  await given(runtime.run({ c: 'submit', requester: 'bench', spec }));
}

async function given(answer: Promise<Outcome>): Promise<void> {
  const outcome = await answer;
  if (outcome.refused !== null) throw new Error(`${outcome.refused} ${outcome.detail ?? ''}`);
}

function joined(runtime: Runtime, device: string, group: string): Promise<Outcome> {
  return runtime.run({ c: 'join', device, account: `a${device}`, site: null, group, role: 'volunteer' });
}

function asked(runtime: Runtime, device: string): Promise<Outcome> {
  const slot = { slot: 0, backend: 'wasm', rates: { [kernel]: rateMilli } } as const;
  return runtime.run({ c: 'ask', device, slot, live: new Map() });
}

/** One lease for somebody new: `leased`, or why not. */
export async function firstLease(runtime: Runtime, person: string): Promise<string> {
  await joined(runtime, person, 'new');
  return (await asked(runtime, person)).refused ?? 'leased';
}

/** An anchor that answers every audit as soon as it is there, but for the computing: all claims are right. */
export async function auditing(runtime: Runtime): Promise<never> {
  const device = 'anchor0000000000';
  const placed = { account: device, site: null, group: '' } as const;
  await given(runtime.run({ c: 'join', device, ...placed, role: 'anchor' }));
  for (;;) {
    const right = { c: 'audit', device, wrong: [], right: [] } as const;
    for (const answer of [...runtime.state.audits.keys()].map((audit) => runtime.run({ ...right, audit })))
      await given(answer);
    await sleep(20);
  }
}

/** Where a past stands. */
export interface Past {
  events: number;
  /** Every person rests so long after each commitment; 0: as fast as the coordinator goes. */
  restMs: number;
}

/** So many people who lease, commit chunk after chunk and lease again, each on their own, for ever; `past` tells of it. */
export async function live(runtime: Runtime, people: number, past: Past): Promise<never> {
  const one = async (i: number): Promise<never> => {
    const device = `device${String(i).padStart(10, '0')}`;
    await joined(runtime, device, `n${i + 1}`);
    for (;;) {
      const outcome = await asked(runtime, device);
      const leased = outcome.refused === null ? outcome.events[0] : undefined;
      if (leased?.e !== 'leased') throw new Error(`no lease: ${outcome.refused}`);
      past.events++;
      for (let chunk = 0; chunk < leased.count; chunk++) {
        const replica = leased.lease + chunk;
        const commit = { c: 'commit', device, replica, root, digests, stored: true, agrees: [] } as const;
        const committed = await runtime.run(commit, outputs);
        if (committed.refused === null) past.events += committed.events.length;
        if (past.restMs > 0) await sleep(past.restMs * (0.5 + Math.random()));
      }
    }
  };
  return Promise.race(Array.from({ length: people }, (_, i) => one(i)));
}
