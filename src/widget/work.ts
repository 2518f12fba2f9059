/** The widget at work: the same volunteer as on our own page, for this site alone, with a band of the cloth, Pause and Stop. */
import { memoryOutbox } from '../volunteer/outbox-memory.ts';
import type { Change, Outbox } from '../volunteer/outbox.ts';
import { browserPlatform } from '../volunteer/platform-browser.ts';
import type { Platform } from '../volunteer/platform.ts';
import type { VolunteerView } from '../volunteer/store.ts';
import { createVolunteer } from '../volunteer/volunteer.ts';
import type { Volunteer } from '../volunteer/volunteer.ts';
import { button, homeLink, make } from './dom.ts';
import { coresLent, noteAgreed } from './facts.ts';
import type { Inside } from './card.ts';
import { tellPage, watchPage } from './page.ts';
import { watchSeen } from './sight.ts';
import { pageStates, standingOf } from './standing.ts';
import type { Pausing } from './standing.ts';
import { Weaving } from './weaving.ts';
import { consentText, consentWords } from './consent-text.ts';
import { cardWords } from './words.ts';

export class Work {
  readonly #inside: Inside;
  readonly #platform: Platform;
  readonly #storing: Promise<Outbox>;
  readonly #volunteer: Volunteer;
  readonly #pausing = new Set<Pausing>();
  readonly #listening = new AbortController();
  /** Chunks that were computed before the volunteer was here. */
  readonly #before: number;
  readonly #line = make('p', 'say');
  readonly #counted = make('span', '');
  /** Credits lead to where they are told of; before there is an account they are none. */
  readonly #credits = homeLink('');
  readonly #tally = make('p', 'tally', this.#counted, ' · ', this.#credits);
  readonly #pause: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;

  /** `left`: what a first chunk left for the outbox. */
  constructor(inside: Inside, left: readonly Change[]) {
    const { facts, language, words } = inside;
    const { site, from } = facts;
    if (site === null || from === null) throw new Error('only a frame of a site works');
    this.#inside = inside;
    const browser = browserPlatform({ partner: { site: site.key, from } });
    // Storage may be forbidden to frames of other sites: then this visit has no memory, and Stop still knows who agreed.
    this.#storing = browser
      .openOutbox()
      .catch(() => memoryOutbox())
      .then((outbox) => takenIn(outbox, left));
    this.#platform = { ...browser, openOutbox: () => this.#storing };
    this.#volunteer = createVolunteer({ url: location.origin, platform: this.#platform });
    this.#before = left.filter((change) => 'put' in change && change.put === 'results').length;
    this.#pause = button('', words.pause, () => this.#pressPause());
    this.#stop = button('', cardWords[language].stop, () => void this.end());
    this.#line.setAttribute('role', 'status');
    this.#credits.title = words.rewards;
    this.#credits.removeAttribute('href');
  }

