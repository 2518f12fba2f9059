/** How the open period stands, and the epochs that are sealed, each with the seal that is woven from its root. */
import type { JSX } from 'preact';
import { joined } from '../join.ts';
import { OrnamentView } from '../parts/Weave.tsx';
import type { Words } from '../words/words.ts';
import type { EpochsView, EpochView } from '../../wire/epochs.ts';
import { exactly, utcOf } from './catalogue.ts';
import type { RewardWords } from './catalogue.ts';

interface Props {
  readonly w: Words;
  readonly r: RewardWords;
  readonly view: EpochsView;
}

export function OpenPeriod({ w, r, view }: Props): JSX.Element {
  const { number, fromAt, dueAt, vestedMicro, budgetMicro } = view.open;
  return (
    <section class="prose open-period" aria-labelledby="open">
      <h2 id="open">{r.open.heading}</h2>
      {fromAt === null ? (
        <p>{r.open.nothing}</p>
      ) : (
        <>
          <p class="stands figures">
            {vestedMicro === '0'
              ? r.open.empty(number, fromAt)
              : r.open.since(number, exactly(w.language, vestedMicro), fromAt)}
          </p>
          <p>
            {joined(
              dueAt === null ? r.open.undated : r.open.due(w.f.moment(dueAt), utcOf(dueAt)),
              dueAt !== null &&
                (budgetMicro === null ? r.open.asVested : r.open.budget(exactly(w.language, budgetMicro))),
            )}
          </p>
        </>
      )}
    </section>
  );
}

export function Sealed({ w, r, view }: Props): JSX.Element {
  if (view.epochs.length === 0)
    return (
      <section class="prose" aria-labelledby="sealed">
        <h2 id="sealed">{r.sealed.none}</h2>
        <p>{r.sealed.noneNote}</p>
      </section>
    );
  const { epoch, period, accounts, credit, budget, files } = r.sealed;
  // On a phone each row is a block of its own: what it is to those who hear it is said, since it looks like none.
  return (
    <section class="sealed" aria-labelledby="sealed">
      <h2 id="sealed">{r.sealed.heading}</h2>
      <p class="soft small">{r.sealed.caption}</p>
      <div class="list">
        <table class="figures epochs" role="table">
          <thead role="rowgroup">
            <tr role="row">
              {[epoch, period, accounts, credit, budget, files].map((name) => (
                <th
                  key={name}
                  scope="col"
                  role="columnheader"
                  class={name === period || name === files ? 'text' : ''}
                >
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {view.epochs.map((one) => (
              <Line key={one.number} w={w} r={r} epoch={one} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** An epoch in the list. Where there is no head above its columns, each says itself what it is. */
function Line(props: { readonly w: Words; readonly r: RewardWords; readonly epoch: EpochView }): JSX.Element {
  const { w, r, epoch } = props;
  const { number } = epoch;
  return (
    <tr role="row">
      <th scope="row" role="rowheader">
        <span class="with-seal">
          <OrnamentView id={epoch.root} />
          <span class="number">{w.f.whole(number)}</span>
          <span class="named">{r.sealed.named(number)}</span>
        </span>
      </th>
      <td role="cell" class="text">
        {r.sealed.between(w.f.moment(epoch.fromAt), w.f.moment(epoch.toAt))}
      </td>
      <td role="cell" data-label={r.sealed.accounts}>
        {w.f.count(epoch.accounts)}
      </td>
      <td role="cell" data-label={r.sealed.credit}>
        {exactly(w.language, epoch.totalMicro)}
      </td>
      <td role="cell" data-label={r.sealed.budget}>
        {exactly(w.language, epoch.budgetMicro)}
      </td>
      <td role="cell" class="text files">
        <a href={`/api/epochs/${number}`} download={`epoch-${number}.json`}>
          {r.sealed.file}
        </a>{' '}
        <a href={`/api/epochs/${number}/rows.csv`} download={`epoch-${number}-rows.csv`}>
          {r.sealed.rows}
        </a>
      </td>
    </tr>
  );
}
