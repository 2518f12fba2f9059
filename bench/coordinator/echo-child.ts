/** The reference for messages: a bare `ws` echo server in a process of its own. Prints its port; answers `memory` over IPC. */
import process from 'node:process';
import { WebSocketServer } from 'ws';
import { collect, collectAll } from './collect.ts';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096 });
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.on('listening', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
const tell = (): void =>
  void process.send?.({
    memory: process.memoryUsage().rss,
    cpuMicro: process.cpuUsage().user + process.cpuUsage().system,
  });
process.on('message', (wish) => {
  if (wish === 'memory') void collectAll().then(tell);
  else {
    collect();
    tell();
  }
});
process.on('disconnect', () => process.exit(0));
