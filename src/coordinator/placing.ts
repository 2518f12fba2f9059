/** Where somebody stands for placement, by address: the group (a prefix) and the network it is in, each as a number of the side tables [LO5]. */
import { isLoopback, prefixOf } from './network.ts';
import type { NetworkTable } from './networks.ts';
import type { SideTables } from './side.ts';

/** '' where there is none: exempt, or not known. */
export interface Place {
  readonly group: string;
  readonly network: string;
}

export interface PlacingParts {
  readonly side: Pick<SideTables, 'groupOf'>;
  /** Whether volunteers on this machine are exempt. */
  readonly loopbackExempt: boolean;
  /** The operator's table of networks; null: there is none. */
  readonly networks: NetworkTable | null;
}

/** Says where an address stands. Throws StoreFault when a number cannot be kept. */
export function placingOf({ side, loopbackExempt, networks }: PlacingParts): (address: string) => Place {
  return (address) => {
    if (loopbackExempt && isLoopback(address)) return { group: '', network: '' };
    const group = side.groupOf(prefixOf(address));
    const system = networks?.systemAround(address) ?? 0;
    return { group, network: system === 0 ? '' : side.groupOf(`AS${system}`) };
  };
}
