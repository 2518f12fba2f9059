/** Opens the list of those who helped: live, by credit, with names only where their owners set one. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { decodeLeaderboard } from './decode-board.ts';
import { Board } from './parts/Board.tsx';
import { preferred, speak } from './language.ts';
import { ask, follow } from './live.ts';
import type { LeaderboardView } from '../wire/views.ts';

const root = document.querySelector('#page');
if (root === null) throw new Error('the page has no place to put its content');

const rowsMax = 100;
const askMs = 10_000;
const list = signal<LeaderboardView | null>(null);

async function askOnce(): Promise<void> {
  try {
    list.value = decodeLeaderboard(await ask(`/api/leaderboard?limit=${rowsMax}`));
  } catch {
    // The footer says that the coordinator does not answer; the last list stays.
  }
}

/** Asks now and every ten seconds while somebody looks. */
async function keepAsking(): Promise<void> {
  if (!document.hidden || list.value === null) await askOnce();
  setTimeout(() => void keepAsking(), askMs);
}

const live = follow();
await Promise.all([speak(preferred(location.search, navigator.languages), 'leaderboard'), keepAsking()]);
root.replaceChildren();
render(<Board live={live} list={list} refresh={() => void askOnce()} />, root);
