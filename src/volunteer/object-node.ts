/**
 * `talka object`: shows what was found wrong of the answers that are signed by the identity in a folder, as `talka volunteer` keeps it, and
 * says that one thinks otherwise [HT3].
 */
import { createInterface } from 'node:readline/promises';
import type { FindingView } from '../wire/objections.ts';
import { findingsOf, objectAs, Refused } from './as-account.ts';
import { linesOf, printable } from './found-words.ts';
import { openIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { objectionText, objectionTextMax } from './objection-text.ts';
import { identityIn } from './outbox-node.ts';
import { volunteerFolder } from './platform-node.ts';

export interface ObjectOptions {
  /** The coordinator: scheme and host. */
  readonly url: string;
  readonly folder: string | null;
  /** What is objected; null: whoever sits at the terminal is asked. */
  readonly text: string | null;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): 1 => {
  process.stderr.write(`talka: ${printable(line)}\n`);
  return 1;
};

/** Does it. The exit code: 0 where it was sent, or was before and nothing more was to be said; else 1. */
export async function runObjecting({ url, folder, text }: ObjectOptions): Promise<number> {
  const home = folder ?? volunteerFolder();
  try {
    const kept = await identityIn(home);
    if (kept === null) return complain(`there is no identity in ${home}: talka volunteer makes one`);
    const me = await openIdentity(kept);
    const found = await findingsOf(me, url);
    for (const line of found.flatMap(linesOf)) say(line);
    const standing = found.filter(({ open }) => !open);
    if (standing.length === 0) {
      say('Nothing that was found keeps this machine away: there is nothing to object to.');
      return 1;
    }
    const mine = standing.filter(({ objection, device }) => objection === null && device === me.device);
    if (mine.length > 0) return await objects(me, url, mine, text);
    say('You objected to that already: it can be sent once to each finding.');
    return text === null ? 0 : 1;
  } catch (error) {
    return complain(whyOf(error, url));
  }
}

async function objects(
  me: Identity,
  url: string,
  found: readonly FindingView[],
  given: string | null,
): Promise<number> {
  const text = objectionText(given ?? (await asked()));
  if (text === '' || text.length > objectionTextMax) {
    say(
      text === ''
        ? 'Nothing was sent.'
        : `Nothing was sent: that is ${text.length} characters, and ${objectionTextMax} at most are taken.`,
    );
    return 1;
  }
  for (const finding of found) {
    const at = await objectAs(me, url, finding, text);
    const when = at === null ? '' : ` at ${new Date(at).toISOString()}`;
    say(
      `Sent; the coordinator took it${when} (chunk ${finding.chunk} of ${printable(finding.job)}). Its operator will look at it: ask with the same command.`,
    );
  }
  return 0;
}

async function asked(): Promise<string> {
  if (!process.stdin.isTTY) {
    say('Nobody can be asked here; --text TEXT says why you think it is wrong.');
    return '';
  }
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await asking.question('Why do you think it is wrong? (a line; nothing sends nothing) ');
  asking.close();
  return answer;
}

function whyOf(error: unknown, url: string): string {
  if (error instanceof Refused) {
    const { refused, message } = error;
    return `the coordinator does not take it: ${refused}${message === refused ? '' : `: ${message}`}`;
  }
  const why = error instanceof Error ? error.message : String(error);
  return error instanceof TypeError ? `${url} does not answer: ${why}` : why;
}
