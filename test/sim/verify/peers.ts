/**
 * How others verify, simulated beside ours with the same dice: BOINC's adaptive replication (since 2010), two of three
 * votes, and Sarmenta's spot checks with a blacklist (2001). A chunk is right or wrong as a whole; liars of one gang
 * give the same wrong answer.
 */
import type { Words } from './words.ts';

/** Wrong among accepted chunks, and what honest people computed for each accepted one. */
export interface PeerRow {
  readonly name: string;
  readonly wrongShare: number;
  /** Honest compute ÷ accepted work of honest people. */
  readonly redundancy: number;
}

/** Every chunk goes to two people, and to a third where they differ: the majority is taken. */
export function twoOfThree(hostile: number, chunks: number, words: Words): PeerRow {
  let wrong = 0;
  let honestWork = 0;
  for (let i = 0; i < chunks; i++) {
    const isLiar = [words.unit() < hostile, words.unit() < hostile, words.unit() < hostile];
    const asked = isLiar[0] === isLiar[1] ? 2 : 3;
    const lies = isLiar.slice(0, asked).filter(Boolean).length;
    honestWork += asked - lies;
    if (lies >= 2) wrong++;
  }
  return { name: '2-of-3 voting', wrongShare: wrong / chunks, redundancy: honestWork / (chunks - wrong) };
}

/** Consecutive valid results from which a BOINC host is trusted. */
const boincTrusted = 10;

/**
 * A host that validated ten replicated jobs in a row gets single ones, and replicated ones with probability 1 ÷ (valid in a
 * row); one invalid result begins anew. The liar is honest for ten, then lies until it is caught, and begins anew.
 */
export function boincAdaptive(hostile: number, chunks: number, words: Words): PeerRow {
  let wrong = 0;
  let accepted = 0;
  let honestWork = 0;
  // One liar's view: its partners are of the gang as often as the gang is large.
  let valid = 0;
  for (let i = 0; i < chunks; i++) {
    const isReplicated = valid < boincTrusted || words.unit() < 1 / valid;
    const lies = valid >= boincTrusted;
    if (!isReplicated) {
      accepted++;
      if (lies) wrong++;
      continue;
    }
    const partnerOfGang = words.unit() < hostile;
    if (!partnerOfGang) honestWork++;
    if (lies && !partnerOfGang) {
      // A third person decides, and the liar's record is gone.
      honestWork++;
      accepted++;
      valid = 0;
      continue;
    }
    accepted++;
    if (lies) wrong++;
    valid++;
  }
  const liarWrong = wrong / accepted;
  // An honest host of the same length: replicated more and more seldom.
  const life = 10_000;
  let copies = 0;
  let row = 0;
  for (let i = 0; i < life; i++) {
    const isReplicated = row < boincTrusted || words.unit() < 1 / row;
    copies += isReplicated ? 2 : 1;
    if (isReplicated) row++;
  }
  // Of a replicated pair each side counts half.
  const redundancy = 1 / (1 - (copies - life) / 2 / life) + (hostile * honestWork) / chunks / (1 - hostile);
  return { name: 'BOINC adaptive replication', wrongShare: hostile * liarWrong, redundancy };
}

/** Two per cent of the chunks are ones whose answer is known; who fails one is never heard again, and all of its work is thrown away. */
export function spotChecks(hostile: number, words: Words): PeerRow {
  const rate = 0.02;
  const tasks = 1_000;
  let worst = 0;
  // The saboteur chooses how often it lies; the worst for us is found by trying.
  for (const lies of [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]) {
    const people = 20_000;
    let survivors = 0;
    let wrong = 0;
    for (let i = 0; i < people; i++) {
      let isCaught = false;
      let lied = 0;
      for (let task = 0; task < tasks && !isCaught; task++) {
        if (words.unit() >= lies) continue;
        if (words.unit() < rate) isCaught = true;
        else lied++;
      }
      if (isCaught) continue;
      survivors++;
      wrong += lied;
    }
    const accepted = people * ((1 - hostile) / hostile) * tasks + survivors * tasks;
    worst = Math.max(worst, wrong / accepted);
  }
  return { name: 'spot checks, blacklist', wrongShare: worst, redundancy: 1 + rate };
}
