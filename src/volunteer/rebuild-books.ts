/**
 * Keeps the books of a log from its events alone, by docs/SPEC.md, sections 4 and 5, and not by the rules' own code: credits
 * move as each kind of event may move them and not otherwise, and nobody is overdrawn who may not be. Says what does not hold.
 */
import * as v from 'valibot';
import { check, isMalformed } from '../wire/schema.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const text = v.string();
const runs = v.array(natural);
const entry = v.object({ from: text, to: text, amountMicro: positive });
const entries = v.array(entry);
type Entry = v.InferOutput<typeof entry>;
const winner = v.object({ replica: positive, device: text, account: text, site: v.nullable(text) });

/** What the books need of a job. */
const spec = v.object({
  units: positive,
  unitsPerChunk: positive,
  unitCostMicro: positive,
  policy: v.object({ kind: text, quorum: positive, verifyMilli: v.optional(natural) }),
});

const funded = v.object({ account: text, entries });
const submitted = v.object({ job: text, requester: text, spec, entries });
const accepted = v.object({
  job: text,
  chunk: natural,
  winners: v.array(winner),
  final: v.boolean(),
  entries,
});
/** A chunk that was accepted, and what it paid. */
export type Accepted = v.InferOutput<typeof accepted>;
const audited = v.object({ job: text, units: v.array(natural), account: text, entries });
const rechecked = v.object({
  job: text,
  units: v.array(natural),
  why: v.picklist(['canary', 'dispute']),
  account: text,
  entries,
});
const vested = v.object({ job: text, account: text, chunks: runs, entries });
const voided = v.object({ job: text, account: text, chunks: runs, reopened: runs, entries });
const ended = v.object({ job: text, entries });

/** Kinds that move no credits. */
const still: ReadonlySet<string> = new Set([
  'joined',
  'moved',
  'leased',
  'committed',
  'drawn',
  'disproved',
  'returned',
  'expired',
  'misdeed',
  'readmitted',
  'kernelPaused',
  'kernelResumed',
  'forgotten',
  'restored',
  'epochSealed',
]);

/** A job that is open. */
export interface JobBook {
  readonly requester: string;
  readonly spec: v.InferOutput<typeof spec>;
  /** Chunks that are accepted, and whether they are final. */
  readonly settled: Map<number, boolean>;
  /** It is cancelled, and what is pending of it is still checked. */
  isClosing: boolean;
  /** What provisional chunks were paid with, by account and chunk. */
  readonly pending: Map<string, Map<number, Entry>>;
}

/** What an account was ever credited, what was void taken off. */
export interface Earned {
  micro: bigint;
  chunks: number;
  units: number;
}

/** A sentence on what does not hold. */
type Fault = string;

export class Books {
  readonly balances = new Map<string, bigint>();
  readonly jobs = new Map<string, JobBook>();
  readonly earned = new Map<string, Earned>();
  concluded = 0;

  /** Posts one event; what does not hold of it, or null. */
  post(event: { readonly e: string }): Fault | null {
    if (still.has(event.e)) return 'entries' in event ? `'${event.e}' moves credits, and may not` : null;
    switch (event.e) {
      case 'funded':
        return this.#with(funded, event, (one) => this.#funded(one));
      case 'submitted':
        return this.#with(submitted, event, (one) => this.#submitted(one));
      case 'accepted':
        return this.#with(accepted, event, (one) => this.#accepted(one));
      case 'audited':
        return this.#with(audited, event, (one) => this.#audited(one));
      case 'rechecked':
        return this.#with(rechecked, event, (one) => this.#rechecked(one));
      case 'vested':
        return this.#with(vested, event, (one) => this.#vested(one));
      case 'voided':
        return this.#with(voided, event, (one) => this.#voided(one));
      case 'closing':
        return this.#with(ended, event, (one) => this.#closing(one));
      case 'finished':
      case 'cancelled':
        return this.#with(ended, event, (one) => this.#ended(one, event.e === 'finished'));
      default:
        return `it holds an event of a kind that is not known here: '${event.e}'`;
    }
  }

