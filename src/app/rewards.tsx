/** Opens the reward page: the epochs are asked for every few seconds while somebody looks. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { preferred, speak } from './language.ts';
import { follow } from './live.ts';
import { epochs } from './rewards/model.ts';
import { Rewards } from './rewards/Rewards.tsx';
import type { EpochsView } from '../wire/epochs.ts';

const root = document.querySelector('#page');
if (root === null) throw new Error('the page has no place to put its content');

const askMs = 10_000;
const view = signal<EpochsView | null>(null);

/** Asks now and every few seconds while somebody looks. */
async function keepAsking(): Promise<void> {
  try {
    if (!document.hidden) view.value = await epochs();
  } catch {
    // The page says that the coordinator does not answer; the last list stays.
  }
  setTimeout(() => void keepAsking(), askMs);
}

const live = follow();
await Promise.all([speak(preferred(location.search, navigator.languages), 'rewards'), keepAsking()]);
root.replaceChildren();
render(<Rewards live={live} view={view} />, root);
