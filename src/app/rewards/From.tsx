/** Where a row's credit is from: the signed receipts of the period, fetched, checked one by one, and added up. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import { addressWith } from '../language.ts';
import type { Words } from '../words/words.ts';
import type { Claim } from '../../wire/epochs.ts';
import { exactly } from './catalogue.ts';
import type { RewardWords } from './catalogue.ts';
import { save, sourcesOf } from './model.ts';
import type { Source, Sources } from './model.ts';

const shownMax = 8;

interface Props {
  readonly w: Words;
  readonly r: RewardWords;
  readonly claim: Claim;
}

export function From({ w, r, claim }: Props): JSX.Element {
  const { row, epoch } = claim;
  const words = r.row.receipts;
  const sources = useSignal<Sources | 'asking' | 'failed'>('asking');
  useEffect(() => {
    let open = true;
    void sourcesOf(epoch, row.account).then(
      (found) => {
        if (open) sources.value = found;
      },
      () => {
        if (open) sources.value = 'failed';
      },
    );
    return () => {
      open = false;
    };
  }, []);
  const now = sources.value;
  if (typeof now === 'string')
    return (
      <>
        <h3>{words.heading}</h3>
        <p role="status">{now === 'asking' ? words.asking : words.failed}</p>
      </>
    );
  const { found, wrong } = now;
  const micro = found.reduce((sum, one) => sum + BigInt(one.micro), 0n);
  const credit = exactly(w.language, row.creditMicro);
  return (
    <>
      <h3>{words.heading}</h3>
      <p role="status">
        {found.length === 0
          ? words.none
          : micro === BigInt(row.creditMicro)
            ? words.all(found.length, credit)
            : words.part(found.length, exactly(w.language, String(micro)), credit)}
        {wrong > 0 && ` ${words.wrong(wrong)}`}
      </p>
      {found.length > 0 && <List w={w} r={r} claim={claim} found={found} />}
    </>
  );
}

/** The receipts, each a link to the page that opens it; and all of them as a file. */
function List(props: Props & { readonly found: readonly Source[] }): JSX.Element {
  const { w, r, claim, found } = props;
  const { row, epoch } = claim;
  const words = r.row.receipts;
  return (
    <>
      <ul class="sources figures small">
        {found.slice(0, shownMax).map((one) => (
          <li key={one.tick}>
            <a
              href={`${addressWith('/verify.html', location.search)}#account=${row.account}&tick=${one.tick}`}
            >
              {words.receipt(one.tick, w.f.moment(one.at), exactly(w.language, String(one.micro)))}
            </a>
          </li>
        ))}
        {found.length > shownMax && <li>{words.more(found.length - shownMax)}</li>}
      </ul>
      <p class="actions">
        <button
          type="button"
          onClick={() =>
            save(
              `talka-epoch-${epoch.number}-${row.account}-receipts.jsonl`,
              'application/jsonl',
              found.map(({ receipt }) => `${JSON.stringify(receipt)}\n`).join(''),
            )
          }
        >
          {words.save}
        </button>
        <a href={addressWith('/verify.html', location.search)}>{words.check}</a>
      </p>
    </>
  );
}