  /** Reads an event, looks whether it may move what it moves, and moves it. */
  #with<T extends { entries: Entry[] }>(
    shape: v.GenericSchema<unknown, T>,
    event: { readonly e: string },
    faultOf: (event: T) => Fault | null,
  ): Fault | null {
    const read = check(shape, event);
    if (isMalformed(read)) return `'${event.e}' is not written as it should be: ${read.malformed}`;
    const fault = faultOf(read);
    if (fault !== null) return `'${event.e}': ${fault}`;
    for (const { from, to, amountMicro } of read.entries) {
      this.#move(from, -BigInt(amountMicro));
      this.#move(to, BigInt(amountMicro));
    }
    for (const { from } of read.entries)
      if (from !== 'issue' && from !== 'operator' && (this.balances.get(from) ?? 0n) < 0n)
        return `${from} is overdrawn`;
    return null;
  }

  #move(account: string, amount: bigint): void {
    const after = (this.balances.get(account) ?? 0n) + amount;
    if (after === 0n) this.balances.delete(account);
    else this.balances.set(account, after);
  }

  #funded({ account, entries: moved }: v.InferOutput<typeof funded>): Fault | null {
    const [only] = moved;
    return moved.length === 1 && only?.from === 'issue' && only.to === `requester:${account}`
      ? null
      : 'credits are issued to its requester, and to nobody else';
  }

  #submitted(event: v.InferOutput<typeof submitted>): Fault | null {
    const { job, requester, spec: offered } = event;
    if (this.jobs.has(job)) return `${job} is open already`;
    const { units, unitCostMicro, policy } = offered;
    const work = units * unitCostMicro * policy.quorum;
    const price = work + Math.ceil((work / 1000) * (policy.verifyMilli ?? 0));
    if (!isMoved(event.entries, [[`requester:${requester}`, `escrow:${job}`, price]]))
      return `the price of ${job} is ${price}, from its requester into its escrow`;
    this.jobs.set(job, {
      requester,
      spec: offered,
      settled: new Map(),
      isClosing: false,
      pending: new Map(),
    });
    return null;
  }

  #accepted({ job: id, chunk, winners, final, entries: moved }: Accepted): Fault | null {
    const job = this.jobs.get(id);
    if (job === undefined) return `${id} is not open`;
    const units = unitsIn(job, chunk);
    if (units <= 0) return `chunk ${chunk} lies outside ${id}`;
    if (job.isClosing) return `${id} is cancelled`;
    if (job.settled.has(chunk)) return `chunk ${chunk} of ${id} was paid already`;
    const amountMicro = units * job.spec.unitCostMicro;
    const { quorum } = job.spec.policy;
    if (winners.length < quorum || moved.length !== winners.length) return 'each winner is paid once';
    if (new Set(winners.map(({ account }) => account)).size < winners.length)
      return 'an account is paid twice for one chunk';
    for (const [place, { account }] of winners.entries()) {
      const one = moved[place] as Entry;
      const isFrom = one.from === `escrow:${id}` || (one.from === 'operator' && place >= quorum);
      if (
        !isFrom ||
        one.to !== `${final ? 'vested' : 'pending'}:${account}` ||
        one.amountMicro !== amountMicro
      )
        return `winner ${place + 1} of chunk ${chunk} of ${id} is owed ${amountMicro}`;
    }
    for (const [place, { account }] of winners.entries()) {
      this.#earn(account, BigInt(amountMicro), 1, units);
      if (!final) chunksOf(job, account).set(chunk, moved[place] as Entry);
    }
    job.settled.set(chunk, final);
    return null;
  }

  #audited({ job: id, units, account, entries: moved }: v.InferOutput<typeof audited>): Fault | null {
    const job = this.jobs.get(id);
    if (job === undefined) return `${id} is not open`;
    const owed = units.length * job.spec.unitCostMicro;
    return [`escrow:${id}`, 'operator'].some((from) => isMoved(moved, [[from, `vested:${account}`, owed]]))
      ? null
      : `whoever recomputed ${units.length} units of ${id} is owed ${owed}`;
  }

  /** The operator's anchor looked at a canary, or two engines at a dispute. */
  #rechecked({
    job: id,
    units,
    why,
    account,
    entries: moved,
  }: v.InferOutput<typeof rechecked>): Fault | null {
    const job = this.jobs.get(id);
    if (job === undefined) return `${id} is not open`;
    const owed = units.length * job.spec.unitCostMicro * (why === 'dispute' ? 2 : 1);
    return isMoved(moved, [['operator', `vested:${account}`, owed]])
      ? null
      : `for a ${why} of ${units.length} units of ${id} the operator pays ${owed}`;
  }

  #vested({ job: id, account, chunks, entries: moved }: v.InferOutput<typeof vested>): Fault | null {
    const job = this.jobs.get(id);
    if (job === undefined) return `${id} is not open`;
    const paid = takePending(job, account, chunks);
    if (typeof paid === 'string') return paid;
    const sum = sumOf(paid);
    if (!isMoved(moved, [[`pending:${account}`, `vested:${account}`, sum]]))
      return `${account} has ${sum} pending for these chunks of ${id}`;
    for (const chunk of numbersIn(chunks)) job.settled.set(chunk, true);
    return null;
  }

  #voided(event: v.InferOutput<typeof voided>): Fault | null {
    const { job: id, account, chunks, reopened, entries: moved } = event;
    const job = this.jobs.get(id);
    if (job === undefined) return `${id} is not open`;
    const paid = takePending(job, account, chunks);
    if (typeof paid === 'string') return paid;
    const [escrow, operator] = [sumOf(paid.filter(isEscrows)), sumOf(paid.filter((one) => !isEscrows(one)))];
    const back: Moved[] = [];
    if (escrow > 0) back.push([`pending:${account}`, `escrow:${id}`, escrow]);
    if (operator > 0) back.push([`pending:${account}`, 'operator', operator]);
    const [beyond, ...more] = moved.slice(back.length);
    if (!isMoved(moved.slice(0, back.length), back))
      return `${escrow} go back from ${account} into the escrow of ${id}, and ${operator} to the operator`;
    if (
      more.length > 0 ||
      (beyond !== undefined && (beyond.from !== 'operator' || beyond.to !== `escrow:${id}`))
    )
      return `beside what goes back, only the operator pays, into the escrow of ${id}`;
    let units = 0;
    for (const chunk of numbersIn(chunks)) units += unitsIn(job, chunk);
    this.#earn(account, -BigInt(escrow + operator), -paid.length, -units);
    for (const chunk of numbersIn(reopened)) {
      if (job.settled.get(chunk) !== false) return `chunk ${chunk} of ${id} cannot be reopened`;
      job.settled.delete(chunk);
    }
    return null;
  }

  #closing({ job: id, entries: moved }: v.InferOutput<typeof ended>): Fault | null {
    const job = this.jobs.get(id);
    if (job === undefined || job.isClosing) return `${id} is not open`;
    const back = moved.map(({ amountMicro }): Moved => [
      `escrow:${id}`,
      `requester:${job.requester}`,
      amountMicro,
    ]);
    if (moved.length > 1 || !isMoved(moved, back))
      return `only the requester of ${id} gets back what is left`;
    job.isClosing = true;
    return null;
  }

  #ended({ job: id, entries: moved }: v.InferOutput<typeof ended>, isFinished: boolean): Fault | null {
    const job = this.jobs.get(id);
    if (job === undefined) return `${id} is not open`;
    const left = Number(this.balances.get(`escrow:${id}`) ?? 0n);
    const back: Moved[] = left > 0 ? [[`escrow:${id}`, `requester:${job.requester}`, left]] : [];
    if (!isMoved(moved, back)) return `${left} go back to the requester of ${id}`;
    if ([...job.pending.values()].some(({ size }) => size > 0))
      return `work of ${id} is neither vested nor void`;
    const chunks = Math.ceil(job.spec.units / job.spec.unitsPerChunk);
    const isWhole = job.settled.size === chunks && [...job.settled.values()].every((final) => final);
    if (isFinished && job.isClosing) return `${id} is cancelled`;
    if (isFinished && !isWhole) return `not all chunks of ${id} are final`;
    this.jobs.delete(id);
    this.concluded++;
    return null;
  }

  #earn(account: string, micro: bigint, chunks: number, units: number): void {
    const earned = this.earned.get(account) ?? { micro: 0n, chunks: 0, units: 0 };
    earned.micro += micro;
    earned.chunks += chunks;
    earned.units += units;
    this.earned.set(account, earned);
  }
}

