/** The coordinator's ear for HTTP: listens, with TLS or without, or says in one line why not; and closes with grace. */
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { Http2Bindings, HttpBindings } from '@hono/node-server';

/** A host as it stands in an address. */
export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

type Fetch = (call: { request: Request; env: HttpBindings | Http2Bindings }) => Response | Promise<Response>;

/** Listens, or says in one line why not. */
export function listen(
  certificate: { cert: Buffer; key: Buffer } | null,
  fetch: Fetch,
  host: string,
  port: number,
): Promise<Server> {
  const answer = getRequestListener((request, env) => fetch({ request, env }), {
    overrideGlobalObjects: false,
  });
  const listener: RequestListener = (incoming, outgoing) => void answer(incoming, outgoing);
  const server =
    certificate === null
      ? createServer(listener)
      : createTlsServer({ cert: certificate.cert, key: certificate.key }, listener);
  return new Promise((done, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `port ${port} is in use: stop the other program, or set PORT`
          : error.code === 'EACCES'
            ? `port ${port} may not be opened by this user: set PORT above 1023`
            : error.message;
      failed(new Error(why));
    });
    server.listen(port, host, () => done(server));
  });
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2_500).unref();
  });
}
