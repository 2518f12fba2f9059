/** Who is connected: one conversation a device, and which accounts could take work now (for the anchor, and for the page). */
import type { LivePeople, State } from '../core/state.ts';
import type { LiveView } from '../wire/views.ts';

/** A connected device, as the rest of the coordinator sees it. */
export interface Present {
  readonly device: string;
  readonly account: string;
  readonly group: string;
  readonly cores: number;
  readonly gpu: boolean;
}

export class People<P extends Present> {
  readonly #byDevice = new Map<string, P>();
  /** How many conversations of an account in a group want work. */
  readonly #wanting = new Map<string, Map<string, number>>();
  readonly #live = new Map<string, Set<string>>();
  readonly #wants = new Set<P>();

  get live(): LivePeople {
    return this.#live;
  }

  find(device: string): P | undefined {
    return this.#byDevice.get(device);
  }

  all(): IterableIterator<P> {
    return this.#byDevice.values();
  }

  get size(): number {
    return this.#byDevice.size;
  }

  /** Enters; gives back who spoke for this device until now [WR6]. */
  enter(present: P): P | undefined {
    const before = this.#byDevice.get(present.device);
    if (before !== undefined) this.leave(before);
    this.#byDevice.set(present.device, present);
    return before;
  }

  /** Whether it was there: a conversation that was replaced has left already. */
  leave(present: P): boolean {
    if (this.#byDevice.get(present.device) !== present) return false;
    this.rests(present);
    this.#byDevice.delete(present.device);
    return true;
  }

  /** It asked for work: others may count on it. */
  wantsWork(present: P): void {
    if (this.#wants.has(present) || this.#byDevice.get(present.device) !== present) return;
    this.#wants.add(present);
    const groups = this.#wanting.get(present.account) ?? new Map<string, number>();
    groups.set(present.group, (groups.get(present.group) ?? 0) + 1);
    this.#wanting.set(present.account, groups);
    this.#live.set(present.account, new Set(groups.keys()));
  }

  /** It paused or finished: connected, but nobody should wait for it. */
  rests(present: P): void {
    if (!this.#wants.delete(present)) return;
    const groups = this.#wanting.get(present.account);
    const left = (groups?.get(present.group) ?? 1) - 1;
    if (left > 0) groups?.set(present.group, left);
    else groups?.delete(present.group);
    if (groups === undefined || groups.size === 0) {
      this.#wanting.delete(present.account);
      this.#live.delete(present.account);
    } else this.#live.set(present.account, new Set(groups.keys()));
  }

  /** Who is here now, for people. */
  view(state: State): LiveView {
    const accounts = new Set<string>();
    let cores = 0;
    let gpus = 0;
    for (const present of this.#byDevice.values()) {
      accounts.add(present.account);
      cores += present.cores;
      if (present.gpu) gpus++;
    }
    let rateMilli = 0;
    for (const slot of state.busy.values()) rateMilli += slot.rateMilli;
    return { people: accounts.size, devices: this.#byDevice.size, cores, gpus, rateMilli };
  }
}
