/** Brings the volunteer's store to the page as a signal, at a pace that people can read, and the clock of countdowns. */
import { signal } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { VolunteerStore, VolunteerView } from '../volunteer/store.ts';

/** The page follows the volunteer no faster than this. */
const paceMs = 200;
/** While the page is held still. */
const stillMs = 30_000;

export interface Watched {
  readonly view: ReadonlySignal<VolunteerView>;
  /** True: numbers and cloth change every half minute only (WCAG 2.2.2). */
  readonly still: Signal<boolean>;
  /** Watches another store from now on. */
  turnTo(store: VolunteerStore): void;
}

/** Watches a store: what a person did shows at once, progress at the pace above. */
export function watch(first: VolunteerStore): Watched {
  const view = signal(first.getState());
  const still = signal(false);
  let timer: ReturnType<typeof setTimeout> | null = null;
  let store = first;
  let leave = (): void => {};
  const show = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    view.value = store.getState();
  };
  const turnTo = (next: VolunteerStore): void => {
    leave();
    store = next;
    leave = next.subscribe((now, before) => {
      const decided =
        now.phase !== before.phase || now.reason !== before.reason || now.settings !== before.settings;
      if (decided) show();
      else timer ??= setTimeout(show, still.peek() ? stillMs : paceMs);
    });
    show();
  };
  turnTo(first);
  still.subscribe((held) => {
    if (!held && timer !== null) show();
  });
  return { view, still, turnTo };
}

/** Whole seconds until a moment, counted down once a second while somebody looks; never below 0. */
export function countdown(until: number): {
  readonly left: ReadonlySignal<number>;
  readonly stop: () => void;
} {
  const secondsLeft = (): number => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const left = signal(secondsLeft());
  const timer = setInterval(() => {
    left.value = secondsLeft();
    if (left.value === 0) clearInterval(timer);
  }, 1000);
  return { left, stop: () => clearInterval(timer) };
}
