/** What is true of every state, always. Tests and the simulator ask after every so many commands. */
import { isForgotten, runsOf } from './batch-chunks.ts';
import { soleAccount, wanted } from './chunk.ts';
import { vestedMicro } from './epoch.ts';
import { count, has, numbersIn } from './intervals.ts';
import { balanceOf } from './ledger.ts';
import { chunkCostMicro, chunksOf, identityKey, slotKey, unitsOf } from './state.ts';
import type { Batch, Job, State } from './state.ts';
import { unitsIn } from './unit-text.ts';

/** Throws an Error whose message is the sentence that does not hold. */
export function assertInvariants(state: State): void {
  let sum = 0n;
  for (const [account, balance] of state.balances) {
    sum += balance;
    assert(balance > 0n || account === 'issue' || account === 'operator', `${account} is not overdrawn`);
  }
  assert(sum === 0n, 'the ledger sums to zero');
  let replicas = 0;
  const left = new Map<number, number>();
  const open = new Map<number, number>();
  for (const job of state.jobs.values()) replicas += checkJob(state, job, left, open);
  assert(replicas === state.replicas.size, 'every replica that is known has an open chunk');
  checkLeases(state, left, open);
  checkIdentities(state);
  checkDevices(state);
  checkEpochs(state);
}

function assert(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`Invariant broken: ${sentence}`);
}

/** Checks one job; returns how many replicas its open chunks hold. */
function checkJob(state: State, job: Job, left: Map<number, number>, open: Map<number, number>): number {
  const name = job.id;
  const free = count(job.free);
  const final = count(job.final);
  const accepted = count(job.accepted);
  assert(
    free + accepted + final + job.chunks.size === chunksOf(job.spec),
    `each chunk of ${name} is free, in work, accepted or final`,
  );
  assert(
    final === job.finalChunks && accepted === job.acceptedChunks,
    `${name} counts its accepted and its final chunks`,
  );
  assert(
    accepted + final === job.settledByPeople + job.settledWithAnchor,
    `${name} knows who settled each chunk`,
  );
  assert(job.owedMicro === owedMicro(job), `${name} knows what it must still pay for work`);
  assert(
    job.closingAt === null || (job.batches > 0 && job.chunks.size === 0),
    `${name}, which is cancelled, waits for pending work and for nothing else`,
  );
  let replicas = 0;
  for (const [index, chunk] of job.chunks) {
    assert(chunk.index === index, `chunk ${index} of ${name} knows its number`);
    assert(
      !has(job.free, index) && !has(job.accepted, index) && !has(job.final, index),
      `chunk ${index} of ${name} stands in one place`,
    );
    assert(chunk.replicas.length > 0, `chunk ${index} of ${name} has a replica`);
    const key = wanted(chunk, job.spec) > 0 ? soleAccount(chunk) : undefined;
    assert(
      job.wantingKey.get(index) === key,
      `chunk ${index} of ${name} is in the wanting index where it belongs`,
    );
    assert(
      key === undefined || job.wanting.get(key)?.has(index) === true,
      `the wanting index of ${name} holds ${index}`,
    );
    const holders = chunk.replicas.filter((r) => r.phase.is !== 'closed').map((r) => r.account);
    assert(
      new Set(holders).size === holders.length,
      `no person holds two places in chunk ${index} of ${name}`,
    );
    for (const replica of chunk.replicas) {
      replicas++;
      assert(state.replicas.get(replica.id) === replica.lease, `replica ${replica.id} is known`);
      open.set(replica.lease, (open.get(replica.lease) ?? 0) + 1);
      if (replica.phase.is === 'leased') left.set(replica.lease, (left.get(replica.lease) ?? 0) + 1);
    }
  }
  assert(
    balanceOf(state, `escrow:${job.id}`) >= BigInt(job.owedMicro),
    `the escrow of ${name} covers what is still to be paid`,
  );
  return replicas;
}

