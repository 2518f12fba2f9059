/** The reference for a first impression: a page of one file that fetches a kernel and its input, opens a WebSocket, computes one unit and has it echoed. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import type { JobView } from '../../src/wire/views.ts';

export interface Bare {
  readonly port: number;
  close(): Promise<void>;
}

const page = `<!doctype html><meta charset="utf-8"><title>bare</title><script type="module">
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
  const opened = new Promise((resolve) => socket.addEventListener('open', resolve));
  const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const [wasm, input] = await Promise.all([bytes('/wasm'), bytes('/input')]);
  const { instance } = await WebAssembly.instantiate(wasm, {});
  const kernel = instance.exports;
  new Uint8Array(kernel.memory.buffer).set(input, kernel.input(input.length));
  if (kernel.prepare() !== 0) throw new Error('the input is refused');
  const length = kernel.run(0n);
  const output = new Uint8Array(kernel.memory.buffer, kernel.output(), length).slice();
  await opened;
  socket.send(output);
</script>`;

/** Serves it with the kernel and input of the job that a new visitor is given first. */
export async function serveBare(coordinator: string, jobs: readonly JobView[]): Promise<Bare> {
  const [job] = jobs;
  if (job === undefined) throw new Error('there is no job');
  const blob = async (digest: string): Promise<Buffer> =>
    Buffer.from(await (await fetch(`${coordinator}/blobs/${digest}`)).arrayBuffer());
  const files: Record<string, readonly [string, string | Buffer]> = {
    '/': ['text/html', page],
    '/wasm': ['application/wasm', await blob(job.wasm)],
    '/input': ['application/octet-stream', await blob(job.input)],
  };
  const server = createServer((request, response) => {
    const [type, body] = files[request.url ?? ''] ?? ['text/plain', ''];
    response.writeHead(body === '' ? 404 : 200, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(body);
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => socket.on('message', () => socket.send('echo')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the bare page has no port');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
