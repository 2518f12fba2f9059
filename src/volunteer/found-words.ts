/** What was found wrong of a machine's answers, in words for a terminal: of each unit what was claimed and what is right, and what was said of it since. */
import { dateMsMax } from './as-account.ts';
import type { FindingView } from '../wire/objections.ts';
import type { Judgement } from './store.ts';

/** A finding as it was heard, or as the coordinator tells it: only then what was claimed is known. */
export type Found = Omit<Judgement, 'consequence'> &
  Partial<Pick<FindingView, 'claimed' | 'open' | 'objection'>>;

/** What computed it, which chunk it was, and until when it is away. */
export function foundOf({ backend, job, chunk, wrong, untilMs }: Found): string {
  const by = backend === 'webgpu' ? 'its graphics processor' : 'a core';
  const what = `${by}: chunk ${chunk} of ${job}, ${wrong.length === 1 ? 'unit' : 'units'} ${wrong.join(', ')}`;
  return untilMs === null ? what : `${what}; until ${new Date(Math.min(untilMs, dateMsMax)).toISOString()}`;
}

/** All of a finding, a line each. */
export function linesOf(found: Found): string[] {
  const { wrong, claimed, right, open = false, objection = null } = found;
  const units = wrong.map((unit, i) => {
    const claim = claimed === undefined ? '' : `claimed ${claimed?.[i] ?? '(not kept)'}, `;
    return `unit ${unit}: ${claim}right ${right[i] ?? '(not told)'}`;
  });
  const said = objection === null ? [] : saidOf(objection);
  const lines = [...units, hintOf(claimed), ...said, ...(open ? ['this machine is let in again'] : [])];
  return [`not right: ${foundOf(found)}`, ...lines.map((line) => `  ${line}`)].map(printable);
}

function hintOf(claimed: Found['claimed']): string {
  if (claimed === undefined) return 'what was claimed could not be asked just now; talka object asks again';
  return claimed === null
    ? 'what was claimed is not kept: answers that check somebody else’s never are, and the log is not looked through without end'
    : 'what was claimed is as long as it was sent: compare it with the beginning of what is right';
}

function saidOf({ text, answer, readmitted }: NonNullable<FindingView['objection']>): string[] {
  const reply =
    answer === null ? 'the operator has not answered yet' : `the operator answered: ${indented(answer)}`;
  return [
    `you objected: ${indented(text)}`,
    reply,
    ...(readmitted ? ['and lets this machine in again'] : []),
  ];
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n    ');
}

/** What somebody else wrote, without anything that a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n]/gu, '');
}