/** What a job's chunks that are neither accepted nor final will cost. */
function owedMicro(job: Job): number {
  if (job.closingAt !== null) return 0;
  let owed = 0;
  for (const chunk of numbersIn(job.free)) owed += chunkCostMicro(job.spec, chunk);
  for (const index of job.chunks.keys()) owed += chunkCostMicro(job.spec, index);
  return owed * job.spec.policy.quorum;
}

/** Unvested work stands in batches, is paid for in `pending:…`, and its draws are either passed or still to be made. */
function checkIdentities(state: State): void {
  const batches = new Map<string, number>();
  const pending = new Map<string, number>();
  const answerable = new Map<string, number>();
  const waiting = new Map<string, number>();
  /** Of whom something was found wrong that is not void yet: it is neither passed nor waiting. */
  const wrong = new Set<string>();
  for (const [key, identity] of state.identities) {
    assert(key === identityKey(identity.device, identity.backend), `identity ${key} knows its name`);
    assert(state.owing.has(key) === identity.open.size > 0, `it is known whether ${key} has unvested work`);
    for (const [id, open] of identity.open) {
      const job = state.jobs.get(id);
      assert(job !== undefined && open.length > 0, `the unvested work of ${key} belongs to an open job`);
      batches.set(id, (batches.get(id) ?? 0) + open.length);
      for (const batch of open) {
        const { units, drawn, passed, escrowMicro, operatorMicro } = batch;
        const chunks = runsOf(batch);
        if (batch.wrong.length > 0) wrong.add(`${id}/${key}`);
        assert(
          batch.wrong.length === 0 || identity.phase !== 'open',
          `${key} works on though it was found wrong`,
        );
        const account = `pending:${identity.account}`;
        pending.set(account, (pending.get(account) ?? 0) + escrowMicro + operatorMicro);
        const name = `${id}/${key}`;
        waiting.set(name, (waiting.get(name) ?? 0) + drawn - passed);
        let [own, byOperator] = [0, 0];
        for (const chunk of numbersIn(chunks)) {
          const [from, to] = unitsOf((job as Job).spec, chunk);
          own += to - from;
          if (has(batch.byOperator, chunk)) byOperator += chunkCostMicro((job as Job).spec, chunk);
          const place = `${id}/${chunk}`;
          answerable.set(place, (answerable.get(place) ?? 0) + 1);
        }
        assert(own === units, `a batch of ${key} counts its units`);
        assert(byOperator === operatorMicro, `a batch of ${key} knows what the operator pays for it`);
        checkDraws(key, batch);
      }
    }
  }
  for (const audit of state.audits.values())
    for (const author of audit.authors) {
      const name = `${audit.job}/${author}`;
      waiting.set(name, (waiting.get(name) ?? 0) - audit.units.length);
    }
  for (const [name, units] of waiting)
    if (!wrong.has(name)) assert(units === 0, `every unit drawn of ${name} has passed or is waiting`);
  for (const [account, balance] of state.balances)
    if (account.startsWith('pending:'))
      assert(Number(balance) === (pending.get(account) ?? 0), `${account} is what its batches are paid`);
  for (const job of state.jobs.values()) {
    assert(job.batches === (batches.get(job.id) ?? 0), `${job.id} counts its batches`);
    for (const chunk of numbersIn(job.accepted))
      assert(
        (answerable.get(`${job.id}/${chunk}`) ?? 0) === (job.authors.get(chunk) ?? 1),
        `somebody answers for chunk ${chunk} of ${job.id}`,
      );
  }
}

/** What is drawn of a batch. */
function checkDraws(key: string, batch: Batch): void {
  const drawn = new Set(unitsIn(batch.drawnUnits));
  assert(batch.drawn <= batch.units, `no more of ${key} is drawn than there is`);
  if (isForgotten(batch)) return;
  assert(
    drawn.size === batch.drawn && unitsIn(batch.drawnUnits).length === batch.drawn,
    `no unit of ${key} is drawn twice, and all are counted`,
  );
  assert(
    unitsIn(batch.vouched).every((unit) => drawn.has(unit)),
    `what is vouched for of ${key} is drawn`,
  );
}

