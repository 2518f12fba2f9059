/**
 * What results look like in the simulator: a short string that says what was answered, for which chunk, and how. The
 * oracles can tell a right answer from a wrong one; the coordinator only ever compares.
 */

/** The right answer, as WASM gives it. A GPU's to a `tolerance` job differs in its last bits. */
export function rightRoot(job: string, chunk: number, last: string | null): string {
  return last === null ? `t.${job}.${chunk}` : `t.${job}.${chunk}~${last}`;
}

/** A wrong answer. Who `what` is, lies alike: colluders share it, others do not. */
export function wrongRoot(job: string, chunk: number, what: string): string {
  return `w.${job}.${chunk}.${what}`;
}

/** What bytes are compared by: roots that differ only behind the ~ are near enough under `tolerance`. */
export function valueOf(root: string): string {
  const last = root.indexOf('~');
  return last < 0 ? root : root.slice(0, last);
}

/** Whether an answer is the right one for this chunk. */
export function isRight(root: string, job: string, chunk: number): boolean {
  return valueOf(root) === rightRoot(job, chunk, null);
}

/** An answer that is right but for some units (by their numbers in the job), which `what` made up. */
export function sparseRoot(job: string, chunk: number, units: readonly number[], what: string): string {
  return `s.${job}.${chunk}@${units.join(',')}@${what}`;
}

/** What an answer stands for in one unit: units are compared by this. */
export function unitOf(root: string, job: string, chunk: number, unit: number): string {
  if (isRight(root, job, chunk)) return 'right';
  const prefix = `s.${job}.${chunk}@`;
  if (!root.startsWith(prefix)) return root;
  const [made = '', what = ''] = root.slice(prefix.length).split('@');
  return made.split(',').includes(String(unit)) ? what : 'right';
}

/** Which of some units of a chunk an answer has wrong: what an auditor finds who recomputes them. */
export function wrongUnits(root: string, job: string, chunk: number, units: readonly number[]): number[] {
  if (isRight(root, job, chunk)) return [];
  const prefix = `s.${job}.${chunk}@`;
  if (!root.startsWith(prefix)) return [...units];
  const [made = ''] = root.slice(prefix.length).split('@');
  const wrong = new Set(made.split(',').map(Number));
  return units.filter((unit) => wrong.has(unit));
}
