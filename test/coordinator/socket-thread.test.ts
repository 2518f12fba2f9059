/** Sockets in a thread of their own: pages and uploads pass through it whole, slow readers and floods wait in it, and it starts, ends and dies with a word. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, get, request, Agent } from 'node:http';
import type { IncomingMessage, RequestListener, RequestOptions, Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { arrivals } from '../../src/coordinator/socket-arrivals.ts';
import { entries } from '../../src/coordinator/socket-batch.ts';
import { FarConnection } from '../../src/coordinator/far-connection.ts';
import { accept } from '../../src/coordinator/handshake.ts';
import type { Ear, Line } from '../../src/coordinator/server-socket.ts';
import { SocketThread } from '../../src/coordinator/socket-thread.ts';
import { handshake } from './socket-hosts.ts';
import { started } from './started.ts';
import { Scripted } from './volunteer.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const megabytes = (count: number): Buffer => randomBytes(count * 1_000_000);
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A masked binary frame of 100 kB, its mask being nothing. */
const frame = Buffer.concat([
  Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa0, 0, 0, 0, 0]),
  Buffer.alloc(100_000),
]);

/** A thread whose pages `listener` answers, and whose volunteers `ear` hears. */
async function threaded(
  listener: (...said: Parameters<RequestListener>) => unknown,
  ear: Partial<Ear> = {},
  isMet = true,
): Promise<{ server: Server; port: number; thread: SocketThread; lines: Line[]; meet: () => void }> {
  const thread = new SocketThread(
    (error) => {
      throw error;
    },
    { messageBytesMax: 1_000_000, strangerBytesMax: -1 },
  );
  closing.push(() => thread.end());
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  server.emit('listening');
  closing.push(() => server.close());
  const port = await thread.listen({ host: '127.0.0.1', port: 0 }, null, () => server);
  const lines: Line[] = [];
  const no = () => false;
  const whole: Ear = { hear() {}, heard() {}, tooLong: no, tooMuch: no, closed() {}, ...ear };
  const meet = (): void =>
    thread.meet({
      admit: () => ({ address: '127.0.0.1', origin: '' }),
      enter(line) {
        line.listen(whole, Buffer.alloc(0));
        lines.push(line);
      },
    });
  if (isMet) meet();
  return { port, thread, lines, server, meet };
}

async function wholeOf(message: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces);
}

function asked(options: RequestOptions, body?: Buffer): Promise<IncomingMessage> {
  return new Promise((done, failed) => request(options, done).once('error', failed).end(body));
}

function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  closing.push(() => socket.destroy());
  return new Promise((done) => socket.once('connect', () => done(socket)));
}

