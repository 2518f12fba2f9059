/** Servers that hear WebSockets, ours in this thread and in one of its own, and `ws`'s; and connections that say bytes of a test's choice. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { accept } from '../../src/coordinator/handshake.ts';
import type { Ear, Line } from '../../src/coordinator/server-socket.ts';
import { SocketThread } from '../../src/coordinator/socket-thread.ts';

export const bytesMax = 70_000;

/** What a server heard of one connection, `ended` by a close or without one. */
interface Heard {
  readonly messages: string[];
  signs: number;
  ended: boolean;
}

export interface Host {
  readonly port: number;
  /** What the newest connection said. */
  heard: Heard;
  line: Line | null;
  server: Server;
  end(): Promise<void>;
}

export const textOf = (data: Buffer, isBinary: boolean): string =>
  `${isBinary ? 'b' : 't'} ${data.toString('base64')}`;
const nobody = (): Heard => ({ messages: [], signs: 0, ended: false });

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** What a host does with a connection. */
function meets(host: Host, line: Line, head: Buffer): void {
  const heard = (host.heard = nobody());
  host.line = line;
  const ear: Ear = {
    hear: (data, isBinary) => void heard.messages.push(textOf(data, isBinary)),
    heard: () => void heard.signs++,
    tooLong: () => false,
    tooMuch: () => false,
    closed: () => void (heard.ended = true),
  };
  line.listen(ear, head);
}

const limits = { messageBytesMax: bytesMax, strangerBytesMax: -1 };

function upgrades(host: Host): void {
  host.server.on('upgrade', (request, socket, head) => {
    const line = accept(request, socket, limits);
    if (line === null) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    else meets(host, line, head);
  });
}

async function hosting(): Promise<Host> {
  const server = createServer();
  const end = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
  };
  return { port: await listening(server), heard: nobody(), line: null, server, end };
}

export async function ours(): Promise<Host> {
  const host = await hosting();
  upgrades(host);
  return host;
}

/** The same, with the sockets in a thread of their own. */
export async function far(): Promise<Host> {
  const thread = new SocketThread((error) => {
    throw error;
  }, limits);
  const server = createServer();
  const port = await thread.listen({ host: '127.0.0.1', port: 0 }, null, () => server);
  const host: Host = { port, heard: nobody(), line: null, server, end: () => thread.end() };
  thread.meet({
    admit: () => ({ address: '127.0.0.1', origin: '' }),
    enter: (line, head) => meets(host, line, head),
  });
  upgrades(host);
  return host;
}

export async function theirs(): Promise<Host> {
  const host = await hosting();
  const sockets = new WebSocketServer({
    server: host.server,
    perMessageDeflate: false,
    maxPayload: bytesMax,
  });
  sockets.on('connection', (socket) => {
    const heard = (host.heard = nobody());
    socket.on('message', (data, isBinary) => heard.messages.push(textOf(data as Buffer, isBinary)));
    for (const sign of ['ping', 'pong'] as const) socket.on(sign, () => void heard.signs++);
    socket.on('close', () => void (heard.ended = true));
    socket.on('error', () => {});
  });
  return host;
}

export const handshake = (
  port: number,
  changed: Readonly<Record<string, string | null>> = {},
  method = 'GET',
): string => {
  const headers: Record<string, string | null> = {
    ...{ Host: `127.0.0.1:${port}`, Upgrade: 'websocket', Connection: 'Upgrade' },
    ...{ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    ...changed,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}\r\n`],
  );
  return `${method} /ws HTTP/1.1\r\n${lines.join('')}\r\n`;
};

/** A connection after its handshake, and all that comes back behind it. */
export interface Raw {
  readonly socket: Socket;
  /** The answer to the handshake. */
  readonly head: string;
  readonly back: Buffer[];
  readonly end: Promise<void>;
}

export async function raw(port: number, request = handshake(port)): Promise<Raw> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay();
  socket.on('error', () => {});
  const end = new Promise<void>((done) => socket.once('close', () => done()));
  socket.write(request);
  const first = await new Promise<Buffer>((come) => socket.once('data', come));
  const at = first.indexOf('\r\n\r\n') + 4;
  const back = [first.subarray(at)];
  socket.on('data', (data) => void back.push(data));
  return { socket, back, head: first.toString('latin1', 0, at), end };
}