type Moved = readonly [from: string, to: string, amountMicro: number];

/** Whether entries are exactly these, in this order. */
function isMoved(moved: readonly Entry[], expected: readonly Moved[]): boolean {
  return (
    moved.length === expected.length &&
    expected.every(([from, to, amountMicro], place) => {
      const one = moved[place] as Entry;
      return one.from === from && one.to === to && one.amountMicro === amountMicro;
    })
  );
}

/** Every number in half-open runs. */
function* numbersIn(set: readonly number[]): Generator<number> {
  for (let i = 0; i < set.length; i += 2)
    for (let at = set[i] as number; at < (set[i + 1] ?? 0); at++) yield at;
}

/** How many units a chunk has; 0 or less where it lies outside its job. */
function unitsIn({ spec: { units, unitsPerChunk } }: JobBook, chunk: number): number {
  return Math.min(unitsPerChunk, units - chunk * unitsPerChunk);
}

function chunksOf({ pending }: JobBook, account: string): Map<number, Entry> {
  const known = pending.get(account) ?? new Map<number, Entry>();
  pending.set(account, known);
  return known;
}

/** Takes out what an account has pending for these chunks; a sentence where it has not. */
function takePending(job: JobBook, account: string, chunks: readonly number[]): Entry[] | Fault {
  const own = chunksOf(job, account);
  const taken: Entry[] = [];
  // Each chunk must be there, so that a run without end ends at once.
  for (const chunk of numbersIn(chunks)) {
    const paid = own.get(chunk);
    if (paid === undefined) return `${account} has nothing pending for chunk ${chunk}`;
    own.delete(chunk);
    taken.push(paid);
  }
  return taken;
}

const sumOf = (paid: readonly Entry[]): number => paid.reduce((sum, { amountMicro }) => sum + amountMicro, 0);
const isEscrows = ({ from }: Entry): boolean => from !== 'operator';
