/** One receipt step by step, along a thread that is whole as far as the receipt holds: each step in a sentence, and what it rests on. */
import type { ComponentChildren, JSX } from 'preact';
import type { Words } from '../words/words.ts';
import { leafHashOf } from '../../volunteer/checks.ts';
import { rowsIn, unitsOf } from '../../volunteer/receipt-check.ts';
import type { ReadReceipt, ReceiptRow, ReceiptVerdict } from '../../volunteer/receipt-check.ts';
import { credits } from './catalogue.ts';
import type { RowKind, VerifyWords } from './catalogue.ts';
import { sidesOf, stepNames, stepsOf } from './model.ts';
import type { StepName } from './model.ts';

interface Props {
  readonly w: Words;
  readonly r: VerifyWords;
  readonly verdict: ReceiptVerdict;
}

/** `isInner`: under a heading of a list, so that headings stay in their order. */
export function Steps({ w, r, verdict, isInner }: Props & { readonly isInner: boolean }): JSX.Element {
  const states = stepsOf(verdict);
  const Heading = isInner ? 'h4' : 'h3';
  return (
    <ol class="steps">
      {stepNames.map((name) => (
        <li key={name} class={`step-${states[name]}`}>
          <Heading>
            {r.steps[name]} <span class="state">{r.states[states[name]]}</span>
          </Heading>
          <p>{saidOf(w, r, verdict, name)}</p>
          <Behind w={w} r={r} verdict={verdict} step={name} />
        </li>
      ))}
    </ol>
  );
}

/** What there is to say of a step. */
function saidOf(w: Words, r: VerifyWords, verdict: ReceiptVerdict, step: StepName): string {
  const state = stepsOf(verdict)[step];
  const { detail, read, rows, unpriced } = verdict;
  if (state === 'unseen') return r.unseen;
  if (state === 'fails' && detail !== null) return faultSaid(r, detail);
  if (read === null) return r.unseen;
  switch (step) {
    case 'text':
      return r.text.holds(read.tick.tick, read.tick.at);
    case 'tree':
      return r.tree.holds(read.index + 1, read.tick.count, read.path.length);
    case 'signature':
      return r.signature.holds(read.tick.tick, read.tick.size);
    case 'amounts':
      return state === 'partly'
        ? r.amounts.partly(unpriced, rowsIn(rows).length)
        : r.amounts.holds(rowsIn(rows).length);
    default:
      return step satisfies never;
  }
}

function faultSaid(r: VerifyWords, detail: NonNullable<ReceiptVerdict['detail']>): string {
  switch (detail.is) {
    case 'no-receipt':
      return r.text.noReceipt;
    case 'part':
      return r.text.part;
    case 'leaf':
      return r.text.leaf[detail.why];
    case 'time':
      return r.text.time(detail.leafAt, detail.tickAt);
    case 'path':
      return r.tree.fails;
    case 'key':
    case 'head':
      return r.signature.fails;
    case 'amount':
      return detail.owedMicro === null
        ? r.amounts.outside(detail.of)
        : r.amounts.fails(detail.of, detail.owedMicro);
    default:
      return detail satisfies never;
  }
}

/** What a step rests on, for whoever wants to reckon it again. */
function Behind(props: Props & { readonly step: StepName }): JSX.Element | null {
  const { w, r, verdict, step } = props;
  const { read, detail } = verdict;
  if (detail?.is === 'part' && step === 'text')
    return (
      <p class="soft small">
        <code lang="en">{r.text.partSays(detail.part, detail.says)}</code>
      </p>
    );
  if (read === null) return null;
  switch (step) {
    case 'text':
      return (
        <Folded name={r.text.show}>
          <pre tabIndex={0} role="group" aria-label={r.text.show}>
            {shortened(read.leaf)}
          </pre>
        </Folded>
      );
    case 'tree':
      return <Way r={r} read={read} />;
    case 'signature':
      return <Signature r={r} read={read} coordinator={verdict.coordinator} />;
    case 'amounts':
      return <Amounts w={w} r={r} verdict={verdict} read={read} />;
    default:
      return step satisfies never;
  }
}

function Folded(props: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <details class="behind small">
      <summary>{props.name}</summary>
      {props.children}
    </details>
  );
}

const shownMax = 20_000;

