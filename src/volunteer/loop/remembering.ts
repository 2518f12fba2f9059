/** What of the coordinator's log is kept for another visit: the head that was compared, and the newest that was told. */
import type { TreeHead } from '../../wire/volunteer.ts';
import type { Loop } from './state.ts';

/** What is told is kept at most so often: the end of a visit may come without a word. */
const keepToldEveryMs = 30_000;

/** The last head that we know of, compared or not. */
export function lastHead({ head, told: { newest } }: Loop): TreeHead | null {
  return newest !== null && newest.size > (head?.size ?? 0) ? newest : head;
}

/** Keeps the newest head that was told, so that another visit knows it, now and then and at the end. */
export function keepTold(loop: Loop, isEnd = false): void {
  const { head, coordinator, told } = loop;
  if (head === null || coordinator === null || told.newest === null || !told.isShown) return;
  if (told.newest.size <= Math.max(head.size, told.keptSize)) return;
  if (isEnd || loop.at >= told.keptAt + keepToldEveryMs) keepHead(loop, coordinator, head);
}

/** Keeps both, and the restore that was stated when they were told [RS3]. */
export function keepHead(loop: Loop, coordinator: string, head: TreeHead, isCut = false): void {
  const { stated, restores, told } = loop;
  if (stated !== null) loop.restores = { statedAt: stated.at, accepted: restores?.accepted ?? [] };
  const last = told.isShown ? lastHead(loop) : null;
  loop.out.push({
    do: 'keepHead',
    coordinator,
    head,
    ...(last === null || last === head ? {} : { told: last }),
    ...(loop.restores === null ? {} : { restores: loop.restores }),
    ...(isCut ? { isCut } : {}),
  });
  told.keptSize = (last ?? head).size;
  told.keptAt = loop.at;
}
