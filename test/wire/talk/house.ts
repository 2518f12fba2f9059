/** A coordinator without network or disk: the real loop, log, side tables and conversations, with a store that can be made to fail. */
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Auditor } from '../../../src/coordinator/auditor.ts';
import type { AuditorParts } from '../../../src/coordinator/auditor.ts';
import { Conversation } from '../../../src/coordinator/conversation.ts';
import type { ConversationHouse } from '../../../src/coordinator/conversation.ts';
import { makeKeys } from '../../../src/coordinator/keys.ts';
import { MemoryLog } from '../../../src/coordinator/log-memory.ts';
import { StoreFault } from '../../../src/coordinator/log.ts';
import type { StoreReason } from '../../../src/coordinator/log.ts';
import { Misdeeds } from '../../../src/coordinator/misdeeds.ts';
import { prefixOf } from '../../../src/coordinator/network.ts';
import { People } from '../../../src/coordinator/people.ts';
import { Runtime } from '../../../src/coordinator/runtime.ts';
import { SideTables } from '../../../src/coordinator/side.ts';
import type { ChainHead, KeptConsent } from '../../../src/coordinator/side.ts';
import { tellTick } from '../../../src/coordinator/socket.ts';
import { descriptorOf } from '../../../src/coordinator/views.ts';
import type { Event } from '../../../src/core/state.ts';
import type { KernelInput } from '../../../src/coordinator/inspecting.ts';
import { cheapInput, exactKernel, tolerantKernel } from '../../coordinator/cheap.ts';
import { troubled } from '../../contract/log-slow.ts';
import { specOf } from '../../core/house.ts';
import { FakeSocket } from './fake-socket.ts';

/** What is wrong with the store just now. */
export interface Mood {
  /** The log takes no writes. */
  down: StoreReason | null;
  /** Nothing can be looked up in the log. */
  blind: boolean;
  /** The side tables take no writes. */
  sideDown: boolean;
}

const units = 160;
export const unitsPerChunk = 4;
/** Every job's. */
export const input = cheapInput(units);
export const origin = 'http://talka.example';

export class TalkingHouse {
  readonly mood: Mood;
  readonly runtime: Runtime;
  readonly side: SideTables;
  readonly coordinator: string;
  /** What happened since it was last taken, and the notes and errors that nobody should see. */
  events: Event[] = [];
  /** Every job there ever was. */
  readonly jobs = new Map<string, 'exact' | 'tolerance'>();
  /** Every replica that was ever leased, with the job and the first unit of its chunk. */
  readonly leased = new Map<number, { readonly job: string; readonly from: number }>();
  readonly notes: string[] = [];
  readonly fatal: unknown[] = [];
  readonly #house: ConversationHouse;
  /** Whether the sockets' thread looks at frames before the loop. */
  readonly isThreaded: boolean;

  private constructor(mood: Mood, runtime: Runtime, house: ConversationHouse, isThreaded: boolean) {
    this.mood = mood;
    this.runtime = runtime;
    this.side = house.side;
    this.coordinator = house.key.publicText;
    this.#house = house;
    this.isThreaded = isThreaded;
  }

