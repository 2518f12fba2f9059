/** How the open period stands, and the epochs that are sealed, each with the seal that is woven from its root. */
import type { JSX } from 'preact';
import { joined } from '../join.ts';
import { OrnamentView } from '../parts/Weave.tsx';
import type { Words } from '../words/words.ts';
import type { EpochsView } from '../../wire/epochs.ts';
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
  return (
    <section class="sealed" aria-labelledby="sealed">
      <h2 id="sealed">{r.sealed.heading}</h2>
      <p class="soft small">{r.sealed.caption}</p>
      <div class="scrolls" tabIndex={0} role="group" aria-labelledby="sealed">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{r.sealed.epoch}</th>
              <th scope="col" class="period">
                {r.sealed.period}
              </th>
              <th scope="col">{r.sealed.accounts}</th>
              <th scope="col">{r.sealed.credit}</th>
              <th scope="col">{r.sealed.budget}</th>
              <th scope="col" class="period">
                {r.sealed.files}
              </th>
            </tr>
          </thead>
          <tbody>
            {view.epochs.map((epoch) => (
              <tr key={epoch.number}>
                <th scope="row">
                  <span class="with-seal">
                    <OrnamentView id={epoch.root} />
                    {w.f.whole(epoch.number)}
                  </span>
                </th>
                <td class="period">{r.sealed.between(w.f.moment(epoch.fromAt), w.f.moment(epoch.toAt))}</td>
                <td>{w.f.count(epoch.accounts)}</td>
                <td>{exactly(w.language, epoch.totalMicro)}</td>
                <td>{exactly(w.language, epoch.budgetMicro)}</td>
                <td class="period files">
                  <a href={`/api/epochs/${epoch.number}`} download={`epoch-${epoch.number}.json`}>
                    {r.sealed.file}
                  </a>{' '}
                  <a
                    href={`/api/epochs/${epoch.number}/rows.csv`}
                    download={`epoch-${epoch.number}-rows.csv`}
                  >
                    {r.sealed.rows}
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
