/** The rows on `certify`: what is certified is decided by the kernel's own certificate, and what that leaves out is found as under `audit` [CT3]. */
import { wrongShareMax } from '../../../src/core/audit.ts';
import type { AuditTerms } from '../../../src/core/audit.ts';
import { certified } from './certified.ts';
import type { Behaviour } from './life.ts';
import { earnings, wrongShare } from './measures.ts';
import type { Goal, Outcome } from './outcome.ts';
import { wordsOf } from './words.ts';
import type { Words } from './words.ts';
import { sparse, whoKeepBack } from './zoo.ts';

type Lived = (behaviour: Behaviour, hostile: number, life: number, words: Words) => Outcome;

const anchors = 0.25;

/** With throws of their own, so that the other figures do not hang on them. */
export function certifyRows(
  lived: Lived,
  goal: (goal: Goal) => void,
  { chunks, seed, terms }: { readonly chunks: number; readonly seed: number; readonly terms: AuditTerms },
): string[][] {
  const rows = [0.4, 0.9].map((hostile) => {
    const { answers, bent, wrong, refused, micros } = certified(hostile, chunks, wordsOf(seed + 1));
    goal({ what: `certify, ${hostile * 100} %: wrong in what is certified`, value: wrong, atMost: 0 });
    goal({ what: `certify, ${hostile * 100} %: right answers refused`, value: refused, atMost: 0 });
    return [
      `${hostile * 100} % hostile`,
      `${wrong} of ${bent} bent answers (< ${(3 / bent).toExponential(1)})`,
      `${refused} of ${answers - bent}`,
      micros.toFixed(1),
    ];
  });
  const hostile = 0.9;
  for (const { behaviour, life } of whoKeepBack) {
    const liars = lived(behaviour, hostile, life, wordsOf(seed + 2));
    const what = `certify, 90 %, ${behaviour.name} in what is not certified`;
    goal({ what: `${what}: wrong final units`, value: liars.wrongFinal, atMost: 0 });
    goal({ what: `${what}: earnings ÷ honest`, value: earnings(liars), atMost: 0.999 });
    const found = `${liars.wrongFinal} units of ${liars.chunks.toExponential(1)} chunks (< ${(3 / liars.chunks).toExponential(1)})`;
    rows.push([`90 % hostile, ${behaviour.name} in what is left out`, found, '–', '–']);
  }
  return [...rows, seldom(lived, hostile, terms, wordsOf(seed + 3))];
}

/** Who keeps back a unit now and then is a saboteur as any other: a share gets through, which the terms bound. No goal is set at 90 % hostile. */
function seldom(lived: Lived, hostile: number, terms: AuditTerms, words: Words): string[] {
  const assumed = { hostile, anchors };
  const liars = lived(sparse(terms, assumed, 1), hostile, Infinity, words);
  const [seen, bound] = [wrongShare(liars, hostile), wrongShareMax(assumed, terms.windowUnits)];
  const share = `a share of ${seen.toExponential(1)} (bound ${bound.toExponential(1)})`;
  return [`90 % hostile, a unit now and then in what is left out`, share, '–', '–'];
}
