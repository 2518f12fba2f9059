/**
 * The card in our frame [WG1]: what it is, on whose page, and one button. Until that is pressed nothing is stored, probed,
 * connected or computed; the rest of the widget is only loaded then, or where its person agreed earlier in this tab and did not stop.
 */
import { ask } from './asking.ts';
import { band } from './band.ts';
import type { Card } from './card.ts';
import { button, homeLink, make } from './dom.ts';
import { agreedInThisTab, factsHere, jobWords, languageHere, noteAgreed } from './facts.ts';
import { hearPage, tellPage } from './page.ts';
import { cardWords } from './words.ts';

const facts = factsHere();
const language = languageHere();
const words = cardWords[language];
const root = document.documentElement;
root.lang = words.lang;
const asked = new URLSearchParams(location.search);
root.dataset['size'] = asked.get('size') ?? 'm';
root.dataset['theme'] = asked.get('theme') ?? '';

const main = document.body.appendChild(make('main', ''));
const weave = band();
weave.show(facts.job?.band ?? []);
const place = make('div', 'place');
main.append(weave.element, place);

const card: Card = {
  facts,
  language,
  place,
  weave,
  show: () => show(false),
  look: () => {
    ask(card);
    // It comes while the person reads.
    import('./beginning.ts').catch(() => {});
  },
  begin: (text) => void bring(text),
};

/** Brings the rest, and hands the place over to it. */
async function bring(text: string | null): Promise<void> {
  try {
    const { begin } = await import('./beginning.ts');
    await begin(card, text);
  } catch {
    place.replaceChildren(
      make('h1', 'say', words.failed),
      make(
        'p',
        'acts',
        button('', words.again, () => void bring(text)),
      ),
    );
  }
}

/** Goes on in this tab with what was agreed to in another. */
function goOn(): void {
  noteAgreed(facts.site?.key ?? '');
  card.begin(null);
}

/** Shows the card. `known`: who looks agreed on this site earlier, in another tab. */
function show(known: boolean): void {
  const { state, site, job } = facts;
  const brand = make('p', 'brand', make('b', '', 'Talka'), site === null ? '' : ` ${words.guest(site.name)}`);
  const [title, text, press] =
    state !== 'ready'
      ? [...words.refused[state], null]
      : job === null
        ? [...words.nothing, null]
        : [
            known ? words.goOn : words.invite,
            words.task(jobWords(job, language).title),
            known ? button('loud', words.resume, goOn) : button('loud', words.look, card.look),
          ];
  const acts = make('p', 'acts', ...(press === null ? [] : [press]), homeLink(words.home));
  const still = press === null ? [] : [make('p', 'still', known ? words.stillHolds : words.still)];
  place.replaceChildren(
    make('div', 'words', brand, make('h1', '', title), make('p', 'say', text), ...still),
    acts,
  );
  tellPage(facts, { is: 'state', state: state === 'ready' ? 'card' : 'refused' });
}

/** Whether this origin keeps a note of an agreement for this site, and whether that was given in this tab. */
function noted(): { readonly known: boolean; readonly here: boolean } {
  try {
    const key = facts.site?.key ?? '';
    const known = localStorage.getItem(`talka.consent.${key}`) !== null;
    return { known, here: known && agreedInThisTab(key) };
  } catch {
    return { known: false, here: false };
  }
}

hearPage(facts);
const { known, here } = noted();
show(known);
if (facts.state === 'ready' && here) card.begin(null);
