/** Top and bottom of every page: the name, the pages, the languages; who is here, and what the coordinator says of itself. */
import type { JSX } from 'preact';
import { addressWith, languages, speak } from '../language.ts';
import type { PageName } from '../language.ts';
import type { Live } from '../live.ts';
import type { Words } from '../words/words.ts';
import { Band, Wordmark } from './Weave.tsx';

export function Header(props: { readonly w: Words; readonly page: PageName }): JSX.Element {
  const { w, page } = props;
  return (
    <>
      <a class="skip" href="#content">
        {w.page.skip}
      </a>
      <header class="top">
        <a class="home" href={addressWith('/', location.search)}>
          <Wordmark />
        </a>
        <nav aria-label={w.page.pages}>
          <PageLink to="/" here={page === 'contribute'} name={w.page.contribute} />
          <PageLink to="/leaderboard.html" here={page === 'leaderboard'} name={w.page.leaderboard} />
        </nav>
        <Tongues w={w} page={page} />
      </header>
      <Band id={location.host} />
    </>
  );
}

function PageLink(props: {
  readonly to: string;
  readonly here: boolean;
  readonly name: string;
}): JSX.Element {
  return (
    <a
      href={addressWith(props.to, location.search)}
      {...(props.here ? { 'aria-current': 'page' as const } : {})}
    >
      {props.name}
    </a>
  );
}

/** The languages as links, so that an address can be passed on; followed in place, so that work goes on. */
function Tongues(props: { readonly w: Words; readonly page: PageName }): JSX.Element {
  const choose = (event: MouseEvent, address: string, language: 'en' | 'zh'): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, '', address);
    void speak(language, props.page);
  };
  return (
    <nav class="tongues" aria-label={props.w.page.languages}>
      {languages.map(({ language, name, lang }) => {
        const address = `?lang=${language}${location.hash}`;
        return (
          <a
            key={language}
            lang={lang}
            hreflang={lang}
            href={address}
            {...(props.w.language === language ? { 'aria-current': 'true' as const } : {})}
            onClick={(event) => choose(event, address, language)}
          >
            {name}
          </a>
        );
      })}
    </nav>
  );
}

/** Who is here, and whose coordinator this is. */
export function Footer(props: {
  readonly w: Words;
  readonly live: Live;
  /** On the page that its link leads to. */
  readonly isChecks?: boolean;
}): JSX.Element {
  const { w, live } = props;
  const here = live.here.value;
  const status = live.status.value;
  const link = live.link.value.is;
  return (
    <footer class="bottom">
      <p>
        {here === null || link === 'unreachable'
          ? w.here.link[link]
          : here.people === 0
            ? w.here.nobody
            : w.here.line(here.people, here.devices, w.f.tenth(here.rateMilli / 1000))}
      </p>
      {!props.isChecks && (
        <p>
          <PageLink to="/checks.html" here={false} name={w.page.checks} />
        </p>
      )}
      {status !== null && (
        <p>
          {w.here.coordinator(status.name, status.version)} ·{' '}
          {w.here.log(status.head.size, status.witnesses.count)} · {w.here.link[link]}
        </p>
      )}
    </footer>
  );
}
