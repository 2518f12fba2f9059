/** Whether this browser's owner objected to something and has not seen the answer: the one note of it that this origin keeps. */
export const objectedKey = 'talka.objected';

/** Whether an answer may be waiting. A browser that forbids storage notes nothing. */
export function hasObjected(): boolean {
  try {
    return localStorage.getItem(objectedKey) !== null;
  } catch {
    return false;
  }
}
