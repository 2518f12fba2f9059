/** One's own row of an epoch, or that of any account: found, worked out, checked step by step, and to be taken along. */
import { useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { OrnamentView } from '../parts/Weave.tsx';
import type { Words } from '../words/words.ts';
import { examineClaim } from '../../volunteer/epoch-check.ts';
import type { ClaimVerdict } from '../../volunteer/epoch-check.ts';
import type { EpochFile, EpochsView } from '../../wire/epochs.ts';
import { exactly } from './catalogue.ts';
import type { RewardWords } from './catalogue.ts';
import { certificateOf } from './credit-certificate.ts';
import { claimOf, save } from './model.ts';
import { Sites } from './Sites.tsx';
import { From } from './From.tsx';
import { Formula, Steps } from './Steps.tsx';

interface Props {
  readonly w: Words;
  readonly r: RewardWords;
  readonly view: EpochsView;
  readonly coordinator: string | null;
}

type Found =
  | { readonly is: 'nothing' | 'looking' | 'failed' | 'malformed' | 'no-account' }
  | { readonly is: 'no-row'; readonly number: number }
  | { readonly is: 'found'; readonly verdict: ClaimVerdict };

const accountForm = /^[A-Za-z0-9_-]{16}$/;

/** The account and the epoch behind the `#` of an address: `#ACCOUNT` or `#ACCOUNT/3`. */
export function wishIn(hash: string): { readonly account: string; readonly epoch: number | null } | null {
  const [account = '', number = ''] = hash.slice(1).split('/');
  if (!accountForm.test(account)) return null;
  return { account, epoch: /^[1-9]\d{0,8}$/.test(number) ? Number(number) : null };
}

/** Looks an account up, and keeps what was found until the next one. */
function useLooking(
  wanted: Signal<string>,
  epoch: Signal<number>,
  found: Signal<Found>,
): () => Promise<void> {
  const turn = useRef(0);
  return async () => {
    const mine = ++turn.current;
    const account = wanted.value.trim();
    if (!accountForm.test(account)) {
      found.value = { is: 'malformed' };
      return;
    }
    found.value = { is: 'looking' };
    history.replaceState(null, '', `${location.search}#${account}/${epoch.value}`);
    const now = await claimOf(epoch.value, account).then(
      async (claim): Promise<Found> =>
        claim === null
          ? { is: 'no-row', number: epoch.value }
          : { is: 'found', verdict: await examineClaim(claim, null) },
      (): Found => ({ is: 'failed' }),
    );
    if (mine === turn.current) found.value = now;
  };
}

export function Mine({ w, r, view, coordinator }: Props): JSX.Element {
  const wish = wishIn(location.hash);
  const newest = view.epochs[0]?.number ?? 0;
  const wanted = useSignal(wish?.account ?? '');
  const epoch = useSignal(
    view.epochs.some(({ number }) => number === wish?.epoch) ? (wish?.epoch ?? newest) : newest,
  );
  const found = useSignal<Found>({ is: 'nothing' });
  const own = useSignal<string | null>(null);
  const look = useLooking(wanted, epoch, found);
  useEffect(() => {
    if (wish !== null) void look();
  }, []);
  const findMine = async (): Promise<void> => {
    found.value = { is: 'looking' };
    const { ownAccount } = await import('../account.ts');
    own.value = await ownAccount().catch(() => null);
    if (own.value === null) found.value = { is: 'no-account' };
    else {
      wanted.value = own.value;
      await look();
    }
  };
  const now = found.value;
  return (
    <section class="own" aria-labelledby="own">
      <h2 id="own">{r.own.heading}</h2>
      <LookUp {...{ w, r, view, wanted, epoch }} look={() => void look()} findMine={() => void findMine()} />
      <p class="soft small">{r.own.note}</p>
      <p role="status" class="looking">
        {now.is === 'looking' && r.own.looking}
        {now.is === 'failed' && r.own.failed}
        {now.is === 'malformed' && r.own.malformed}
        {now.is === 'no-account' && r.own.none}
        {now.is === 'no-row' && r.own.noRow(now.number)}
      </p>
      {now.is === 'found' && (
        <Row
          key={`${now.verdict.claim?.row.account}/${now.verdict.claim?.epoch.number}`}
          {...{ w, r, coordinator }}
          verdict={now.verdict}
          mine={own.value !== null && own.value === now.verdict.claim?.row.account}
        />
      )}
    </section>
  );
}

interface LookUpProps extends Omit<Props, 'coordinator'> {
  readonly wanted: Signal<string>;
  readonly epoch: Signal<number>;
  readonly look: () => void;
  readonly findMine: () => void;
}

/** This browser's own account, or any that is typed or pasted; and in which epoch. */
function LookUp({ w, r, view, wanted, epoch, look, findMine }: LookUpProps): JSX.Element {
  return (
    <form
      class="look-up"
      onSubmit={(event) => {
        event.preventDefault();
        look();
      }}
    >
      <button type="button" class="main" onClick={findMine}>
        {r.own.find}
      </button>
      <label>
        {r.own.label}
        <input
          name="account"
          maxLength={40}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
          }}
        />
      </label>
      <label>
        {r.own.epoch}
        <select
          name="epoch"
          value={String(epoch.value)}
          onChange={(event) => {
            epoch.value = Number(event.currentTarget.value);
            if (wanted.value !== '') look();
          }}
        >
          {view.epochs.map(({ number }) => (
            <option key={number} value={String(number)}>
              {w.f.whole(number)}
            </option>
          ))}
        </select>
      </label>
      <button disabled={wanted.value.trim() === ''}>{r.own.look}</button>
    </form>
  );
}

