/** Tells by their first bytes connections that ask for a volunteer's socket from all others. */
import type { Socket } from 'node:net';

/** Who has not said by then what it wants is cut off, as Node's HTTP server does with heads. */
const patienceMs = 60_000;
/** A head that is longer is no volunteer's. */
const headBytesMax = 16_384;
const asks = 'GET /ws';
const headEnd = '\r\n\r\n';

export interface Doors {
  volunteer(connection: Socket): void;
  other(connection: Socket): void;
}

/** Looks at what each connection says first, puts it back, and shows it to its door. `waitMs`: for so long. */
export function arrivals(doors: Doors, waitMs = patienceMs): (connection: Socket) => void {
  return (connection) => {
    let come: Buffer = Buffer.alloc(0);
    const cutOff = (): void => void connection.destroy();
    const late = setTimeout(cutOff, waitMs).unref();
    const gone = (): void => clearTimeout(late);
    const show = (door: 'volunteer' | 'other'): void => {
      connection.off('data', look);
      connection.off('end', cutOff);
      connection.off('error', cutOff);
      connection.off('close', gone);
      clearTimeout(late);
      connection.pause();
      if (come.length > 0) connection.unshift(come);
      doors[door](connection);
      connection.resume();
    };
    const look = (data: Buffer): void => {
      come = come.length === 0 ? data : Buffer.concat([come, data]);
      const door = doorOf(come);
      if (door !== null) show(door);
    };
    connection.on('data', look);
    connection.on('end', cutOff);
    connection.on('error', cutOff);
    connection.on('close', gone);
  };
}

/** Whose head this begins; null while that cannot be told. */
function doorOf(come: Buffer): 'volunteer' | 'other' | null {
  const start = come.toString('latin1', 0, asks.length);
  if (!asks.startsWith(start) && start !== asks) return 'other';
  const end = come.indexOf(headEnd);
  if (end < 0) return come.length > headBytesMax ? 'other' : null;
  const head = come.toString('latin1', 0, end);
  return /^GET \/ws(\?\S*)? /.test(head) && /\r\nupgrade:[ \t]*websocket[ \t]*(\r\n|$)/i.test(head)
    ? 'volunteer'
    : 'other';
}
