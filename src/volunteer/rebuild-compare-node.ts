/** Holds what a coordinator shows of accounts against the books that were rebuilt from its log, which it may be ahead of. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { check, isMalformed } from '../wire/schema.ts';
import type { Rebuild } from './rebuild.ts';
import type { AskLog, SignedHead } from './witness.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const row = v.object({ account: v.string(), creditMicro: natural, chunks: natural, units: natural });
const board = v.object({ rows: v.array(row) });
const account = v.object({ pendingMicro: natural, vestedMicro: natural, chunks: natural, units: natural });
const sized = v.object({ size: natural });

/** The list is made anew at most once a second. */
const staleMs = 1_100;
const rowsMax = 1_000;

/** `what`: `leaderboard`, or an account. Exit code 1 where the log shows all that the coordinator knows, and they differ. */
export async function compareShown(
  ask: AskLog,
  built: Rebuild,
  head: SignedHead,
  what: string,
  say: (line: string) => void,
): Promise<number> {
  const look = async (): Promise<string[]> =>
    what === 'leaderboard'
      ? lookAtBoard(await ask(`/api/leaderboard?limit=${rowsMax}`), built)
      : lookAt(ask, what, built);
  let differences = await look();
  if (differences.length > 0) {
    await sleep(staleMs);
    differences = await look();
  }
  if (differences.length === 0) {
    say(`${what}: the coordinator shows the same`);
    return 0;
  }
  for (const line of differences) say(line);
  const now = check(sized, await ask('/api/log/head'));
  const isWhole = built.size === head.size && !isMalformed(now) && now.size === head.size;
  say(
    isWhole
      ? `${what}: the coordinator shows what does not follow from its log`
      : `${what}: the coordinator knows more than is public, so this proves nothing`,
  );
  return isWhole ? 1 : 0;
}

const line = (who: string, name: string, shown: number, rebuilt: number | bigint): string[] =>
  BigInt(shown) === BigInt(rebuilt) ? [] : [`${who}: ${name} ${shown} is shown, ${rebuilt} rebuilt`];

function lookAtBoard(told: unknown, { books }: Rebuild): string[] {
  const shown = check(board, told);
  if (isMalformed(shown)) return [`the leaderboard cannot be read: ${shown.malformed}`];
  const nothing = { micro: 0n, chunks: 0, units: 0 };
  return shown.rows.flatMap(({ account: who, creditMicro, chunks, units }) => {
    const earned = books.earned.get(who) ?? nothing;
    return [
      ...line(who, 'microcredits', creditMicro, earned.micro),
      ...line(who, 'chunks', chunks, earned.chunks),
      ...line(who, 'units', units, earned.units),
    ];
  });
}

async function lookAt(ask: AskLog, who: string, { books }: Rebuild): Promise<string[]> {
  const shown = check(account, await ask(`/api/account/${who}`));
  if (isMalformed(shown)) return [`the account cannot be read: ${shown.malformed}`];
  const earned = books.earned.get(who);
  return [
    ...line(who, 'pending', shown.pendingMicro, books.balances.get(`pending:${who}`) ?? 0n),
    ...line(who, 'vested', shown.vestedMicro, books.balances.get(`vested:${who}`) ?? 0n),
    ...line(who, 'chunks', shown.chunks, earned?.chunks ?? 0),
    ...line(who, 'units', shown.units, earned?.units ?? 0),
  ];
}
