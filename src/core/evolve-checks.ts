/** Writes into the state what audits led to: batches, draws, records of identities. Parts of `evolve`: only writes, decides nothing. */
import { batchUnitsMax } from './audit.ts';
import { holds, isForgotten, sizeOf, unpacked } from './batch-chunks.ts';
import { replicaIn } from './chunk.ts';
import { add, count, has, numbersIn, remove } from './intervals.ts';
import { mergedUnitsMax, mergeSettled } from './merging.ts';
import { shownOf } from './records.ts';
import { chunkCostMicro, identityKey, unitsOf } from './state.ts';
import type {
  AccountRecord,
  Audit,
  AuditedPolicy,
  Batch,
  Chunk,
  Entry,
  Event,
  Identity,
  Job,
  State,
  Winner,
} from './state.ts';
import { addWork, mayWork, newStanding, pardon, punish, suspendedMs } from './trust.ts';
import type { Examined } from './trust.ts';
import { unitsIn, unitText, withUnits } from './unit-text.ts';

type EventOf<K extends Event['e']> = Extract<Event, { e: K }>;

/** Each winner's work counts for its identity; while it is provisional it stands in a batch, and units of it may be drawn. */
export function identitiesAccepted(
  state: State,
  job: Job,
  chunk: Chunk,
  event: EventOf<'accepted'>,
  at: number,
): void {
  const cost = chunkCostMicro(job.spec, event.chunk);
  const [from, to] = unitsOf(job.spec, event.chunk);
  const drawn = event.drawn ?? [];
  // Nearly always one: a list that grows takes room for seventeen.
  let authors: string[] = [];
  for (let place = 0; place < event.winners.length; place++) {
    const { replica, device, account } = event.winners[place] as Winner;
    if (state.devices.get(device)?.role === 'anchor') continue;
    const { backend } = replicaIn(chunk, replica);
    const key = identityKey(device, backend);
    const identity = state.identities.get(key) ?? newIdentity(state, key, { device, backend, account }, at);
    if (identity.phase === 'suspended' && identity.open.size === 0 && mayWork(identity, at))
      identity.phase = 'open';
    // What it had committed before it was sent away is no work of its new beginning [TR5].
    if (identity.phase === 'open') addWork(identity, cost, at);
    identity.lastAt = at;
    if (event.final) identity.auditedUnits += to - from;
    else putInBatch(state, key, identity, job, event.chunk, to - from, drawn, event.entries[place] as Entry);
    if (authors.length === 0) authors = [key];
    else authors.push(key);
  }
  countPaid(state, event.entries);
  if (event.final) return;
  if (authors.length > 1) job.authors.set(event.chunk, authors.length);
  const { auditors = Math.min(1, drawn.length) } = event;
  for (let turn = 0; turn < auditors; turn++) {
    const units = auditors === 1 ? drawn : drawn.filter((_, i) => i % auditors === turn);
    putAudit(state, { job: job.id, chunk: event.chunk, units, authors, at });
  }
}

/** The first answer that is paid is the work, further ones are second copies. */
function countPaid({ checks }: State, entries: readonly Entry[]): void {
  for (let place = 0; place < entries.length; place++) {
    const { amountMicro } = entries[place] as Entry;
    if (place === 0) checks.workMicro += amountMicro;
    else {
      checks.secondCopies++;
      checks.secondMicro += amountMicro;
    }
  }
}

function newIdentity(
  state: State,
  key: string,
  who: Pick<Identity, 'device' | 'backend' | 'account'>,
  at: number,
): Identity {
  const identity: Identity = { ...newStanding(at), ...who, lastAt: at, open: new Map() };
  state.identities.set(key, identity);
  return identity;
}

