/** The list of those who helped as a table, the way to one's own row, and the small form for a name. */
import { useSignal } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import { decodeAccount } from '../decode.ts';
import { joined } from '../join.ts';
import { addressWith, words } from '../language.ts';
import { boardWords } from '../words/board.ts';
import { ask } from '../live.ts';
import type { Live } from '../live.ts';
import type { AccountView, LeaderboardRow, LeaderboardView, SiteShares } from '../../wire/views.ts';
import type { Words } from '../words/words.ts';
import { Footer, Header } from './Header.tsx';
import { OrnamentView } from './Weave.tsx';

interface Props {
  readonly live: Live;
  readonly list: ReadonlySignal<LeaderboardView | null>;
  /** Asks for the list again, after a name has changed. */
  readonly refresh: () => void;
}

export function Board({ live, list, refresh }: Props): JSX.Element | null {
  const w = words.value;
  const me = useSignal<string | null>(accountIn(location.hash));
  useEffect(() => {
    if (me.value !== null) jumpTo(me.value);
  }, [list.value === null]);
  useEffect(() => {
    if (w !== null) document.title = boardWords[w.language].title;
  }, [w]);
  if (w === null) return null;
  const b = boardWords[w.language];
  const view = list.value;
  const lost = live.link.value.is === 'unreachable';
  return (
    <>
      <Header w={w} page="leaderboard" />
      <main id="content" tabIndex={-1}>
        <section class="head">
          <h1>{b.heading}</h1>
          <p class="lede">{b.lede}</p>
        </section>
        {view !== null && <Mine w={w} me={me} refresh={refresh} />}
        {view === null ? (
          <p>{lost ? w.here.unreachable : b.asking}</p>
        ) : view.rows.length === 0 ? (
          <section class="prose">
            <h2>{b.empty}</h2>
            <p>{b.emptyNote}</p>
          </section>
        ) : (
          <Table w={w} view={view} me={me.value} />
        )}
        {view?.sites !== undefined && view.sites.rows.length > 0 && <Sites w={w} sites={view.sites} />}
        {view !== null && (
          <>
            <p class="soft small">{joined(w.page.creditNote, b.anchorNote)}</p>
            <p>
              <a href={addressWith('/rewards.html', location.search)}>{b.rewards}</a>
            </p>
          </>
        )}
      </main>
      {(view !== null || lost) && <Footer w={w} live={live} />}
    </>
  );
}

