/** The coordinator's ear for HTTP: listens, with TLS or without, or says in one line why not; and closes with grace. */
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Http2Bindings, HttpBindings } from '@hono/node-server';
import type { Sockets } from './socket.ts';
import type { SocketThread } from './socket-thread.ts';

/** A host as it stands in an address. */
export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** From Request to Response; what `node:http` knows beside is absent where it is called directly. */
export type Fetch = (call: {
  request: Request;
  env?: HttpBindings | Http2Bindings;
}) => Response | Promise<Response>;

type Pair = { readonly cert: Buffer; readonly key: Buffer };

/** What listens. Requests and volunteers that come before they can be met wait. */
export interface Ears {
  readonly port: number;
  /** From now on volunteers are let in; those first who have knocked already. */
  meet(sockets: Sockets): void;
  /** Takes nobody any more, and waits a moment for who is here. */
  close(): Promise<void>;
}

/**
 * Listens in this thread, or in `thread` where there is one; or says in one line why not. What answers is asked for with
 * the first request.
 */
export async function listen(
  certificate: Pair | null,
  fetch: () => Promise<Fetch>,
  at: { readonly host: string; readonly port: number },
  thread: SocketThread | null,
  onFatal: (error: unknown) => void,
): Promise<Ears> {
  const listener = listenerOf(fetch, onFatal);
  try {
    return await (thread === null
      ? listenHere(certificate, listener, at)
      : listenThere(certificate, listener, at, thread));
  } catch (error) {
    throw new Error(whyDeaf(error as NodeJS.ErrnoException, at.port), { cause: error });
  }
}

/** `node:http`'s side of a function from Request to Response, loaded with its first request: whoever comes for a socket needs neither. */
function listenerOf(fetch: () => Promise<Fetch>, onFatal: (error: unknown) => void): RequestListener {
  let answer: RequestListener | null = null;
  const load = async (): Promise<RequestListener> => {
    const [{ getRequestListener }, answered] = await Promise.all([import('@hono/node-server'), fetch()]);
    const listener = getRequestListener((request, env) => answered({ request, env }), {
      overrideGlobalObjects: false,
    });
    return (incoming, outgoing) => void listener(incoming, outgoing);
  };
  return (incoming, outgoing) => {
    if (answer !== null) return answer(incoming, outgoing);
    load().then((loaded) => (answer ??= loaded)(incoming, outgoing), onFatal);
  };
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
      : (await import('node:https')).createServer({ cert: certificate.cert, key: certificate.key }, listener);
  const { meet, leave, hear } = upgrades();
  hear(server);
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, done);
  });
  return {
    port: (server.address() as AddressInfo).port,
    meet,
    close() {
      leave();
      return closeServer(server);
    },
  };
}

/** The thread passes on here what is not a volunteer's socket; one that begins as something else is upgraded here. */
async function listenThere(
  certificate: Pair | null,
  listener: RequestListener,
  at: { readonly host: string; readonly port: number },
  thread: SocketThread,
): Promise<Ears> {
  const { meet, leave, hear } = upgrades();
  // Made for whoever asks first: a start waits for volunteers' sockets alone.
  let server: Server | null = null;
  const serving = (): Server => {
    if (server !== null) return server;
    server = createServer(listener);
    // It never listens itself, and times connections from when it does.
    server.emit('listening');
    hear(server);
    return server;
  };
  const port = await thread.listen(at, certificate, serving);
  return {
    port,
    meet(sockets) {
      meet(sockets);
      thread.meet(sockets);
    },
    async close() {
      leave();
      // It was never open, and closes who is idle all the same.
      server?.close();
      await thread.close();
    },
  };
}

/** Hands the upgrades that it can `hear` at a server to whom they `meet` later. `leave`: who waits still is sent away. */
function upgrades(): { hear(server: Server): void; meet(sockets: Sockets): void; leave(): void } {
  const waiting = new Set<Duplex>();
  let meet: (sockets: Sockets) => void = () => {};
  const met = new Promise<Sockets>((resolve) => (meet = resolve));
  const hear = (server: Server): void => {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Who goes while it waits is found to be gone then.
      const gone = (): void => void socket.destroy();
      socket.on('error', gone);
      waiting.add(socket);
      void met.then((sockets) => {
        waiting.delete(socket);
        sockets.upgrade(request, socket, head);
        socket.off('error', gone);
      });
    });
  };
  return {
    hear,
    meet,
    leave() {
      for (const socket of waiting) socket.destroy();
    },
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2_500).unref();
  });
}
