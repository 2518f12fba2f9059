/**
 * From the card's button to an agreement [WG2]: it is asked for in a window of our own, which no page can draw over, style or aim
 * a click at. (What a page does to a frame no browser tells in full: Chromium says nothing of a mask, or of zoom.)
 */
import type { Card } from './card.ts';
import { button, homeLink, make } from './dom.ts';
import { tellPage } from './page.ts';
import { cardWords } from './words.ts';

/** Opens the consent, and waits for what is said there. To be called within a press: browsers open no window for what comes later. */
export function ask(card: Card): void {
  const { facts, language } = card;
  const words = cardWords[language];
  const query = new URLSearchParams({ site: facts.site?.key ?? '', from: facts.from ?? '', lang: language });
  const opened = open(`/embed/consent?${query}`, '_blank', 'popup,width=520,height=760');
  tellPage(facts, { is: 'state', state: 'consent' });
  if (opened === null) {
    const again = button('loud', words.openWindow, () => ask(card));
    say(card.place, words.blocked, again, homeLink(words.home));
    return;
  }
  const listening = new AbortController();
  const hear = ({ source, origin, data }: MessageEvent<unknown>): void => {
    if (source !== opened || origin !== location.origin || typeof data !== 'object' || data === null) return;
    if (!('agreed' in data)) return;
    listening.abort();
    // What was read and agreed to, word for word; null: nothing was.
    if (typeof data.agreed === 'string') card.begin(data.agreed);
    else card.show();
  };
  addEventListener('message', hear, { signal: listening.signal });
  const instead = (what: () => void) => (): void => {
    listening.abort();
    opened.close();
    what();
  };
  const again = instead(() => ask(card));
  say(
    card.place,
    words.inWindow,
    button('', words.reopen, again),
    button('', words.decline, instead(card.show)),
  );
}

/** A line with what can be done about it. */
function say(place: HTMLElement, text: string, ...acts: readonly HTMLElement[]): void {
  place.replaceChildren(make('h1', 'say', text), make('p', 'acts', ...acts));
}