function putInBatch(
  state: State,
  key: string,
  identity: Identity,
  job: Job,
  chunk: number,
  units: number,
  drawn: readonly number[],
  entry: Entry,
): void {
  let batches = identity.open.get(job.id);
  if (batches === undefined) identity.open.set(job.id, (batches = []));
  let batch = batches.at(-1);
  if (batch === undefined || batch.closed || batch.units >= batchUnitsMax) {
    batch = {
      chunks: [],
      packed: '',
      units: 0,
      drawn: 0,
      drawnUnits: '',
      passed: 0,
      vouched: '',
      auditedBefore: 0,
      wrong: [],
      escrowMicro: 0,
      operatorMicro: 0,
      byOperator: [],
      closed: false,
    };
    batches.push(batch);
    job.batches += 1 - mergeSettled(batches, mergedUnitsMax(job.spec.policy as AuditedPolicy));
  }
  state.owing.add(key);
  add(batch.chunks, chunk, chunk + 1);
  batch.units += units;
  putDrawn(batch, drawn);
  batch.auditedBefore = identity.auditedUnits + waitingOf(identity);
  if (entry.from === 'operator') {
    batch.operatorMicro += entry.amountMicro;
    add(batch.byOperator, chunk, chunk + 1);
  } else batch.escrowMicro += entry.amountMicro;
}

/** Units of an identity that are drawn and not answered: they say nothing of work that comes after them. */
function waitingOf({ open }: Identity): number {
  let waiting = 0;
  for (const batches of open.values()) for (const { drawn, passed } of batches) waiting += drawn - passed;
  return waiting;
}

function putDrawn(batch: Batch, units: readonly number[]): void {
  batch.drawn += units.length;
  batch.drawnUnits = withUnits(batch.drawnUnits, units);
}

function putAudit(state: State, { job, chunk, units, authors, at, anchored }: Omit<Audit, 'id'>): void {
  const { disowned } = state.jobs.get(job) as Job;
  // Named one by one: thousands are put while a log is folded by a process that has just begun, and there a spread takes its time.
  const audit = { id: state.nextAudit++, job, chunk, units, authors, at } as const;
  const isAnchors = anchored === true || has(disowned, chunk);
  state.audits.set(audit.id, isAnchors ? { ...audit, anchored: true } : audit);
}

/** The batch of an identity that holds a chunk. */
export function batchWith(identity: Identity, job: string, chunk: number): Batch | undefined {
  return identity.open.get(job)?.findLast((batch) => holds(batch, chunk));
}

export function audited(state: State, event: EventOf<'audited'>): void {
  const audit = state.audits.get(event.audit) as Audit;
  state.audits.delete(event.audit);
  const right = event.units.length - event.wrong.length;
  const isPeoples = state.devices.get(event.device)?.role === 'volunteer';
  for (const key of audit.authors) {
    const identity = state.identities.get(key) as Identity;
    const batch = batchWith(identity, event.job, event.chunk);
    if (identity.phase === 'suspended') identity.examined = examinedWith(identity, event, batch);
    identity.auditedUnits += right;
    if (batch === undefined) continue;
    batch.passed += right;
    if (isPeoples)
      batch.vouched = withUnits(
        batch.vouched,
        event.units.filter((unit) => !event.wrong.includes(unit)),
      );
    if (event.wrong.length > 0) add(batch.wrong, event.chunk, event.chunk + 1);
  }
  const { checks } = state;
  checks.audits++;
  checks.units += event.units.length;
  if (isPeoples) checks.byPeople++;
  if (event.wrong.length > 0) checks.mismatches++;
  for (const { amountMicro } of event.entries) checks.auditMicro += amountMicro;
}

/** What an identity's examination comes to with one more answer; `batch`: its batch that holds the chunk. */
export function examinedWith(
  { examined: { units, wrong, chunks } }: Identity,
  found: { readonly units: readonly number[]; readonly wrong: readonly number[]; readonly chunk: number },
  batch: Batch | undefined,
): Examined {
  const isOneMore = found.wrong.length > 0 && !(batch !== undefined && has(batch.wrong, found.chunk));
  return {
    units: units + found.units.length,
    wrong: wrong + found.wrong.length,
    chunks: chunks + (isOneMore ? 1 : 0),
  };
}

