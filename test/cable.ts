/**
 * A cable between volunteers and a coordinator, as a proxy on this machine. Its sockets can go silent without ever closing: what one
 * side says is swallowed and nobody is told, as when a phone leaves its network or a router forgets a connection.
 */
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

type Way = 'up' | 'down';

export class Cable {
  readonly url: string;
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  /** Sockets that were there when it went silent, each with the ways in which nothing passes any more. */
  readonly #silent = new Map<Socket, ReadonlySet<Way>>();
  /** Of these the handshake of a WebSocket was seen. */
  readonly #talks = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Lays one on `port` to whatever listens on the port that `to` says, each time that somebody connects. */
  static async lay(port: number, to: () => number): Promise<Cable> {
    const server = createServer();
    const cable = new Cable(server, port);
    server.on('connection', (near) => cable.#join(near, connect(to(), '127.0.0.1')));
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    return cable;
  }

  /** How many WebSockets go through it, those that are silent left out. */
  get talks(): number {
    return [...this.#talks].filter((near) => !this.#silent.has(near)).length;
  }

  /** From now on nothing passes through the WebSockets that are open, in these ways; whoever connects anew is heard. */
  silence(...ways: readonly Way[]): void {
    for (const near of this.#talks) this.#silent.set(near, new Set(ways));
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #join(near: Socket, far: Socket): void {
    const pass = (way: Way, to: Socket, data: Buffer): void => {
      if (way === 'up' && data.includes('GET /ws')) this.#talks.add(near);
      if (this.#silent.get(near)?.has(way) !== true) to.write(data);
    };
    // Where nothing passes no end passes either.
    const ends = (way: Way, to: Socket): void => {
      if (this.#silent.get(near)?.has(way) !== true) to.destroy();
    };
    near.on('data', (data) => pass('up', far, data));
    far.on('data', (data) => pass('down', near, data));
    near.on('close', () => {
      this.#talks.delete(near);
      ends('up', far);
    });
    far.on('close', () => ends('down', near));
    for (const end of [near, far]) {
      this.#ends.add(end);
      end.on('error', () => end.destroy());
      end.on('close', () => this.#ends.delete(end));
    }
  }
}
