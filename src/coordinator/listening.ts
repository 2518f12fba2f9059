/** The coordinator's ear for HTTP: listens, with TLS or without, or says in one line why not; and closes with grace. */
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Http2Bindings, HttpBindings } from '@hono/node-server';
import type { Sockets } from './socket.ts';
import type { SocketThread } from './socket-thread.ts';

/** A host as it stands in an address. */
export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

type Fetch = (call: { request: Request; env: HttpBindings | Http2Bindings }) => Response | Promise<Response>;

type Pair = { readonly cert: Buffer; readonly key: Buffer };

/** What listens. */
export interface Ears {
  readonly port: number;
  /** From now on volunteers are let in. */
  meet(sockets: Sockets): void;
  /** Takes nobody any more, and waits a moment for who is here. */
  close(): Promise<void>;
}

/** Listens in this thread, or in `thread` where there is one; or says in one line why not. */
export async function listen(
  certificate: Pair | null,
  fetch: Fetch,
  at: { readonly host: string; readonly port: number },
  thread: SocketThread | null,
): Promise<Ears> {
  const answer = getRequestListener((request, env) => fetch({ request, env }), {
    overrideGlobalObjects: false,
  });
  const listener: RequestListener = (incoming, outgoing) => void answer(incoming, outgoing);
  try {
    return await (thread === null
      ? listenHere(certificate, listener, at)
      : listenThere(certificate, listener, at, thread));
  } catch (error) {
    throw new Error(whyDeaf(error as NodeJS.ErrnoException, at.port), { cause: error });
  }
}

function whyDeaf({ code, message }: NodeJS.ErrnoException, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use: stop the other program, or set PORT`;
  if (code === 'EACCES') return `port ${port} may not be opened by this user: set PORT above 1023`;
  return message;
}

async function listenHere(
  certificate: Pair | null,
  listener: RequestListener,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Ears> {
  const server =
    certificate === null
      ? createServer(listener)
      : createTlsServer({ cert: certificate.cert, key: certificate.key }, listener);
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, done);
  });
  return {
    port: (server.address() as AddressInfo).port,
    meet: (sockets) => void server.on('upgrade', upgrading(sockets)),
    close: () => closeServer(server),
  };
}

/** The thread passes on here what is not a volunteer's socket; one that begins as something else is upgraded here. */
async function listenThere(
  certificate: Pair | null,
  listener: RequestListener,
  at: { readonly host: string; readonly port: number },
  thread: SocketThread,
): Promise<Ears> {
  const server = createServer(listener);
  // It never listens itself, and times connections from when it does.
  server.emit('listening');
  const port = await thread.listen(at, certificate, server);
  return {
    port,
    meet(sockets) {
      server.on('upgrade', upgrading(sockets));
      thread.meet(sockets);
    },
    async close() {
      // It was never open, and closes who is idle all the same.
      server.close();
      await thread.close();
    },
  };
}

const upgrading =
  (sockets: Sockets) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
    sockets.upgrade(request, socket, head);

function closeServer(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2_500).unref();
  });
}
