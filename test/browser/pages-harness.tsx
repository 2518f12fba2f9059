/** Mounts the page of the product with a volunteer that does what a test tells it, and notes what it was asked to do. */
import { render } from 'preact';
import { App, bringWork } from '../../src/app/App.tsx';
import { openHouse } from '../../src/app/house.ts';
import { preferred, speak } from '../../src/app/language.ts';
import { follow } from '../../src/app/live.ts';
import { createVolunteerStore } from '../../src/volunteer/store.ts';
import type { VolunteerActions, VolunteerView } from '../../src/volunteer/store.ts';
import type { FindingView } from '../../src/wire/objections.ts';

declare global {
  interface Window {
    /** Sets part of what the volunteer says. */
    say(view: Partial<VolunteerView>): void;
    /** What the page asked for, oldest first. */
    asked: [string, ...unknown[]][];
    /** What the coordinator says was found wrong of this device, and why it does not take an objection. */
    found?: readonly FindingView[];
    refused?: string;
  }
}

const search = new URLSearchParams(location.search);
const store = createVolunteerStore(Number(search.get('cores') ?? 8), search.get('secure') !== 'no');
window.asked = [];
window.say = (view) => store.setState(view);
const note =
  (name: string, then: Partial<VolunteerView> = {}) =>
  (...told: unknown[]): void => {
    window.asked.push([name, ...told]);
    store.setState(then);
  };
const noteLater =
  (name: string, then: Partial<VolunteerView> = {}) =>
  async (...told: unknown[]): Promise<void> => {
    note(name, then)(...told);
  };
const actions: VolunteerActions = {
  start: noteLater('start', { phase: 'running', reason: null }),
  resumeRemembered: () => false,
  takeOver: noteLater('takeOver', { phase: 'running', reason: null }),
  acceptRestore: noteLater('acceptRestore', { phase: 'running', reason: null }),
  leave: note('leave', { phase: 'stopped', reason: { why: 'finished-by-you' } }),
  pause: note('pause', { phase: 'paused', reason: { why: 'paused-by-you' } }),
  resume: note('resume', { phase: 'running', reason: null }),
  finish: noteLater('finish', { phase: 'finished', reason: { why: 'finished-by-you' } }),
  configure: (told) => {
    window.asked.push(['configure', told]);
    store.setState({ settings: { ...store.getState().settings, ...told } });
  },
  forget: noteLater('forget', { phase: 'idle', reason: { why: 'not-started' }, account: null }),
};

const house = openHouse(
  store,
  async () => {
    await bringWork();
    return { store, actions };
  },
  follow(),
  async () => ({
    erase: noteLater('erase'),
    object: async (...told) => {
      note('object')(...told);
      if (window.refused !== undefined)
        throw Object.assign(new Error('refused'), { refused: window.refused });
    },
    findings: async () => {
      note('findings')();
      return window.found ?? [];
    },
  }),
);
await speak(preferred(location.search, navigator.languages), 'contribute');
const root = document.querySelector('#page');
if (root !== null) render(<App house={house} />, root);
