/** What came of the looking: yes, or what is wrong; who signed and what was paid for what; and each receipt step by step. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { OrnamentView } from '../parts/Weave.tsx';
import type { Own } from '../receipts.ts';
import type { Words } from '../words/words.ts';
import { chunksOf } from '../../volunteer/receipt-check.ts';
import type { ReceiptRows, ReceiptVerdict } from '../../volunteer/receipt-check.ts';
import type { Paid } from '../../volunteer/receipt-sum.ts';
import type { VerifyWords } from './catalogue.ts';
import { brokenStep } from './model.ts';
import type { Looked } from './model.ts';
import { Steps } from './Steps.tsx';

interface Props {
  readonly w: Words;
  readonly r: VerifyWords;
  readonly looked: Looked;
  /** What this browser knows of its own coordinator and account; null until it was looked up. */
  readonly own: Own | null;
}

/** How a receipt begins. */
export const sample = '{"leaf": …, "index": …}';

export function Outcome({ w, r, looked, own }: Props): JSX.Element {
  const { verdicts, wrong, paid } = looked;
  const [only] = verdicts;
  const is = verdicts.length === 0 ? 'none' : wrong.length === 0 ? 'holds' : 'fails';
  return (
    <section class={`outcome ${is}`} aria-labelledby="outcome">
      <h2 id="outcome" tabIndex={-1}>
        {is === 'none'
          ? r.nothing
          : is === 'holds'
            ? r.holds(verdicts.length)
            : only !== undefined && verdicts.length === 1
              ? r.failsAt[brokenStep(only) ?? 'text']
              : r.fails(wrong.length, verdicts.length)}
      </h2>
      {is === 'none' && <p>{r.nothingNote(sample)}</p>}
      {paid.map((one) => (
        <Signed key={one.coordinator} r={r} paid={one} own={own} isOne={verdicts.length === 1} />
      ))}
      {verdicts.length === 1 && only !== undefined && <Steps w={w} r={r} verdict={only} isInner={false} />}
      {verdicts.length > 1 && wrong.length > 0 && (
        <List w={w} r={r} verdicts={verdicts} numbers={wrong} name={r.wrongList} />
      )}
      {verdicts.length > 1 && wrong.length < verdicts.length && (
        <List
          w={w}
          r={r}
          verdicts={verdicts}
          numbers={verdicts.flatMap(({ fault }, i) => (fault === null ? [i] : []))}
          name={r.list}
        />
      )}
    </section>
  );
}

/** Who signed, and what for whom: the sum of the receipts that hold. */
function Signed(props: {
  readonly r: VerifyWords;
  readonly paid: Paid;
  readonly own: Own | null;
  readonly isOne: boolean;
}): JSX.Element {
  const { r, paid, own, isOne } = props;
  const [account = ''] = paid.accounts;
  return (
    <div class="signed">
      <Sums r={r} paid={paid} isOne={isOne} />
      {paid.twice > 0 && <p class="soft small">{r.twice(paid.twice)}</p>}
      <dl>
        <div>
          <dt>{r.paidTo}</dt>
          <dd class="who-paid">
            {paid.accounts.length === 1 && <OrnamentView id={account} />}
            <span>
              <code>{paid.accounts.slice(0, 8).join(', ')}</code>
              {paid.accounts.length > 8 && ' …'}
              {paid.accounts.length === 1 && own?.account === account && ` (${r.mine})`}
            </span>
          </dd>
        </div>
        <div>
          <dt>{r.signedBy}</dt>
          <dd>
            <code class="key-text">{paid.coordinator}</code>
            <Known r={r} signed={paid.coordinator} own={own?.coordinator ?? null} />
          </dd>
        </div>
      </dl>
    </div>
  );
}

