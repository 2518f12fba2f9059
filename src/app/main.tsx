/** Opens the page: first its words, then everybody's work; this machine's volunteer only when Start is pressed. */
import { render } from 'preact';
import { App, bringWork } from './App.tsx';
import { openHouse } from './house.ts';
import type { Volunteer } from './house.ts';
import { preferred, speak } from './language.ts';
import { follow } from './live.ts';
import { createVolunteerStore } from '../volunteer/store.ts';

const root = document.querySelector('#page');
if (root === null) throw new Error('the page has no place to put its content');

// Whoever never agreed to anything has nothing stored here, and nothing more is loaded. Whoever did goes on at once:
// in the built page the volunteer has begun before this file is here (scripts/door/ahead.mjs).
const comesBack = keepsSomething();
const house = openHouse(
  createVolunteerStore(navigator.hardwareConcurrency, isSecureContext),
  async () => {
    const [volunteer] = await Promise.all([bringVolunteer(), bringWork()]);
    return volunteer;
  },
  follow(),
  () => import('./account.ts'),
);
const goingOn = comesBack ? house.goOn() : null;
await speak(preferred(location.search, navigator.languages), 'contribute');
// What is loaded and what is shown are two tasks: whoever presses something meanwhile is heard between them.
await new Promise((resolve) => setTimeout(resolve));
root.replaceChildren();
render(<App house={house} />, root);
await goingOn;

async function bringVolunteer(): Promise<Volunteer> {
  const { goOn, theVolunteer } = await import('./volunteer.ts');
  if (comesBack) goOn();
  return theVolunteer();
}

/** Whether this origin keeps anything in this browser. A browser that forbids storage keeps nothing. */
function keepsSomething(): boolean {
  try {
    return localStorage.length > 0;
  } catch {
    return false;
  }
}