describe('what is not a volunteer’s', () => {
  test('comes and goes whole, many at once, over connections that are used again', async () => {
    const file = megabytes(3);
    const ports = new Set<unknown>();
    const { port } = await threaded((incoming, outgoing) => {
      expect(incoming.socket.remoteAddress).toBe('127.0.0.1');
      void wholeOf(incoming).then((body) => {
        outgoing.setHeader('digest', digestOf(body));
        outgoing.end(file);
      });
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    closing.push(() => agent.destroy());
    const upload = megabytes(2);
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const answer = await asked({ port, host: '127.0.0.1', method: 'POST', agent }, upload);
        ports.add(answer.socket.localPort);
        expect(answer.headers['digest']).toBe(digestOf(upload));
        expect(digestOf(await wholeOf(answer))).toBe(digestOf(file));
      }),
    );
    expect(ports.size).toBe(2);
  });

  test('is read no faster than it is taken, and written no faster than it is read; and all of it comes in the end', async () => {
    let written = 0;
    let come = 0;
    let taken = 0;
    let goOn = (): void => {};
    const waited = new Promise<void>((resolve) => (goOn = resolve));
    const { port } = await threaded(async (incoming, outgoing) => {
      if (incoming.method === 'POST') {
        // Nobody takes what comes; later it is taken slowly.
        await waited;
        for await (const piece of incoming as AsyncIterable<Buffer>) {
          taken += piece.length;
          await sleep(1);
        }
        outgoing.end();
        return;
      }
      const piece = Buffer.alloc(100_000);
      const more = (): void => {
        while (written < 2e7) {
          written += piece.length;
          if (!outgoing.write(piece)) return void outgoing.once('drain', more);
        }
        outgoing.end();
      };
      more();
    });
    const slow = await asked({ port, host: '127.0.0.1' });
    slow.pause();
    const upload = await connected(port);
    upload.write('POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 30000000\r\n\r\n');
    const piece = Buffer.alloc(100_000);
    const push = (): void => {
      while (come < 3e7) {
        come += piece.length;
        if (!upload.write(piece)) return void upload.once('drain', push);
      }
    };
    push();
    await sleep(1_000);
    // What the system's own buffers take is some megabytes.
    expect(written).toBeLessThan(16_000_000);
    expect(come).toBeLessThan(16_000_000);
    expect((await wholeOf(slow)).length).toBe(20_000_000);
    goOn();
    await expect.poll(() => taken, { timeout: 15_000 }).toBe(30_000_000);
  });

  test('ends for good where no further answer is wanted, though the other side stays', async () => {
    const said: string[] = [];
    const far = {
      write: () => queueMicrotask(() => connection.written()),
      say: (is: string) => void said.push(is),
    };
    const connection = new FarConnection(1, far, { remoteAddress: '127.0.0.1', encrypted: false });
    createServer((_, outgoing) => outgoing.end('all of it')).emit('connection', connection);
    connection.came(Buffer.from('GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n'));
    await expect.poll(() => said).toEqual(['took', 'end', 'destroy']);
  });

  test('may come byte by byte, and ask for a socket later', async () => {
    const house = await started({ socketThread: true });
    closing.push(() => house.close());
    const socket = await connected(house.port);
    const back: Buffer[] = [];
    socket.on('data', (data) => back.push(data));
    const said = (): string => Buffer.concat(back).toString('latin1');
    for (const byte of `GET /wsx HTTP/1.1\r\nHost: 127.0.0.1:${house.port}\r\n\r\n`) {
      socket.write(byte);
      await new Promise((turn) => setImmediate(turn));
    }
    await expect.poll(said).toContain('HTTP/1.1 404 ');
    socket.write(handshake(house.port));
    await expect.poll(said).toContain('HTTP/1.1 101 ');
    await expect.poll(said).toContain('"t":"challenge"');
  });

  test('and is heard to the end when it asked for one late, however often it was told to wait', async () => {
    let line: Line | null = null;
    let heard = 0;
    const { port, server } = await threaded((_, outgoing) => outgoing.end());
    server.on('upgrade', (incoming, connection, head) => {
      line = accept(incoming, connection, { messageBytesMax: 1_000_000, strangerBytesMax: -1 });
      const no = () => false;
      const hear = (data: Buffer): void => void (heard += data.length);
      line?.listen({ hear, heard() {}, tooLong: no, tooMuch: no, closed() {} }, head);
    });
    const socket = await connected(port);
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
    await new Promise((answer) => socket.once('data', answer));
    socket.write(handshake(port));
    await new Promise((answer) => socket.once('data', answer));
    for (let i = 0; i < 4; i++) {
      line!.pause();
      for (let k = 0; k < 10; k++) socket.write(frame);
      await sleep(100);
      line!.resume();
      await expect.poll(() => heard).toBe((i + 1) * 1_000_000);
    }
  });

  test('is cut off where it never says what it is, however slowly', async () => {
    let shown = 0;
    const sort = arrivals({ volunteer: () => shown++, other: () => shown++ }, 300);
    const server = createTcpServer(sort).listen(0, '127.0.0.1');
    closing.push(() => server.close());
    await new Promise((done) => server.once('listening', done));
    const socket = await connected((server.address() as AddressInfo).port);
    const drip = setInterval(() => socket.write(socket.bytesWritten === 0 ? 'GET /ws?' : 'x'), 40);
    closing.push(() => clearInterval(drip));
    await new Promise((end) => socket.once('close', end));
    expect(shown).toBe(0);
  });

  test('is told to the pages’ server when it goes: a request that is cut off ends there too', async () => {
    let isOver = false;
    const { port } = await threaded((incoming, outgoing) => {
      incoming.on('error', () => {});
      outgoing.on('close', () => (isOver = true));
      outgoing.write('a beginning');
    });
    const answer = await asked({ port, host: '127.0.0.1' });
    answer.on('error', () => {});
    answer.socket.destroy();
    await expect.poll(() => isOver).toBe(true);
  });
});

