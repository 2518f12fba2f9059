/** A coordinator with real sockets on which jobs were played out: replicated, audited with a liar, audited by a volunteer, and cancelled. For tests that read its log. */
import { PublicRecords } from '../../src/coordinator/http-records.ts';
import { has } from '../../src/core/intervals.ts';
import type { Event } from '../../src/core/state.ts';
import type { JobView } from '../../src/wire/views.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';

export interface PlayedOut {
  readonly url: string;
  /** Text of a path. */
  get(path: string): Promise<string>;
  ticks(): number;
  /** All that are not 0. */
  balances(): [account: string, micro: bigint][];
  close(): Promise<unknown>;
}

const kernel = 'cheap@1';
const [units, unitsPerChunk] = [32, 8];
const chunks = units / unitsPerChunk;
const input = cheapInput(units);
/** Long enough for any lease of a device that has committed something. */
const leaseMs = 31 * 60_000;

/** Computes so many chunks, of so many units; `lie` changes an output. */
async function works(
  one: Scripted,
  count: number,
  watch: () => Promise<void>,
  lie: (unit: number, output: Buffer) => Buffer = (_, output) => output,
  of = { input, each: unitsPerChunk },
): Promise<void> {
  for (let done = 0; done < count;) {
    const lease = await one.leaseOf(kernel);
    await watch();
    for (let i = 0; i < lease.count; i++, done++) {
      const from = (lease.chunk + i) * of.each;
      const outputs = outputsOf(of.input, from, from + of.each).map((output, k) => lie(from + k, output));
      one.commit([answerOf(lease.job, 'exact', lease.lease + i, from, outputs)]);
      await one.acked(lease.lease + i);
      await watch();
    }
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 400) throw new Error('it never held');
    await new Promise((done) => setTimeout(done, 25));
  }
}

/** Throws when a record that is given out holds a drawn unit that waits, or an answer to a chunk that is not settled. */
async function watchRecords(house: Started): Promise<void> {
  const { state, head } = house.runtime;
  // Each record by itself, so that none hides behind one that is held back; and by an allowance of its own.
  const records = new PublicRecords(house.house);
  const texts: string[] = [];
  for (let tick = 1; tick <= (head?.size ?? 0); tick++)
    texts.push(String((await records.read(tick, 1))?.[0] ?? ''));
  const prefix = texts.slice(0, [...texts, ''].indexOf('')).map((text) => `${text}\n`);
  const told = await (await house.call('/api/log/records')).text();
  // More may have become public meanwhile.
  if (!told.startsWith(prefix.join(''))) throw new Error('fewer records are given out than are public');
  for (const text of texts.filter((one) => one !== ''))
    for (const event of (JSON.parse(text) as { events: Event[] }).events) {
      const drawn =
        event.e === 'accepted'
          ? [[event.chunk, event.drawn ?? []] as const]
          : event.e === 'drawn'
            ? event.drawn
            : [];
      for (const audit of state.audits.values())
        for (const [chunk, drawnUnits] of drawn)
          if ('job' in event && audit.job === event.job && audit.chunk === chunk)
            if (drawnUnits.some((unit) => audit.units.includes(unit)))
              throw new Error(`a draw is told: ${text}`);
      if (event.e !== 'committed') continue;
      const job = state.jobs.get(event.job);
      if (job !== undefined && !has(job.final, event.chunk)) throw new Error(`an answer is told: ${text}`);
    }
}

