/** What one open page knows and may do: everybody's work, this machine's volunteer once there is one, and the wishes made before. */
import { signal } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import { consentText } from './consent.ts';
import { languages, words } from './language.ts';
import type { Live } from './live.ts';
import { watch } from './view.ts';
import type { Watched } from './view.ts';
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
  /** The one Start: loads the volunteer's program, then starts it with the consent just given. */
  begin(): Promise<void>;
  /** Goes on with what was agreed to earlier and left running, if anything. */
  goOn(): Promise<void>;
  /** Moves the work of another tab here. */
  takeOver(): void;
  pause(): void;
  resume(): void;
  finish(): void;
  configure(settings: Parameters<VolunteerActions['configure']>[0]): void;
  /** Has the coordinator erase what it keeps of the account, then deletes all that this origin stored. */
  forget(): Promise<void>;
}

/** Opens the house. `store` shows what is known before there is a volunteer; `load` brings one. */
export function openHouse(
  store: VolunteerStore,
  load: () => Promise<Volunteer>,
  live: Live,
  erase: () => Promise<void>,
): House {
  const watched = watch(store);
  const { cores, gpu } = store.getState().settings;
  const chosen = signal<Chosen>({ cores, gpu });
  const begun = signal<Begun>('no');
  const forgotten = signal<Forgotten>('no');
  let volunteer: Volunteer | null = null;
  /** Loads the volunteer, once, and shows what it says from now on. */
  const bring = async (): Promise<VolunteerActions> => {
    volunteer ??= await load();
    watched.turnTo(volunteer.store);
    return volunteer.actions;
  };
  return {
    live,
    watched,
    chosen,
    begun,
    forgotten,
    begin: async () => {
      const language = words.peek()?.language ?? 'en';
      begun.value = 'loading';
      forgotten.value = 'no';
      try {
        const actions = await bring();
        actions.configure(chosen.peek());
        begun.value = 'yes';
        await actions.start({ text: consentText(language), language });
      } catch (error) {
        // The volunteer says itself why it cannot go on; only its program not arriving is the page's to tell.
        if (volunteer === null) begun.value = 'failed';
        else throw error;
      }
    },
    goOn: async () => {
      const actions = await bring();
      const agreed = languages.some(({ language }) => actions.resumeRemembered(consentText(language)));
      if (agreed) begun.value = 'yes';
    },
    takeOver: () => void volunteer?.actions.takeOver(),
    pause: () => volunteer?.actions.pause(),
    resume: () => volunteer?.actions.resume(),
    finish: () => void volunteer?.actions.finish(),
    configure: (settings) => {
      const { cores: kept, gpu: used } = chosen.peek();
      chosen.value = { cores: settings.cores ?? kept, gpu: settings.gpu ?? used };
      volunteer?.actions.configure(settings);
    },
    forget: async () => {
      const erased = await erase().then(
        () => true,
        () => false,
      );
      try {
        await volunteer?.actions.forget();
        forgotten.value = erased ? 'yes' : 'here';
        begun.value = 'no';
      } catch {
        forgotten.value = 'failed';
      }
    },
  };
}