export function drawnForLeaver(state: State, event: EventOf<'drawn'>, at: number): void {
  const key = identityKey(event.device, event.backend);
  const identity = state.identities.get(key) as Identity;
  const batch = batchWith(identity, event.job, event.chunk) as Batch;
  batch.closed = true;
  const by = event.anchored === true ? ({ anchored: true } as const) : {};
  if (event.anchored === true)
    for (const audit of state.audits.values())
      if (audit.job === event.job && audit.authors.includes(key) && holds(batch, audit.chunk))
        state.audits.set(audit.id, { ...audit, ...by });
  if (isForgotten(batch)) {
    if (event.anchored === true) drawnAnew(identity, batch);
    else return drawnBesides(state, key, identity, batch, event, at);
  }
  const known: ReadonlySet<number> = new Set(unitsIn(batch.vouched));
  const vouched = new Set(known);
  for (const [chunk, units] of event.drawn) {
    // What volunteers alone have found right may be drawn once more, and has not passed then.
    const again = units.filter((unit) => vouched.delete(unit)).length;
    batch.passed -= again;
    identity.auditedUnits -= again;
    putDrawn(
      batch,
      units.filter((unit) => !known.has(unit)),
    );
    putAudit(state, { job: event.job, chunk, units, authors: [key], at, ...by });
  }
  batch.vouched = unitText([...vouched]);
}

/** Anchors look at all of a batch of which it was forgotten what was drawn: as if nothing had been. */
function drawnAnew(identity: Identity, batch: Batch): void {
  identity.auditedUnits -= batch.passed;
  [batch.drawn, batch.passed, batch.vouched] = [0, 0, ''];
}

/** More is drawn of a batch of which it was forgotten what was drawn: what cannot be new, since it has no more units, was drawn twice. */
function drawnBesides(
  state: State,
  key: string,
  identity: Identity,
  batch: Batch,
  { job, drawn }: EventOf<'drawn'>,
  at: number,
): void {
  let more = 0;
  for (const [chunk, units] of drawn) {
    more += units.length;
    putAudit(state, { job, chunk, units, authors: [key], at });
  }
  const twice = Math.max(0, batch.drawn + more - batch.units);
  batch.drawn += more - twice;
  batch.passed -= twice;
  identity.auditedUnits -= twice;
}

/** Takes chunks out of the batch that holds them, which is gone with its last. */
function takeChunks(state: State, event: EventOf<'vested' | 'voided'>): void {
  const { device, backend, job: id, chunks } = event;
  const key = identityKey(device, backend);
  const identity = state.identities.get(key) as Identity;
  const batch = batchWith(identity, id, chunks[0] as number) as Batch;
  const job = state.jobs.get(id) as Job;
  if (count(chunks) < sizeOf(batch)) return cutBatch(state, job, key, batch, chunks);
  const batches = identity.open.get(id) as Batch[];
  batches.splice(batches.indexOf(batch), 1);
  if (batches.length === 0) identity.open.delete(id);
  if (identity.open.size === 0) state.owing.delete(key);
  job.batches--;
}

/** Some chunks of a batch are void, and the rest of it goes on [TR5]; audits of these chunks are forgotten already. */
function cutBatch(
  state: State,
  { id, spec }: Job,
  key: string,
  batch: Batch,
  chunks: readonly number[],
): void {
  let drawn = unitsIn(batch.drawnUnits);
  let vouched = unitsIn(batch.vouched);
  for (const chunk of numbersIn(chunks)) {
    const [from, to] = unitsOf(spec, chunk);
    batch.units -= to - from;
    drawn = drawn.filter((unit) => unit < from || unit >= to);
    vouched = vouched.filter((unit) => unit < from || unit >= to);
    if (has(batch.byOperator, chunk)) batch.operatorMicro -= chunkCostMicro(spec, chunk);
    else batch.escrowMicro -= chunkCostMicro(spec, chunk);
    for (const set of [unpacked(batch), batch.wrong, batch.byOperator]) remove(set, chunk, chunk + 1);
  }
  const waiting: number[] = [];
  for (const { job, chunk, units, authors } of state.audits.values())
    if (job === id && authors.includes(key) && holds(batch, chunk)) waiting.push(...units);
  // Where it was forgotten what was drawn of the rest, it is looked at from the beginning.
  if (isForgotten(batch)) [drawn, vouched] = [waiting, []];
  batch.drawn = drawn.length;
  batch.drawnUnits = unitText(drawn);
  batch.vouched = unitText(vouched);
  // All that was wrong is void together: what is drawn of the rest has passed, or is still to be recomputed.
  batch.passed = batch.drawn - waiting.length;
}

