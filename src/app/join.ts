/** Sets sentences side by side as their script does: a Chinese full stop brings its own room, others need a space. */

/** What stands between this sentence and the next. */
export function gapAfter(sentence: string): string {
  return /[。；：）]$/.test(sentence) ? '' : ' ';
}

/** Sentences as one text; `false` and the empty one are left out. */
export function joined(...sentences: readonly (string | false)[]): string {
  let text = '';
  for (const said of sentences) {
    if (said === false || said === '') continue;
    text += text === '' ? said : gapAfter(text) + said;
  }
  return text;
}
