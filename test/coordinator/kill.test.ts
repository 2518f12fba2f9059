/**
 * kill -9, twenty times, in the middle of a job: what was acknowledged is there afterwards, results are the bits of
 * an undisturbed run, and everybody is paid exactly once for each chunk.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { AccountView, JobView } from '../../src/wire/views.ts';
import type { ReceiptWord } from '../../src/wire/volunteer.ts';
import { freePort } from '../e2e/house.ts';
import { cheapInput } from './cheap.ts';
import { answerOf, identity, outputsOf, receiptHolds, Scripted } from './volunteer.ts';
import type { Answered, Identity } from './volunteer.ts';

const kills = 20;
const chunks = 6000;
/** Answers that may be made between two kills: however fast a machine is, some are left for after the last one. */
const answersPerLife = Math.floor((2 * chunks) / (kills + 2));
const rateMilli = 100;
const paceMs = 30;
const units = 8 * chunks;
const chunkMicro = 8 * 10_000;
/** How many replicas a stranger's hello may ask about at once, and how many lost receipts one connection may look for at once. */
const askedMax = 400;
const lookedForMax = 50;
/** The coordinator must come back at the same place. */
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const dir = mkdtempSync(join(tmpdir(), 'talka-kill-'));
let child: ChildProcess | null = null;
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

