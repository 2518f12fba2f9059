/** A session's chain as a device makes it, link by link [WR8]: what the coordinator's, which binds many at once, is held against. */
import { sha256Hex } from '../../src/coordinator/digests.ts';

const link = Buffer.alloc(72);

/** The chain's next value, in hex like the one before and the root. */
export function chainNext(before: string, replica: number, root: string): string {
  link.write(before, 0, 'hex');
  link.writeUInt32BE(Math.floor(replica / 2 ** 32), 32);
  link.writeUInt32BE(replica % 2 ** 32, 36);
  link.write(root, 40, 'hex');
  return sha256Hex(link);
}
