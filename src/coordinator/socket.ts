/**
 * The door for volunteers: upgrades `/ws`, checks Host, Origin and address, counts what strangers say, pings, and
 * hands durable ticks to those they concern.
 */
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Whence } from './arrival.ts';
import { AsciiWriter } from './ascii.ts';
import { Conversation } from './conversation.ts';
import type { ConversationHouse } from './conversation.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import { addressOf } from './network.ts';
import type { Origins } from './origins.ts';
import type { Tick } from './runtime.ts';
import { accept } from './handshake.ts';
import type { Line } from './server-socket.ts';
import { knockOf, refuseUpgrade, socketLimits } from './knock.ts';
import type { Knock } from './knock.ts';

const pingMs = 25_000;
const deadMs = 60_000;
export interface SocketHouse extends ConversationHouse {
  readonly origins: Origins;
  readonly doorkeeper: Doorkeeper;
  readonly proxies: BlockList;
}

/** Where a tick's frames are written: memory for so many bytes, which is used again unless it had to grow far beyond. */
const framesBytes = 1 << 20;
const framesBytesMax = 1 << 24;
let frames = new AsciiWriter(framesBytes);

export class Sockets {
  readonly #house: SocketHouse;
  readonly #conversations = new Set<Conversation>();
  readonly #pingTimer: NodeJS.Timeout;
  #closing = false;
  /** What hears of an end is one function for all: ten thousand idle volunteers are measured by what each of them keeps alive. */
  readonly #gone: (conversation: Conversation) => void;
  #origin = '';

  constructor(house: SocketHouse) {
    this.#house = house;
    this.#gone = (conversation) => {
      this.#conversations.delete(conversation);
      this.left(conversation.whence);
    };
    house.runtime.listeners.add((tick) => tellTick(house, tick));
    this.#pingTimer = setInterval(() => this.#pingAll(), pingMs);
    this.#pingTimer.unref();
  }

  /** How many sockets are open, strangers' included. */
  get size(): number {
    return this.#conversations.size;
  }

  /** Whether somebody who asks for a socket is let in, and counted until it has `left`: where it comes from, or the status that it is refused with. */
  admit({ url, host, origin, forwardedFor, remoteAddress }: Knock): Whence | string {
    const { origins, doorkeeper, proxies } = this.#house;
    if (this.#closing) return '503 Service Unavailable';
    // What Node takes for a path need not be one: `//` is none.
    const asked = URL.parse(url, 'http://here');
    if (asked?.pathname !== '/ws') return '404 Not Found';
    if (host === undefined || !origins.isOwnHost(host)) return '403 Forbidden';
    if (origin !== undefined && !origins.isOwnOrigin(origin)) return '403 Forbidden';
    const address = addressOf(remoteAddress, forwardedFor, proxies);
    if (!doorkeeper.enter(address, this.#house.now())) return '429 Too Many Requests';
    const partner = asked.searchParams.get('from');
    return {
      address,
      origin: this.#same(origin ?? origins.originOfHost(host)),
      ...(partner === null ? {} : { from: partner }),
    };
  }

  /** Whoever was admitted and got no socket is counted no more. */
  left({ address }: Whence): void {
    this.#house.doorkeeper.leave(address);
  }

  /** Somebody who was admitted can be spoken with. `head`: what came right behind the handshake. */
  enter(line: Line, head: Buffer, whence: Whence): void {
    this.#conversations.add(new Conversation(line, head, this.#house, whence, this.#gone));
  }

  /** For `upgrade` of an HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', destroyThis);
    const whence = this.admit(knockOf(request));
    if (typeof whence === 'string') return refuseUpgrade(socket, whence);
    const accepted = accept(request, socket, socketLimits);
    if (accepted === null) {
      this.left(whence);
      return refuseUpgrade(socket, '400 Bad Request');
    }
    // From here on the conversation hears of the end.
    socket.off('error', destroyThis);
    this.enter(accepted, head, whence);
  }

  /** Most come from the same pages: one text for all of them. */
  #same(origin: string): string {
    if (origin !== this.#origin) this.#origin = origin;
    return this.#origin;
  }

  /** Says goodbye to everybody. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#pingTimer);
    for (const conversation of this.#conversations)
      conversation.bye(
        'shutting-down',
        'the coordinator stops; your chunks stay yours',
        3_000 + Math.floor(Math.random() * 7_000),
      );
  }

  #pingAll(): void {
    const now = this.#house.now();
    for (const conversation of this.#conversations) {
      if (now - conversation.heardAt > deadMs)
        conversation.bye('slow', 'nothing was heard of you for a minute');
      else conversation.ping();
    }
  }
}

/** Tells everybody what a durable tick means to them. */
export function tellTick({ people, jobs }: Pick<ConversationHouse, 'people' | 'jobs'>, tick: Tick): void {
  if (tick.batch.jobsChanged) {
    const news = JSON.stringify({ t: 'news', jobs: jobs() });
    for (const conversation of people.all()) conversation.tell(news);
  }
  const told: Conversation[] = [];
  const said: Buffer[] = [];
  tick.batch.parcels.forEach((parcel, device) => {
    const conversation = people.find(device);
    const frame = conversation?.frameOf(parcel, tick, frames) ?? null;
    if (conversation === undefined || frame === null) return;
    told.push(conversation);
    said.push(frame);
  });
  // All is written before any of it goes: the system, called between one and the next, would push everything else out of the processor's memory.
  let taken = true;
  for (let i = 0; i < told.length; i++)
    taken = (told[i] as Conversation).sayFrame(said[i] as Buffer) && taken;
  // What the network has not taken is read from where it lies.
  if (taken && frames.bytes.length <= framesBytesMax) frames.restart();
  else frames = new AsciiWriter(framesBytes);
}

/** A listener that holds on to nothing but what it listens to. */
function destroyThis(this: Duplex): void {
  this.destroy();
}
