/**
 * The card in our frame [WG1]: what it is, on whose page, and one button. Until that is pressed nothing is stored, probed,
 * connected or computed; the rest of the widget is only loaded then, or where its person agreed earlier and did not stop.
 */
import { band } from './band.ts';
import { button, homeLink, make } from './dom.ts';
import { factsHere, jobWords, languageHere } from './facts.ts';
import { tellPage } from './page.ts';
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

/** Brings the rest, and hands the place over to it. */
async function bring(goOn: boolean): Promise<void> {
  try {
    const { consentHere, goOnHere } = await import('./inside.ts');
    await (goOn ? goOnHere : consentHere)({ facts, language, place, weave, card });
  } catch {
    place.replaceChildren(
      make('h1', 'say', words.failed),
      make(
        'p',
        'acts',
        button('', words.again, () => void bring(goOn)),
      ),
    );
  }
}

/** Shows the card. */
function card(): void {
  const { state, site, job } = facts;
  const brand = make('p', 'brand', make('b', '', 'Talka'), site === null ? '' : ` ${words.guest(site.name)}`);
  const [title, text, look] =
    state !== 'ready'
      ? [...words.refused[state], null]
      : job === null
        ? [...words.nothing, null]
        : [
            words.invite,
            words.task(jobWords(job, language).title),
            button('loud', words.look, () => void bring(false)),
          ];
  const acts = make('p', 'acts', ...(look === null ? [] : [look]), homeLink(words.home));
  const still = look === null ? [] : [make('p', 'still', words.still)];
  place.replaceChildren(
    make('div', 'words', brand, make('h1', '', title), make('p', 'say', text), ...still),
    acts,
  );
  tellPage(facts, { is: 'state', state: state === 'ready' ? 'card' : 'refused' });
}

/** Whether this origin keeps a note of an agreement for this site: only then is anything more loaded by itself. */
function keepsNote(): boolean {
  try {
    return facts.site !== null && localStorage.getItem(`talka.consent.${facts.site.key}`) !== null;
  } catch {
    return false;
  }
}

card();
if (facts.state === 'ready' && keepsNote()) void bring(true);
