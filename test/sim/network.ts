/** Carries messages between devices and the coordinator: late, and in a storm lost, doubled, overtaken, or not at all. */
import type { FromCoordinator } from '../../src/wire/volunteer.ts';
import type { Device } from './device.ts';
import type { UpMessage } from './messages.ts';
import { dice } from './random.ts';
import type { Dice } from './random.ts';
import type { Climate } from './weather.ts';

/** What the network needs of the world. */
export interface Ground {
  readonly climate: Climate;
  readonly throws: Dice;
  now(): number;
  after(ms: number, then: () => void): void;
  isStormy(): boolean;
  /** Whether it has no network at all for long. */
  isAway(device: Device): boolean;
  /** The far end, if the coordinator is up. */
  accept(socket: number): boolean;
  heard(socket: number, message: UpMessage): void;
  closed(socket: number): void;
}

/** A dead connection is noticed after at most this long. */
const deadMs = 45_000;

interface Wire {
  readonly id: number;
  readonly device: Device;
  /** The device's own number for it. */
  readonly socket: number;
  /** Messages keep their order, save where the weather lets one overtake. */
  upAt: number;
  downAt: number;
  open: boolean;
}

export class Network {
  readonly #ground: Ground;
  readonly #wires = new Map<number, Wire>();
  #count = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Devices with a connection. */
  *connected(): Generator<Device> {
    for (const { device } of this.#wires.values()) yield device;
  }

  /** Whether something that happens so many times in a thousand happens now; never in the calm. */
  befalls(perMille: number): boolean {
    return this.#ground.isStormy() && perMille > 0 && this.#ground.throws.chance(perMille);
  }

  /** Whether this device is away, or a partition keeps it from the coordinator now. */
  isCutOff(device: Device): boolean {
    const { climate, now, isStormy, isAway } = this.#ground;
    if (isAway(device)) return true;
    if (!isStormy()) return false;
    const { spec } = device;
    return climate.partitions.some(
      ({ from, to, share }) =>
        now() >= from && now() < to && dice(climate.seed).fork(`${spec.account} ${from}`).below(1000) < share,
    );
  }

  connect(device: Device, socket: number): void {
    const { climate, after, accept } = this.#ground;
    after(2 * this.#delay(), () => {
      if (this.isCutOff(device) || this.befalls(climate.lost)) return device.closed(socket);
      const id = ++this.#count;
      this.#wires.set(id, { id, device, socket, upAt: 0, downAt: 0, open: true });
      device.socket = socket;
      if (accept(id)) return;
      this.#wires.delete(id);
      device.closed(socket);
    });
  }

  /** The device hangs up; the other end hears of it later. */
  disconnect(device: Device, socket: number): void {
    const wire = this.#find(device, socket);
    if (wire === null) return;
    wire.open = false;
    this.#wires.delete(wire.id);
    this.#ground.after(this.#delay(), () => this.#ground.closed(wire.id));
  }

  up(device: Device, socket: number, message: UpMessage): void {
    const wire = this.#find(device, socket);
    if (wire !== null) this.#travel(wire, 'upAt', () => this.#ground.heard(wire.id, message));
  }

  down(id: number, word: FromCoordinator): void {
    const wire = this.#wires.get(id);
    if (wire === undefined) return;
    this.#travel(wire, 'downAt', () => {
      if (!wire.open) return;
      wire.device.hear(wire.socket, word);
      if (word.t === 'bye' && wire.open) this.#drop(wire, 1);
    });
  }

  /** The coordinator is gone: every connection breaks, and each end notices in its own time. */
  dropAll(): void {
    for (const wire of this.#wires.values()) this.#drop(wire, this.#ground.throws.below(deadMs));
  }

  #delay(): number {
    const [from, to] = this.#ground.climate.delayMs;
    return this.#ground.throws.between(from, to);
  }

  #find(device: Device, socket: number): Wire | null {
    for (const wire of this.#wires.values())
      if (wire.device === device && wire.socket === socket) return wire;
    return null;
  }

  #drop(wire: Wire, noticedAfterMs: number): void {
    if (!wire.open) return;
    wire.open = false;
    this.#wires.delete(wire.id);
    this.#ground.after(noticedAfterMs, () => wire.device.closed(wire.socket));
    this.#ground.after(this.#ground.throws.below(deadMs), () => this.#ground.closed(wire.id));
  }

  /** A lost message takes its connection with it, as one whose packets do not come through does. */
  #travel(wire: Wire, way: 'upAt' | 'downAt', arrive: () => void): void {
    const { climate, throws, now, after } = this.#ground;
    if (this.befalls(climate.lost) || this.isCutOff(wire.device))
      return this.#drop(wire, throws.below(deadMs));
    const soonest = now() + this.#delay();
    wire[way] = this.befalls(climate.overtaken) ? soonest : Math.max(soonest, wire[way]);
    after(wire[way] - now(), arrive);
    if (this.befalls(climate.doubled)) after(wire[way] - now() + this.#delay(), arrive);
  }
}