function Table(props: {
  readonly w: Words;
  readonly view: LeaderboardView;
  readonly me: string | null;
}): JSX.Element {
  const { w, view, me } = props;
  const b = boardWords[w.language];
  const fine = (view.rows[0]?.creditMicro ?? 0) < 1e10;
  return (
    <div class="list">
      <table class="board figures">
        <caption>
          {b.caption(view.rows.length, view.accounts)}
          <small class="note">{b.namesNote}</small>
        </caption>
        <thead>
          <tr>
            <th scope="col">{b.rank}</th>
            <th scope="col" class="person">
              {b.who}
            </th>
            <th scope="col">{b.credit}</th>
            <th scope="col">{b.chunks}</th>
            <th scope="col" class="wide">
              {b.units}
            </th>
            <th scope="col" class="wide">
              {b.last}
            </th>
          </tr>
        </thead>
        <tbody>
          {view.rows.map((row) => (
            <Row key={row.account} w={w} row={row} now={view.at} mine={row.account === me} fine={fine} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row(props: {
  readonly w: Words;
  readonly row: LeaderboardRow;
  readonly now: number;
  readonly mine: boolean;
  /** Credits with two digits after the point: where nobody has so many that they would not be read. */
  readonly fine: boolean;
}): JSX.Element {
  const { w, row, now, mine, fine } = props;
  const b = boardWords[w.language];
  return (
    <tr id={`row-${row.account}`} class={mine ? 'mine' : undefined} tabIndex={mine ? -1 : undefined}>
      <td>{w.f.whole(row.rank)}</td>
      <th scope="row" class="person">
        <span>
          <OrnamentView id={row.account} />
          <span>
            <a
              href={`${addressWith('/rewards.html', location.search)}#${row.account}`}
              title={b.rowOf(row.account)}
            >
              {row.name ?? <code>{row.account.slice(0, 6)}</code>}
            </a>
            {mine && <strong> ({b.you})</strong>}
          </span>
        </span>
      </th>
      <td>{fine ? w.f.credit(row.creditMicro) : w.f.count(Math.round(row.creditMicro / 1e6))}</td>
      <td>{w.f.count(row.chunks)}</td>
      <td class="wide">{w.f.count(row.units)}</td>
      <td class="wide">{w.f.ago(row.lastAt, now)}</td>
    </tr>
  );
}

/** What partners' sites brought. */
function Sites(props: { readonly w: Words; readonly sites: SiteShares }): JSX.Element {
  const { w, sites } = props;
  const b = boardWords[w.language];
  return (
    <section class="list" aria-labelledby="sites">
      <h2 id="sites">{b.sites}</h2>
      <table class="figures">
        <caption>{b.sitesNote}</caption>
        <thead>
          <tr>
            <th scope="col">{b.site}</th>
            <th scope="col">{b.credit}</th>
            <th scope="col">{b.share}</th>
          </tr>
        </thead>
        <tbody>
          {sites.rows.map(({ site, name, creditMicro }) => (
            <tr key={site}>
              <th scope="row">{name}</th>
              <td>{w.f.credit(creditMicro)}</td>
              <td>{w.f.share(creditMicro, sites.ofMicro)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Finds this browser's own account, says where it stands, and lets its owner set a name. */
function Mine(props: {
  readonly w: Words;
  readonly me: Signal<string | null>;
  readonly refresh: () => void;
}): JSX.Element {
  const { w, me, refresh } = props;
  const b = boardWords[w.language];
  const searched = useSignal<'no' | 'looking' | 'none' | 'found'>(me.value === null ? 'no' : 'found');
  const account = useSignal<AccountView | null | undefined>(undefined);
  const look = async (): Promise<void> => {
    searched.value = 'looking';
    const { ownAccount } = await import('../account.ts');
    const own = await ownAccount().catch(() => null);
    searched.value = own === null ? 'none' : 'found';
    me.value = own;
    if (own !== null) jumpTo(own);
  };
  useEffect(() => {
    const read = async (): Promise<void> => {
      account.value = undefined;
      if (me.value === null) return;
      const path = `/api/account/${encodeURIComponent(me.value)}`;
      // An account that never came to work is not known there.
      account.value = await ask(path).then(decodeAccount, () => null);
    };
    void read();
  }, [me.value]);
  if (searched.value !== 'found') {
    return (
      <section class="prose">
        <p class="actions">
          <button type="button" disabled={searched.value === 'looking'} onClick={() => void look()}>
            {searched.value === 'looking' ? b.finding : b.find}
          </button>
        </p>
        <p role="status">{searched.value === 'none' && b.notYet}</p>
      </section>
    );
  }
  const standing = account.value;
  if (standing === undefined) return <section class="prose mine-to-come" />;
  const ranked = standing !== null && standing.rank !== null;
  return (
    <section class="prose">
      <p role="status">
        {ranked && standing.rank !== null
          ? b.yourRank(standing.rank, w.f.credit(standing.pendingMicro), w.f.credit(standing.vestedMicro))
          : b.notListed}
      </p>
      {ranked && (
        <p class="actions">
          <button type="button" onClick={() => me.value !== null && jumpTo(me.value)}>
            {b.jump}
          </button>
        </p>
      )}
      <NameForm w={w} name={standing?.name ?? null} refresh={refresh} />
    </section>
  );
}

/** A name that everybody can read, signed by the device key; or none. */
function NameForm(props: {
  readonly w: Words;
  readonly name: string | null;
  readonly refresh: () => void;
}): JSX.Element {
  const { w, refresh } = props;
  const b = boardWords[w.language];
  const typed = useSignal<string | null>(null);
  const said = useSignal('');
  const set = async (wanted: string | null): Promise<void> => {
    try {
      const { erase, setName } = await import('../account.ts');
      await (wanted === null ? erase() : setName(wanted));
      said.value = wanted === null ? b.nameDropped : b.nameSaved;
      refresh();
    } catch (error) {
      const { nameRefusalOf, refusalWords } = await import('../words/refusals.ts');
      const why = error instanceof Error && 'refused' in error ? String(error.refused) : '';
      said.value = refusalWords[w.language].name[nameRefusalOf(why)];
    }
  };
  const drop = (): void => {
    typed.value = '';
    void set(null);
  };
  const value = typed.value ?? props.name ?? '';
  return (
    <details>
      <summary>{b.name}</summary>
      <form
        class="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          void set(value.trim() === '' ? null : value.trim());
        }}
      >
        <p>{b.nameNote}</p>
        <label>
          {b.nameLabel}
          <input
            name="name"
            maxLength={40}
            autocomplete="nickname"
            value={value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
        <p class="actions">
          <button class="main">{b.nameSave}</button>
          <button type="button" onClick={drop}>
            {b.nameDrop}
          </button>
        </p>
        <p role="status">{said.value}</p>
      </form>
    </details>
  );
}

/** The account named behind the `#` of an address. */
function accountIn(hash: string): string | null {
  const id = hash.slice(1);
  return /^[A-Za-z0-9_-]{16}$/.test(id) ? id : null;
}

/** Brings a row into view and puts focus on it; without motion for those who want none. */
function jumpTo(account: string): void {
  const row = document.querySelector<HTMLElement>(`#row-${CSS.escape(account)}`);
  if (row === null) return;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  row.scrollIntoView({ block: 'center', behavior: calm ? 'auto' : 'smooth' });
  row.focus({ preventScroll: true });
}
