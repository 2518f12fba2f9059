/** Brings the volunteer of this browser to the page; loaded when Start is pressed, or when work was left running. */
import type { Volunteer } from './house.ts';
import { browserPlatform } from '../volunteer/platform-browser.ts';
import { createVolunteer } from '../volunteer/volunteer.ts';

/**
 * A volunteer for the coordinator that this page came from. For trying, `?gpu=measured` takes an emulated graphics
 * processor for a real one, and `?gpu=always` uses it even where a core is faster.
 */
export function openVolunteer(): Volunteer {
  const asked = new URLSearchParams(location.search).get('gpu');
  const gpuUse = asked === 'always' || asked === 'measured' ? asked : 'auto';
  return createVolunteer({ url: location.origin, platform: browserPlatform({ gpuUse }) });
}
