/**
 * A crowd of volunteers that speak the real wire from one process and compute nothing: their answers are made up
 * from the unit's number, so that all of them agree and the coordinator's own work is what is measured.
 */
import { createHash, generateKeyPairSync, hash, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { limits, protocol } from '../../src/wire/version.ts';
import { Answers } from './answers.ts';
import { LeanSocket } from './lean-socket.ts';
import type { FromCoordinator, JobDescriptor, SlotWord } from '../../src/wire/volunteer.ts';

/** How a crowd behaves. */
export interface CrowdOptions {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly people: number;
  /** Claimed speed, in thousandths of the reference core: decides how many chunks a lease holds. */
  readonly rateMilli: number;
  /** One made-up output of a unit, in bytes; must pass the kernel's own check. */
  readonly output: (unit: number) => Uint8Array;
}

interface Member {
  readonly socket: LeanSocket;
  readonly rates: Record<string, number>;
  /** A replica that it committed, and when: one at a time is timed. */
  timed: number;
  timedAt: number;
  /** What it wants next, as the wire has it. */
  wishes: Buffer;
}

/** What a tick tells begins with leases, as our own coordinator writes them; a receipt follows. */
const leases =
  /\[?,?\{"t":"lease","slot":\d+,"lease":(\d+),"job":"(j\d+)","chunk":(\d+),"count":(\d+),"deadlineMs":\d+,"bytes":(true|false)\}/y;
const receipt = /\[?,?\{"t":"receipt","acks":\[([\d,]*)\]/y;

const utf8 = new TextEncoder();

function idOf(tag: string, publicKey: Buffer): string {
  return createHash('sha256')
    .update(utf8.encode(tag))
    .update(new Uint8Array(1))
    .update(publicKey)
    .digest('base64url')
    .slice(0, 16);
}

function signed(key: KeyObject, tag: string, parts: readonly unknown[]): string {
  return sign(
    null,
    Buffer.concat([Buffer.from(tag), Buffer.alloc(1), Buffer.from(JSON.stringify(parts))]),
    key,
  ).toString('base64url');
}

/** What answers a challenge: a device of its own, which agreed just now. */
export function helloOf(nonce: string, publicKey: Buffer, key: KeyObject, origin: string): string {
  const account = idOf('talka/account/1', publicKey);
  const text = hash('sha256', 'bench');
  const at = Date.now();
  const consent = {
    text,
    language: 'en',
    origin,
    site: null,
    at,
    signature: signed(key, 'talka/consent/1', [text, 'en', origin, null, at, account]),
  };
  const pub = publicKey.toString('base64url');
  const signature = signed(key, 'talka/hello/1', [nonce, origin, pub, account, null, text, at, protocol]);
  return JSON.stringify({
    t: 'hello',
    protocol,
    publicKey: pub,
    account,
    site: null,
    consent,
    holding: [],
    head: null,
    cores: 1,
    gpu: false,
    receipts: 3,
    signature,
  });
}

/** A crowd of signed-in devices. Counters only grow; read them twice and subtract. */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #members: Member[] = [];
  readonly #jobs = new Map<string, JobDescriptor>();
  readonly #answers = new Map<string, Answers>();
  #computing = false;
  /** Replicas acknowledged as durable, and settled and paid. */
  acked = 0;
  settled = 0;
  /** Frames sent and received. */
  sent = 0;
  received = 0;
  /** Milliseconds from sending a commit to its acknowledgement, sampled. */
  readonly latenciesMs: number[] = [];
  readonly refusals = new Map<string, number>();

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Connects and signs everybody in, `together` at a time. */
  async join(together = 50): Promise<void> {
    // The first learns which jobs there are, and answers are laid out before others wait for their welcome.
    await this.#joinOne();
    for (let i = 1; i < this.#options.people; i += together) {
      const some = Array.from({ length: Math.min(together, this.#options.people - i) }, () =>
        this.#joinOne(),
      );
      await Promise.all(some);
    }
  }

  /** Everybody asks for work, and for one lease ahead as every worker of a volunteer's does, and goes on until `stop`. */
  start(): void {
    this.#computing = true;
    this.#askAll();
    this.#askAll();
  }

  /** Everybody asks for one lease ahead again: where a job had no more for anybody, each waited for one alone. */
  askAhead(): void {
    this.#askAll();
  }

  #askAll(): void {
    for (const member of this.#members)
      this.#send(member, JSON.stringify({ t: 'ask', slots: [this.#slot(member)] }));
  }

  /** Nobody answers leases any more. */
  stop(): void {
    this.#computing = false;
  }

  /** Everybody hangs up. */
  leave(): void {
    for (const member of this.#members) member.socket.end();
  }

  #slot(member: Member): SlotWord {
    return { slot: 0, backend: 'wasm', rates: member.rates };
  }

  #send(member: Member, text: string): void {
    this.sent++;
    member.socket.sendText(text);
  }

  #joinOne(): Promise<void> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
    const origin = this.#options.url;
    const socket = new LeanSocket(origin);
    const member: Member = { socket, rates: {}, timed: -1, timedAt: 0, wishes: Buffer.alloc(0) };
    this.#members.push(member);
    return new Promise((resolve, reject) => {
      socket.onError = reject;
      socket.onText = (text) => {
        this.received++;
        if (this.#computing && this.#hearFast(member, text)) return;
        for (const word of [JSON.parse(text) as FromCoordinator | FromCoordinator[]].flat())
          if (word.t === 'challenge') this.#send(member, helloOf(word.nonce, raw, privateKey, origin));
          else if (word.t === 'welcome') {
            this.#learn(member, word.jobs);
            resolve();
          } else if (word.t === 'bye') reject(new Error(`bye ${word.reason} ${word.detail ?? ''}`));
          else this.#hear(member, word);
      };
    });
  }

  #learn(member: Member, jobs: readonly JobDescriptor[]): void {
    for (const job of jobs) {
      this.#jobs.set(job.job, job);
      member.rates[job.kernel] = this.#options.rateMilli;
      if (!this.#answers.has(job.job)) this.#answers.set(job.job, Answers.of(job, this.#options));
    }
    member.wishes = Buffer.from(JSON.stringify([this.#slot(member)]));
  }

  /**
   * Leases and receipts as our own coordinator writes them, read without making objects of all of it: the driver shares
   * the machine with what it measures. False when there is anything else in the frame.
   */
  #hearFast(member: Member, text: string): boolean {
    let at = 0;
    leases.lastIndex = 0;
    for (let found = leases.exec(text); found !== null; found = leases.exec(text)) {
      at = leases.lastIndex;
      const [, lease, job, chunk, count, bytes] = found;
      this.#answer(member, job as string, Number(lease), Number(chunk), Number(count), bytes === 'true');
    }
    receipt.lastIndex = at;
    const acks = receipt.exec(text)?.[1];
    if (acks === undefined) return at > 0;
    if (acks === '') return true;
    this.acked++;
    if (member.timed >= 0 && `,${acks},`.includes(`,${member.timed},`)) {
      if (this.latenciesMs.length < 2e6) this.latenciesMs.push(performance.now() - member.timedAt);
      member.timed = -1;
    }
    return true;
  }

  #hear(member: Member, word: FromCoordinator): void {
    if (word.t === 'lease' && this.#computing)
      this.#answer(member, word.job, word.lease, word.chunk, word.count, word.bytes);
    else if (word.t === 'refusal') {
      this.refusals.set(word.reason, (this.refusals.get(word.reason) ?? 0) + 1);
      // Who waits for others is given work as soon as there is some: asking once more would make two leases of one.
      // Who holds one ahead already asks again with the next commitment.
      const isGiven = word.reason === 'waiting-for-others' || word.reason === 'holding-enough';
      if (word.about === 'ask' && !isGiven && this.#computing)
        setTimeout(
          () =>
            this.#computing && this.#send(member, JSON.stringify({ t: 'ask', slots: [this.#slot(member)] })),
          word.retryMs ?? 1000,
        );
    } else if (word.t === 'news') this.#learn(member, word.jobs);
  }

  /** One frame for the whole lease, which asks for the next one. */
  #answer(member: Member, job: string, lease: number, chunk: number, count: number, bytes: boolean): void {
    const answers = this.#answers.get(job) as Answers;
    for (let from = 0; from < count; from += limits.commitItemsMax) {
      const items = Math.min(count - from, limits.commitItemsMax);
      const isLast = from + items === count;
      if (member.timed < 0) {
        member.timed = lease + from;
        member.timedAt = performance.now();
      }
      this.sent++;
      member.socket.send(
        answers.frame(lease + from, chunk + from, items, bytes, isLast ? member.wishes : null),
      );
    }
  }
}
