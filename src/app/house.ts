/** What one open page knows and may do: everybody's work, this machine's volunteer once there is one, and the wishes made before. */
import { signal } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import { consentText } from './consent.ts';
import { words } from './language.ts';
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

export interface House {
  readonly live: Live;
  readonly watched: Watched;
  readonly chosen: Signal<Chosen>;
  readonly begun: ReadonlySignal<Begun>;
  /** What `forget` came to. */
  readonly forgotten: ReadonlySignal<'no' | 'yes' | 'failed'>;
  /** The one Start: loads the volunteer's program, then starts it with the consent just given. */
  begin(): Promise<void>;
  pause(): void;
  resume(): void;
  finish(): void;
  configure(settings: Parameters<VolunteerActions['configure']>[0]): void;
  forget(): Promise<void>;
}

/** Opens the house. `store` shows what is known before there is a volunteer; `load` brings one. */
export function openHouse(store: VolunteerStore, load: () => Promise<Volunteer>, live: Live): House {
  const watched = watch(store);
  const { cores, gpu } = store.getState().settings;
  const chosen = signal<Chosen>({ cores, gpu });
  const begun = signal<Begun>('no');
  const forgotten = signal<'no' | 'yes' | 'failed'>('no');
  let volunteer: Volunteer | null = null;
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
        volunteer ??= await load();
        watched.turnTo(volunteer.store);
        volunteer.actions.configure(chosen.peek());
        begun.value = 'yes';
        await volunteer.actions.start({ text: consentText(language), language });
      } catch (error) {
        // The volunteer says itself why it cannot go on; only its program not arriving is the page's to tell.
        if (volunteer === null) begun.value = 'failed';
        else throw error;
      }
    },
    pause: () => volunteer?.actions.pause(),
    resume: () => volunteer?.actions.resume(),
    finish: () => void volunteer?.actions.finish(),
    configure: (settings) => {
      const { cores: kept, gpu: used } = chosen.peek();
      chosen.value = { cores: settings.cores ?? kept, gpu: settings.gpu ?? used };
      volunteer?.actions.configure(settings);
    },
    forget: async () => {
      try {
        await volunteer?.actions.forget();
        forgotten.value = 'yes';
        begun.value = 'no';
      } catch {
        forgotten.value = 'failed';
      }
    },
  };
}
