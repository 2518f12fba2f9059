/** Begins to work: on a first visit with its first chunk alone, while the volunteer is on its way; else with the volunteer. */
import type { Change } from '../volunteer/outbox.ts';
import { button, make } from './dom.ts';
import { coresLent } from './facts.ts';
import type { Card } from './card.ts';
import { pageWantsRest, tellPage } from './page.ts';
import { cardWords } from './words.ts';

/** `text`: what was agreed to just now; null = earlier. */
export async function begin(card: Card, text: string | null): Promise<void> {
  const { facts, language, place } = card;
  const words = cardWords[language];
  const ending = new AbortController();
  const line = make('p', 'say', words.preparing);
  const brand = make('h1', 'brand', make('b', '', 'Talka'), ` ${words.working(facts.site?.name ?? '')}`);
  const stop = button('', words.stop, () => ending.abort());
  if (text !== null) {
    tellPage(facts, { is: 'state', state: 'starting' });
    place.replaceChildren(make('div', 'words', brand, line), make('p', 'acts', stop));
  }
  const bring = () => Promise.all([import('./work.ts'), import('./words-later.ts')]);
  const computing = (): void => {
    line.textContent = words.busy(1);
    tellPage(facts, { is: 'state', state: 'working' });
    bring().catch(() => {});
  };
  try {
    const left = text === null ? [] : await first(card, text, computing, ending.signal);
    const [{ Work }, { laterWords }] = await bring();
    const work = new Work({ ...card, words: await laterWords(language) }, left);
    // Stop was pressed before there was anything to stop: what was agreed to is taken back all the same.
    if (ending.signal.aborted) await work.end();
    else if (text === null) await work.goOn();
    else work.begin(text);
  } catch {
    const anew = button('loud', words.again, () => void begin(card, text));
    place.replaceChildren(make('h1', 'say', words.failed), make('p', 'acts', anew));
  }
}

/** The first chunk of a first visit, and what is left of it to go on with; nothing where somebody was here before. */
async function first(
  { facts, language }: Card,
  text: string,
  computing: () => void,
  signal: AbortSignal,
): Promise<Change[]> {
  const { site, from } = facts;
  if (site === null || from === null || !isSecureContext || pageWantsRest() || (await wasHere(site.key)))
    return [];
  const { firstChunk } = await import('../volunteer/first.ts');
  const socket = (url: string): WebSocket => new WebSocket(`${url}?from=${encodeURIComponent(from)}`);
  const shown = { text, language, origin: location.origin, site: site.key, at: Date.now() };
  return firstChunk({ url: location.origin, socket, computing, signal }, shown, coresLent());
}

/** Whether a device key may lie here already: then the volunteer, which knows how to read it, begins. */
async function wasHere(site: string): Promise<boolean> {
  try {
    const known = await indexedDB.databases();
    return known.some(({ name }) => name === `talka.${site}`);
  } catch {
    // Storage is forbidden: nothing lies here.
    return false;
  }
}