interface RowProps {
  readonly w: Words;
  readonly r: RewardWords;
  readonly verdict: ClaimVerdict;
  readonly coordinator: string | null;
  readonly mine: boolean;
}

function Row({ w, r, verdict, coordinator, mine }: RowProps): JSX.Element {
  const { claim, fault } = verdict;
  if (claim === null) return <p>{r.own.failed}</p>;
  const { row, epoch } = claim;
  const amount = exactly(w.language, row.amountMicro);
  return (
    <div class="epoch-row">
      <div class="who-paid">
        <OrnamentView id={row.account} />
        <p>
          <code>{row.account}</code>
          {mine && ` (${r.own.mine})`}
        </p>
      </div>
      <h3>{r.row.heading(epoch.number)}</h3>
      <p class="amount figures">{r.row.says(amount, exactly(w.language, epoch.budgetMicro))}</p>
      <p class="figures">
        {r.row.because(exactly(w.language, row.creditMicro), exactly(w.language, epoch.totalMicro))}
      </p>
      <h3>{r.row.formula}</h3>
      <Formula language={w.language} claim={claim} />
      <p class="soft small">{r.row.floor}</p>
      <From w={w} r={r} claim={claim} />
      <h3>{r.proof.heading}</h3>
      <p class={`verdict ${fault === null ? 'holds' : 'fails'}`}>
        {fault === null ? r.proof.holds : r.proof.failsAt[fault]}
      </p>
      <Steps r={r} language={w.language} verdict={verdict} coordinator={coordinator} />
      <p class="actions">
        <button
          type="button"
          onClick={() =>
            save(
              `${nameOf(epoch, row.account)}-proof.json`,
              'application/json',
              `${JSON.stringify(claim, null, 1)}\n`,
            )
          }
        >
          {r.proof.save}
        </button>
      </p>
      {fault === null && <Certificate w={w} r={r} verdict={verdict} />}
      <Sites w={w} r={r} epoch={epoch} />
    </div>
  );
}

const nameOf = ({ number }: EpochFile, account: string): string => `talka-epoch-${number}-${account}`;

/** What can be claimed today, and what cannot yet. */
function Certificate(props: {
  readonly w: Words;
  readonly r: RewardWords;
  readonly verdict: ClaimVerdict;
}): JSX.Element | null {
  const { w, r, verdict } = props;
  const address = useSignal('');
  const { claim } = verdict;
  const drawn = claim === null ? '' : certificateOf(claim, w.language);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([drawn], { type: 'image/svg+xml' }));
    address.value = made;
    return () => URL.revokeObjectURL(made);
  }, [drawn]);
  if (claim === null) return null;
  const { row, epoch } = claim;
  return (
    <section class="claimable" aria-labelledby="claimable">
      <h3 id="claimable">{r.claim.heading}</h3>
      <p>{r.claim.today}</p>
      {address.value !== '' && (
        <img
          class="credit-certificate"
          src={address.value}
          width="1120"
          height="800"
          alt={r.claim.certificateAlt(row.account, epoch.number)}
        />
      )}
      <p class="actions">
        <button
          type="button"
          class="main"
          onClick={() => save(`${nameOf(epoch, row.account)}.svg`, 'image/svg+xml', drawn)}
        >
          {r.claim.certificate}
        </button>
      </p>
      <p>{r.claim.notYet}</p>
    </section>
  );
}
