/**
 * What witnesses countersigned of this log [LO8]: the latest of each, as long as it speaks of a head that our key signed and our
 * tree holds. Keys cost nothing, so whoever brings many crowds out their own and nobody else's.
 */
import * as v from 'valibot';
import { completeNodes, foldNodes } from '../core/merkle.ts';
import type { CosignatureView, SignedHeadView, StatusView } from '../wire/views.ts';
import { Allowance } from './allowance.ts';
import { clockSkewMsMax, verifyText } from './auth.ts';
import { cosignedBytes, deviceId, headBytes, tree } from './digests.ts';
import { StoreFault } from './log.ts';
import type { Log } from './log.ts';
import { isLoopback, prefixOf } from './network.ts';
import type { Head } from './receipts.ts';
import type { KeptCosignature, SideTables } from './side.ts';

/** Witnesses that are remembered at once. */
export const witnessesMax = 256;
/** Who was heard of within this counts as present. */
export const presentMs = 3_600_000;
/** One witness is heard no more often than this. */
export const pauseMs = 10_000;
/** Looks at signatures that all together, and one network from outside, may cost us: at once, and each second. */
const all = { burst: 512, perSecond: 50 };
const network = { burst: 64, perSecond: 1 };
/** Networks whose use is counted; the one counted longest goes first. */
const networksMax = 10_000;

const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const signature64 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/));
const signedHead = v.strictObject({
  tick: positive,
  at: natural,
  size: positive,
  root: hex32,
  receipts: v.union([hex32, v.literal('')]),
  signature: signature64,
});
/** A countersignature as it is sent. */
export const cosignature = v.strictObject({
  witness: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  seenAt: natural,
  cosignature: signature64,
  head: signedHead,
});

/** Why a countersignature is not taken. */
export type NotTaken =
  /** Too many came, from this witness, its network or everybody. */
  | 'too-often'
  /** `seenAt` is not now. */
  | 'clock'
  /** Our key did not sign this head: another coordinator's, or nobody's. */
  | 'other-head'
  /** The witness did not sign this. */
  | 'signature'
  /** Our key signed it, and our tree does not hold it. */
  | 'not-in-log'
  /** The witness has said something later, or of a longer log, already. */
  | 'stale';

export type Heard =
  | { readonly refused: null; readonly witnesses: StatusView['witnesses'] }
  | { readonly refused: NotTaken; readonly detail: string; readonly retryMs?: number };

/** What it needs of the house. */
export interface WitnessHouse {
  readonly side: SideTables;
  readonly log: Pick<Log, 'nodes'>;
  /** The coordinator's public key, base64url. */
  readonly coordinator: string;
  head(): Head | null;
  now(): number;
}

export class Witnesses {
  readonly #house: WitnessHouse;
  readonly #all = new Allowance(all.burst, all.perSecond);
  readonly #networks = new Map<string, Allowance>();
  /** Which network a witness was heard from, for as long as this process lives. */
  readonly #from = new Map<string, string>();
  #checked: Promise<void> | null = null;

  constructor(house: WitnessHouse) {
    this.#house = house;
  }

