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
import type { AccountView } from '../../wire/views.ts';
import { exactly } from './catalogue.ts';
import type { RewardWords } from './catalogue.ts';
import { certificateOf } from './credit-certificate.ts';
import { accountOf, claimOf, save } from './model.ts';
import { From } from './From.tsx';
import { Sites } from './Sites.tsx';
import { SoFar } from './SoFar.tsx';
import { Formula, Steps } from './Steps.tsx';

interface Props {
  readonly w: Words;
  readonly r: RewardWords;
  readonly view: EpochsView;
  readonly coordinator: string | null;
}

type Found =
  | { readonly is: 'nothing' | 'looking' | 'failed' | 'malformed' | 'no-account' | 'unknown' }
  /** `row`: null where no epoch is sealed yet, a number where this account has none in that one. */
  | { readonly is: 'found'; readonly account: AccountView; readonly row: ClaimVerdict | number | null };

const accountForm = /^[A-Za-z0-9_-]{16}$/;

/** The account and the epoch behind the `#` of an address: `#ACCOUNT` or `#ACCOUNT/3`. */
export function wishIn(hash: string): { readonly account: string; readonly epoch: number | null } | null {
  const [account = '', number = ''] = hash.slice(1).split('/');
  if (!accountForm.test(account)) return null;
  return { account, epoch: /^[1-9]\d{0,8}$/.test(number) ? Number(number) : null };
}

/** What there is of an account: what it has so far, and its row where an epoch is sealed (`number` 0: none is). */
async function lookedUp(id: string, number: number): Promise<Found> {
  const [account, claim] = await Promise.all([accountOf(id), number === 0 ? null : claimOf(number, id)]);
  if (account === null) return { is: 'unknown' };
  if (claim !== null) return { is: 'found', account, row: await examineClaim(claim, null) };
  return { is: 'found', account, row: number === 0 ? null : number };
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
    const number = epoch.value === 0 ? '' : `/${epoch.value}`;
    history.replaceState(null, '', `${location.search}#${account}${number}`);
    const now = await lookedUp(account, epoch.value).catch((): Found => ({ is: 'failed' }));
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
  useEffect(() => {
    // The first epoch was sealed while somebody looked.
    if (epoch.value > 0 || newest === 0) return;
    epoch.value = newest;
    if (found.value.is === 'found') void look();
  }, [newest]);
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
      {now.is === 'found' && (
        <>
          <Whose r={r} account={now.account.account} mine={own.value === now.account.account} />
          <SoFar w={w} r={r} account={now.account} />
        </>
      )}
      <p role="status" class="looking">
        {now.is === 'looking' && r.own.looking}
        {now.is === 'failed' && r.own.failed}
        {now.is === 'malformed' && r.own.malformed}
        {now.is === 'no-account' && r.own.none}
        {now.is === 'unknown' && r.own.unknown}
        {now.is === 'found' && typeof now.row === 'number' && r.own.noRow(now.row)}
      </p>
      {now.is === 'found' && typeof now.row === 'object' && now.row !== null && (
        <Row
          key={`${now.row.claim?.row.account}/${now.row.claim?.epoch.number}`}
          {...{ w, r, coordinator }}
          verdict={now.row}
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
      {view.epochs.length > 0 && (
        <Numbers {...{ w, r, view, epoch }} look={wanted.value === '' ? null : look} />
      )}
      <button disabled={wanted.value.trim() === ''}>{r.own.look}</button>
    </form>
  );
}

/** In which epoch it is looked for. */
function Numbers(
  props: Pick<LookUpProps, 'w' | 'r' | 'view' | 'epoch'> & { readonly look: (() => void) | null },
): JSX.Element {
  const { w, r, view, epoch, look } = props;
  return (
    <label>
      {r.own.epoch}
      <select
        name="epoch"
        value={String(epoch.value)}
        onChange={(event) => {
          epoch.value = Number(event.currentTarget.value);
          look?.();
        }}
      >
        {view.epochs.map(({ number }) => (
          <option key={number} value={String(number)}>
            {w.f.whole(number)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Whose it is: the ornament and the id, and whether this browser has the key. */
function Whose(props: {
  readonly r: RewardWords;
  readonly account: string;
  readonly mine: boolean;
}): JSX.Element {
  const { r, account, mine } = props;
  return (
    <div class="who-paid">
      <OrnamentView id={account} />
      <p>
        <code>{account}</code>
        {mine && ` (${r.own.mine})`}
      </p>
    </div>
  );
}

interface RowProps {
  readonly w: Words;
  readonly r: RewardWords;
  readonly verdict: ClaimVerdict;
  readonly coordinator: string | null;
}

function Row({ w, r, verdict, coordinator }: RowProps): JSX.Element {
  const { claim, fault } = verdict;
  if (claim === null) return <p>{r.own.failed}</p>;
  const { row, epoch } = claim;
  const amount = exactly(w.language, row.amountMicro);
  return (
    <div class="epoch-row">
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
