/** The consent as people see it: the three terms, the agreement, two buttons. */
import { button, make } from './dom.ts';
import type { ConsentText, ConsentWords } from './said.ts';

/** So long a consent must have been in plain view before it can be given: nobody agrees by the second of two clicks. */
export const plainMs = 800;

export interface Agreeing {
  readonly element: HTMLElement;
  /** Says whether it is in plain view now. */
  seen(plain: boolean): void;
}

/** `agree` is called once, by a person's own press, after the text was in plain view for long enough. */
export function agreeing(
  text: ConsentText,
  words: ConsentWords,
  agree: () => void,
  decline: () => void,
): Agreeing {
  let since: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const plain = (): boolean => since !== null && performance.now() - since >= plainMs;
  const yes = button('loud', words.agree, () => plain() && agree());
  const hint = make('p', 'hint', words.waiting);
  yes.disabled = true;
  const show = (): void => {
    yes.disabled = !plain();
    hint.hidden = plain();
  };
  const terms = make('dl', '');
  [text.forWhom, text.what, text.cost].forEach((said, i) =>
    terms.append(make('dt', '', words.heads[i] ?? ''), make('dd', '', said)),
  );
  const scroll = make('div', 'scroll', make('h1', '', words.title), terms, make('p', '', text.agreement));
  // What is longer than its place is scrolled by keyboard too.
  scroll.tabIndex = 0;
  return {
    element: make(
      'section',
      'agreeing',
      scroll,
      hint,
      make('p', 'acts', yes, button('', words.decline, decline)),
    ),
    seen(now) {
      clearTimeout(timer);
      since = now ? (since ?? performance.now()) : null;
      if (now) timer = setTimeout(show, plainMs + 20 - (performance.now() - (since ?? 0)));
      show();
    },
  };
}
