/** States made by hand for tests that walk all small cases: somebody with batches of all kinds in one job, without the story that leads there. */
import { emptyState, identityKey } from '../../src/core/state.ts';
import type { Batch, Device, Identity, Job, State } from '../../src/core/state.ts';
import { newStanding } from '../../src/core/trust.ts';
import { unitText } from '../../src/core/unit-text.ts';
import { auditedSpec } from './house.ts';

/** The terms and sizes of the job: two units a chunk, and a window of five. */
export const windowUnits = 5;
export const unitMicro = 10;
export const perChunk = 2;

/** Where the clock of these states stands. */
export const now = 100_000_000;

export function deviceOf(over: Partial<Device> = {}): Device {
  const none = { committed: 0, leases: 0, returned: 0, returnedAt: 0, misdeeds: 0 };
  return { account: 'A', site: null, group: 'net-a', network: '', role: 'volunteer', ...none, ...over };
}

/** An empty open job of so many chunks. */
export function jobOf(chunks: number, over: Partial<Job> = {}): Job {
  return {
    id: 'j1',
    spec: auditedSpec(
      { windowUnits, leaverUnits: 4 },
      { units: perChunk * chunks, unitsPerChunk: perChunk, unitCostMicro: unitMicro },
    ),
    requester: 'r',
    submittedAt: 0,
    leasedAt: 0,
    free: [],
    accepted: [],
    final: [],
    chunks: new Map(),
    servedMicro: 0,
    acceptedChunks: 0,
    finalChunks: 0,
    closingAt: null,
    returnedMicro: 0,
    owedMicro: 0,
    batches: 0,
    authors: new Map(),
    disowned: [],
    settledByPeople: 0,
    settledWithAnchor: 0,
    disputes: 0,
    wanting: new Map(),
    wantingKey: new Map(),
    ...over,
  };
}

/** How the units of a batch stand, by their numbers in the job where they are numbers: drawn, found right, and of these by volunteers alone. */
export interface Draws {
  readonly drawn: readonly number[];
  readonly passed: number;
  readonly vouched: readonly number[];
}

/** A batch of the chunks [from, to) of that job. */
export function batchOf(
  from: number,
  to: number,
  { drawn = [], vouched = [], ...over }: Partial<Omit<Batch, keyof Draws> & Draws> = {},
): Batch {
  return {
    chunks: [from, to],
    units: perChunk * (to - from),
    drawn: drawn.length,
    packed: '',
    drawnUnits: unitText(drawn),
    passed: 0,
    vouched: unitText(vouched),
    auditedBefore: 0,
    wrong: [],
    escrowMicro: perChunk * unitMicro * (to - from),
    operatorMicro: 0,
    byOperator: [],
    closed: false,
    ...over,
  };
}

/** The cores of device `a`, with these batches in the job. */
export function identityWith(batches: Batch[], over: Partial<Identity> = {}): Identity {
  const open = new Map(batches.length === 0 ? [] : [['j1', batches]]);
  return { ...newStanding(0), device: 'a', backend: 'wasm', account: 'A', lastAt: now, open, ...over };
}

/** A state in which there are just these. */
export function stateOf(identity: Identity, job: Job): State {
  const state = emptyState();
  const key = identityKey(identity.device, identity.backend);
  state.devices.set(identity.device, deviceOf());
  state.identities.set(key, identity);
  state.jobs.set(job.id, job);
  if (identity.open.size > 0) state.owing.add(key);
  return state;
}

/** How the units of a batch of one chunk may stand: drawn, found right, and of these by volunteers alone. */
export const standings: readonly Draws[] = [0, 1, 2].flatMap((drawn) =>
  [0, 1, 2].flatMap((passed) =>
    [0, 1, 2].flatMap((vouched) =>
      vouched <= passed && passed <= drawn
        ? [{ drawn: [0, 1].slice(0, drawn), passed, vouched: [0, 1].slice(0, vouched) }]
        : [],
    ),
  ),
);
