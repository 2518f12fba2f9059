/**
 * Which networks (autonomous systems) may take a place in a chunk, and recompute what whom answered: where people of enough of them are
 * there, nobody stands beside their own [CH2] [AU7]. Who conspires has several addresses easily, and several networks less so.
 */
import type { Chunk, LiveNetworks, State } from './state.ts';

/** Networks that must be live before people are placed by them. */
export const networksMin = 4;
/** A chunk that wanted a replica for so long is open to every network again: who is live may still not come. */
export const apartMsMax = 1_800_000;

/** What a placement depends on: who else is live, by network, and when it is. */
export interface Apart {
  readonly networks: LiveNetworks | undefined;
  readonly at: number;
}

/**
 * Whether somebody of this network who asks for this (`backend kernel`) may stand beside who holds a place in the chunk. Where every live
 * network holds one already, all may: with more places than networks, people would wait for nobody.
 */
export function mayStandBeside(
  state: State,
  chunk: Chunk,
  network: string,
  wish: string,
  { networks, at }: Apart,
): boolean {
  if (network === '') return true;
  const live = networks?.wanting.get(wish);
  if (live === undefined || live.size < networksMin || at - chunk.since >= apartMsMax) return true;
  if (!holdsPlace(state, chunk, network)) return true;
  for (const other of live.keys()) if (!holdsPlace(state, chunk, other)) return false;
  return true;
}

/** Whether somebody of this network holds a place in the chunk. */
function holdsPlace(state: State, { replicas }: Chunk, network: string): boolean {
  for (const { phase, device } of replicas)
    if (phase.is !== 'closed' && state.devices.get(device)?.network === network) return true;
  return false;
}
