/** Brings the volunteer of this browser to the page; loaded when Start is pressed, not before. */
import type { Volunteer } from './house.ts';

export async function openVolunteer(): Promise<Volunteer> {
  throw new Error('the volunteer of this browser is not built in yet');
}

/** The account this browser already has, or null; makes none. */
export async function ownAccount(): Promise<string | null> {
  return null;
}

/** Sets or removes the name of this browser's account, signed by its device key. */
export async function setName(_name: string | null): Promise<void> {
  throw new Error('the volunteer of this browser is not built in yet');
}
