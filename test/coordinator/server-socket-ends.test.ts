/** What a socket has read and not looked at yet is heard before its end is. */
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { ServerSocket } from '../../src/coordinator/server-socket.ts';

test.each(['end', 'close'])('what has come is heard before the connection’s %s', (how) => {
  const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const line = new ServerSocket(connection, { messageBytesMax: 1000, strangerBytesMax: -1 });
  const heard: string[] = [];
  const ear = {
    hear: (data: Buffer) => void heard.push(data.toString()),
    heard() {},
    tooLong: () => false,
    tooMuch: () => false,
    closed: () => void heard.push('closed'),
  };
  line.listen(ear, Buffer.alloc(0));
  const said = Buffer.from('last words');
  connection.emit('data', Buffer.concat([Buffer.from([0x81, 0x80 | said.length, 0, 0, 0, 0]), said]));
  connection.emit(how);
  connection.emit('close');
  expect(heard).toEqual(['last words', 'closed']);
});
