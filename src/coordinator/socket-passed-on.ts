/** Connections of this thread that another thread's HTTP server answers: bytes are passed on, in pieces that wait for each other. */
import type { Socket } from 'node:net';
import type { SocketNews, SocketWish } from './socket-thread.ts';

type Say = (news: SocketNews, hand?: readonly ArrayBuffer[]) => void;
type Told = Exclude<SocketWish, { is: 'listen' | 'close' }>;

/** Bytes of one connection that may be on their way to the other thread. */
const onTheWayMax = 1 << 18;

/** What was said last must be taken by then. */
const lastWordsMs = 2_000;

interface Passed {
  readonly connection: Socket;
  /** Lengths of the pieces that are not `took` yet. */
  readonly pieces: number[];
  onTheWay: number;
}

export class PassedOn {
  readonly #say: Say;
  readonly #passed = new Map<number, Passed>();
  #last = 0;

  constructor(say: Say) {
    this.#say = say;
  }

  /** From now on it is the other thread's. */
  pass(connection: Socket, encrypted: boolean): void {
    const id = ++this.#last;
    const passed: Passed = { connection, pieces: [], onTheWay: 0 };
    this.#passed.set(id, passed);
    this.#say({ is: 'came', connection: id, from: { remoteAddress: connection.remoteAddress, encrypted } });
    connection.on('data', (data: Buffer) => this.#data(id, passed, data));
    connection.on('end', () => this.#say({ is: 'ended', connection: id }));
    // What went wrong is told by the close that follows.
    connection.on('error', () => connection.destroy());
    connection.on('close', () => {
      this.#passed.delete(id);
      this.#say({ is: 'gone', connection: id });
    });
  }

  told(wish: Told): void {
    const passed = this.#passed.get(wish.connection);
    if (passed === undefined) return;
    const { connection } = passed;
    switch (wish.is) {
      case 'write':
        connection.write(wish.bytes, () => this.#say({ is: 'written', connection: wish.connection }));
        return;
      case 'took':
        passed.onTheWay -= passed.pieces.shift() ?? 0;
        if (passed.onTheWay <= onTheWayMax / 2) connection.resume();
        return;
      case 'end':
        return void connection.end();
      case 'destroy':
        connection.destroySoon();
        // Whoever does not take what was said would keep it for ever.
        return void setTimeout(() => connection.destroy(), lastWordsMs).unref();
      default:
        wish satisfies never;
    }
  }

  #data(id: number, passed: Passed, data: Buffer): void {
    const bytes = new Uint8Array(data);
    passed.pieces.push(bytes.length);
    passed.onTheWay += bytes.length;
    if (passed.onTheWay > onTheWayMax) passed.connection.pause();
    this.#say({ is: 'bytes', connection: id, bytes }, [bytes.buffer]);
  }
}
