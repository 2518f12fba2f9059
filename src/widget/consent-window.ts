/** The window in which a person agrees: our own page at the top, which no other page covers, and which tells only our own frame. */
import { agreeing } from './agreeing.ts';
import { homeLink, make } from './dom.ts';
import { coresLent, factsHere, languageHere } from './facts.ts';
import { consentText, consentWords, wholeText } from './consent-text.ts';

const facts = factsHere();
const language = languageHere();
const words = await consentWords(language);
const root = document.documentElement;
root.lang = words.lang;
document.title = `Talka: ${words.title}`;
const main = document.body.appendChild(make('main', ''));
// Only a frame of our own origin can have opened us and still hear: anything else is told nothing.
const opener_ = window.opener as Window | null;

function say(text: string): void {
  main.replaceChildren(make('p', 'say', text), make('p', 'acts', homeLink(words.home)));
}

/** `agreed`: what was read here, word for word; null: it was declined. */
function tell(agreed: string | null): void {
  opener_?.postMessage({ talka: 1, agreed }, location.origin);
}

if (facts.state !== 'ready') {
  const { cardWords } = await import('./words.ts');
  const [title, text] = cardWords[language].refused[facts.state];
  main.append(make('h1', '', title));
  say(text);
} else if (opener_ === null) say(words.orphan);
else {
  const text = consentText(facts, language, words, coresLent());
  const shown = agreeing(
    text,
    words,
    () => {
      tell(wholeText(text));
      say(words.done);
      close();
    },
    () => {
      tell(null);
      close();
    },
  );
  main.append(shown.element);
  const look = (): void => shown.seen(document.visibilityState === 'visible' && document.hasFocus());
  for (const event of ['focus', 'blur', 'pageshow'] as const) addEventListener(event, look);
  document.addEventListener('visibilitychange', look);
  look();
}
