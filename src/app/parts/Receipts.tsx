/** The quiet way to one's receipts, beside the credit that they prove: as a file, and to the page that checks them. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { addressWith } from '../language.ts';
import { receiptWords } from '../words/receipts.ts';
import type { Words } from '../words/words.ts';

export function Receipts({ w }: { readonly w: Words }): JSX.Element {
  const r = receiptWords[w.language];
  const came = useSignal<number | 'failed' | null>(null);
  const save = async (): Promise<void> => {
    came.value = null;
    try {
      const { saveReceipts } = await import('../receipts.ts');
      came.value = await saveReceipts();
    } catch {
      came.value = 'failed';
    }
  };
  const said =
    came.value === null
      ? ''
      : came.value === 'failed'
        ? r.failed
        : came.value === 0
          ? r.none
          : r.saved(came.value);
  return (
    <div class="small">
      <p class="receipts">
        <button type="button" class="text" onClick={() => void save()}>
          {r.save}
        </button>
        {' · '}
        <a href={addressWith('/verify.html', location.search)}>{r.check}</a>
      </p>
      <p class="soft" role="status">
        {said}
      </p>
    </div>
  );
}
