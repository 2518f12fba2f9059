/** How the widget stands, in one word for people and one for the page: from what the volunteer says, and who wants a pause. */
import type { Reason, VolunteerView } from '../volunteer/store.ts';
import type { PageState } from './page.ts';
import type { Standing } from './said.ts';

/** Who wants a pause; it works while nobody does. */
export type Pausing = 'person' | 'page' | 'unseen';

/** What the page is told of each standing. */
export const pageStates: Readonly<Record<Standing, PageState>> = {
  preparing: 'starting',
  working: 'working',
  paused: 'paused',
  'page-paused': 'paused',
  unseen: 'resting',
  'no-job': 'resting',
  waiting: 'resting',
  unreachable: 'resting',
  elsewhere: 'stopped',
  'found-wrong': 'stopped',
  cannot: 'stopped',
};

export function standingOf({ phase, reason }: VolunteerView, pausing: ReadonlySet<Pausing>): Standing {
  if (reason !== null && phase === 'stopped') return ofReason[reason.why];
  if (pausing.has('person')) return 'paused';
  if (pausing.has('page')) return 'page-paused';
  if (pausing.has('unseen')) return 'unseen';
  return reason === null ? 'working' : ofReason[reason.why];
}

const ofReason: Readonly<Record<Reason['why'], Standing>> = {
  'not-started': 'preparing',
  preparing: 'preparing',
  'paused-by-you': 'paused',
  'finished-by-you': 'cannot',
  delivering: 'waiting',
  unreachable: 'unreachable',
  offline: 'unreachable',
  'no-job-open': 'no-job',
  'waiting-for-others': 'waiting',
  'nothing-for-this-device': 'no-job',
  'kernel-paused': 'no-job',
  suspended: 'found-wrong',
  banned: 'found-wrong',
  elsewhere: 'elsewhere',
  'store-full': 'unreachable',
  'reload-needed': 'cannot',
  'log-shrunk': 'cannot',
  restored: 'cannot',
  refused: 'cannot',
  'worker-restarting': 'working',
  'no-worker-works': 'cannot',
};
