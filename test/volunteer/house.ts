/** A real coordinator with a small real job, and volunteers in this process, for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import type { CoordinatorOptions, RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { encodeInput } from '../../src/kernels/mersenne-tf/index.ts';
import { nodePlatform } from '../../src/volunteer/platform-node.ts';
import type { Platform } from '../../src/volunteer/platform.ts';
import { createVolunteer } from '../../src/volunteer/volunteer.ts';
import type { Volunteer } from '../../src/volunteer/volunteer.ts';
import type { VolunteerView } from '../../src/volunteer/store.ts';
import type { JobView } from '../../src/wire/views.ts';

/** A folder of this test's own. */
export function freshFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'talka-volunteer-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function startHouse(options: CoordinatorOptions = {}): Promise<RunningCoordinator> {
  return startCoordinator({ dataDir: null, seed: 'none', anchorShare: 0, ...options });
}

/** How many of these units are about a second of one core. */
export interface JobWish {
  readonly units: number;
  readonly unitsPerChunk?: number;
  readonly quorum?: number;
  readonly kPerUnit?: number;
  /** Under audit, who leaves has every unit recomputed: no chance takes part. */
  readonly isAudited?: boolean;
}

/** Submits a job of trial factoring as the operator does. Returns its id. */
export async function submitJob(
  house: RunningCoordinator,
  token: string,
  { units, unitsPerChunk = 2, quorum = 2, kPerUnit = 1 << 18, isAudited = false }: JobWish,
): Promise<string> {
  const input = encodeInput({ exponent: 332198467, kFrom: 1n << 32n, kPerUnit, units });
  const call = async (path: string, body: string | Uint8Array<ArrayBuffer>): Promise<unknown> => {
    const headers = {
      authorization: `Bearer ${token}`,
      host: new URL(house.url).host,
      'content-type': 'application/json',
    };
    const response = await fetch(`${house.url}/api/operator${path}`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { digest } = (await call('/blobs', new Uint8Array(input))) as { digest: string };
  await call('/fund', JSON.stringify({ account: 'operator', amountMicro: 1e12 }));
  const wish = {
    kernel: 'mersenne-tf@1',
    input: digest,
    title: 'a test',
    cause: 'a test',
    unitsPerChunk,
    ...(isAudited ? { policy: { kind: 'audit', windowUnits: 1_000, leaverUnits: 1_000 } } : { quorum }),
  };
  return ((await call('/jobs', JSON.stringify(wish))) as { job: string }).job;
}

/** Answers all audits of a job as the operator's anchor would, right in all units, until it is over. */
export async function auditWhole({ runtime }: RunningCoordinator, job: string): Promise<void> {
  const anchor = { device: 'anchor', account: 'anchor', site: null, group: 'anchor' };
  await runtime.run({ c: 'join', ...anchor, role: 'anchor' });
  for (let tries = 0; runtime.state.jobs.has(job); tries++) {
    if (tries > 400) throw new Error(`${job} is never over`);
    for (const { id } of [...runtime.state.audits.values()])
      await runtime.run({ c: 'audit', audit: id, device: 'anchor', wrong: [], right: [] });
    await sleep(25);
  }
}

export async function jobOf(house: RunningCoordinator, job: string): Promise<JobView> {
  const response = await fetch(`${house.url}/api/jobs/${job}`);
  return (await response.json()) as JobView;
}

/** A volunteer of its own identity in this process. */
export function joinHouse(url: string, folder: string, cores = 1, more: Partial<Platform> = {}): Volunteer {
  const volunteer = createVolunteer({
    url,
    platform: { ...nodePlatform({ url, folder, gpu: false }), coresMax: 4, ...more },
  });
  volunteer.actions.configure({ cores, gpu: false });
  return volunteer;
}

/** Waits until a view is as wanted; throws with the last one when it takes too long. */
export function until(
  { store }: Volunteer,
  wanted: (view: VolunteerView) => boolean,
  ms = 20_000,
): Promise<VolunteerView> {
  return new Promise((resolve, reject) => {
    const look = (view: VolunteerView): void => {
      if (!wanted(view)) return;
      clearTimeout(timer);
      stop();
      resolve(view);
    };
    const stop = store.subscribe(look);
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`still ${JSON.stringify(store.getState())}`));
    }, ms);
    look(store.getState());
  });
}

export const agreed = { text: 'yes', language: 'en' };
