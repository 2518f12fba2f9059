/**
 * Knows whose unvested work may have become due: whoever an event was about, at once; everybody else in turn, a few hundred
 * twice a second, since time passes for all and a job may have been given out. So it costs what happens, and not who is remembered.
 */
import { upkeepOf } from '../core/checking.ts';
import type { Upkeep } from '../core/checking.ts';
import { identityKey } from '../core/state.ts';
import type { Event, State } from '../core/state.ts';

/** Verdicts of audits that one tick carries out: batches that vest, are void, or are drawn from. */
const perTickMax = 32;
/** Identities that are looked at in turn each time. */
const perLookMax = 500;

export class Upkeeping {
  readonly #keys = new Set<string>();
  #turn: Iterator<string> | null = null;

  /** Whether somebody is to be looked at. */
  get isDue(): boolean {
    return this.#keys.size > 0;
  }

  /** Sees an event, before `evolve` does. */
  notice(state: State, event: Event): void {
    if (event.e === 'audited') {
      for (const key of state.audits.get(event.audit)?.authors ?? []) this.#keys.add(key);
    } else if (event.e === 'disproved' || event.e === 'drawn' || event.e === 'voided')
      this.#keys.add(identityKey(event.device, event.backend));
  }

  /** Time has passed: the next few are looked at. */
  look(state: State): void {
    for (let i = Math.min(perLookMax, state.owing.size); i > 0; i--) {
      let next = this.#turn?.next();
      if (next === undefined || next.done === true) next = (this.#turn = state.owing.values()).next();
      if (next.done === true) return;
      this.#keys.add(next.value);
    }
  }

  /** What is due of those who are looked at, as much as one tick carries out; who has more is looked at again. */
  take(state: State, at: number): Upkeep[] {
    const due: Upkeep[] = [];
    for (const key of this.#keys) {
      if (due.length >= perTickMax) break;
      const own = upkeepOf(state, key, at);
      if (own.length === 0) this.#keys.delete(key);
      else due.push(...own);
    }
    return due;
  }

  /** Another state: nobody is known to be due. */
  reset(): void {
    this.#keys.clear();
    this.#turn = null;
  }
}
