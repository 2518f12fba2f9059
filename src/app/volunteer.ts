/** Brings the volunteer of this browser to the page; loaded when Start is pressed, or when work was left running. */
import { consentTexts } from './consent.ts';
import type { Volunteer } from './house.ts';
import { browserPlatform } from '../volunteer/platform-browser.ts';
import type { Ahead } from '../volunteer/platform-browser.ts';
import { createVolunteer } from '../volunteer/volunteer.ts';

let brought: Volunteer | null = null;

/**
 * What a built page has opened before this file was here (scripts/door/ahead.mjs): whoever asks for the volunteer first
 * brings it that, be it the lines in the page's head or the page itself.
 */
declare global {
  // eslint-disable-next-line no-var -- a property of the page's `window`, which only `var` declares
  var talkaAhead: Ahead | undefined;
}

/**
 * The volunteer of this page, for the coordinator that the page came from; there is one. For trying, `?gpu=measured`
 * takes an emulated graphics processor for a real one, and `?gpu=always` uses it even where a core is faster.
 */
export function theVolunteer(): Volunteer {
  if (brought !== null) return brought;
  const asked = new URLSearchParams(location.search).get('gpu');
  const gpuUse = asked === 'always' || asked === 'measured' ? asked : 'auto';
  const ahead = globalThis.talkaAhead ?? null;
  brought = createVolunteer({ url: location.origin, platform: browserPlatform({ gpuUse, ahead }) });
  return brought;
}

/** Goes on with what was agreed to earlier and left running, if anything. The first thing that a built page does. */
export function goOn(): void {
  const { actions, store } = theVolunteer();
  consentTexts.some((text) => actions.resumeRemembered(text));
  if (store.getState().phase !== 'idle') return;
  globalThis.talkaAhead?.socket.close();
  globalThis.talkaAhead?.worker?.terminate();
}
