/** Asks the coordinator as well, if somebody wants that: clearly apart from what was found without it. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { ask } from '../live.ts';
import { compareReceipts } from '../../volunteer/receipt-compare.ts';
import type { Compared } from '../../volunteer/receipt-compare.ts';
import type { VerifyWords } from './catalogue.ts';
import type { Looked } from './model.ts';

interface Answer {
  readonly key: string;
  readonly compared: Compared;
}

export function Asked(props: { readonly r: VerifyWords; readonly looked: Looked }): JSX.Element | null {
  const { r, looked } = props;
  const state = useSignal<'no' | 'asking' | readonly Answer[]>('no');
  const keys = looked.paid.map(({ coordinator }) => coordinator);
  // What does not hold is not worth a question.
  if (keys.length === 0) return null;
  const go = async (): Promise<void> => {
    state.value = 'asking';
    const answers: Answer[] = [];
    for (const key of keys) {
      const heads = looked.verdicts.flatMap(({ fault, read, coordinator }) =>
        fault === null && read !== null && coordinator === key ? [read.tick] : [],
      );
      answers.push({ key, compared: await compareReceipts(ask, key, heads) });
    }
    state.value = answers;
  };
  const now = state.value;
  return (
    <section class="asked" aria-labelledby="asked">
      <h2 id="asked">{r.ask.heading}</h2>
      <p>{r.ask.note(location.host)}</p>
      <p class="actions">
        <button type="button" disabled={now === 'asking'} onClick={() => void go()}>
          {now === 'asking' ? r.ask.asking : r.ask.button}
        </button>
      </p>
      <div role="status">
        {typeof now !== 'string' &&
          now.map(({ key, compared }) => (
            <p key={key} class={compared.is === 'extends' ? 'agrees' : 'differs'}>
              {keys.length > 1 && (
                <>
                  {r.ask.several} <code class="key-text">{key}</code>
                  <br />
                </>
              )}
              {said(r, compared)}{' '}
              {compared.is === 'other-key' && <code class="key-text">{compared.key}</code>}
            </p>
          ))}
      </div>
    </section>
  );
}

function said(r: VerifyWords, compared: Compared): string {
  switch (compared.is) {
    case 'unanswered':
      return r.ask.unanswered;
    case 'other-key':
      return r.ask.otherKey;
    case 'extends':
      return r.ask.extends(compared.size, compared.at, compared.compared);
    case 'restored':
      return r.ask.restored(compared.since, compared.kept, compared.at);
    case 'not-signed':
      return r.ask.notSigned;
    case 'shrunk':
      return r.ask.shrunk(compared.size, compared.at);
    case 'not-extending':
      return r.ask.notExtending(compared.size, compared.at);
    default:
      return compared satisfies never;
  }
}