/** Nobody is drawn for these chunks any more; audits that others are drawn for too are made by anchors. */
function forgetAudits(state: State, event: EventOf<'vested' | 'voided'>): void {
  const key = identityKey(event.device, event.backend);
  for (const audit of state.audits.values()) {
    if (audit.job !== event.job || !audit.authors.includes(key) || !has(event.chunks, audit.chunk)) continue;
    const authors = audit.authors.filter((author) => author !== key);
    if (authors.length === 0) state.audits.delete(audit.id);
    else state.audits.set(audit.id, { ...audit, authors, anchored: true });
  }
}

export function vested(state: State, event: EventOf<'vested'>): void {
  const job = state.jobs.get(event.job) as Job;
  // Only of a job that is cancelled may something vest that is still drawn [LG6].
  if (job.closingAt !== null) forgetAudits(state, event);
  takeChunks(state, event);
  for (const chunk of numbersIn(event.chunks)) {
    job.authors.delete(chunk);
    remove(job.disowned, chunk, chunk + 1);
    if (!has(job.accepted, chunk)) continue;
    remove(job.accepted, chunk, chunk + 1);
    add(job.final, chunk, chunk + 1);
    job.acceptedChunks--;
    job.finalChunks++;
  }
}

export function voided(state: State, event: EventOf<'voided'>): void {
  const job = state.jobs.get(event.job) as Job;
  const record = state.accounts.get(event.account) as AccountRecord;
  forgetAudits(state, event);
  takeChunks(state, event);
  for (const chunk of numbersIn(event.chunks)) {
    const [from, to] = unitsOf(job.spec, chunk);
    record.chunks--;
    record.units -= to - from;
    record.earnedMicro -= chunkCostMicro(job.spec, chunk);
    shownOf(record, event.backend).micro -= chunkCostMicro(job.spec, chunk);
    const authors = job.authors.get(chunk);
    if (authors === undefined) continue;
    add(job.disowned, chunk, chunk + 1);
    if (authors > 2) job.authors.set(chunk, authors - 1);
    else job.authors.delete(chunk);
  }
  for (const chunk of numbersIn(event.reopened)) {
    const cost = chunkCostMicro(job.spec, chunk);
    for (const set of [job.accepted, job.disowned]) remove(set, chunk, chunk + 1);
    add(job.free, chunk, chunk + 1);
    job.acceptedChunks--;
    job.settledByPeople--;
    if (job.closingAt === null) job.owedMicro += cost;
    job.servedMicro -= cost / job.spec.weight;
    state.checks.voidedChunks++;
  }
}

export function disproved(state: State, event: EventOf<'disproved'>, at: number): void {
  const identity = state.identities.get(identityKey(event.device, event.backend)) as Identity;
  punish(identity, event.consequence, event.awayMs ?? suspendedMs, at);
  (state.jobs.get(event.job) as Job).disputes++;
  if (event.audit !== undefined) state.checks.auditorsWrong++;
  if (event.consequence === 'ban') state.checks.banned++;
  else state.checks.suspended++;
}

export function readmitted(state: State, { device, backend }: EventOf<'readmitted'>, at: number): void {
  pardon(state.identities.get(identityKey(device, backend)) as Identity, at);
}

/** A job is over: nothing of it is audited any more. */
export function auditsOver(state: State, job: string): void {
  for (const audit of state.audits.values()) if (audit.job === job) state.audits.delete(audit.id);
}
