/** Brings the volunteer of this browser to the page; loaded when Start is pressed, or when work was left running. */
import type { Volunteer } from './house.ts';
import { browserPlatform } from '../volunteer/platform-browser.ts';
import { createVolunteer } from '../volunteer/volunteer.ts';

/** A volunteer for the coordinator that this page came from. `?gpu=always` also uses emulated graphics processors, for trying. */
export function openVolunteer(): Volunteer {
  const gpuUse = new URLSearchParams(location.search).get('gpu') === 'always' ? 'always' : 'auto';
  return createVolunteer({ url: location.origin, platform: browserPlatform({ gpuUse }) });
}
