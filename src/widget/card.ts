/** What the parts of the widget hand to one another. */
import type { EmbedFacts } from '../wire/views.ts';
import type { Band } from './band.ts';
import type { Language } from './facts.ts';
import type { LaterWords } from './said.ts';

/** What the card hands over. */
export interface Card {
  readonly facts: EmbedFacts;
  readonly language: Language;
  /** Where everything is shown. */
  readonly place: HTMLElement;
  readonly weave: Band;
  /** Shows the card again. */
  show(): void;
  /** Asks for an agreement, within a press. */
  look(): void;
  /** Begins to work: with what was agreed to just now, word for word; null = earlier. */
  begin(text: string | null): void;
}

/** The same with the words of work. */
export interface Inside extends Card {
  readonly words: LaterWords;
}
