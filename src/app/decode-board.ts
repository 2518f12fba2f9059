/** Turns the coordinator's list of those who helped into a view, as `decode.ts` does with what every page asks for. */
import type { LeaderboardView } from '../wire/views.ts';
import { all, checked, list, number, orNull, record, text } from './decode.ts';
import type { Check } from './decode.ts';

const orNone =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const leaderboard = record({
  ...all(number, 'at accounts'),
  rows: list(
    record({ ...all(number, 'rank creditMicro chunks units lastAt'), account: text, name: orNull(text) }),
  ),
  sites: orNone(
    record({ ofMicro: number, rows: list(record({ ...all(text, 'site name'), creditMicro: number })) }),
  ),
});

export const decodeLeaderboard = (value: unknown): LeaderboardView =>
  checked(leaderboard, value) as LeaderboardView;