  /** Takes one countersignature. Throws StoreFault, and the one before stays. */
  async hear(said: CosignatureView, address: string): Promise<Heard> {
    const { side, coordinator, now } = this.#house;
    const { witness, seenAt, head } = said;
    const at = now();
    if (!this.#mayCost(address, at))
      return { refused: 'too-often', detail: 'too many came at once', retryMs: 60_000 };
    await this.#ready();
    const fault = faultBefore(said, side.cosignatureOf(witness), at);
    if (fault !== null) return fault;
    if (!isOurs(head, coordinator))
      return { refused: 'other-head', detail: 'this coordinator did not sign that head' };
    const root = Buffer.from(head.root, 'hex');
    if (!verifyText(witness, cosignedBytes(seenAt, coordinator, head.size, root), said.cosignature))
      return { refused: 'signature', detail: 'the witness did not countersign that head' };
    if (!(await this.#isInLog(head)))
      return { refused: 'not-in-log', detail: 'signed by our key, and not in our log' };
    // Others were heard meanwhile, this witness too perhaps: nothing waits from here on.
    const overtaken = faultBefore(said, side.cosignatureOf(witness), at);
    if (overtaken !== null) return overtaken;
    this.#keep({ cosigned: said, heardAt: at }, prefixOf(address));
    return { refused: null, witnesses: await this.summary() };
  }

  /** How many different keys were heard of in the last hour, and when one was last. */
  async summary(): Promise<StatusView['witnesses']> {
    await this.#ready();
    return this.#house.side.witnessesSince(this.#house.now() - presentMs);
  }

  /** The latest of each, the one heard of last first. */
  async list(): Promise<CosignatureView[]> {
    await this.#ready();
    return this.#house.side.cosignatures().map(({ cosigned }) => cosigned);
  }

  #keep(kept: KeptCosignature, from: string): void {
    const { side } = this.#house;
    const { witness } = kept.cosigned;
    const instead = side.cosignatureOf(witness) === null ? this.#oneTooMany(from) : null;
    side.keepCosignature(kept, deviceId(Buffer.from(witness, 'base64url')), instead);
    this.#from.set(witness, from);
    if (this.#from.size <= 2 * witnessesMax) return;
    const left = new Set(side.witnesses());
    for (const one of this.#from.keys()) if (!left.has(one)) this.#from.delete(one);
  }

  #mayCost(address: string, at: number): boolean {
    if (!isLoopback(address)) {
      const prefix = prefixOf(address);
      const allowance = this.#networks.get(prefix) ?? new Allowance(network.burst, network.perSecond);
      const [oldest] = this.#networks.keys();
      if (oldest !== undefined && this.#networks.size >= networksMax && !this.#networks.has(prefix))
        this.#networks.delete(oldest);
      this.#networks.set(prefix, allowance);
      if (!allowance.take(1, at)) return false;
    }
    return this.#all.take(1, at);
  }

  /** Whom a new witness replaces when the table is full: of the network that has most, the one heard of longest ago. */
  #oneTooMany(from: string): string | null {
    const known = this.#house.side.witnesses();
    if (known.length < witnessesMax) return null;
    const crowds = new Map([[from, 1]]);
    const crowdOf = (one: string): string => this.#from.get(one) ?? '';
    for (const one of known) crowds.set(crowdOf(one), (crowds.get(crowdOf(one)) ?? 0) + 1);
    const most = Math.max(...crowds.values());
    return known.find((one) => crowds.get(crowdOf(one)) === most) ?? (known[0] as string);
  }

  async #isInLog({ size, root }: SignedHeadView): Promise<boolean> {
    const { log, head } = this.#house;
    if (size > (head()?.size ?? 0)) return false;
    const found = foldNodes(tree, await log.nodes(completeNodes(0, size)));
    return Buffer.from(found).toString('hex') === root;
  }

  /** Once: what speaks of a log that was not kept by a restore is not shown as if it spoke of this one. */
  #ready(): Promise<void> {
    this.#checked ??= this.#dropLost().catch((error: unknown) => {
      this.#checked = null;
      // A store that takes no writes is no reason to refuse reads [HT2]: it is tried again the next time.
      if (!(error instanceof StoreFault)) throw error;
    });
    return this.#checked;
  }

  async #dropLost(): Promise<void> {
    const { side } = this.#house;
    for (const { cosigned } of side.cosignatures())
      if (!(await this.#isInLog(cosigned.head))) side.dropCosignature(cosigned.witness);
  }
}

/** What can be refused without looking at a signature. */
function faultBefore(
  { seenAt, head }: CosignatureView,
  before: KeptCosignature | null,
  at: number,
): Exclude<Heard, { refused: null }> | null {
  if (Math.abs(at - seenAt) > clockSkewMsMax)
    return { refused: 'clock', detail: `seenAt is not within five minutes of ${at}` };
  if (before === null) return null;
  const { cosigned, heardAt } = before;
  if (seenAt <= cosigned.seenAt || head.size < cosigned.head.size)
    return { refused: 'stale', detail: 'this witness has said something later' };
  const waitMs = heardAt + pauseMs - at;
  return waitMs <= 0 ? null : { refused: 'too-often', detail: 'heard a moment ago', retryMs: waitMs };
}

function isOurs({ tick, at, size, root, receipts, signature }: SignedHeadView, coordinator: string): boolean {
  const receiptsRoot = receipts === '' ? null : Buffer.from(receipts, 'hex');
  const bytes = headBytes(tick, at, size, Buffer.from(root, 'hex'), receiptsRoot);
  return verifyText(coordinator, bytes, signature);
}
