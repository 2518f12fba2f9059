/** An objection as the coordinator takes it, made of whatever somebody wrote in a page or gave to a command. */

export { objectionTextMax } from '../wire/objections.ts';

/** What is taken of what somebody wrote: lines of text, without signs that nobody sees. */
export function objectionText(written: string): string {
  return written
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll('\t', ' ')
    .replaceAll(/[^\P{C}\n]|[\u2028\u2029]/gu, '')
    .trim();
}
