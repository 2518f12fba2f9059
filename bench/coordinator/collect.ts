/** Collects all garbage and gives free pages back, so that what a process then holds is what it needs. */

/** Needs `--expose-gc`. The last resort also compacts, which an ordinary collection leaves for later. */
export function collectAll(): void {
  const collect = globalThis.gc as ((how?: object) => void) | undefined;
  for (let i = 0; i < 2; i++) collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
