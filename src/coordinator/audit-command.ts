/**
 * `talka audit`: the operator's anchor in a process of its own, on this machine or another. It recomputes what was drawn, without
 * being told what was claimed, beside the coordinator's own threads or in place of them.
 */
import type { Became, TakenAudit } from '../wire/audits.ts';
import { takeMax } from '../wire/audits.ts';
import { AnchorThreads } from './anchor-threads.ts';
import { Auditing, isNotHeard } from './auditing.ts';
import type { NotHeard } from './auditing.ts';
import { isLoopback } from './network.ts';

export interface AuditOptions {
  /** `http://host:port` of the coordinator. */
  readonly url: string;
  readonly token: string;
  readonly cores: number;
  /** Share of each core's time, 0 … 1. */
  readonly share: number;
}

/** How often it asks while there is nothing to recompute. */
const askMs = 1_000;
/** Where nobody answers: at first, and at most. */
const backoffMs = 1_000;
const backoffMsMax = 30_000;
/** How often something is said that nobody hears, before its audit is left to somebody else. */
const triesMax = 4;
/** What a whole core has at hand, so that it does not wait for the line: audits may be of milliseconds. One with a small share has fewer. */
const atHandMax = 8;
/** Answers of one core that may be on their way. */
const answersMax = 4;
/** How long a thread rests after an audit that failed. */
const faultMs = 5_000;
const sayMs = 60_000;
/** Whoever ends it waits so long for what is on its way. */
const farewellMs = 5_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs until it is ended. Exit code 0: by SIGINT or SIGTERM; 1: the coordinator refuses it. Unreachable, it tries for ever. */
export function runAuditing(options: AuditOptions): Promise<number> {
  return new AwayAnchor(options).run();
}

