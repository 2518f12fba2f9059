/** From the card's button to work [WG2]: the consent, in the frame where the browser tells that nothing covers it, else in a window. */
import { agreeing } from './agreeing.ts';
import { begin } from './beginning.ts';
import type { Card, Inside } from './card.ts';
import { button, homeLink, make } from './dom.ts';
import { coresLent } from './facts.ts';
import { tellPage } from './page.ts';
import { tellsCover, watchSight } from './sight.ts';
import { consentText, laterWords, wholeText } from './words-later.ts';
import { cardWords } from './words.ts';

/** A frame that is not in plain view by then says so, and offers the window. */
const coveredMs = 3_000;
/** A frame lower than this has no room for the consent. */
const roomPx = 280;

/** Shows the consent where it cannot be covered. */
export async function consentHere(card: Card): Promise<void> {
  const inside = { ...card, words: await laterWords(card.language) };
  tellPage(inside.facts, { is: 'state', state: 'consent' });
  if (tellsCover && innerHeight >= roomPx) inFrame(inside);
  else inWindow(inside);
}

/** Goes on with what was agreed to earlier on this site, if it still holds. */
export async function goOnHere(card: Card): Promise<void> {
  await begin({ ...card, words: await laterWords(card.language) }, null);
}

function inFrame(inside: Inside): void {
  const { facts, language, words, place, card } = inside;
  const text = consentText(facts, language, words, coresLent());
  const end = (): void => {
    stop();
    clearTimeout(timer);
  };
  const yes = (): void => {
    end();
    void begin(inside, wholeText(text));
  };
  const no = (): void => {
    end();
    card();
  };
  const shown = agreeing(text, words.consent, yes, no);
  place.replaceChildren(shown.element);
  const offer = (): void => {
    end();
    const opening = button('loud', words.consent.openWindow, () => inWindow(inside));
    say(place, words.consent.covered, opening, button('', words.consent.decline, card));
  };
  let timer = setTimeout(offer, coveredMs);
  const stop = watchSight(document.documentElement, 1, (seen) => {
    shown.seen(seen);
    clearTimeout(timer);
    if (!seen) timer = setTimeout(offer, coveredMs);
  });
}

/** Opens the consent in a window of our own origin: no page but ours can draw over it, and it speaks to us alone. */
function inWindow(inside: Inside): void {
  const { facts, language, place, card } = inside;
  const words = inside.words.consent;
  const query = new URLSearchParams({ site: facts.site?.key ?? '', from: facts.from ?? '', lang: language });
  const opened = open(`/embed/consent?${query}`, '_blank', 'popup,width=480,height=680');
  if (opened === null) {
    const again = button('loud', words.openWindow, () => inWindow(inside));
    say(place, words.blocked, again, homeLink(cardWords[language].home));
    return;
  }
  const listening = new AbortController();
  const { signal } = listening;
  const hear = ({ source, origin, data }: MessageEvent<unknown>): void => {
    // The window says yes or no; what was agreed to is worked out here, from the same facts.
    if (source !== opened || origin !== location.origin || typeof data !== 'object' || data === null) return;
    if (!('agreed' in data)) return;
    listening.abort();
    const cores = 'cores' in data ? Number(data.cores) : 0;
    if (data.agreed === true)
      void begin(inside, wholeText(consentText(facts, language, inside.words, cores)));
    else card();
  };
  addEventListener('message', hear, { signal });
  const instead = (what: () => void) => (): void => {
    listening.abort();
    opened.close();
    what();
  };
  const again = button(
    '',
    words.openWindow,
    instead(() => inWindow(inside)),
  );
  say(place, words.inWindow, again, button('', words.decline, instead(card)));
}

/** A line with what can be done about it. */
export function say(place: HTMLElement, text: string, ...acts: readonly HTMLElement[]): void {
  place.replaceChildren(make('h1', 'say', text), make('p', 'acts', ...acts));
}
