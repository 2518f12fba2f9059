/** What one open page knows and may do: everybody's work, this machine's volunteer once there is one, and the wishes made before. */
import { signal } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import { consentText } from './consent.ts';
import { words } from './language.ts';
import type { Live } from './live.ts';
import { watch } from './view.ts';
import type { Watched } from './view.ts';
import type { FindingView } from '../wire/objections.ts';
import type { VolunteerActions, VolunteerStore } from '../volunteer/store.ts';

/** The volunteer as a page gets it: on Start, and not before. */
export interface Volunteer {
  readonly store: VolunteerStore;
  readonly actions: VolunteerActions;
}

/** What a person chose before Start. */
export interface Chosen {
  readonly cores: number;
  readonly gpu: boolean;
}

/** What is done in the name of this browser's account, signed by its device (`account.ts`). Each throws where it is not taken. */
export interface OwnDeeds {
  erase(): Promise<void>;
  object(job: string, chunk: number, text: string): Promise<void>;
  findings(): Promise<readonly FindingView[]>;
}

/** Where Start stands, besides what the volunteer says. */
export type Begun = 'no' | 'loading' | 'failed' | 'yes';

/** What `forget` came to: nothing yet, done, done here while the coordinator could not be asked, or not possible. */
export type Forgotten = 'no' | 'yes' | 'here' | 'failed';

export interface House {
  readonly live: Live;
  readonly watched: Watched;
  readonly chosen: Signal<Chosen>;
  readonly begun: ReadonlySignal<Begun>;
  readonly forgotten: ReadonlySignal<Forgotten>;
  /** Brings what is done in the name of the account. */
  readonly own: () => Promise<OwnDeeds>;
  /** The one Start: loads the volunteer's program, then starts it with the consent just given. */
  begin(): Promise<void>;
  /** Shows the volunteer that an earlier visit left to this one, at work if it was left running. */
  goOn(): Promise<void>;
  /** Moves the work of another tab here. */
  takeOver(): void;
  acceptRestore(): void;
  pause(): void;
  resume(): void;
  finish(): void;
  configure(settings: Parameters<VolunteerActions['configure']>[0]): void;
  /** Has the coordinator erase what it keeps of the account, then deletes all that this origin stored. */
  forget(): Promise<void>;
}

/** Opens the house. `store` shows what is known before there is a volunteer; `load` brings one, `own` what is done in its account's name. */
export function openHouse(
  store: VolunteerStore,
  load: () => Promise<Volunteer>,
  live: Live,
  own: () => Promise<OwnDeeds>,
): House {
  return new OpenHouse(store, load, live, own);
}

class OpenHouse implements House {
  readonly live: Live;
  readonly watched: Watched;
  readonly chosen: Signal<Chosen>;
  readonly begun = signal<Begun>('no');
  readonly forgotten = signal<Forgotten>('no');
  readonly own: () => Promise<OwnDeeds>;
  readonly #load: () => Promise<Volunteer>;
  #volunteer: Volunteer | null = null;

  constructor(
    store: VolunteerStore,
    load: () => Promise<Volunteer>,
    live: Live,
    own: () => Promise<OwnDeeds>,
  ) {
    const { cores, gpu } = store.getState().settings;
    this.live = live;
    this.watched = watch(store);
    this.chosen = signal({ cores, gpu });
    this.#load = load;
    this.own = own;
  }

  async begin(): Promise<void> {
    const language = words.peek()?.language ?? 'en';
    this.begun.value = 'loading';
    this.forgotten.value = 'no';
    try {
      const actions = await this.#bring();
      actions.configure(this.chosen.peek());
      this.begun.value = 'yes';
      await actions.start({ text: consentText(language), language });
    } catch (error) {
      // The volunteer says itself why it cannot go on; only its program not arriving is the page's to tell.
      if (this.#volunteer !== null) throw error;
      this.begun.value = 'failed';
    }
  }

  async goOn(): Promise<void> {
    await this.#bring();
    if (this.#volunteer?.store.getState().phase !== 'idle') this.begun.value = 'yes';
  }

  acceptRestore(): void {
    void this.#volunteer?.actions.acceptRestore();
  }

  takeOver(): void {
    void this.#volunteer?.actions.takeOver();
  }

  pause(): void {
    this.#volunteer?.actions.pause();
  }

  resume(): void {
    this.#volunteer?.actions.resume();
  }

  finish(): void {
    void this.#volunteer?.actions.finish();
  }

  configure(settings: Parameters<VolunteerActions['configure']>[0]): void {
    const { cores, gpu } = this.chosen.peek();
    this.chosen.value = { cores: settings.cores ?? cores, gpu: settings.gpu ?? gpu };
    this.#volunteer?.actions.configure(settings);
  }

  async forget(): Promise<void> {
    const erased = await this.own()
      .then(({ erase }) => erase())
      .then(
        () => true,
        () => false,
      );
    try {
      await this.#volunteer?.actions.forget();
      this.forgotten.value = erased ? 'yes' : 'here';
      this.begun.value = 'no';
    } catch {
      this.forgotten.value = 'failed';
    }
  }

  /** Loads the volunteer, once, and shows what it says from now on. */
  async #bring(): Promise<VolunteerActions> {
    this.#volunteer ??= await this.#load();
    this.watched.turnTo(this.#volunteer.store);
    return this.#volunteer.actions;
  }
}