describe('a volunteer’s socket', () => {
  test('that is refused is not kept, though the other side stays', async () => {
    const house = await started({ socketThread: true });
    closing.push(() => house.close());
    const socket = connect({ port: house.port, host: '127.0.0.1', allowHalfOpen: true });
    closing.push(() => socket.destroy());
    let isOver = false;
    socket.on('error', () => (isOver = true));
    socket.resume();
    socket.write(handshake(house.port, { Origin: 'http://elsewhere.example' }));
    await new Promise((end) => socket.once('end', end));
    // A half-open connection would go on taking this; one that is gone resets it.
    const more = setInterval(() => socket.write('x'), 100);
    closing.push(() => clearInterval(more));
    await expect.poll(() => isOver, { timeout: 5_000 }).toBe(true);
  });

  test('that asks before anybody meets it waits, and is met; who left meanwhile is not', async () => {
    let closed = 0;
    const { port, lines, meet } = await threaded(() => {}, { closed: () => closed++ }, false);
    const [stays, leaves] = [await connected(port), await connected(port)];
    const answer = new Promise<string>((said) => stays.once('data', (bytes: Buffer) => said(String(bytes))));
    for (const socket of [stays, leaves]) socket.write(handshake(port));
    await sleep(200);
    leaves.resetAndDestroy();
    await sleep(100);
    meet();
    expect(await answer).toMatch(/^HTTP\/1\.1 101 /);
    await expect.poll(() => closed).toBe(1);
    expect(lines).toHaveLength(2);
  });

  test('that asks in vain hears why', async () => {
    const house = await started({ socketThread: true });
    closing.push(() => house.close());
    for (const [headers, status] of [
      [{ Origin: 'http://elsewhere.example' }, 403],
      [{ Host: 'elsewhere.example' }, 403],
      [{ 'Sec-WebSocket-Version': '8' }, 400],
    ] as const) {
      const socket = await connected(house.port);
      socket.write(handshake(house.port, headers));
      const [head] = await new Promise<Buffer[]>((come) => socket.once('data', (data) => come([data])));
      expect(head?.toString('latin1', 0, 12)).toBe(`HTTP/1.1 ${String(status)}`);
    }
    // Nobody of these is counted any more.
    expect(house.house.live().devices).toBe(0);
  });

  test('that floods is read no further than has been heard, while others are heard', async () => {
    let heard = 0;
    const { port, lines } = await threaded(() => {}, { hear: (data) => void (heard += data.length) });
    const flooder = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    closing.push(() => flooder.terminate());
    await new Promise((open) => flooder.once('open', open));
    const [line] = lines;
    // As `Flow` does with who says too much.
    line?.pause();
    await sleep(50);
    const message = Buffer.alloc(100_000);
    for (let i = 0; i < 300; i++) flooder.send(message);
    await sleep(500);
    expect(heard).toBeLessThan(1_000_000);
    const other = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    closing.push(() => other.terminate());
    await new Promise((open) => other.once('open', open));
    const before = heard;
    other.send('a word');
    await expect.poll(() => heard - before).toBe(6);
    line?.resume();
    await expect.poll(() => heard, { timeout: 10_000 }).toBe(30_000_006);
  });

  test('is held in its thread while the loop is busy, however much it says', async () => {
    let heard = 0;
    const { port } = await threaded(() => {}, { hear: (data) => void (heard += data.length) });
    const flooder = await connected(port);
    flooder.write(handshake(port));
    await new Promise((head) => flooder.once('data', head));
    let sent = 0;
    const push = (): void => {
      while (sent < 400 && flooder.write(frame)) sent++;
      if (sent < 400) flooder.once('drain', push);
    };
    push();
    // Turns go by here, but nobody takes what the thread has to say.
    const hold = vi.spyOn(SocketThread.prototype, 'note').mockImplementation(() => {});
    await sleep(700);
    expect(sent).toBeLessThan(150);
    hold.mockRestore();
  });

  test('that does not read is told of: so much waits, and then nothing does', async () => {
    const { port, lines } = await threaded(() => {});
    const reader = await connected(port);
    reader.write(handshake(port));
    await new Promise((head) => reader.once('data', head));
    reader.pause();
    const [line] = lines;
    const text = 'x'.repeat(100_000);
    for (let i = 0; i < 100; i++) line?.say(text);
    await expect.poll(() => line?.waiting ?? 0).toBeGreaterThan(4_000_000);
    reader.resume();
    await expect.poll(() => line?.waiting, { timeout: 10_000 }).toBe(0);
  });
});

describe('the thread', () => {
  test('says in one line that it cannot listen', async () => {
    const first = await started({ socketThread: true });
    closing.push(() => first.close());
    await expect(started({ socketThread: true, port: first.port })).rejects.toThrow(
      `port ${first.port} is in use: stop the other program, or set PORT`,
    );
  });

  test('says in one line which certificate it does not take', async () => {
    const thread = new SocketThread((error) => {
      throw error;
    });
    closing.push(() => thread.end());
    const pair = { cert: Buffer.from('no certificate'), key: Buffer.from('no key') };
    await expect(thread.listen({ host: '127.0.0.1', port: 0 }, pair, createServer)).rejects.toThrow(/PEM/);
  });

  test('ends with a goodbye to everybody, soon, whoever hangs on', async () => {
    const house = await started({ socketThread: true });
    const volunteer = new Scripted(house.url);
    await volunteer.signIn();
    const idle = await connected(house.port);
    const half = await connected(house.port);
    half.write('GET /api/st');
    const agent = new Agent({ keepAlive: true });
    closing.push(() => agent.destroy());
    await new Promise((done) =>
      get(`${house.url}/api/status`, { agent }, (answer) => answer.resume().once('end', done)),
    );
    const at = Date.now();
    await house.close();
    expect(Date.now() - at).toBeLessThan(6_000);
    expect(await volunteer.of('bye')).toMatchObject({ reason: 'shutting-down' });
    await expect.poll(() => idle.destroyed && half.destroyed).toBe(true);
  });

  test('is missed when it dies, and need not be waited for then', async () => {
    const faults: unknown[] = [];
    const thread = new SocketThread((error) => faults.push(error));
    closing.push(() => thread.end());
    const port = await thread.listen({ host: '127.0.0.1', port: 0 }, null, createServer);
    thread.meet({ admit: () => ({ address: '127.0.0.1', origin: '' }), enter: (line) => line.ping() });
    const socket = await connected(port);
    socket.write(handshake(port));
    await new Promise((head) => socket.once('data', head));
    // What only the loop is told makes no sense to it.
    thread.note(1, entries.sign);
    await expect.poll(() => String(faults[0])).toContain('is not for a socket');
    await thread.close();
  });
});