/** What was paid for what, and what became of it: a sentence for each kind that there is. One receipt alone adds up to nothing. */
function Sums(props: { readonly r: VerifyWords; readonly paid: Paid; readonly isOne: boolean }): JSX.Element {
  const { r, paid, isOne } = props;
  const { chunks, micro, accounts, pending, vested, voided, audits, left } = paid;
  const isSum = !isOne && pending.chunks + vested.chunks + voided.chunks > 0;
  return (
    <>
      {chunks > 0 && <p class="sum-paid figures">{r.paid(chunks, micro, accounts.length)}</p>}
      {pending.chunks > 0 && <p class="soft small">{r.pending(pending.chunks, pending.micro)}</p>}
      {vested.chunks > 0 && <p class="sum-vested figures">{r.vested(vested.chunks, vested.micro)}</p>}
      {voided.chunks > 0 && <p class="sum-voided figures">{r.voided(voided.chunks, voided.micro)}</p>}
      {audits.count > 0 && (
        <p class="sum-audits figures">{r.audits(audits.count, audits.units, audits.micro)}</p>
      )}
      {isSum && <p class="sum-left soft small">{r.left(left)}</p>}
    </>
  );
}

/** Whose key it is, as far as this browser knows, and a field for the key that a person knows. */
function Known(props: {
  readonly r: VerifyWords;
  readonly signed: string;
  readonly own: string | null;
}): JSX.Element {
  const { r, signed, own } = props;
  const typed = useSignal('');
  const key = typed.value.trim();
  return (
    <div class="known small">
      <p>{own === null ? r.keyUnknown : own === signed ? r.keyKnown : r.keyOther}</p>
      <p>
        <label>
          {r.keyAsk}{' '}
          <input
            type="text"
            maxLength={60}
            spellcheck={false}
            autocomplete="off"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>{' '}
        <strong role="status">{key === '' ? '' : key === signed ? r.keySame : r.keyDiffers}</strong>
      </p>
    </div>
  );
}

const shownFirst = 20;

/** Receipts by number, each to be opened; not all thousands at once. */
function List(props: {
  readonly w: Words;
  readonly r: VerifyWords;
  readonly verdicts: readonly ReceiptVerdict[];
  readonly numbers: readonly number[];
  readonly name: string;
}): JSX.Element {
  const { w, r, verdicts, numbers, name } = props;
  const shown = useSignal(shownFirst);
  const left = numbers.length - shown.value;
  return (
    <div class="receipt-list">
      <h3>{name}</h3>
      <ul>
        {numbers.slice(0, shown.value).map((number) => {
          const verdict = verdicts[number];
          return verdict === undefined ? null : (
            <Row key={number} w={w} r={r} verdict={verdict} number={number + 1} />
          );
        })}
      </ul>
      {left > 0 && (
        <p>
          <button
            type="button"
            class="text"
            onClick={() => {
              shown.value += 100;
            }}
          >
            {r.more(Math.min(100, left))}
          </button>
        </p>
      )}
    </div>
  );
}

function Row(props: {
  readonly w: Words;
  readonly r: VerifyWords;
  readonly verdict: ReceiptVerdict;
  readonly number: number;
}): JSX.Element {
  const { w, r, verdict, number } = props;
  const open = useSignal(false);
  const broken = brokenStep(verdict);
  return (
    <li class={broken === null ? 'holds' : 'fails'}>
      <details
        onToggle={(event) => {
          open.value = event.currentTarget.open;
        }}
      >
        <summary class="figures">
          <span>{verdict.tick > 0 ? r.receipt(number, verdict.tick) : r.receiptUntold(number)}</span>{' '}
          <span class="soft">
            {broken === null ? summary(r, verdict.rows) : `${r.steps[broken]}: ${r.states.fails}`}
          </span>
        </summary>
        {open.value && <Steps w={w} r={r} verdict={verdict} isInner />}
      </details>
    </li>
  );
}

/** What a receipt says, kind by kind, in one line. */
function summary(r: VerifyWords, { accepted, vested, voided, audits }: ReceiptRows): string {
  const microOf = (rows: readonly { readonly amountMicro: number }[]): number =>
    rows.reduce((sum, { amountMicro }) => sum + amountMicro, 0);
  const chunksIn = (rows: typeof vested): number => rows.reduce((sum, row) => sum + chunksOf(row), 0);
  return [
    accepted.length > 0 ? r.sums.accepted(accepted.length, microOf(accepted)) : '',
    vested.length > 0 ? r.sums.vested(chunksIn(vested), microOf(vested)) : '',
    voided.length > 0 ? r.sums.voided(chunksIn(voided), microOf(voided)) : '',
    audits.length > 0 ? r.sums.audit(audits.length, microOf(audits)) : '',
  ]
    .filter((said) => said !== '')
    .join(' · ');
}
