/**
 * kill -9, twenty times, in the middle of a job: what was acknowledged is there afterwards, results are the bits of
 * an undisturbed run, and everybody is paid exactly once for each chunk.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { AccountView, JobView } from '../../src/wire/views.ts';
import { cheapInput } from './cheap.ts';
import { answerOf, identity, outputsOf, receiptHolds, Scripted } from './volunteer.ts';
import type { Answered, Identity } from './volunteer.ts';

const kills = 20;
/** More than four volunteers can settle between twenty kills. */
const chunks = 6000;
const units = 8 * chunks;
/** Free a moment ago; the coordinator must come back at the same place. */
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const dir = mkdtempSync(join(tmpdir(), 'talka-kill-'));
let child: ChildProcess | null = null;
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

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

/** A volunteer that survives its coordinator: keeps what is not acknowledged, reconnects, sends it again. */
class Stubborn {
  readonly who: Identity = identity();
  readonly outbox = new Map<number, Answered>();
  readonly acked = new Set<number>();
  readonly paid = new Map<number, number>();
  readonly held = new Map<number, { chunk: number }>();
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
    const slot = { slot: 0, backend: 'wasm' as const, rates: { 'cheap@1': 1000 } };
    if (this.outbox.size > 0) this.#send(one, [...this.outbox.values()]);
    one.say({ t: 'ask', slots: [slot] });
    for (let idle = 0; !this.done && one.ws.readyState === one.ws.OPEN;) {
      const words = one.inbox.splice(0);
      idle = words.length === 0 ? idle + 1 : 0;
      if (idle > 400) return;
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
            answers.push(answer);
          }
          this.#send(one, answers, [slot]);
        }
      }
      await sleep(2);
    }
  }

  #send(one: Scripted, answers: readonly Answered[], slots?: Parameters<Scripted['commit']>[1]): void {
    for (let i = 0; i < answers.length; i += 64)
      one.commit(answers.slice(i, i + 64), i + 64 >= answers.length ? slots : undefined);
  }

  #learn(word: Parameters<typeof receiptHolds>[0], coordinator: string): void {
    if (!receiptHolds(word, coordinator, this.who)) this.forged++;
    for (const { replica, amountMicro } of word.settled) {
      this.paid.set(replica, amountMicro);
      this.outbox.delete(replica);
    }
    for (const replica of word.acks) {
      this.acked.add(replica);
      this.outbox.delete(replica);
    }
    for (const replica of word.lost) this.outbox.delete(replica);
  }
}

test('[LO3] twenty kill -9 lose nothing that was acknowledged and pay nobody twice', async () => {
  await launch();
  const people = [new Stubborn(), new Stubborn(), new Stubborn(), new Stubborn()];
  const lives = people.map((one) => one.live());
  let killed = 0;
  for (let dice = 12345; killed < kills; killed++) {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    await sleep(60 + (dice >>> 24));
    await killChild();
    if (people.some(({ done }) => done)) break;
    await launch();
  }
  expect(killed).toBe(kills);
  await Promise.all(lives);

  const job = (await (await fetch(`${url}/api/jobs/j1`)).json()) as JobView;
  expect(job).toMatchObject({ state: 'finished', final: chunks, disputes: 0, paidMicro: units * 2 * 10_000 });
  const results = Buffer.from(await (await fetch(`${url}/api/jobs/j1/results.bin`)).arrayBuffer());
  expect(results.equals(undisturbed())).toBe(true);
  let credited = 0;
  for (const one of people) {
    const view = (await (await fetch(`${url}/api/account/${one.who.account}`)).json()) as AccountView;
    credited += view.vestedMicro;
    expect(one.forged).toBe(0);
    // Every receipt that anybody holds is in the account; what a kill kept from being told can be more.
    expect(view.vestedMicro).toBeGreaterThanOrEqual(
      [...one.paid.values()].reduce((sum, amount) => sum + amount, 0),
    );
    // Every acknowledged answer is known still, and its receipt can be had.
    const back = new Scripted(url, one.who);
    const known = (await back.signIn({ holding: [...one.acked].slice(-500) })).holding;
    expect(new Set(known)).toEqual(new Set([...one.acked].slice(-500)));
    await back.end();
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
