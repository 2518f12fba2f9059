/**
 * Lots that nobody can foretell and that a restart does not throw anew: each is a keyed hash of what it is about, under
 * a secret that the data folder keeps. Whoever can make a coordinator stop gets no second throw.
 */
import { createHmac } from 'node:crypto';

/** A whole number from 0 to n − 1, the same however often it is asked for. */
export type Lot = (about: string, id: number, n: number) => number;

/** Lots under a secret that is used for other things too: theirs is a key of its own. */
export function lotsOf(secret: Uint8Array): Lot {
  const key = createHmac('sha256', secret).update('talka/lots/1').digest();
  return (about, id, n) => createHmac('sha256', key).update(`${about} ${id}`).digest().readUIntBE(0, 6) % n;
}