async function audited(house: Started, of = { input, each: unitsPerChunk }): Promise<JobView> {
  const answer = await house.operator('/jobs', {
    kernel,
    input: ((await (await house.operator('/blobs', of.input)).json()) as { digest: string }).digest,
    title: 'audited',
    cause: 'tests',
    unitsPerChunk: of.each,
    // So many that who leaves has every unit recomputed: no chance takes part in this.
    policy: { kind: 'audit', windowUnits: 1_000, leaverUnits: 1_000 },
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return (await answer.json()) as JobView;
}

/** Answers all audits as the operator's anchor would. */
async function auditsAnswered(
  house: Started,
  wrongUnits: readonly number[],
  watch: () => Promise<void>,
): Promise<void> {
  for (const { id, units: drawn } of [...house.runtime.state.audits.values()]) {
    const wrong = drawn.filter((unit) => wrongUnits.includes(unit));
    const right = wrong.map(() => '00'.repeat(32));
    if (wrong.length > 0)
      await house.runtime.run({ c: 'recheck', audit: id, device: 'anchor', units: wrong });
    await house.runtime.run({ c: 'audit', audit: id, device: 'anchor', wrong, right });
    await watch();
  }
}

interface Play {
  readonly house: Started;
  watch(): Promise<void>;
  person(): Promise<Scripted>;
}

/** Two people and a dispute that a third settles. */
async function replicated({ house, watch, person }: Play): Promise<void> {
  await house.job({ units, unitsPerChunk, quorum: 2 });
  await works(await person(), chunks, watch);
  await works(await person(), chunks, watch, (unit, output) => (unit === 20 ? Buffer.alloc(8) : output));
  await works(await person(), 1, watch);
  await until(() => house.runtime.state.jobs.size === 0);
}

/** A liar; somebody else computes it again. */
async function underAudit({ house, watch, person }: Play): Promise<void> {
  const { runtime } = house;
  const job = await audited(house);
  const waiting = (): number => {
    let sum = 0;
    for (const { units: drawn } of runtime.state.audits.values()) sum += drawn.length;
    return sum;
  };
  await works(await person(), chunks, watch, (unit, output) => (unit === 9 ? Buffer.alloc(8) : output));
  // All is given out: what is not final is drawn from.
  await until(() => waiting() === units);
  await watch();
  await auditsAnswered(house, [9], watch);
  await until(() => (runtime.state.jobs.get(job.job)?.free.length ?? 0) > 0);
  await watch();
  // What else it did was recomputed to the last unit, and is kept.
  await until(() => runtime.state.jobs.get(job.job)?.finalChunks === chunks - 1);
  await works(await person(), 1, watch);
  await until(() => waiting() === unitsPerChunk);
  await auditsAnswered(house, [], watch);
  await until(() => runtime.state.jobs.size === 0);
  // One that is cancelled: what is pending of it is checked first.
  const next = await audited(house);
  await works(await person(), 2, watch, (unit, output) => (unit === 9 ? Buffer.alloc(8) : output));
  const pending = (runtime.state.jobs.get(next.job)?.acceptedChunks ?? 0) * unitsPerChunk;
  await house.operator(`/jobs/${next.job}/cancel`, {});
  await until(() => waiting() === pending);
  await watch();
  await auditsAnswered(house, [9], watch);
  await until(() => runtime.state.jobs.size === 0);
}

/** Somebody who is known by now recomputes what was drawn from a neighbour's work [AU7], and is paid for it. */
async function auditedByPeople({ house, watch, person }: Play): Promise<void> {
  const { runtime } = house;
  const over = async (): Promise<void> => {
    for (; runtime.state.jobs.size > 0; await new Promise((done) => setTimeout(done, 25)))
      await auditsAnswered(house, [], watch);
  };
  // Six seconds of accepted work make nobody a newcomer.
  const long = { input: cheapInput(600), each: 200 };
  const auditor = await person();
  await audited(house, long);
  await works(auditor, 3, watch, undefined, long);
  await over();
  const [author, ten] = [await person(), { input: cheapInput(2_000), each: 200 }];
  const { job } = await audited(house, ten);
  // While there is more to give nobody has left, and audits are not the anchors' alone. Of one chunk in twenty nothing is drawn.
  while (runtime.state.audits.size === 0) await works(author, 1, watch, undefined, ten);
  const { device } = auditor.who;
  for (const { id } of [...runtime.state.audits.values()])
    await runtime.run({ c: 'audit', audit: id, device, wrong: [], right: [], canary: 'anchor' });
  const free = (): number => runtime.state.jobs.get(job)?.free.length ?? 0;
  while (free() > 0) await works(author, 1, watch, undefined, ten);
  await over();
}

/** Leases that are returned and run out, everything rare, and a job that is cancelled. */
async function cancelled({ house, watch, person }: Play, wait: (ms: number) => void): Promise<void> {
  const { runtime } = house;
  const last = await house.job({ units, unitsPerChunk, quorum: 2 });
  const [a, b] = [await person(), await person()];
  const returned = await b.leaseOf(kernel);
  const { device } = b.who;
  await runtime.run({ c: 'giveBack', device, replicas: [returned.lease], why: 'closing' });
  await works(a, 1, watch);
  const open = await b.leaseOf(kernel);
  await watch();
  wait(leaseMs);
  await until(() => runtime.state.leases.get(open.lease)?.left === 0);
  await runtime.run({ c: 'misdeed', device, what: 'forged', replica: null });
  await runtime.run({ ...joinOf(a), site: 'fair' });
  await runtime.run({ c: 'restore', kept: 3, root: '0'.repeat(64) });
  await house.operator(`/kernels/${kernel}/pause`, { reason: 'a test' });
  await house.operator(`/kernels/${kernel}/resume`, {});
  await watch();
  await house.operator(`/jobs/${last.job}/cancel`, {});
  await until(() => runtime.state.jobs.size === 0);
  await watch();
}

/** Plays it all. `watched`: whether each step looks at what is public then. */
export async function playedOut(watched = false): Promise<PlayedOut> {
  let ahead = 0;
  const house = await started({ now: () => Date.now() + ahead });
  const { runtime } = house;
  const watch = watched ? () => watchRecords(house) : async () => {};
  const people: Scripted[] = [];
  const person = async (): Promise<Scripted> => {
    const one = new Scripted(house.url);
    await one.signIn();
    people.push(one);
    return one;
  };
  await runtime.run({
    c: 'join',
    device: 'anchor',
    account: 'anchor',
    site: null,
    group: 'anchor',
    role: 'anchor',
  });
  await house.operator('/fund', { account: 'operator', amountMicro: 10 ** 9 });

  const play: Play = { house, watch, person };
  await replicated(play);
  await underAudit(play);
  await auditedByPeople(play);
  await house.operator('/epochs', {});
  await cancelled(play, (ms) => {
    ahead += ms;
  });
  return {
    url: house.url,
    get: async (path) => (await house.call(path)).text(),
    ticks: () => runtime.head?.size ?? 0,
    balances: () => [...runtime.state.balances],
    close: async () => {
      for (const one of people) one.ws.close();
      return house.close();
    },
  };
}

function joinOf({
  who,
}: Scripted): Omit<Extract<Parameters<Started['runtime']['run']>[0], { c: 'join' }>, 'site'> {
  return { c: 'join', device: who.device, account: who.account, group: '', role: 'volunteer' };
}
