/** Opens the page that checks receipts: all of it is loaded at once, so that it goes on without a network. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { preferred, speak } from './language.ts';
import { Verify } from './verify/Verify.tsx';

const root = document.querySelector('#page');
if (root === null) throw new Error('the page has no place to put its content');

const isWhole = signal(false);
await speak(preferred(location.search, navigator.languages), 'verify');
root.replaceChildren();
render(<Verify isWhole={isWhole} />, root);

/** What would only be fetched when it is needed: by then there may be no network. Tried until it is here. */
async function bringTheRest(): Promise<void> {
  try {
    await Promise.all([
      import('./words/en.ts'),
      import('./words/zh.ts'),
      // For browsers whose own cryptography has no Ed25519, or no hash (an insecure origin).
      import('@noble/ed25519'),
      import('@noble/hashes/sha2.js'),
    ]);
    isWhole.value = true;
  } catch {
    setTimeout(() => void bringTheRest(), 5_000);
  }
}
await bringTheRest();