function checkDevices(state: State): void {
  const owned = new Map<string, number>();
  const newcomers: string[] = [];
  for (const [id, { account, role, committed }] of state.devices) {
    owned.set(account, (owned.get(account) ?? 0) + 1);
    if (role === 'volunteer' && committed === 0) newcomers.push(id);
  }
  assert(
    newcomers.join() === [...state.newcomers].join(),
    'the newcomers are who has never committed, in the order in which they joined',
  );
  for (const [id, { devices, chunks }] of state.accounts) {
    assert(devices === (owned.get(id) ?? 0), `account ${id} counts its devices`);
    assert(devices > 0 || chunks > 0, `account ${id} is worth remembering`);
  }
  for (const id of owned.keys()) assert(state.accounts.has(id), `account ${id} of a device is known`);
}

/** Epochs follow one another, and nobody shares out more than has vested. */
function checkEpochs(state: State): void {
  let [sealed, to, toAt] = [0n, 1, 0];
  for (const [i, epoch] of state.epochs.entries()) {
    assert(epoch.number === i + 1 && epoch.from === to && epoch.to > to, `epoch ${i + 1} has its place`);
    assert(epoch.fromAt >= toAt && epoch.toAt >= epoch.fromAt, `epoch ${i + 1} has its time`);
    [sealed, to, toAt] = [sealed + BigInt(epoch.totalMicro), epoch.to, epoch.toAt];
  }
  const vested = vestedMicro(state);
  assert(sealed <= vested, 'no more is sealed than has vested');
  let bySites = 0n;
  for (const micro of state.sites.values()) bySites += micro;
  assert(bySites <= vested, 'sites brought no more than has vested');
}

function checkLeases(state: State, left: Map<number, number>, open: Map<number, number>): void {
  const busy = new Map<string, number>();
  const held = new Map<string, number>();
  for (const lease of state.leases.values()) {
    assert(lease.left === (left.get(lease.id) ?? 0), `lease ${lease.id} counts the replicas it holds`);
    assert(
      lease.open === (open.get(lease.id) ?? 0),
      `lease ${lease.id} counts the replicas whose chunks are open`,
    );
    assert(lease.open > 0, `lease ${lease.id} is worth remembering`);
    if (lease.left === 0) continue;
    const slot = slotKey(lease.device, lease.slot);
    busy.set(slot, (busy.get(slot) ?? 0) + 1);
    const job = state.jobs.get(lease.job);
    held.set(
      slot,
      (held.get(slot) ?? 0) + (job === undefined ? 0 : lease.left * chunkCostMicro(job.spec, 0)),
    );
  }
  const besides = [...state.leases.values()].filter(({ beside }) => beside);
  for (const { id, device, backend } of besides)
    assert(
      state.besides.get(identityKey(device, backend))?.has(id) === true,
      `newcomer’s lease ${id} is found`,
    );
  assert(
    besides.length === [...state.besides.values()].reduce((sum, { size }) => sum + size, 0) &&
      [...state.besides.values()].every(({ size }) => size > 0),
    'only what newcomers are leased is beside others',
  );
  const holding = new Map<string, number>();
  for (const lease of state.leases.values())
    if (lease.left > 0) holding.set(lease.device, (holding.get(lease.device) ?? 0) + 1);
  for (const [id, device] of state.devices)
    assert(device.leases === (holding.get(id) ?? 0), `device ${id} counts its leases`);
  assert(busy.size === state.busy.size, 'exactly the slots with a lease are busy');
  let ofAccounts = 0;
  for (const account of state.accounts.values()) ofAccounts += account.wasm.busy + account.webgpu.busy;
  assert(ofAccounts === busy.size, 'each busy slot is counted for one account');
  for (const [slot, leases] of busy)
    assert(state.busy.get(slot)?.leases === leases, `slot ${slot} counts its leases`);
  for (const [slot, heldMicro] of held)
    assert(state.busy.get(slot)?.heldMicro === heldMicro, `slot ${slot} knows what it still has to compute`);
  let rateMilli = 0;
  for (const slot of state.busy.values()) rateMilli += slot.rateMilli;
  assert(rateMilli === state.busyRateMilli, 'the speed of all busy slots is their sum');
}
