/**
 * What any restart does at least that ends over a socket: a fresh Node, the database opened as it was left, and `ws`, which answers what a
 * volunteer says on the way to its first lease. As in a coordinator, two of the answers wait until something is durable; nothing is checked,
 * signed or remembered.
 */
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { WebSocketServer } from 'ws';

const db = new DatabaseSync(process.argv[2]);
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
const row = db.prepare('SELECT tick, record, root FROM tick ORDER BY tick DESC LIMIT 1').get();
if (row === undefined) throw new Error('the database is empty');

const write = db.prepare('INSERT OR REPLACE INTO probe (id, bytes) VALUES (1, zeroblob(256))');
/** One durable write, to a table that is there for that. */
const durable = () => write.run();

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT),
  perMessageDeflate: false,
});
server.on('connection', (socket) => {
  const say = (word) => socket.send(JSON.stringify(word));
  say({ t: 'challenge', nonce: 'none' });
  socket.on('message', (/** @type {Buffer} */ bytes) => {
    const { t } = JSON.parse(bytes.toString());
    durable();
    say({ t: t === 'hello' ? 'welcome' : 'lease' });
  });
});
