/** A place to lay down a certificate or a proof that somebody gave one, and what comes of it: checked here, sent nowhere. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { useDropped } from '../dropped.ts';
import { gapAfter } from '../join.ts';
import type { Words } from '../words/words.ts';
import { examineClaim } from '../../volunteer/epoch-check.ts';
import type { ClaimVerdict } from '../../volunteer/epoch-check.ts';
import { exactly } from './catalogue.ts';
import type { RewardWords } from './catalogue.ts';
import { examineCertificate, isCertificate } from './credit-certificate.ts';
import { Steps } from './Steps.tsx';

/** Both are a few kilobytes. */
const bytesMax = 1_048_576;

/** `isDrawn`: of a certificate, whether its picture says what its claim does; null of a bare proof. */
interface Looked {
  readonly verdict: ClaimVerdict;
  readonly isDrawn: boolean | null;
}

async function lookAt(text: string): Promise<Looked | null> {
  if (isCertificate(text)) {
    const { isDrawn, ...verdict } = await examineCertificate(text, null);
    return verdict.claim === null ? null : { verdict, isDrawn };
  }
  try {
    const verdict = await examineClaim(JSON.parse(text), null);
    return verdict.claim === null ? null : { verdict, isDrawn: null };
  } catch {
    return null;
  }
}

export function Laid(props: {
  readonly w: Words;
  readonly r: RewardWords;
  readonly coordinator: string | null;
}): JSX.Element {
  const { w, r, coordinator } = props;
  const file = useRef<HTMLInputElement>(null);
  const looked = useSignal<Looked | null | 'empty'>('empty');
  /** Counts what was laid down: whatever was found before is forgotten, folded parts included. */
  const turn = useSignal(0);
  const look = async (text: Promise<string>): Promise<void> => {
    const found = await text.then(lookAt).catch(() => null);
    looked.value = found;
    turn.value += 1;
    requestAnimationFrame(() => document.querySelector<HTMLElement>('#laid-outcome')?.focus());
  };
  const read = (chosen: File): Promise<string> =>
    chosen.size > bytesMax ? Promise.resolve('') : chosen.text();
  useDropped((dropped) => void look(read(dropped)));
  const now = looked.value;
  return (
    <section class="laid" aria-labelledby="laid">
      <h2 id="laid">{r.laid.heading}</h2>
      <p>{r.laid.note}</p>
      <div class="actions">
        <button type="button" onClick={() => file.current?.click()}>
          {r.laid.choose}
        </button>
        <input
          ref={file}
          type="file"
          hidden
          onChange={(event) => {
            const [chosen] = event.currentTarget.files ?? [];
            if (chosen !== undefined) void look(read(chosen));
            event.currentTarget.value = '';
          }}
        />
      </div>
      <p class="soft small">
        <span class="by-keys">{r.laid.drop + gapAfter(r.laid.drop)}</span>
      </p>
      <Paste r={r} look={(text) => void look(Promise.resolve(text))} />
      {now === null && (
        <h3 key={turn.value} id="laid-outcome" class="verdict fails" tabIndex={-1}>
          {r.laid.nothing}
        </h3>
      )}
      {now !== null && now !== 'empty' && (
        <Outcome key={turn.value} {...{ w, r, coordinator }} looked={now} />
      )}
    </section>
  );
}

function Paste(props: { readonly r: RewardWords; readonly look: (text: string) => void }): JSX.Element {
  const { r } = props;
  const pasted = useSignal('');
  return (
    <form
      class="paste"
      onSubmit={(event) => {
        event.preventDefault();
        props.look(pasted.value);
      }}
    >
      <label for="pasted">{r.laid.paste}</label>
      <textarea
        id="pasted"
        rows={3}
        spellcheck={false}
        autocomplete="off"
        placeholder={'<svg … </svg>   {"form": "talka/claim/1", …}'}
        value={pasted.value}
        onInput={(event) => {
          pasted.value = event.currentTarget.value;
        }}
      />
      <button disabled={pasted.value.trim() === ''}>{r.laid.check}</button>
    </form>
  );
}

function Outcome(props: {
  readonly w: Words;
  readonly r: RewardWords;
  readonly coordinator: string | null;
  readonly looked: Looked;
}): JSX.Element {
  const { w, r, coordinator, looked } = props;
  const { verdict, isDrawn } = looked;
  const { fault, claim } = verdict;
  const holds = fault === null && isDrawn !== false;
  return (
    <div class="laid-found">
      <h3 id="laid-outcome" class={`verdict ${holds ? 'holds' : 'fails'}`} tabIndex={-1}>
        {fault !== null ? r.proof.failsAt[fault] : isDrawn === false ? r.laid.notDrawn : r.proof.holds}
      </h3>
      {claim !== null && holds && (
        <p class="figures">
          {r.laid.whose(claim.row.account, exactly(w.language, claim.row.amountMicro), claim.epoch.number)}
        </p>
      )}
      {fault === null && isDrawn === true && <p>{r.laid.drawn}</p>}
      <Steps r={r} language={w.language} verdict={verdict} coordinator={coordinator} />
    </div>
  );
}
