/**
 * Sends a few devices of some seeds away for half an hour to an hour and a half: leases run out, others take the places,
 * and when the network is back everything that the outbox kept comes to its end.
 */
import type { Device } from './device.ts';
import type { Role } from './people.ts';
import { dice } from './random.ts';

/** One device without a network for long, whatever the storm does meanwhile. */
export interface Away {
  readonly device: string;
  readonly from: number;
  readonly to: number;
  /** Whether the browser says so; else the line is just dead. */
  readonly told: boolean;
}

const minuteMs = 60_000;
/** Who is back has handed over what it kept within this time: longer than any wait between two connections. */
const settleMs = 5 * minuteMs;
/** Of those, what can be expected to hand it over: the others are gone for good, or sent away for misdeeds. */
const dependable: ReadonlySet<Role> = new Set<Role>(['honest', 'slow', 'flaky']);

/** Who is away on the day of a seed. Its dice are its own, so that all else in a seed stays what it was. */
export function awayOf(
  seed: number,
  fair: boolean,
  devices: readonly string[],
  stormMs: number,
): readonly Away[] {
  const throws = dice(seed).fork('away');
  if (fair || !throws.chance(250)) return [];
  return Array.from({ length: throws.between(1, 3) }, () => {
    const from = throws.below(Math.floor(stormMs / 2));
    const to = from + throws.between(30, 90) * minuteMs;
    return { device: throws.of(devices), from, to, told: throws.chance(500) };
  });
}

/** What the watch needs of the world. */
export interface Ground {
  now(): number;
  after(ms: number, then: () => void): void;
}

/** Sees the absent off and back in, and what became of what they had kept. */
export class Absences {
  readonly #list: readonly Away[];
  readonly #ground: Ground;
  readonly #kept = new Map<Device, readonly number[]>();

  constructor(list: readonly Away[], ground: Ground) {
    this.#list = list;
    this.#ground = ground;
  }

  /** Results that were still kept when their devices came back. */
  get kept(): number {
    return [...this.#kept.values()].reduce((sum, kept) => sum + kept.length, 0);
  }

  isAway({ spec }: Device): boolean {
    const now = this.#ground.now();
    return this.#list.some(({ device, from, to }) => device === spec.name && now >= from && now < to);
  }

  /** Whether everybody is back and had time to hand over what they kept. */
  get isOver(): boolean {
    return this.#list.every(({ to }) => this.#ground.now() >= to + settleMs);
  }

  /** Plans a device's absences. */
  expect(device: Device, role: Role): void {
    for (const away of this.#list) {
      if (away.device !== device.spec.name) continue;
      if (away.told) this.#ground.after(away.from, () => device.happen({ on: 'online', online: false }));
      this.#ground.after(away.to, () => {
        if (dependable.has(role)) this.#kept.set(device, device.kept());
        device.happen({ on: 'online', online: true });
      });
    }
  }

  /** A result that was kept for so long and has come to no end; null when there is none. */
  fault(): string | null {
    for (const [device, before] of this.#kept) {
      const still = new Set(device.kept());
      const left = before.filter((replica) => still.has(replica));
      if (left.length > 0) return `${device.spec.name} was long away and still keeps ${left.join(', ')}`;
    }
    return null;
  }
}