  /** Starts with what was agreed to just now. */
  begin(text: string): void {
    const { actions } = this.#volunteer;
    actions.configure({ cores: coresLent(), gpu: false });
    void actions.start({ text, language: this.#inside.language });
    noteAgreed(this.#inside.facts.site?.key ?? '');
    this.#atWork();
  }

  /** Goes on with what was agreed to earlier, where that holds: to these very words, within thirty days. */
  async goOn(): Promise<void> {
    const { actions } = this.#volunteer;
    const known = this.#platform.recall();
    const language = known?.language === 'zh' ? 'zh' : 'en';
    const { agreement } = consentText(
      this.#inside.facts,
      language,
      await consentWords(language),
      coresLent(),
    );
    actions.configure({ cores: coresLent(), gpu: false });
    if (known?.text.endsWith(agreement) === true && actions.resumeRemembered()) this.#atWork();
    else {
      // It is forgotten, and asked for again.
      this.#platform.remember(null);
      this.#inside.show();
    }
  }

  #atWork(): void {
    const { facts, language, words, place, weave } = this.#inside;
    const { store } = this.#volunteer;
    const brand = make(
      'h1',
      'brand',
      make('b', '', 'Talka'),
      ` ${cardWords[language].working(facts.site?.name ?? '')}`,
    );
    const shown = make('div', 'words', brand, this.#line, this.#tally);
    const home = homeLink(cardWords[language].home);
    place.replaceChildren(shown, make('p', 'acts', this.#pause, this.#stop, home));
    if (this.#platform.recall() === null) shown.append(make('p', 'still', words.unkept));
    const { signal } = this.#listening;
    signal.addEventListener(
      'abort',
      store.subscribe((view) => this.#show(view)),
    );
    this.#show(store.getState());
    watchPage(signal, (rest) => this.#turn('page', rest));
    watchSeen(signal, (seen) => this.#turn('unseen', !seen));
    new Weaving(weave, facts, () => (this.#pausing.size > 0 ? null : store.getState())).begin(signal);
  }

  /** Stops at once, and takes back what was agreed to [WG5]. */
  async end(): Promise<void> {
    const { facts, language, words, place, look } = this.#inside;
    this.#listening.abort();
    this.#volunteer.actions.leave();
    const { takeBack } = await import('../volunteer/revoke.ts');
    const told = await takeBack(location.origin, this.#platform, await this.#storing);
    const [title, said] = words.stopped(facts.site?.name ?? '', told);
    const { look: asks, home } = cardWords[language];
    place.replaceChildren(
      make('div', 'words', make('h1', '', title), make('p', 'say', said), this.#tally),
      make('p', 'acts', button('', asks, look), homeLink(home)),
    );
    tellPage(facts, { is: 'state', state: 'stopped' });
  }

  /** What was agreed to counts no more: it is asked for anew. */
  #lapse(): void {
    const { facts, language, words, place, look } = this.#inside;
    this.#listening.abort();
    this.#platform.remember(null);
    const { look: asks, home } = cardWords[language];
    place.replaceChildren(
      make('h1', 'say', words.lapsed),
      make('p', 'acts', button('', asks, look), homeLink(home)),
    );
    tellPage(facts, { is: 'state', state: 'stopped' });
  }

  #pressPause(): void {
    const { store, actions } = this.#volunteer;
    if (store.getState().reason?.why === 'elsewhere') void actions.takeOver();
    else this.#turn('person', !this.#pausing.has('person'));
  }

  #turn(who: Pausing, on: boolean): void {
    const { store, actions } = this.#volunteer;
    const before = this.#pausing.size;
    if (on) this.#pausing.add(who);
    else this.#pausing.delete(who);
    if (before === 0 && this.#pausing.size > 0) actions.pause();
    if (before > 0 && this.#pausing.size === 0) actions.resume();
    this.#show(store.getState());
  }

  #show(view: VolunteerView): void {
    const { facts, language, words } = this.#inside;
    if (view.reason?.why === 'refused' && view.reason.code === 'consent') return this.#lapse();
    const standing = standingOf(view, this.#pausing);
    const busy = view.workers.filter(({ state }) => state === 'computing').length;
    const { preparing, busy: busyOn } = cardWords[language];
    this.#line.textContent =
      standing === 'preparing'
        ? preparing
        : standing === 'working'
          ? busyOn(Math.max(1, busy))
          : words.standing[standing];
    const { pendingMicro, vestedMicro } = view.credit;
    const chunks = view.chunks.computed + this.#before;
    this.#counted.textContent = words.chunks(chunks);
    this.#credits.textContent = words.credit(pendingMicro + vestedMicro);
    if (view.account !== null) this.#credits.href = `/rewards.html?lang=${language}#${view.account}`;
    const paused = this.#pausing.has('person');
    this.#pause.textContent = standing === 'elsewhere' ? words.here : paused ? words.resume : words.pause;
    tellPage(facts, { is: 'state', state: pageStates[standing] });
    tellPage(facts, { is: 'credit', pendingMicro, vestedMicro, chunks });
  }
}

/** An outbox with what a first chunk left, where nobody was here before. */
async function takenIn(outbox: Outbox, left: readonly Change[]): Promise<Outbox> {
  if (left.length > 0 && (await outbox.load()).identity === null) await outbox.write(left);
  return outbox;
}