async function launch(): Promise<void> {
  const process_ = spawn(
    process.execPath,
    [join(import.meta.dirname, 'kill-house.ts'), join(dir, 'data'), String(port), String(units)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  child = process_;
  await new Promise<void>((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the coordinator ended with ${code}`));
    process_.once('exit', ended);
    process_.stdout?.on('data', (data: Buffer) => {
      if (!data.toString().includes('ready')) return;
      process_.off('exit', ended);
      resolve();
    });
  });
}

async function killChild(): Promise<void> {
  const dying = child as ChildProcess;
  const gone = new Promise((resolve) => dying.once('exit', resolve));
  dying.kill('SIGKILL');
  await gone;
}

type Row = ReceiptWord['settled'][number];

/** What a coordinator says about replicas that were committed long ago. */
interface Told {
  readonly known: number[];
  readonly rows: Map<number, Row>;
  readonly unpaid: number[];
  forged: number;
}

/** How many answers were made by all together, and how many may have been by now. */
const pace = { made: 0, allowed: answersPerLife };

/** A volunteer that survives its coordinator: keeps what is not acknowledged, reconnects, sends it again. */
class Stubborn {
  readonly who: Identity = identity();
  readonly outbox = new Map<number, Answered>();
  /** Everything it ever computed, to be committed once more at the end. */
  readonly answers = new Map<number, Answered>();
  readonly acked = new Set<number>();
  readonly paid = new Map<number, Row>();
  forged = 0;
  done = false;

  async live(): Promise<void> {
    while (!this.done) {
      const one = new Scripted(url, this.who);
      try {
        await this.#talk(one);
      } catch {
        await sleep(20);
      } finally {
        one.ws.terminate();
      }
    }
  }

  async #talk(one: Scripted): Promise<void> {
    const welcome = await one.signIn({ holding: [...this.outbox.keys()].slice(0, 500) });
    const still = new Set(welcome.holding);
    for (const replica of this.outbox.keys()) if (!still.has(replica)) this.outbox.delete(replica);
    const slot = { slot: 0, backend: 'wasm' as const, rates: { 'cheap@1': rateMilli } };
    if (this.outbox.size > 0) this.#send(one, [...this.outbox.values()]);
    one.say({ t: 'ask', slots: [slot] });
    for (let idle = 0; !this.done && one.ws.readyState === one.ws.OPEN;) {
      if (pace.made >= pace.allowed) {
        await sleep(paceMs);
        continue;
      }
      const words = one.inbox.splice(0);
      idle = words.length === 0 ? idle + 1 : 0;
      if (idle > 40) return;
      for (const word of words) {
        if (word.t === 'bye') return;
        if (word.t === 'news' && word.jobs.length === 0) this.done = true;
        if (word.t === 'refusal' && word.reason === 'no-job-open') this.done = true;
        if (word.t === 'receipt') this.#learn(word, one.challenge?.coordinator ?? '');
        if (word.t === 'lease') {
          const answers: Answered[] = [];
          for (let i = 0; i < word.count; i++) {
            const from = (word.chunk + i) * 8;
            const answer = answerOf(
              word.job,
              'exact',
              word.lease + i,
              from,
              outputsOf(cheapInput(units), from, from + 8),
              true,
            );
            this.outbox.set(word.lease + i, answer);
            this.answers.set(word.lease + i, answer);
            answers.push(answer);
            pace.made++;
          }
          this.#send(one, answers, [slot]);
        }
      }
      await sleep(paceMs);
    }
  }

  #send(one: Scripted, answers: readonly Answered[], slots?: Parameters<Scripted['commit']>[1]): void {
    for (let i = 0; i < answers.length; i += 64)
      one.commit(answers.slice(i, i + 64), i + 64 >= answers.length ? slots : undefined);
  }

  #learn(word: ReceiptWord, coordinator: string): void {
    if (!receiptHolds(word, coordinator, this.who)) this.forged++;
    for (const row of word.settled) {
      this.paid.set(row.replica, row);
      this.outbox.delete(row.replica);
    }
    for (const replica of word.acks) {
      this.acked.add(replica);
      this.outbox.delete(replica);
    }
    for (const replica of word.lost) this.outbox.delete(replica);
  }

  /** What is owed to it: acknowledged or paid. */
  get owed(): number[] {
    return [...new Set([...this.acked, ...this.paid.keys()])];
  }

  /**
   * Commits once more what is owed, and gives back what was told: each replica of `shaken`, which saw a kill, for itself;
   * of the others one for each receipt, which tells all that its tick paid.
   */
  async askAgain(shaken: ReadonlySet<number>): Promise<Told> {
    const told: Told = { known: [], rows: new Map(), unpaid: [], forged: 0 };
    for (let from = 0; from < this.owed.length; from += askedMax) {
      const asked = this.owed.slice(from, from + askedMax);
      const one = new Scripted(url, this.who);
      told.known.push(...(await one.signIn({ holding: asked })).holding);
      const each = asked.filter((replica) => shaken.has(replica));
      for (let at = 0; at < each.length; at += lookedForMax)
        await this.#commitAgain(one, each.slice(at, at + lookedForMax), told);
      for (const replica of asked)
        if (!shaken.has(replica) && !told.rows.has(replica)) await this.#commitAgain(one, [replica], told);
      await one.end();
    }
    return told;
  }

  async #commitAgain(one: Scripted, replicas: readonly number[], told: Told): Promise<void> {
    one.commit(replicas.map((replica) => this.answers.get(replica) as Answered));
    const answered = new Set<number>();
    for (const _ of replicas) {
      const word = await one.of('receipt');
      if (!receiptHolds(word, one.challenge?.coordinator ?? '', this.who)) told.forged++;
      for (const row of word.settled) told.rows.set(row.replica, row);
      const [replica = 0] = word.acks;
      answered.add(replica);
      if (!word.settled.some((row) => row.replica === replica)) told.unpaid.push(replica);
    }
    expect(answered).toEqual(new Set(replicas));
  }
}

test('[LO3] twenty kill -9 lose nothing that was acknowledged and pay nobody twice', async () => {
  await launch();
  const people = [new Stubborn(), new Stubborn(), new Stubborn(), new Stubborn()];
  const lives = people.map((one) => one.live());
  for (let killed = 0, dice = 12345; killed < kills; killed++) {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    await sleep(60 + (dice >>> 24));
    await killChild();
    await launch();
    pace.allowed += answersPerLife;
  }
  expect(people.some(({ done }) => done)).toBe(false);
  pace.allowed = Infinity;
  const shaken = new Set(people.flatMap((one) => one.owed));
  await Promise.all(lives);

  const job = (await (await fetch(`${url}/api/jobs/j1`)).json()) as JobView;
  expect(job).toMatchObject({ state: 'finished', final: chunks, disputes: 0, paidMicro: units * 2 * 10_000 });
  const results = Buffer.from(await (await fetch(`${url}/api/jobs/j1/results.bin`)).arrayBuffer());
  expect(results.equals(undisturbed())).toBe(true);
  let credited = 0;
  const toldAll = await Promise.all(people.map((one) => one.askAgain(shaken)));
  for (const [i, one] of people.entries()) {
    const view = (await (await fetch(`${url}/api/account/${one.who.account}`)).json()) as AccountView;
    credited += view.vestedMicro;
    expect(one.forged).toBe(0);
    // Everything acknowledged or paid is known still, and its receipt can be had: the same row, signed.
    const { known, rows, unpaid, forged } = toldAll[i] as Told;
    expect(new Set(known)).toEqual(new Set(one.owed));
    expect({ forged, unpaid }).toEqual({ forged: 0, unpaid: [] });
    for (const replica of one.owed) expect(rows.get(replica)).toMatchObject({ amountMicro: chunkMicro });
    for (const [replica, row] of one.paid) expect(rows.get(replica)).toEqual(row);
    // Nobody is paid twice for a chunk; what a kill kept from being told can be in the account too.
    expect(new Set([...rows.values()].map(({ chunk }) => chunk)).size).toBe(rows.size);
    expect(view.vestedMicro).toBeGreaterThanOrEqual(rows.size * chunkMicro);
  }
  expect(credited).toBe(units * 2 * 10_000);
}, 180_000);

/** `results.bin` as the kernel alone gives it, without any coordinator. */
function undisturbed(): Buffer {
  return Buffer.concat(
    outputsOf(cheapInput(units), 0, units).map((output) =>
      Buffer.concat([Buffer.from([0, 0, 0, 8]), output]),
    ),
  );
}
