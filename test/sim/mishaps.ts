/** What happens in the storm now and then: to a device a reload, sleep, a dead engine, a pause, no network; to who was found wrong the operator's grace. */
import type { Command } from '../../src/core/state.ts';
import type { Coordinator, Outcome } from './coordinator.ts';
import type { Device } from './device.ts';

const hourMs = 3_600_000;

/** What mishaps need of the world. */
export interface Ground {
  after(ms: number, then: () => void): void;
  isStormy(): boolean;
}

/** From now on, as long as the storm lasts. */
export function mishapLater(ground: Ground, device: Device, perHour: number): void {
  if (perHour === 0) return;
  ground.after(device.spec.dice.below(Math.floor((2 * hourMs) / perHour)), () => {
    if (!ground.isStormy()) return;
    mishap(ground, device);
    mishapLater(ground, device, perHour);
  });
}

function mishap(ground: Ground, device: Device): void {
  const own = device.spec.dice;
  switch (own.below(6)) {
    case 0:
      return reload(ground, device);
    case 1:
      device.happen({ on: 'closing' });
      return ground.after(50, () => reload(ground, device));
    case 2:
      return device.sleep(own.between(1000, 300_000));
    case 3:
      return device.killEngine();
    case 4:
      device.happen({ on: 'pause' });
      return ground.after(own.between(500, 240_000), () => device.happen({ on: 'resume' }));
    default:
      device.happen({ on: 'online', online: false });
      return ground.after(own.between(500, 120_000), () => device.happen({ on: 'online', online: true }));
  }
}

function reload(ground: Ground, device: Device): void {
  device.vanish();
  ground.after(device.spec.dice.between(500, 60_000), () => device.start());
}

/** What the operator's grace needs of the world. */
export interface Mercy extends Ground {
  house(): Coordinator | null;
  order(command: Command, done: (outcome: Outcome) => void): void;
}

const retryMs = 5000;

/** The operator lets somebody in again: whose work is still put in order, if there is one, so that it is refused at first. */
export function pardon(mercy: Mercy, tries: number): void {
  const house = mercy.house();
  const identities = [...(house?.state.identities.values() ?? [])];
  const one =
    identities.find(({ phase, open }) => phase !== 'open' && open.size > 0) ??
    identities.findLast(({ faultAt }) => faultAt !== null);
  const again = (): void => {
    if (tries > 1) mercy.after(retryMs, () => pardon(mercy, tries - 1));
  };
  if (one === undefined || house === null) return again();
  const { device, backend } = one;
  mercy.order({ c: 'readmit', device, backend, reason: 'the operator’s grace' }, (outcome) => {
    if ('refused' in outcome) again();
  });
}
