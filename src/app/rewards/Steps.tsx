/** A claim's proof step by step, along a thread that is whole as far as it holds: each step in a sentence, and every hash behind it. */
import type { ComponentChildren, JSX } from 'preact';
import { claimSteps } from '../../volunteer/epoch-check.ts';
import type { ClaimStep, ClaimVerdict } from '../../volunteer/epoch-check.ts';
import type { Claim } from '../../wire/epochs.ts';
import { exactly } from './catalogue.ts';
import type { RewardWords, StepState } from './catalogue.ts';
import type { Language } from '../consent.ts';

interface Props {
  readonly r: RewardWords;
  readonly language: Language;
  readonly verdict: ClaimVerdict;
  /** This coordinator's key; null while it is not known. */
  readonly coordinator: string | null;
}

/** How a step ended. */
export function stateOf({ fault }: ClaimVerdict, step: ClaimStep): StepState {
  if (fault === null) return 'holds';
  const [at, broken] = [claimSteps.indexOf(step), claimSteps.indexOf(fault)];
  return at < broken ? 'holds' : at === broken ? 'fails' : 'unseen';
}

export function Steps({ r, language, verdict, coordinator }: Props): JSX.Element {
  return (
    <ol class="steps">
      {claimSteps.map((step) => {
        const state = stateOf(verdict, step);
        return (
          <li key={step} class={`step-${state}`}>
            <h4>
              {r.proof.steps[step]} <span class="state">{r.proof.states[state]}</span>
            </h4>
            <p>
              {state === 'unseen'
                ? r.proof.unseen
                : state === 'fails'
                  ? failed(r, step)
                  : held(r, verdict, step)}
            </p>
            {state === 'fails' && verdict.says !== null && (
              <p class="soft small">
                <code lang="en">{verdict.says}</code>
              </p>
            )}
            {state !== 'unseen' && verdict.claim !== null && (
              <Behind {...{ r, language, verdict, coordinator, step }} claim={verdict.claim} />
            )}
          </li>
        );
      })}
    </ol>
  );
}

function failed(r: RewardWords, step: ClaimStep): string {
  return step === 'text' ? r.proof.noText : r.proof.failsAt[step];
}

function held(r: RewardWords, { claim }: ClaimVerdict, step: ClaimStep): string {
  if (claim === null) return '';
  const { row, epoch, proof } = claim;
  switch (step) {
    case 'text':
      return r.proof.text(row.index, epoch.accounts);
    case 'amount':
      return r.proof.amount;
    case 'tree':
      return proof.length === 0 ? r.proof.only : r.proof.tree(proof.length);
    case 'signature':
      return r.proof.signature;
    default:
      return step satisfies never;
  }
}

function Behind(props: Props & { readonly step: ClaimStep; readonly claim: Claim }): JSX.Element {
  const { r, language, verdict, coordinator, step, claim } = props;
  const { epoch } = claim;
  switch (step) {
    case 'text':
      return (
        <Folded name={r.proof.leafShow}>
          <ol class="hashes">
            {verdict.leaf.map((word, i) => (
              <li key={r.proof.leafParts[i]}>
                {r.proof.leafParts[i]} <code>{word}</code>
              </li>
            ))}
          </ol>
        </Folded>
      );
    case 'amount':
      return <Formula language={language} claim={claim} />;
    case 'tree':
      return <Way r={r} verdict={verdict} claim={claim} />;
    case 'signature':
      return (
        <>
          {coordinator !== null && (
            <p class={epoch.coordinator === coordinator ? '' : 'differs'}>
              {epoch.coordinator === coordinator ? r.proof.ours : r.proof.theirs}
            </p>
          )}
          <Folded name={r.proof.signatureShow}>
            <ol class="hashes">
              <li>
                {r.proof.root} <code>{epoch.root}</code>
              </li>
              <li>
                {r.proof.key} <code>{epoch.coordinator}</code>
              </li>
              <li>
                {r.proof.signed} <code>{epoch.signature}</code>
              </li>
              <li>
                {r.proof.numbers}{' '}
                <code>{[epoch.from, epoch.to, epoch.budgetMicro, epoch.totalMicro].join(' ')}</code>
              </li>
            </ol>
          </Folded>
        </>
      );
    default:
      return step satisfies never;
  }
}

/** The formula with the numbers of this row in it. */
export function Formula({
  language,
  claim,
}: {
  readonly language: Language;
  readonly claim: Claim;
}): JSX.Element {
  const { row, epoch } = claim;
  const [budget, credit, total, amount] = [
    epoch.budgetMicro,
    row.creditMicro,
    epoch.totalMicro,
    row.amountMicro,
  ].map((micro) => exactly(language, micro));
  return (
    <p class="formula figures">
      <span>
        ⌊ {budget} × {credit} ÷ {total} ⌋
      </span>{' '}
      <span>= {amount}</span>
    </p>
  );
}

/** The way from the row to the root, as a braid for the eye, and hash by hash. */
function Way(props: {
  readonly r: RewardWords;
  readonly verdict: ClaimVerdict;
  readonly claim: Claim;
}): JSX.Element {
  const { r, verdict, claim } = props;
  return (
    <>
      <Braid hashes={claim.proof.length} />
      <Folded name={r.proof.treeShow}>
        <ol class="hashes way">
          <li>
            {r.proof.leafHash} <code>{verdict.way[0]}</code>
          </li>
          {claim.proof.map((hash, i) => (
            <li key={`${i} ${hash}`}>
              {r.proof.beside} <code>{hash}</code> {r.proof.gives} <code>{verdict.way[i + 1]}</code>
            </li>
          ))}
          <li>
            {r.proof.root} <code>{claim.epoch.root}</code>
          </li>
        </ol>
      </Folded>
    </>
  );
}

/** Each joint where another hash comes in: decoration beside the sentence. */
function Braid({ hashes }: { readonly hashes: number }): JSX.Element {
  const pitch = 26;
  const width = (hashes + 1) * pitch + 16;
  const stitch = (x: number, y: number): string => `M${x - 6} ${y}l6 -6l6 6l-6 6z`;
  return (
    <svg class="braid" width={width} height="52" viewBox={`0 0 ${width} 52`} aria-hidden="true">
      <path class="strand" d={`M8 26H${width - 8}`} />
      {Array.from({ length: hashes }, (_, i) => {
        const x = 8 + (i + 1) * pitch;
        const y = i % 2 === 0 ? 9 : 43;
        return (
          <g key={i}>
            <path class="strand" d={`M${x - pitch / 2} ${y}L${x} 26`} />
            <path class="other" d={stitch(x - pitch / 2, y)} />
          </g>
        );
      })}
      <path class="own" d={stitch(8, 26)} />
      <path class="root" d={stitch(width - 8, 26)} />
    </svg>
  );
}

function Folded(props: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <details class="behind small">
      <summary>{props.name}</summary>
      {props.children}
    </details>
  );
}
