/** Says that one thinks a finding is wrong, and shows what became of that: a field and a button, what was sent, and the operator's answer. */
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { objectionText, objectionTextMax } from '../../volunteer/objection-text.ts';
import type { FindingView } from '../../wire/objections.ts';
import { judgedWords } from '../words/judged.ts';
import type { Words } from '../words/words.ts';

export function Objection(props: {
  readonly w: Words;
  readonly objection: FindingView['objection'];
  readonly send: (text: string) => Promise<void>;
}): JSX.Element {
  const { w, objection, send } = props;
  const j = judgedWords[w.language];
  const stands = useSignal<'open' | 'sending' | 'sent' | 'failed' | 'full'>('open');
  const typed = useSignal('');
  const said = useRef<HTMLParagraphElement>(null);
  const object = async (): Promise<void> => {
    const text = objectionText(typed.value);
    if (text === '' || stands.value === 'sending') return;
    stands.value = 'sending';
    try {
      await send(text);
      stands.value = 'sent';
    } catch (error) {
      const why = error instanceof Error && 'refused' in error ? error.refused : '';
      const isFull = why === 'full' || why === 'network-full';
      stands.value = why === 'already-so' ? 'sent' : isFull ? 'full' : 'failed';
    }
  };
  const isSent = objection !== null || stands.value === 'sent';
  // The button that was pressed is gone: whoever uses the keyboard goes on at what came of it.
  useEffect(() => {
    if (stands.value === 'sent') said.current?.focus();
  }, [isSent]);
  const status = isSent
    ? objection === null || objection.answer === null
      ? j.sent
      : ''
    : stands.value === 'failed'
      ? j.failed
      : stands.value === 'full'
        ? j.full
        : '';
  return (
    <div class="objection">
      {!isSent && <Form {...{ w, typed, isSending: stands.value === 'sending', object }} />}
      {objection !== null && <Said w={w} objection={objection} />}
      <p class="small" role="status" tabIndex={-1} ref={said}>
        {status}
      </p>
    </div>
  );
}

function Form(props: {
  readonly w: Words;
  readonly typed: { value: string };
  readonly isSending: boolean;
  readonly object: () => Promise<void>;
}): JSX.Element {
  const { w, typed, isSending, object } = props;
  const j = judgedWords[w.language];
  const note = useId();
  return (
    <details>
      <summary>{j.object}</summary>
      <form
        class="objecting"
        onSubmit={(event) => {
          event.preventDefault();
          void object();
        }}
      >
        <label>
          {j.label}
          <textarea
            name="objection"
            rows={4}
            maxLength={objectionTextMax}
            required
            aria-describedby={note}
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
        <p class="soft small" id={note}>
          {j.note}
        </p>
        <p class="actions">
          <button aria-disabled={isSending}>{isSending ? j.sending : j.send}</button>
        </p>
      </form>
    </details>
  );
}

/** What was written, and what was answered. */
function Said(props: {
  readonly w: Words;
  readonly objection: NonNullable<FindingView['objection']>;
}): JSX.Element {
  const { w, objection } = props;
  const { text, answer, readmitted } = objection;
  const j = judgedWords[w.language];
  return (
    <>
      <p class="small">{j.yours}</p>
      <blockquote class="small">{text}</blockquote>
      {answer !== null && (
        <div role="status">
          <p class="small">{j.answer}</p>
          <blockquote>{answer}</blockquote>
          {readmitted && (
            <>
              <p>{j.readmitted}</p>
              <p class="actions">
                <button type="button" onClick={() => location.reload()}>
                  {j.reload}
                </button>
              </p>
            </>
          )}
        </div>
      )}
    </>
  );
}