/** Text that nobody reads to its end is not laid out to its end. */
function shortened(text: string): string {
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)} …`;
}

/** The way from the leaf to the root: as a braid for the eye, as a list of hashes for whoever reckons. */
function Way({ r, read }: { readonly r: VerifyWords; readonly read: ReadReceipt }): JSX.Element {
  const { leaf, path, index, tick } = read;
  const sides = sidesOf(index, tick.count, path.length);
  return (
    <>
      <Braid sides={sides} />
      <Folded name={r.tree.show}>
        <ol class="hashes">
          <li>
            {r.tree.leaf} <code>{leafHashOf(leaf)}</code>
          </li>
          {path.map((hash, i) => (
            <li key={`${i} ${hash}`}>
              {r.tree.beside} <code>{sides[i] === 'left' ? `${hash} + …` : `… + ${hash}`}</code>
            </li>
          ))}
          <li>
            {r.tree.root} <code>{tick.receipts}</code>
          </li>
        </ol>
      </Folded>
    </>
  );
}

/** Each joint where another hash comes in, from above (left of ours) or from below: decoration beside the sentence. */
function Braid({ sides }: { readonly sides: readonly ('left' | 'right')[] }): JSX.Element {
  const pitch = 26;
  const width = (sides.length + 1) * pitch + 16;
  const stitch = (x: number, y: number): string => `M${x - 6} ${y}l6 -6l6 6l-6 6z`;
  return (
    <svg class="braid" width={width} height="52" viewBox={`0 0 ${width} 52`} aria-hidden="true">
      <path class="strand" d={`M8 26H${width - 8}`} />
      {sides.map((side, i) => {
        const x = 8 + (i + 1) * pitch;
        const y = side === 'left' ? 9 : 43;
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

function Signature(props: {
  readonly r: VerifyWords;
  readonly read: ReadReceipt;
  readonly coordinator: string;
}): JSX.Element {
  const { r, read, coordinator } = props;
  const { tick, at, size, root, receipts, signature } = read.tick;
  return (
    <Folded name={r.signature.show}>
      <ol class="hashes">
        <li>
          {r.signature.head} <code>{[tick, at, size, root, receipts].join(' ')}</code>
        </li>
        <li>
          {r.signature.key} <code>{coordinator}</code>
        </li>
        <li>
          {r.signature.signature} <code>{signature}</code>
        </li>
      </ol>
    </Folded>
  );
}

const rowsMax = 200;

function kindOf(of: ReceiptRow): RowKind {
  if (of.kind !== 'accepted') return of.kind;
  return of.row.final ? 'final' : 'pending';
}

function Amounts(props: Props & { readonly read: ReadReceipt }): JSX.Element {
  const { w, r, verdict, read } = props;
  const rows = rowsIn(verdict.rows);
  const { amounts } = r;
  return (
    <Folded name={amounts.show}>
      <div class="scrolls" tabIndex={0} role="group" aria-label={amounts.show}>
        <table class="figures">
          <caption>{amounts.caption}</caption>
          <thead>
            <tr>
              {[amounts.job, amounts.what, amounts.kind, amounts.units, amounts.cost, amounts.amount].map(
                (name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, rowsMax).map((of, i) => (
              <Amount key={i} w={w} r={r} of={of} price={read.jobs?.[of.row.job]} />
            ))}
          </tbody>
        </table>
        {rows.length > rowsMax && <p>…</p>}
      </div>
    </Folded>
  );
}

function Amount(props: {
  readonly w: Words;
  readonly r: VerifyWords;
  readonly of: ReceiptRow;
  readonly price: NonNullable<ReadReceipt['jobs']>[string] | undefined;
}): JSX.Element {
  const { w, r, of, price } = props;
  const credit = credits[w.language];
  return (
    <tr>
      <th scope="row">{of.row.job}</th>
      <td>{r.amounts.whatOf(of)}</td>
      <td>{r.amounts.kinds[kindOf(of)]}</td>
      <td>{price === undefined ? r.amounts.unknown : w.f.whole(unitsOf(of, price) ?? 0)}</td>
      <td>{price === undefined ? r.amounts.unknown : credit(price.unitCostMicro)}</td>
      <td>{credit(of.row.amountMicro)}</td>
    </tr>
  );
}
