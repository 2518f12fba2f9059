/**
 * A crowd of volunteers that speak the real wire from one process and compute nothing: their answers are made up
 * from the unit's number, so that all of them agree and the coordinator's own work is what is measured.
 */
import { createHash, generateKeyPairSync, hash, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { WebSocket } from 'ws';
import { encodeCommit } from '../../src/wire/frame.ts';
import type { CommitPart } from '../../src/wire/frame.ts';
import { limits, protocol } from '../../src/wire/version.ts';
import type { FromCoordinator, JobDescriptor, LeaseWord, SlotWord } from '../../src/wire/volunteer.ts';

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

interface Answer {
  readonly digests: Uint8Array;
  readonly bytes: Uint8Array;
  readonly lengths: number[];
  readonly root: string;
  uses: number;
}

interface Member {
  readonly socket: WebSocket;
  readonly rates: Record<string, number>;
  readonly sentAt: Map<number, number>;
}

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

/** A crowd of signed-in devices. Counters only grow; read them twice and subtract. */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #members: Member[] = [];
  readonly #jobs = new Map<string, JobDescriptor>();
  readonly #answers = new Map<string, Answer>();
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
    for (let i = 0; i < this.#options.people; i += together) {
      const some = Array.from({ length: Math.min(together, this.#options.people - i) }, () =>
        this.#joinOne(),
      );
      await Promise.all(some);
    }
  }

  /** Everybody asks for work and goes on until `stop`. */
  start(): void {
    this.#computing = true;
    for (const member of this.#members)
      this.#send(member, JSON.stringify({ t: 'ask', slots: [this.#slot(member)] }));
  }

  /** Nobody answers leases any more. */
  stop(): void {
    this.#computing = false;
  }

  /** Everybody hangs up. */
  leave(): void {
    for (const member of this.#members) member.socket.terminate();
  }

  #slot(member: Member): SlotWord {
    return { slot: 0, backend: 'wasm', rates: member.rates };
  }

  #send(member: Member, data: string | Uint8Array): void {
    this.sent++;
    member.socket.send(data);
  }

  #joinOne(): Promise<void> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
    const origin = this.#options.url;
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { origin, perMessageDeflate: false });
    const member: Member = { socket, rates: {}, sentAt: new Map() };
    this.#members.push(member);
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        this.received++;
        const word = JSON.parse(data.toString()) as FromCoordinator;
        if (word.t === 'challenge') this.#send(member, this.#hello(word.nonce, raw, privateKey, origin));
        else if (word.t === 'welcome') {
          this.#learn(member, word.jobs);
          resolve();
        } else if (word.t === 'bye') reject(new Error(`bye ${word.reason} ${word.detail ?? ''}`));
        else this.#hear(member, word);
      });
    });
  }

  #hello(nonce: string, publicKey: Buffer, key: KeyObject, origin: string): string {
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
      signature,
    });
  }

  #learn(member: Member, jobs: readonly JobDescriptor[]): void {
    for (const job of jobs) {
      this.#jobs.set(job.job, job);
      member.rates[job.kernel] = this.#options.rateMilli;
    }
  }

  #hear(member: Member, word: FromCoordinator): void {
    if (word.t === 'lease' && this.#computing) this.#answer(member, word);
    else if (word.t === 'receipt') {
      const now = performance.now();
      for (const replica of word.acks) {
        this.acked++;
        const sentAt = member.sentAt.get(replica);
        if (sentAt !== undefined && this.latenciesMs.length < 2e6) this.latenciesMs.push(now - sentAt);
        member.sentAt.delete(replica);
      }
      this.settled += word.settled.length;
    } else if (word.t === 'refusal') {
      this.refusals.set(word.reason, (this.refusals.get(word.reason) ?? 0) + 1);
      if (word.about === 'ask' && this.#computing)
        setTimeout(
          () =>
            this.#computing && this.#send(member, JSON.stringify({ t: 'ask', slots: [this.#slot(member)] })),
          word.retryMs ?? 1000,
        );
    } else if (word.t === 'news') this.#learn(member, word.jobs);
  }

  /** One frame for the whole lease, which asks for the next one. */
  #answer(member: Member, lease: LeaseWord): void {
    const job = this.#jobs.get(lease.job) as JobDescriptor;
    for (let from = 0; from < lease.count; from += limits.commitItemsMax) {
      const parts: CommitPart[] = [];
      for (let i = from; i < Math.min(lease.count, from + limits.commitItemsMax); i++) {
        const answer = this.#answerOf(job, lease.chunk + i);
        const item = {
          replica: lease.lease + i,
          root: answer.root,
          digestBytes: answer.digests.length,
          lengths: lease.bytes ? answer.lengths : null,
        };
        parts.push({ item, digests: answer.digests, bytes: lease.bytes ? answer.bytes : null });
        member.sentAt.set(lease.lease + i, performance.now());
      }
      const last = from + limits.commitItemsMax >= lease.count;
      const header = {
        t: 'commit' as const,
        items: parts.map((part) => part.item),
        ...(last ? { slots: [this.#slot(member)] } : {}),
      };
      this.#send(member, encodeCommit({ header, parts }));
    }
  }

  /** The made-up answer for a chunk, kept until its second use. */
  #answerOf(job: JobDescriptor, chunk: number): Answer {
    const key = `${job.job}/${chunk}`;
    const known = this.#answers.get(key);
    if (known !== undefined) {
      if (++known.uses === 2) this.#answers.delete(key);
      return known;
    }
    const from = chunk * job.unitsPerChunk;
    const units = Math.min(job.units - from, job.unitsPerChunk);
    const each = limits.digestBytes[job.agreement];
    const digests = new Uint8Array(units * each);
    const outputs: Uint8Array[] = [];
    const prefix = Buffer.concat([Buffer.from('talka/unit/1\0'), Buffer.from(job.job), Buffer.alloc(9)]);
    for (let i = 0; i < units; i++) {
      const output = this.#options.output(from + i);
      outputs.push(output);
      prefix.writeBigUInt64BE(BigInt(from + i), prefix.length - 8);
      digests.set(hash('sha256', Buffer.concat([prefix, output]), 'buffer').subarray(0, each), i * each);
    }
    const first = Buffer.alloc(8);
    first.writeBigUInt64BE(BigInt(from));
    const root = hash(
      'sha256',
      Buffer.concat([Buffer.from('talka/root/1\0'), Buffer.from(job.job), Buffer.alloc(1), first, digests]),
    );
    const answer: Answer = {
      digests,
      bytes: Buffer.concat(outputs),
      lengths: outputs.map((output) => output.length),
      root,
      uses: 1,
    };
    this.#answers.set(key, answer);
    return answer;
  }
}
