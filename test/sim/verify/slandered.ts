/** Days of honest people beside somebody who calls right work wrong, with the house's own desk, rules and volunteers' loops: nobody honest is blamed. */
import { honestCount, tell } from '../zoo-day.ts';
import { blamed } from '../zoo-rules.ts';
import { realRules } from '../world.ts';
import { zoo } from '../zoo.ts';

/** As many as there are honest people, and half as many again: each is found out at its first slander. */
const slanderers = 8;

export interface Slandered {
  readonly days: number;
  /** Honest people in them, and those of them who were disproved or recorded for a misdeed. */
  readonly honest: number;
  readonly blamed: number;
  /** Answers of slanderers that engines had to settle. */
  readonly slanders: number;
}

export function slanderedDays(days: number, from: number): Slandered {
  const slanderer = zoo.find(({ role }) => role === 'slanderer');
  if (slanderer === undefined) throw new Error('nobody slanders');
  let [found, slanders] = [0, 0];
  for (let seed = from; seed < from + days; seed++) {
    const story = tell({ ...slanderer, count: slanderers }, realRules, seed);
    found += new Set(blamed(story).filter((device) => device.startsWith('h'))).size;
    slanders += story.events.filter((event) => event.e === 'rechecked' && event.why === 'dispute').length;
  }
  return { days, honest: days * honestCount, blamed: found, slanders };
}
