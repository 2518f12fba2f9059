/** The reward page: what credit comes to, how each amount came to be, what can be had for it, and its proof, checked on the spot. */
import type { ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import { addressWith, words } from '../language.ts';
import type { Live } from '../live.ts';
import { Footer, Header } from '../parts/Header.tsx';
import { rewardWords } from '../words/rewards.ts';
import type { EpochsView } from '../../wire/epochs.ts';
import { OpenPeriod, Sealed } from './Epochs.tsx';
import { Laid } from './Laid.tsx';
import { Mine } from './Mine.tsx';

interface Props {
  readonly live: Live;
  /** What the coordinator said last of its epochs; null before it did. */
  readonly view: ReadonlySignal<EpochsView | null>;
}

/** What rebuilds an epoch without a page. */
const command = 'npm run talka -- epoch verify epoch-1.json epoch-1-rows.csv';

export function Rewards({ live, view: said }: Props): JSX.Element | null {
  const w = words.value;
  useEffect(() => {
    if (w !== null) document.title = rewardWords[w.language].title;
  }, [w]);
  if (w === null) return null;
  const r = rewardWords[w.language];
  const view = said.value;
  const lost = live.link.value.is === 'unreachable';
  const coordinator = live.status.value?.coordinator ?? null;
  return (
    <>
      <Header w={w} page="rewards" />
      <main id="content" tabIndex={-1} class="verify rewards">
        <section class="head">
          <h1>{r.heading}</h1>
          <p class="lede">{r.lede}</p>
        </section>
        {view === null ? (
          <p>{lost ? w.here.unreachable : r.asking}</p>
        ) : (
          <>
            <OpenPeriod w={w} r={r} view={view} />
            <Mine w={w} r={r} view={view} coordinator={coordinator} />
            <Sealed w={w} r={r} view={view} />
          </>
        )}
        <Laid w={w} r={r} coordinator={coordinator} />
        <section class="prose limits" aria-labelledby="limits">
          <h2 id="limits">{r.limits.heading}</h2>
          {r.limits.says.map((one) => (
            <p key={one}>{one}</p>
          ))}
          <p>
            <code>{command}</code>
          </p>
          <p>
            <a href={addressWith('/checks.html', location.search)}>{w.page.checks}</a>
          </p>
        </section>
      </main>
      {(view !== null || lost) && <Footer w={w} live={live} isChecks />}
    </>
  );
}
