/** From the card's button to work [WG2]: the consent, in the frame where the browser tells that nothing covers it, else in a window. */
import type { EmbedFacts } from '../wire/views.ts';
import { agreeing } from './agreeing.ts';
import type { band } from './band.ts';
import { button, homeLink, make } from './dom.ts';
import { coresLent } from './facts.ts';
import type { Language } from './facts.ts';
import { tellPage } from './page.ts';
import { tellsCover, watchSight } from './sight.ts';
import { consentText, laterWords } from './words-later.ts';
import { cardWords } from './words.ts';

/** What the card hands over. */
export interface Inside {
  readonly facts: EmbedFacts;
  readonly language: Language;
  /** Where everything is shown. */
  readonly place: HTMLElement;
  readonly weave: ReturnType<typeof band>;
  /** Shows the card again. */
  card(): void;
}

/** A frame that is not in plain view by then says so, and offers the window. */
const coveredMs = 3_000;
/** A frame lower than this has no room for the consent. */
const roomPx = 280;

/** Shows the consent where it cannot be covered. */
export function consentHere(inside: Inside): void {
  tellPage(inside.facts, { is: 'state', state: 'consent' });
  if (tellsCover && innerHeight >= roomPx) inFrame(inside);
  else inWindow(inside);
}

/** Goes on with what was agreed to earlier on this site, if it still holds. */
export function goOnHere(inside: Inside): void {
  begin(inside, null);
}

function inFrame(inside: Inside): void {
  const { facts, language, place, card } = inside;
  const words = laterWords[language].consent;
  const text = consentText(facts, language, coresLent());
  const end = (): void => {
    stop();
    clearTimeout(timer);
  };
  const shown = agreeing(
    text,
    words,
    () => {
      end();
      begin(inside, text.whole);
    },
    () => {
      end();
      card();
    },
  );
  place.replaceChildren(shown.element);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = watchSight(document.documentElement, 1, (seen) => {
    shown.seen(seen);
    clearTimeout(timer);
    if (!seen) timer = setTimeout(offer, coveredMs);
  });
  const offer = (): void => {
    end();
    say(
      inside,
      words.covered,
      button('loud', words.openWindow, () => inWindow(inside)),
      button('', words.decline, card),
    );
  };
  timer = setTimeout(offer, coveredMs);
}

/** Opens the consent in a window of our own origin: no page but ours can draw over it, and it speaks to us alone. */
function inWindow(inside: Inside): void {
  const { facts, language, card } = inside;
  const words = laterWords[language].consent;
  const query = new URLSearchParams({ site: facts.site?.key ?? '', from: facts.from ?? '', lang: language });
  const opened = open(`/embed/consent?${query}`, '_blank', 'popup,width=480,height=680');
  if (opened === null) {
    say(
      inside,
      words.blocked,
      button('loud', words.openWindow, () => inWindow(inside)),
      homeLink(cardWords[language].home),
    );
    return;
  }
  const listening = new AbortController();
  const { signal } = listening;
  addEventListener(
    'message',
    ({ source, origin, data }: MessageEvent<unknown>) => {
      // The window says yes or no; what was agreed to is worked out here, from the same facts.
      if (source !== opened || origin !== location.origin || typeof data !== 'object' || data === null)
        return;
      const cores = 'cores' in data ? Number(data.cores) : 0;
      if (!('agreed' in data)) return;
      listening.abort();
      if (data.agreed === true) begin(inside, consentText(facts, language, cores).whole);
      else card();
    },
    { signal },
  );
  const again = (): void => {
    listening.abort();
    opened.close();
    inWindow(inside);
  };
  const back = (): void => {
    listening.abort();
    opened.close();
    card();
  };
  say(inside, words.inWindow, button('', words.openWindow, again), button('', words.decline, back));
}

function say({ place }: Inside, text: string, ...acts: readonly HTMLElement[]): void {
  place.replaceChildren(make('p', 'say', text), make('p', 'acts', ...acts));
}

/** Brings the volunteer. `text`: what was agreed to just now; null = earlier. */
function begin(inside: Inside, text: string | null): void {
  const { language } = inside;
  if (text !== null) {
    tellPage(inside.facts, { is: 'state', state: 'starting' });
    say(inside, laterWords[language].standing.preparing);
  }
  import('./work.ts').then(
    ({ work }) => work(inside, text),
    () => {
      const words = cardWords[language];
      say(
        inside,
        words.failed,
        button('loud', words.again, () => begin(inside, text)),
      );
    },
  );
}
