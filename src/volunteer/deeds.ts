/** Does what the loop says: opens sockets, fetches and checks blobs, drives engines, keeps the outbox. Reports what came of it. */
import { Gathering } from './gathering.ts';
import type { Outbox, KeptResult } from './outbox.ts';
import { withoutBytes } from './changes.ts';
import { memoryOutbox } from './outbox-memory.ts';
import { Answers } from './answers.ts';
import { encodeCommit } from '../wire/frame.ts';
import type { Payee } from '../wire/receipt.ts';
import { openJobs } from './jobs.ts';
import { bytesOfHex, hexOf, sha256 } from './crypto.ts';
import { consentHolds, makeIdentity, openIdentity, signConsent, signHello } from './identity.ts';
import type { Identity } from './identity.ts';
import { Crew } from './crew.ts';
import { Line } from './line.ts';
import type { LoopEffect, LoopEvent } from './loop.ts';
import type { Platform, Turn } from './platform.ts';
import { ReceiptKeeping } from './receipt-keeping.ts';
import { toldBefore, Witnessing } from './witnessing.ts';
import type { ConsentRecord, TreeHead } from '../wire/volunteer.ts';

/** What a person agreed to, and when. */
export interface Agreement {
  readonly text: string;
  readonly language: string;
  readonly at: number;
}

type EffectOf<K extends LoopEffect['do']> = Extract<LoopEffect, { readonly do: K }>;

export class Deeds {
  readonly #url: string;
  readonly #platform: Platform;
  readonly #tell: (event: LoopEvent) => void;
  readonly #crew: Crew;
  readonly #kept: Gathering;
  readonly #witnessing: Witnessing;
  readonly #receipts: ReceiptKeeping;
  /** Bytes known by their digest. */
  readonly #blobs = new Map<string, Uint8Array>();
  /** Computed chunks that the loop still counts on. */
  readonly #results = new Map<number, KeptResult>();
  readonly #answers = new Answers();
  #line: Line | null = null;
  #identity: Identity | null = null;
  #consent: ConsentRecord | null = null;
  #turn: Turn | null = null;
  #coordinator: string | null = null;
  #plan: { readonly agreement: Agreement; readonly steal: boolean; readonly done: () => void } | null = null;