  /** `isThreaded`: what is said passes the checks of the sockets' thread, as after `npm start`. */
  static async open({ isThreaded }: { isThreaded: boolean }): Promise<TalkingHouse> {
    const mood = {
      down: null,
      blind: false,
      sideDown: false,
      trouble: { delayMs: 0, failOneIn: 0, seed: 1 },
    };
    const { keys } = makeKeys();
    const inner = troubled(new MemoryLog(), mood);
    const log = {
      ...inner,
      answer: (replica: number) =>
        mood.blind ? Promise.reject(new StoreFault('io', 'it cannot be read')) : inner.answer(replica),
    };
    const people = new People<Conversation>();
    const side = new MoodySide(mood, keys.groupSalt);
    const [fatal, notes, now] = [[] as unknown[], [] as string[], () => Date.now()];
    const inputOf = (job: string): KernelInput | null => {
      const kernel =
        runtime.state.jobs.get(job)?.spec.kernel === tolerantKernel.id ? tolerantKernel : exactKernel;
      return runtime.state.jobs.has(job)
        ? { kernel, input, outputBytesMax: kernel.outputBytesMax(input) }
        : null;
    };
    const onNote = (note: string, about: object): void => void notes.push(`${note} ${JSON.stringify(about)}`);
    const runtime: Runtime = await Runtime.open({
      ...{ log, key: keys.coordinator, now, live: people.live, measureOf: inputOf, onNote },
      lastView: () => '{}',
      onFatal: (error) => fatal.push(error),
    });
    const auditor = auditorOf({ runtime, log, now, onNote, inputs: { of: inputOf } }, people);
    const house: ConversationHouse = {
      ...{
        runtime,
        log,
        key: keys.coordinator,
        people,
        side,
        misdeeds: new Misdeeds(),
        now,
        onNote,
        inputOf,
      },
      auditor,
      placeOf: (address) => ({ group: side.groupOf(prefixOf(address)), network: '' }),
      isOwnOrigin: (one) => one === origin,
      jobs: () => [...runtime.state.jobs.values()].map(descriptorOf),
      onRefusal: () => {},
    };
    const made = new TalkingHouse(mood, runtime, house, isThreaded);
    Object.assign(made, { notes, fatal });
    runtime.listeners.add((tick) => {
      made.#note(tick.batch.events);
      tellTick(house, tick);
    });
    await made.refill();
    return made;
  }

  #note(events: readonly Event[]): void {
    this.events.push(...events);
    for (const event of events) {
      if (event.e === 'submitted') this.jobs.set(event.job, event.spec.agreement);
      if (event.e !== 'leased') continue;
      const { lease, job, chunk, count } = event;
      for (let i = 0; i < count; i++) this.leased.set(lease + i, { job, from: (chunk + i) * unitsPerChunk });
    }
  }

  /** Somebody connects. */
  connect(address: string): { socket: FakeSocket; conversation: Conversation } {
    const socket = new FakeSocket(this.isThreaded);
    const conversation = new Conversation(socket, Buffer.alloc(0), this.#house, { address, origin });
    return { socket, conversation };
  }

  /** Waits until everything that was said has had its consequence. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet = this.runtime.queueLength > 0 ? 0 : quiet + 1) {
      await nextTurn();
      await this.runtime.durable();
    }
  }

  /** Open jobs of both kinds, so that there is always something to attack. */
  async refill(): Promise<void> {
    while (this.runtime.state.jobs.size < 3) {
      const exact = this.runtime.state.nextJob % 3 !== 0;
      const funded = await this.runtime.run({ c: 'fund', account: 'r', amountMicro: 1e9 });
      const kernel = exact ? exactKernel : tolerantKernel;
      const spec = specOf({
        kernel: kernel.id,
        agreement: kernel.agreement,
        units,
        unitsPerChunk,
        unitCostMicro: 10_000,
      });
      const submitted = await this.runtime.run({ c: 'submit', requester: 'r', spec });
      if (funded.refused !== null || submitted.refused !== null) return;
    }
  }

  async close(): Promise<void> {
    await this.runtime.close();
    this.side.close();
  }
}

class MoodySide extends SideTables {
  readonly #mood: Mood;

  constructor(mood: Mood, salt: Buffer) {
    super(new DatabaseSync(':memory:'), salt);
    this.#mood = mood;
  }

  override keepChain(head: ChainHead): void {
    if (this.#mood.sideDown) throw new StoreFault('full', 'no room for a chain');
    super.keepChain(head);
  }

  override keepConsent(consent: KeptConsent): void {
    if (this.#mood.sideDown) throw new StoreFault('full', 'no room for a consent');
    super.keepConsent(consent);
  }

  override groupOf(prefix: string): string {
    if (this.#mood.sideDown) throw new StoreFault('full', 'no room for a network');
    return super.groupOf(prefix);
  }
}

/** No job here is audited, so nobody is given any audit: whatever is answered is gone, and says so. */
function auditorOf(
  parts: Pick<AuditorParts, 'runtime' | 'log' | 'now' | 'onNote' | 'inputs'>,
  people: People<Conversation>,
): Auditor {
  return new Auditor({
    ...parts,
    ...{ shelf: new Map(), browsers: false, device: 'a'.repeat(16) },
    ...{ groupsMin: 1, below: () => 0, lot: () => 0, candidates: () => [] },
    tell: (device, word) => people.find(device)?.tell(JSON.stringify(word)),
  });
}
