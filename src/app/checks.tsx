/** Opens the page about checks: its figures are asked for every few seconds while somebody looks. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { Checks } from './checks/Checks.tsx';
import { decodeChecks } from './checks/decode.ts';
import { preferred, speak } from './language.ts';
import { ask, follow } from './live.ts';
import type { ChecksView } from '../wire/views.ts';

const root = document.querySelector('#page');
if (root === null) throw new Error('the page has no place to put its content');

const askMs = 5_000;
const view = signal<ChecksView | null>(null);

/** Asks now and every few seconds while somebody looks. */
async function keepAsking(): Promise<void> {
  try {
    if (!document.hidden) view.value = decodeChecks(await ask('/api/checks'));
  } catch {
    // The page says that the coordinator does not answer; the last figures stay.
  }
  setTimeout(() => void keepAsking(), askMs);
}

const live = follow();
await Promise.all([speak(preferred(location.search, navigator.languages), 'checks'), keepAsking()]);
root.replaceChildren();
render(<Checks live={live} view={view} />, root);