  constructor(url: string, platform: Platform, tell: (event: LoopEvent) => void) {
    this.#url = url;
    this.#platform = platform;
    this.#kept = new Gathering(() => platform.now());
    this.#tell = tell;
    const keep = (result: KeptResult): void => void this.#results.set(result.replica, result);
    this.#crew = new Crew(platform, this.#blobs, tell, keep, this.#answers);
    this.#receipts = new ReceiptKeeping({
      url,
      keep: (change) => this.#kept.note(change),
      forged: () => tell({ on: 'stop', reason: { why: 'refused', code: 'receipt-forged', detail: null } }),
    });
    this.#witnessing = new Witnessing({
      url,
      now: () => platform.now(),
      whenIdle: platform.whenIdle ?? null,
      keep: (value) => this.#kept.note({ set: 'head', value }),
    });
  }

  /** What the next `prepare` is to work with. Resolves when it is done, or has led to a stop. */
  willPrepare(agreement: Agreement, steal: boolean): Promise<void> {
    return new Promise((done) => (this.#plan = { agreement, steal, done }));
  }

  do(effects: readonly LoopEffect[]): void {
    for (const effect of effects) this.#one(effect);
  }

  /** The visit is over: the turn is free for another tab. Storage is closed once everything is written. */
  rest(): void {
    this.#plan?.done();
    this.#plan = null;
    this.#witnessing.rest();
    const turn = this.#turn;
    this.#turn = null;
    if (turn !== null) void this.settled().then(() => turn.end());
  }

  /** Resolves when all that was to be written is. */
  async settled(): Promise<void> {
    await this.#line?.drained();
    await this.#kept.settled();
  }

  /** The page goes away: what has gathered is written while there is time. */
  keepNow(): void {
    this.#kept.write();
  }

  async forget(): Promise<void> {
    await this.settled();
    const outbox = this.#kept.outbox ?? (await this.#platform.openOutbox());
    this.#kept.outbox = null;
    this.#identity = null;
    this.#consent = null;
    this.#results.clear();
    await outbox.erase();
  }

  #one(effect: LoopEffect): void {
    if ('engine' in effect) return this.#crew.do(effect);
    switch (effect.do) {
      case 'prepare':
        return void this.#prepare();
      case 'fetchJobs':
        return void this.#fetchJobs();
      case 'connect':
        this.#receipts.lineBegins();
        this.#line?.close();
        this.#line = new Line(
          effect.socket,
          this.#platform.socket(socketUrl(this.#url)),
          (event) => this.#hear(event),
          (key) => (this.#coordinator = key),
        );
        return;
      case 'disconnect':
        return this.#lineOf(effect.socket)?.close();
      case 'signChain':
        if (this.#identity !== null) this.#lineOf(effect.socket)?.signChain(this.#identity);
        return;
      case 'hello':
        return void this.#hello(effect);
      case 'send':
        return this.#lineOf(effect.socket)?.send(effect.word);
      case 'commit':
        return this.#commit(effect);
      case 'answerAudit':
        return this.#answer(effect);
      case 'dropAnswer':
        return void this.#answers.take(effect.audit);
      case 'fetchBlob':
        return void this.#fetchBlob(effect.digest);
      case 'dropBlob':
        this.#blobs.delete(effect.digest);
        return;
      case 'keepProof':
        return this.#platform.rememberProof?.(effect.program);
      case 'dropProofs':
        return this.#platform.rememberProof?.(null);
      case 'keepResult':
      case 'keepDurable':
      case 'dropResults':
      case 'keepLease':
      case 'dropLeases':
      case 'keepHead':
        return this.#keep(effect);
      case 'keepReceipt':
        for (const { replica } of effect.receipt.settled) this.#results.delete(replica);
        return void this.#receipts.keep(effect.receipt, this.#payee());
      case 'checkLog':
        return void this.#checkLog(effect.from, effect.to);
      default:
        effect satisfies never;
    }
  }

  /** What comes over the line is the loop's; what it says of prices is noted for the receipts. */
  #hear(event: LoopEvent): void {
    const word = event.on === 'word' ? event.word : null;
    if (word?.t === 'welcome') this.#receipts.lineWelcomes();
    if (word?.t === 'welcome' || word?.t === 'news') for (const job of word.jobs) this.#receipts.priced(job);
    this.#tell(event);
  }

  #lineOf(socket: number): Line | null {
    return this.#line?.socket === socket ? this.#line : null;
  }

  /** Who we are, what we agreed to, and what an earlier visit left. */
  async #prepare(): Promise<void> {
    const plan = this.#plan;
    if (plan === null) return;
    const asked = this.#platform.takeTurn(plan.steal, () =>
      this.#tell({ on: 'stop', reason: { why: 'elsewhere' } }),
    );
    // Storage opens meanwhile, and may be forbidden; then this visit has no memory, and is none the worse otherwise.
    const opening = this.#kept.outbox ?? this.#platform.openOutbox().catch(() => memoryOutbox());
    const turn = await asked;
    this.#kept.outbox = await opening;
    if (turn === null) return this.#tell({ on: 'stop', reason: { why: 'elsewhere' } });
    // Stopped while waiting: the turn is not ours to keep.
    if (this.#plan !== plan) return turn.end();
    this.#turn = turn;
    try {
      await this.#remember(plan.agreement, this.#kept.outbox);
    } catch (error) {
      this.#tell({ on: 'stop', reason: { why: 'refused', code: 'storage', detail: String(error) } });
    }
    plan.done();
    if (this.#plan === plan) this.#plan = null;
  }

  async #remember(agreement: Agreement, outbox: Outbox): Promise<void> {
    const kept = await outbox.load();
    const fresh = kept.identity === null ? await makeIdentity(outbox.readable) : null;
    const keptIdentity = fresh ?? kept.identity;
    if (keptIdentity === null) throw new Error('an identity is kept or made');
    if (fresh !== null) this.#kept.note({ set: 'identity', value: fresh });
    const identity = await openIdentity(keptIdentity);
    this.#identity = identity;
    this.#consent = await this.#consentTo(agreement, identity, kept.consent);
    this.#witnessing.recall(kept.head);
    this.#receipts.recall(kept.mark);
    for (const result of kept.results) this.#results.set(result.replica, result);
    const { device, account } = identity;
    const coordinator = kept.head?.coordinator ?? null;
    const remembered = {
      device,
      account,
      coordinator,
      head: kept.head?.head ?? null,
      told: toldBefore(kept.head),
      restores: kept.head?.restores,
      results: kept.results,
      leases: kept.leases,
    };
    this.#tell({ on: 'prepared', remembered });
  }

  /** The signed record of this very agreement: the kept one, or a new one. */
  async #consentTo(
    agreement: Agreement,
    identity: Identity,
    kept: ConsentRecord | null,
  ): Promise<ConsentRecord> {
    const { origin, site } = this.#platform;
    if (
      kept !== null &&
      kept.at === agreement.at &&
      kept.site === site &&
      consentHolds(kept, origin, this.#platform.now())
    )
      return kept;
    const consent = await signConsent(identity, { ...agreement, origin, site });
    this.#kept.note({ set: 'consent', value: consent });
    return consent;
  }

  async #hello({ socket, nonce, holding, head, cores, gpu }: EffectOf<'hello'>): Promise<void> {
    const identity = this.#identity;
    const consent = this.#consent;
    if (identity === null || consent === null) return;
    const hello = await signHello(identity, nonce, this.#platform.origin, {
      holding: [...holding],
      head,
      cores,
      gpu,
      consent,
    });
    this.#lineOf(socket)?.greet(nonce, { ...hello, audits: true });
  }

  #commit({ socket, items, slots }: EffectOf<'commit'>): void {
    const parts = items.flatMap(({ replica, bytes }) => {
      const result = this.#results.get(replica);
      if (result === undefined) return [];
      const { root, digests, outputs, lengths } = result;
      const item = { replica, root, digestBytes: digests.length, lengths: bytes ? lengths : null };
      return [{ item, digests, bytes: bytes ? outputs : null }];
    });
    if (parts.length === 0) return;
    const header = {
      t: 'commit' as const,
      items: parts.map(({ item }) => item),
      ...(slots.length === 0 ? {} : { slots: [...slots] }),
    };
    const frame = encodeCommit({ header, parts });
    this.#lineOf(socket)?.commit(
      frame,
      parts.map(({ item }) => ({ replica: item.replica, root: bytesOfHex(item.root) })),
    );
  }

  #answer({ socket, audit }: EffectOf<'answerAudit'>): void {
    const frame = this.#answers.take(audit);
    if (frame !== null) this.#lineOf(socket)?.answer(frame);
  }

  async #fetchJobs(): Promise<void> {
    try {
      const response = await (this.#platform.takeJobs?.() ?? fetch(`${this.#url}/api/jobs`));
      const jobs = response.ok ? openJobs(await response.json()) : null;
      if (jobs !== null) this.#tell({ on: 'jobs', jobs });
    } catch {
      // The socket will say the same a moment later.
    }
  }

  async #fetchBlob(digest: string): Promise<void> {
    let fault: string | null = null;
    try {
      const response = await fetch(`${this.#url}/blobs/${digest}`);
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (hexOf(await sha256(bytes)) !== digest) throw new Error('the bytes are not those that were named');
      this.#blobs.set(digest, bytes);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
    this.#tell({ on: 'blob', digest, fault });
  }

  /** Notes a change of what is kept; many become one transaction. */
  #keep(
    effect: EffectOf<'keepResult' | 'keepDurable' | 'dropResults' | 'keepLease' | 'dropLeases' | 'keepHead'>,
  ): void {
    switch (effect.do) {
      case 'keepResult': {
        const value = this.#results.get(effect.result.replica);
        if (value === undefined) return;
        const whole = { ...value, ...effect.result };
        this.#results.set(value.replica, whole);
        return this.#kept.note({ put: 'results', value: whole });
      }
      case 'keepDurable':
        for (const replica of effect.replicas) {
          const value = this.#results.get(replica);
          if (value === undefined) continue;
          const rest = withoutBytes(value);
          this.#results.set(replica, rest);
          this.#kept.note({ put: 'results', value: rest });
        }
        return;
      case 'dropResults':
        for (const id of effect.replicas) {
          this.#results.delete(id);
          this.#kept.note({ drop: 'results', id });
        }
        return;
      case 'keepLease':
        return this.#kept.note({ put: 'leases', value: effect.lease });
      case 'dropLeases':
        for (const id of effect.leases) this.#kept.note({ drop: 'leases', id });
        return;
      case 'keepHead': {
        const { do: _, isCut = false, ...head } = effect;
        if (isCut) this.#receipts.logIs(head.coordinator, head.head);
        if (this.#identity !== null) this.#witnessing.accept(head, this.#identity.key);
        return;
      }
      default:
        effect satisfies never;
    }
  }

  /** Whose receipts ours are; null before that is known. */
  #payee(): Payee | null {
    const [identity, coordinator] = [this.#identity, this.#coordinator];
    if (identity === null || coordinator === null) return null;
    const { account, device } = identity;
    return { coordinator, account, device, site: this.#consent?.site ?? null };
  }

  async #checkLog(from: TreeHead, to: TreeHead): Promise<void> {
    let verdict: 'extends' | 'contradicts' | 'unknown' = 'unknown';
    try {
      const response = await fetch(`${this.#url}/api/log/consistency?from=${from.size}&to=${to.size}`);
      const { logExtends } = await import('./checks.ts');
      const extended = response.ok ? logExtends(from, to, await response.json()) : null;
      if (extended !== null) verdict = extended ? 'extends' : 'contradicts';
    } catch {
      // Not reached: nothing is proven, and nothing is remembered either. It is asked again later.
    }
    this.#tell({ on: 'logChecked', head: to, verdict });
    const payee = this.#payee();
    if (verdict === 'extends' && payee !== null) void this.#receipts.askMissed(payee);
  }
}

function socketUrl(url: string): string {
  return `${url.replace(/^http/, 'ws')}/ws`;
}
