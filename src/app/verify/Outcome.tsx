/** What came of the looking: yes, or what is wrong; who signed and what was paid for what; and each receipt step by step. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { OrnamentView } from '../parts/Weave.tsx';
import type { Own } from '../receipts.ts';
import type { Words } from '../words/words.ts';
import type { Paid, ReceiptVerdict } from '../../volunteer/receipt-check.ts';
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
        <Signed key={one.coordinator} w={w} r={r} paid={one} own={own} />
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
  readonly w: Words;
  readonly r: VerifyWords;
  readonly paid: Paid;
  readonly own: Own | null;
}): JSX.Element {
  const { r, paid, own } = props;
  const [account = ''] = paid.accounts;
  return (
    <div class="signed">
      <p class="sum-paid figures">{r.paid(paid.chunks, paid.micro, paid.accounts.length)}</p>
      {paid.pending.chunks > 0 && (
        <p class="soft small">{r.pending(paid.pending.chunks, paid.pending.micro)}</p>
      )}
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
  const micro = verdict.rows.reduce((sum, { amountMicro }) => sum + amountMicro, 0);
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
            {broken === null ? r.chunks(verdict.rows.length, micro) : `${r.steps[broken]}: ${r.states.fails}`}
          </span>
        </summary>
        {open.value && <Steps w={w} r={r} verdict={verdict} isInner />}
      </details>
    </li>
  );
}