class AwayAnchor {
  readonly #options: AuditOptions;
  readonly #line: Auditing;
  readonly #threads = new AnchorThreads();
  readonly #queue: TakenAudit[] = [];
  /** Taken, and neither answered nor given back. */
  readonly #holding = new Set<number>();
  /** Answers on their way. */
  readonly #answers = new Set<Promise<void>>();
  /** Who waits for the queue to change, and who waits for time to pass: the end ends both. */
  readonly #idle = new Set<() => void>();
  readonly #resting = new Set<() => void>();
  readonly #tally = { audits: 0, units: 0, wrong: 0, own: 0, busyMs: 0 };
  /** Attempts in a row that nobody answered. */
  #unheard = 0;
  #waiting = 0;
  #stopped = false;
  #code = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#line = new Auditing(options.url, options.token);
  }

  async run(): Promise<number> {
    const { url, cores, share } = this.#options;
    say(`auditing for ${url} on ${cores} ${cores === 1 ? 'thread' : 'threads'}, at a share of ${share}`);
    if (isExposed(url)) say('over plain http anybody in between can read the operator’s token: use https');
    const telling = setInterval(() => say(this.#state()), sayMs);
    const end = (): void => (this.#stopped ? process.exit(130) : this.#stop());
    process.on('SIGINT', end).on('SIGTERM', end);
    const serving = Promise.all([
      this.#fill(),
      ...Array.from({ length: cores }, (_, slot) => this.#serve(slot)),
    ]);
    while (!this.#stopped) await this.#change();
    await this.#threads.stop();
    const heard = serving.then(() => Promise.all(this.#answers));
    await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, farewellMs).unref())]);
    await this.#line.giveBack([...this.#holding]);
    this.#line.close();
    process.off('SIGINT', end).off('SIGTERM', end);
    clearInterval(telling);
    say(`ended: ${this.#state()}`);
    return this.#code;
  }

  /** Keeps a few audits at hand, so that no thread waits for the line. */
  async #fill(): Promise<void> {
    const { cores, share } = this.#options;
    const atHand = cores * (1 + Math.round(atHandMax * share));
    while (!this.#stopped) {
      const room = atHand - this.#queue.length;
      if (room < atHand / 2) {
        await this.#change();
        continue;
      }
      const got = await this.#line.take(Math.min(takeMax, room));
      if (isNotHeard(got)) {
        if (got.not === 'away') await this.#unheardOf(got);
        else this.#refused(got);
        continue;
      }
      this.#heard();
      this.#waiting = got.waiting;
      for (const audit of got.audits) {
        this.#queue.push(audit);
        this.#holding.add(audit.audit);
      }
      if (got.audits.length === 0) await this.#rest(askMs);
      else this.#wake();
    }
  }

  async #serve(slot: number): Promise<void> {
    while (!this.#stopped) {
      const isAhead = this.#answers.size >= answersMax * this.#options.cores;
      const audit = isAhead ? undefined : this.#queue.shift();
      if (audit === undefined) {
        await this.#change();
        continue;
      }
      this.#wake();
      try {
        const { outputs, busyMs } = await this.#recompute(audit, slot);
        // The line may be long: meanwhile the next is computed.
        const answer = this.#answer(audit, outputs, busyMs).catch((error: unknown) =>
          this.#failed(audit, error),
        );
        this.#answers.add(answer);
        void answer.finally(() => {
          this.#answers.delete(answer);
          this.#wake();
        });
      } catch (error) {
        this.#failed(audit, error);
        await this.#rest(faultMs);
      }
    }
  }

  /** No verdict on anybody: after its limit somebody else makes it. At the end it is given back. */
  #failed({ audit, job }: TakenAudit, error: unknown): void {
    if (this.#stopped) return;
    this.#holding.delete(audit);
    say(`audit ${audit} of ${job} failed: ${String(error)}`);
  }

  async #recompute({ kernel, units, wasm: wasmDigest, input: inputDigest }: TakenAudit, slot: number) {
    const wasm = await this.#patiently(() => this.#line.blob(wasmDigest));
    const input = await this.#patiently(() => this.#line.blob(inputDigest));
    if (isNotHeard(wasm)) throw new Error(wasm.why);
    if (isNotHeard(input)) throw new Error(input.why);
    const { share } = this.#options;
    return this.#threads.ask(slot, { kernel, wasm, input, inputDigest, units, share });
  }

  async #answer(audit: TakenAudit, outputs: readonly Uint8Array[], busyMs: number): Promise<void> {
    const said = await this.#patiently(() => this.#line.answer(audit, outputs));
    // Its job may have ended, or somebody else was faster.
    const isOver = isNotHeard(said) && (said.why === 'unknown-audit' || said.why === 'already-answered');
    if (isNotHeard(said) && !isOver) throw new Error(said.why);
    this.#holding.delete(audit.audit);
    if (!isNotHeard(said)) this.#count(audit, said, busyMs);
  }

  /** Says it again while nobody answers, up to a point. */
  async #patiently<T extends object>(speak: () => Promise<T | NotHeard>): Promise<T | NotHeard> {
    for (let tries = 1; ; tries++) {
      const heard = await speak();
      if (!isNotHeard(heard)) {
        this.#heard();
        return heard;
      }
      if (heard.not === 'refused' || tries === triesMax || this.#stopped) return heard;
      await this.#unheardOf(heard);
    }
  }

  #count({ audit, job, units }: TakenAudit, what: Became, busyMs: number): void {
    const tally = this.#tally;
    tally.audits++;
    tally.units += units.length;
    tally.busyMs += busyMs;
    switch (what.became) {
      case 'right':
        return;
      case 'wrong':
        tally.wrong++;
        return say(`audit ${audit} of ${job}: ${unitsText(what.units)} wrong, two engines say so too`);
      case 'overruled':
        tally.own++;
        return say(
          `audit ${audit} of ${job}: two engines say that the claim is right and this machine computed ${unitsText(what.units)} wrong: is its memory sound?`,
        );
      case 'paused':
        return say(`audit ${audit} of ${job}: two engines disagree, the kernel is paused`);
      case 'disputed':
        return say(`audit ${audit} of ${job}: a difference, which two engines are looking at`);
      default:
        what satisfies never;
    }
  }

  #refused({ status, why }: NotHeard): void {
    const hint =
      status === 401
        ? 'the token is not its operator’s'
        : 'is it of another version, or is there something in between?';
    say(`the coordinator refuses: ${why}; ${hint}`);
    this.#code = 1;
    this.#stop();
  }

  /** Says once that nobody answers, and waits, longer each time. */
  async #unheardOf({ why }: NotHeard): Promise<void> {
    if (this.#unheard++ === 0) say(`the coordinator does not answer (${why}); trying again`);
    const longest = Math.min(backoffMsMax, backoffMs * 2 ** Math.min(10, this.#unheard - 1));
    // Many anchors that lost one coordinator do not come back in one moment.
    await this.#rest(longest * (0.5 + Math.random() / 2));
  }

  #heard(): void {
    if (this.#unheard > 0) say('the coordinator answers again');
    this.#unheard = 0;
  }

  #state(): string {
    const { audits, units, wrong, own, busyMs } = this.#tally;
    const reach = this.#unheard > 0 ? 'no answer from the coordinator' : `${this.#waiting} waiting`;
    const fault = own === 0 ? '' : `, ${own} computed wrong here`;
    return `${audits} audits made (${units} units, ${(busyMs / 1000).toFixed(1)} s), ${wrong} found a wrong answer${fault}; ${reach}`;
  }

  #stop(): void {
    this.#stopped = true;
    this.#wake();
    for (const end of [...this.#resting]) end();
  }

  /** Until the queue has changed. */
  #change(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#idle.add(resolve));
  }

  #wake(): void {
    const waiting = [...this.#idle];
    this.#idle.clear();
    for (const wake of waiting) wake();
  }

  /** For so long, or until it is ended. */
  #rest(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#resting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#resting.add(end);
    });
  }
}

/** Whether what is said goes over a network, in the clear. */
function isExposed(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && hostname !== 'localhost' && !isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

const unitsText = (units: readonly number[]): string =>
  units.length === 1 ? `unit ${units[0]} is` : `units ${units.join(', ')} are`;
