/**
 * The door for volunteers: upgrades `/ws`, checks Host, Origin and address, counts what strangers say, pings, and
 * hands durable ticks to those they concern.
 */
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Whence } from './arrival.ts';
import { limits } from '../wire/version.ts';
import { AsciiWriter } from './ascii.ts';
import { Conversation } from './conversation.ts';
import type { ConversationHouse } from './conversation.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import { addressOf } from './network.ts';
import type { Origins } from './origins.ts';
import type { Tick } from './runtime.ts';
import { accept } from './server-socket.ts';
import type { Line } from './server-socket.ts';

const pingMs = 25_000;
const deadMs = 60_000;
/** What TCP, TLS aside, may carry before a stranger has signed in: 8 KiB and the frames' own heads. */
const strangerWireBytesMax = limits.strangerBytesMax + 64;

export interface SocketHouse extends ConversationHouse {
  readonly origins: Origins;
  readonly doorkeeper: Doorkeeper;
  readonly proxies: BlockList;
}

/** Where a tick's frames are written: memory for so many bytes, which is used again unless it had to grow far beyond. */
const framesBytes = 1 << 20;
const framesBytesMax = 1 << 24;
let frames = new AsciiWriter(framesBytes);

/** Under this key a connection knows where it came from. */
const from = Symbol('from');
type Addressed = Duplex & { [from]?: string };

export class Sockets {
  readonly #house: SocketHouse;
  readonly #conversations = new Set<Conversation>();
  readonly #pingTimer: NodeJS.Timeout;
  #closing = false;
  /** What hears of an end is one function for all: ten thousand idle volunteers are measured by what each of them keeps alive. */
  readonly #leave: (this: Duplex) => void;
  readonly #gone: (conversation: Conversation) => void;
  #origin = '';

  constructor(house: SocketHouse) {
    this.#house = house;
    const { doorkeeper } = house;
    this.#leave = function (this: Duplex): void {
      doorkeeper.leave((this as Addressed)[from] ?? '');
    };
    this.#gone = (conversation) => {
      this.#conversations.delete(conversation);
      doorkeeper.leave(conversation.whence.address);
    };
    house.runtime.listeners.add((tick) => tellTick(house, tick));
    this.#pingTimer = setInterval(() => this.#pingAll(), pingMs);
    this.#pingTimer.unref();
  }

  /** How many sockets are open, strangers' included. */
  get size(): number {
    return this.#conversations.size;
  }

  /** For `upgrade` of the HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { origins, doorkeeper, proxies } = this.#house;
    socket.on('error', destroyThis);
    if (this.#closing) return refuseUpgrade(socket, '503 Service Unavailable');
    // What Node takes for a path need not be one: `//` is none.
    const url = URL.parse(request.url ?? '/', 'http://here');
    if (url?.pathname !== '/ws') return refuseUpgrade(socket, '404 Not Found');
    const { host, origin } = request.headers;
    if (host === undefined || !origins.isOwnHost(host)) return refuseUpgrade(socket, '403 Forbidden');
    if (origin !== undefined && !origins.isOwnOrigin(origin)) return refuseUpgrade(socket, '403 Forbidden');
    const address = addressOf(
      request.socket.remoteAddress,
      headerText(request.headers['x-forwarded-for']),
      proxies,
    );
    if (!doorkeeper.enter(address, this.#house.now())) return refuseUpgrade(socket, '429 Too Many Requests');
    (socket as Addressed)[from] = address;
    socket.on('close', this.#leave);
    const partner = url.searchParams.get('from');
    const whence = {
      address,
      origin: this.#same(origin ?? origins.originOfHost(host)),
      ...(partner === null ? {} : { from: partner }),
    };
    const accepted = accept(request, socket, limits.frameBytesMax);
    if (accepted === null) return refuseUpgrade(socket, '400 Bad Request');
    this.#enter(accepted, socket, head, whence);
  }

  // What listens as long as a connection lives is made in methods of its own: a listener keeps everything alive that any
  // function beside it uses, and the request with its headers is several kilobytes a volunteer.

  /** Most come from the same pages: one text for all of them. */
  #same(origin: string): string {
    if (origin !== this.#origin) this.#origin = origin;
    return this.#origin;
  }

  #enter(accepted: Line, socket: Duplex, head: Buffer, whence: Whence): void {
    // From here on the conversation hears of the end.
    socket.off('error', destroyThis);
    socket.off('close', this.#leave);
    const conversation = new Conversation(accepted, head, this.#house, whence, this.#gone);
    this.#conversations.add(conversation);
    watchStranger(socket, head.length, conversation);
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

/** A stranger's bytes are counted on the wire: one long frame must not be gathered first and judged afterwards. */
function watchStranger(socket: Duplex, already: number, conversation: Conversation): void {
  let bytes = already;
  const count = (data: Buffer): void => {
    // What it signed in with is counted no more.
    if (!conversation.isStranger) return;
    bytes += data.length;
    if (bytes > strangerWireBytesMax) conversation.bye('limits', 'too much was said before signing in');
  };
  socket.on('data', count);
  conversation.whenKnown = () => void socket.off('data', count);
}

/** A listener that holds on to nothing but what it listens to. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
