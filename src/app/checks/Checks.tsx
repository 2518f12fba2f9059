/** The page "How results are checked": the story in pictures, what there is to choose, how it stands here, and what it does not do. */
import type { ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import { addressWith, words } from '../language.ts';
import type { Live } from '../live.ts';
import { Footer, Header } from '../parts/Header.tsx';
import { checksWords } from '../words/checks.ts';
import type { ChecksView } from '../../wire/views.ts';
import type { ChecksWords } from './catalogue.ts';
import { Now } from './Now.tsx';
import { Policies } from './Policies.tsx';
import { rulesOf } from './rules.ts';
import { Story } from './Story.tsx';

interface Props {
  readonly live: Live;
  /** What the coordinator said last of its checks; null before it did. */
  readonly view: ReadonlySignal<ChecksView | null>;
}

export function Checks({ live, view: said }: Props): JSX.Element | null {
  const w = words.value;
  useEffect(() => {
    if (w !== null) document.title = checksWords[w.language].title;
  }, [w]);
  if (w === null) return null;
  const c = checksWords[w.language];
  const view = said.value;
  const rules = rulesOf(view);
  const lost = live.link.value.is === 'unreachable';
  return (
    <>
      <Header w={w} page="checks" />
      <main id="content" tabIndex={-1} class="checks">
        <section class="head">
          <h1>{c.heading}</h1>
          <p class="lede">{c.lede}</p>
        </section>
        <p class="so-far figures">
          {view === null ? (lost ? w.here.unreachable : c.now.asking) : soFarOf(c, view)}
        </p>
        <Story c={c} rules={rules} />
        {view !== null && (
          <>
            <Policies w={w} c={c} view={view} rules={rules} />
            <Now w={w} c={c} view={view} rules={rules} />
          </>
        )}
        <Said id="assumed" heading={c.assumed.heading} says={c.assumed.says} />
        <Said id="limits" heading={c.limits.heading} says={c.limits.says(rules)} />
        <section class="prose" aria-labelledby="further">
          <h2 id="further">{c.further.heading}</h2>
          <ul class="plain">
            <li>
              <a href={addressWith('/verify.html', location.search)}>{c.further.verify}</a>
            </li>
            <li>
              <a href="/api/checks">{c.further.data}</a>
            </li>
          </ul>
        </section>
      </main>
      {(view !== null || lost) && <Footer w={w} live={live} isChecks />}
    </>
  );
}

function soFarOf(c: ChecksWords, { made }: ChecksView): string {
  return made.audits === 0 ? c.none : c.soFar(made.audits, made.units, made.mismatches);
}

function Said(props: {
  readonly id: string;
  readonly heading: string;
  readonly says: readonly string[];
}): JSX.Element {
  const { id, heading, says } = props;
  return (
    <section class="prose said" aria-labelledby={id}>
      <h2 id={id}>{heading}</h2>
      <ul>
        {says.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </section>
  );
}
