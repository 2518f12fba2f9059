/** How much reference work was done lately, and so how fast this device is. */
import { isLive } from './state.ts';
import type { Loop } from './state.ts';

/** A rate is said once this much time was measured, over at most a minute. */
const rateMsMin = 10_000;
const rateMsMax = 60_000;

/** Adds reference work to the last minute's sum, and counts units. */
export function noteWork(loop: Loop, units: number, costMicro: number): void {
  if (costMicro <= 0) return;
  loop.units += units;
  loop.workSince ??= loop.at;
  const second = Math.floor(loop.at / 1000);
  const last = loop.work.at(-1);
  if (last !== undefined && last.second === second) last.costMicro += costMicro;
  else loop.work.push({ second, costMicro });
  while (loop.work[0] !== undefined && loop.work[0].second <= second - 60) loop.work.shift();
}

/** Microcredits per millisecond are thousandths of the reference core. */
export function rateOf(loop: Loop): number | null {
  if (loop.workSince === null || !isLive(loop)) return null;
  const ms = Math.min(rateMsMax, loop.at - loop.workSince);
  if (ms < rateMsMin) return null;
  const first = Math.floor(loop.at / 1000) - 60;
  let costMicro = 0;
  for (const second of loop.work) if (second.second > first) costMicro += second.costMicro;
  return Math.round(costMicro / ms);
}
