/** What a requester says of a job in further languages: a small map, bounded because it stays in the log for ever. */

/** Title and cause of a job in one language. */
export interface JobText {
  readonly title: string;
  readonly cause: string;
}

/** By language tag, such as `zh` or `pt-br`. The job's own `title` and `cause` stand for every other language. */
export type JobTexts = Readonly<Record<string, JobText>>;

/** How long each may be, in UTF-16 code units, and in how many languages. */
export const textMax = { title: 200, cause: 1000, languages: 16 } as const;

/** A language, and perhaps a script or region: lower case throughout, so that each has one spelling. */
export const languageTag = /^[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2}$/;

/** What is wrong with a job's texts; null when nothing is. */
export function textsFault(own: JobText, texts: JobTexts | undefined): string | null {
  const fault = textFault(own, '');
  if (fault !== null || texts === undefined) return fault;
  const all = Object.entries(texts);
  if (all.length === 0 || all.length > textMax.languages)
    return `texts must be in 1 to ${textMax.languages} languages`;
  for (const [language, text] of all) {
    if (!languageTag.test(language)) return 'texts are kept by language, such as zh or pt-br';
    const wrong = textFault(text, `${language}: `);
    if (wrong !== null) return wrong;
  }
  return null;
}

function textFault({ title, cause }: JobText, where: string): string | null {
  if (title.trim() === '' || title.length > textMax.title)
    return `${where}title must have 1 to ${textMax.title} characters`;
  if (cause.trim() === '' || cause.length > textMax.cause)
    return `${where}cause must have 1 to ${textMax.cause} characters`;
  return null;
}
