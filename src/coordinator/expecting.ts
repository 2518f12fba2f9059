/** What the sockets' thread knows of one volunteer's leases, and whether a message of its is a commitment to them that is found right there. */
import type { Expected } from './expected.ts';
import type { FrameChecks } from './frame-checks.ts';

/** So many leases of one socket are known; answers to older ones are checked by the loop. */
const expectedMax = 64;
/** Loaded with the first lease: nobody who only waits has a use for it, nor has a start. Until then the loop checks. */
let checks: FrameChecks | null = null;
let loading: Promise<void> | null = null;

function loadChecks(): void {
  loading ??= import('./frame-checks.ts').then((loaded) => void (checks = new loaded.FrameChecks()));
}

export class Expecting {
  /** The newest. */
  readonly #leases: Expected[] = [];

  expect(lease: Expected): void {
    loadChecks();
    if (this.#leases.length === expectedMax) this.#leases.shift();
    this.#leases.push(lease);
  }

  /** Whether a binary message is known to hold its digests and roots. */
  holds(message: Buffer): boolean {
    return checks?.hold(message, this.#leases) === true;
  }
}
