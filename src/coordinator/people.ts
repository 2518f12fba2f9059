/** Who is connected: one conversation a device, and which accounts could take which work now (for the anchor, and for the page). */
import type { Backend, LiveNetworks, LivePeople, Slot, State } from '../core/state.ts';
import type { LiveView } from '../wire/views.ts';

/** A connected device, as the rest of the coordinator sees it. */
export interface Present {
  readonly device: string;
  readonly account: string;
  readonly group: string;
  /** That its group is in; '' = not known. */
  readonly network: string;
  readonly cores: number;
  readonly gpu: boolean;
  /** What `People` last heard it ask for: looked up with every ask. */
  lastAsked: readonly Slot[] | null;
}

export class People<P extends Present> {
  readonly #byDevice = new Map<string, P>();
  /** Who wants work: what each of its slots last asked for, as `backend kernel`. */
  readonly #wanting = new Map<P, Map<number, readonly string[]>>();
  readonly #ofAccount = new Map<string, Set<P>>();
  readonly #live = new Map<string, Map<string, Set<string>>>();
  /** By `backend kernel`: how many want it from each network, an account once for each of its groups. */
  readonly #fromNetworks = new Map<string, Map<string, number>>();
  /** Kept after whoever was of the group has left: the side tables have no fewer of them in memory. */
  readonly #networkOf = new Map<string, string>();
  /** Who has asked for a graphics processor's work: it is looked for after signing in, so `hello` could not say. */
  readonly #withGpu = new Set<P>();

  get live(): LivePeople {
    return this.#live;
  }

  /** The networks of those who are live, as far as they are known. */
  readonly networks: LiveNetworks = { wanting: this.#fromNetworks, ofGroup: this.#networkOf };
  /** Who could take work now, as whoever asks brings it along. */
  readonly others = { live: this.live, networks: this.networks };

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
    this.#withGpu.delete(present);
    return true;
  }

  /** It asked for work: others may count on it for the kernels that it asked for, on the backends that it has proven. */
  wantsWork(present: P, slots: readonly Slot[]): void {
    // Wishes that come again are the same list; it is forgotten with whoever rests or leaves.
    if (present.lastAsked === slots) return;
    if (this.#byDevice.get(present.device) !== present) return;
    let asked = this.#wanting.get(present);
    if (asked === undefined) {
      asked = new Map();
      this.#wanting.set(present, asked);
      if (present.network !== '') this.#networkOf.set(present.group, present.network);
      const together = this.#ofAccount.get(present.account) ?? new Set();
      this.#ofAccount.set(present.account, together.add(present));
    }
    let changed = false;
    for (const slot of slots) {
      if (isSame(asked.get(slot.slot), slot)) continue;
      asked.set(
        slot.slot,
        Object.keys(slot.rates).map((kernel) => `${slot.backend} ${kernel}`),
      );
      if (slot.backend === 'webgpu') this.#withGpu.add(present);
      changed = true;
    }
    if (changed) this.#refresh(present.account);
    present.lastAsked = slots;
  }

  /** Whether one of its slots asked for this, as `backend kernel`, and it has not paused since. */
  asksFor(present: P, wish: string): boolean {
    for (const wishes of this.#wanting.get(present)?.values() ?? []) if (wishes.includes(wish)) return true;
    return false;
  }

  /** It paused or finished: connected, but nobody should wait for it. */
  rests(present: P): void {
    if (!this.#wanting.delete(present)) return;
    present.lastAsked = null;
    this.#ofAccount.get(present.account)?.delete(present);
    this.#refresh(present.account);
  }

  /** What it computes with this is not let in, or no more: nobody waits for it there, unless it asks again. */
  sentAway(present: P, backend: Backend): void {
    const asked = this.#wanting.get(present);
    if (asked === undefined) return;
    for (const [slot, wishes] of asked)
      if (wishes.some((wish) => wish.startsWith(`${backend} `))) asked.delete(slot);
    if (asked.size === 0) return this.rests(present);
    present.lastAsked = null;
    this.#refresh(present.account);
  }

  #refresh(account: string): void {
    this.#countNetworks(account, -1);
    const together = this.#ofAccount.get(account);
    if (together === undefined || together.size === 0) {
      this.#ofAccount.delete(account);
      this.#live.delete(account);
      return;
    }
    const groups = new Map<string, Set<string>>();
    for (const present of together) {
      const able = groups.get(present.group) ?? new Set();
      for (const kernels of this.#wanting.get(present)?.values() ?? [])
        for (const one of kernels) able.add(one);
      groups.set(present.group, able);
    }
    this.#live.set(account, groups);
    this.#countNetworks(account, 1);
  }

  /** Counts what an account wants from its networks, or takes it back. */
  #countNetworks(account: string, by: 1 | -1): void {
    for (const [group, able] of this.#live.get(account) ?? []) {
      const network = this.#networkOf.get(group);
      if (network === undefined) continue;
      for (const wish of able) {
        const counts = this.#fromNetworks.get(wish) ?? new Map<string, number>();
        const left = (counts.get(network) ?? 0) + by;
        if (left > 0) counts.set(network, left);
        else counts.delete(network);
        if (counts.size > 0) this.#fromNetworks.set(wish, counts);
        else this.#fromNetworks.delete(wish);
      }
    }
  }

  /** Who is here now, for people. */
  view(state: State): LiveView {
    const accounts = new Set<string>();
    let cores = 0;
    let gpus = 0;
    for (const present of this.#byDevice.values()) {
      accounts.add(present.account);
      cores += present.cores;
      if (present.gpu || this.#withGpu.has(present)) gpus++;
    }
    let rateMilli = 0;
    for (const slot of state.busy.values()) rateMilli += slot.rateMilli;
    return { people: accounts.size, devices: this.#byDevice.size, cores, gpus, rateMilli };
  }
}

/** Whether a slot asks for what it asked for before: nearly always, and this stands in the way of every ask. */
function isSame(before: readonly string[] | undefined, { backend, rates }: Slot): boolean {
  if (before === undefined) return false;
  let i = 0;
  for (const kernel in rates) {
    const known = before[i++];
    if (known === undefined || known.length !== backend.length + 1 + kernel.length) return false;
    if (!known.startsWith(backend) || !known.endsWith(kernel)) return false;
  }
  return i === before.length;
}
