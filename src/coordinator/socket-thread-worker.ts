/**
 * The thread behind `socket-thread.ts`: listens, with TLS or without; answers the handshakes of volunteers' sockets once the
 * loop's thread has let them in, reads and writes their frames, and passes the bytes of every other connection on.
 */
import { createServer as createHttp } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import { arrivals } from './socket-arrivals.ts';
import { PassedOn } from './socket-passed-on.ts';
import { Volunteers } from './socket-volunteers.ts';
import type { SocketLimits } from './server-socket.ts';
import type { SocketNews, SocketWish } from './socket-thread.ts';

const port = parentPort;
if (port === null) throw new Error('this is a thread of the coordinator');

const say = (news: SocketNews, hand: readonly ArrayBuffer[] = []): void => port.postMessage(news, [...hand]);
const volunteers = new Volunteers(
  (batch) => port.postMessage(batch, [batch]),
  (socket, knock) => say({ is: 'knock', socket, knock }),
  workerData as SocketLimits,
);
const others = new PassedOn(say);
let heads: HttpServer | null = null;
/** Only reads heads of requests that ask for a socket, as `arrivals` saw them. Made as soon as this listens, and not before. */
function handshakes(): HttpServer {
  if (heads !== null) return heads;
  heads = createHttp((_, answer) => answer.writeHead(400, { Connection: 'close' }).end());
  heads.on('upgrade', (request, connection, head) => volunteers.knock(request, connection, head));
  return heads;
}
const sort = arrivals({
  volunteer: (connection) => handshakes().emit('connection', connection),
  other: (connection) => others.pass(connection, 'encrypted' in connection),
});
const everybody = new Set<Socket>();
let server: Server | null = null;
/** Who has not gone by then is cut off. */
const closeMs = 2_500;

async function listen({ host, port: at, tls }: Extract<SocketWish, { is: 'listen' }>): Promise<void> {
  const options = { allowHalfOpen: true, noDelay: true };
  const met = (connection: Socket | TLSSocket): void => {
    everybody.add(connection);
    // Not `once`: what that remembers for each of them would stay as long as they do.
    connection.on('close', left);
    sort(connection);
  };
  server =
    tls === null
      ? createServer(options, met)
      : (await import('node:tls')).createServer(
          { ...options, cert: Buffer.from(tls.cert), key: Buffer.from(tls.key), ALPNProtocols: ['http/1.1'] },
          met,
        );
  const listening = server;
  // Also of what goes wrong later, as when there are no more descriptors: who comes then is not met, and that is all.
  listening.on('error', deaf);
  listening.listen(at, host, () => {
    const address = listening.address();
    if (typeof address === 'object' && address !== null) say({ is: 'listening', port: address.port });
    handshakes();
  });
}

function deaf(error: unknown): void {
  const { code = '', message } = error as NodeJS.ErrnoException;
  say({ is: 'deaf', code, why: message });
}

function left(this: Socket): void {
  everybody.delete(this);
}

function close(): void {
  const closed = (): void => say({ is: 'closed' });
  if (server === null) return closed();
  server.close(closed);
  setTimeout(() => {
    for (const connection of everybody) connection.destroy();
    // Who is in the middle of a TLS handshake is nobody yet, and not waited for.
    closed();
  }, closeMs).unref();
}

port.on('message', (wish: ArrayBuffer | SocketWish) => {
  if (wish instanceof ArrayBuffer) return volunteers.told(wish);
  switch (wish.is) {
    case 'listen':
      // What may go wrong at once: a certificate that this TLS does not take, for one.
      return void listen(wish).catch(deaf);
    case 'write':
    case 'took':
    case 'end':
    case 'destroy':
      return others.told(wish);
    case 'close':
      return close();
    default:
      wish satisfies never;
  }
});
