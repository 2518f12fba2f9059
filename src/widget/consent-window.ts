/** The window in which a person agrees where a frame could be covered: our own page at the top, which tells only our own frame. */
import { agreeing } from './agreeing.ts';
import { homeLink, make } from './dom.ts';
import { coresLent, factsHere, languageHere } from './facts.ts';
import { cardWords } from './words.ts';
import { consentText, laterWords } from './words-later.ts';

const facts = factsHere();
const language = languageHere();
const later = await laterWords(language);
const words = later.consent;
const root = document.documentElement;
root.lang = cardWords[language].lang;
document.title = `Talka: ${words.title}`;
const main = document.body.appendChild(make('main', ''));
const cores = coresLent();
// Only a frame of our own origin can have opened us and still hear: anything else is told nothing.
const opener_ = window.opener as Window | null;

function say(text: string): void {
  main.replaceChildren(make('p', 'say', text), make('p', 'acts', homeLink(cardWords[language].home)));
}

function tell(agreed: boolean): void {
  opener_?.postMessage({ talka: 1, agreed, cores }, location.origin);
}

if (facts.state !== 'ready') {
  const [title, text] = cardWords[language].refused[facts.state];
  main.append(make('h1', '', title));
  say(text);
} else if (opener_ === null) say(words.orphan);
else {
  const shown = agreeing(
    consentText(facts, language, later, cores),
    words,
    () => {
      tell(true);
      say(words.done);
      close();
    },
    () => {
      tell(false);
      close();
    },
  );
  main.append(shown.element);
  const look = (): void => shown.seen(document.visibilityState === 'visible' && document.hasFocus());
  for (const event of ['focus', 'blur', 'pageshow'] as const) addEventListener(event, look);
  document.addEventListener('visibilitychange', look);
  look();
}
