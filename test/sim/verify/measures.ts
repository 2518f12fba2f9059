/** What is measured of honest people and of liars among them, from what became of their chunks. */
import type { Outcome } from './outcome.ts';

/** Wrong among all final units, when `hostile` of the compute follows this strategy and everybody else is honest. */
export function wrongShare(liars: Outcome, hostile: number): number {
  const perLiar = { final: liars.final / liars.answered, wrong: liars.wrongFinal / liars.answered };
  const all = 1 - hostile + hostile * perLiar.final;
  return (hostile * perLiar.wrong) / all;
}

/** What it earns for a second of its machine, beside somebody honest with the same machine. A unit that it did not compute costs it nothing. */
export function earnings(liars: Outcome): number {
  const cost = Math.max(liars.computed, liars.answered * 0.02);
  return liars.final / cost;
}

/** What others compute to check somebody: second copies, audits, canaries and disputes. */
const checking = ({ second, audited, canaries, settled }: Outcome): number =>
  second + audited + canaries + settled;

/** What others compute to check one unit that a liar answers. */
export const costToOthers = (liars: Outcome): number => checking(liars) / liars.answered;

/**
 * Honest compute ÷ final useful work: liars sit among honest people with their share, and cost them audits. What of a liar's is kept
 * after its examination cost as much as it is worth: whoever recomputed it made it useful work, and it is left out. So is what somebody
 * else had computed as well, where only that stands in the end.
 */
export function redundancyOf(people: Outcome, liars: Outcome, hostile: number): number {
  const compute = people.computed + checking(people);
  const perUnit = costToOthers(liars) - (liars.kept + liars.stood) / liars.answered;
  return compute / people.final + perUnit * (hostile / (1 - hostile));
}

/**
 * The same where liars are right nearly always, as who wants little wrong must be: what is right of theirs is useful work too, and what
 * they compute is no honest compute, as before.
 */
export function redundancyWith(people: Outcome, liars: Outcome, hostile: number): number {
  const [ofPeople, ofLiars] = [(1 - hostile) / people.answered, hostile / liars.answered];
  const compute = ofPeople * (people.computed + checking(people)) + ofLiars * checking(liars);
  return compute / (ofPeople * people.final + ofLiars * (liars.final - liars.wrongFinal));
}

/** What liars have computed and nobody keeps, for each final unit of honest people: it is no cost of anybody else's, and stands apart. */
export function discarded(people: Outcome, liars: Outcome, hostile: number): number {
  const perUnit = Math.max(0, liars.computed - liars.final) / liars.answered;
  return (perUnit * people.answered * (hostile / (1 - hostile))) / people.final;
}

/**
 * The least that a measured share of wrong units may really be: three standard errors below what was seen. Wrong chunks of one key,
 * until it is found out, come one with the other: there are no more independent events than keys that were, nor than wrong chunks.
 * Of many variants the worst lies above its own mean.
 */
export function atLeast(share: number, { wrongChunks, faults }: Outcome): number {
  const events = Math.max(1, Math.min(wrongChunks, faults));
  return share * Math.max(0, 1 - 3 / Math.sqrt(events));
}
