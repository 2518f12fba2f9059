/** The page that checks receipts: a place to lay them down, what came of it, and what a receipt can and cannot show. */
import { useSignal } from '@preact/signals';
import type { ReadonlySignal, Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { useDropped } from '../dropped.ts';
import { gapAfter } from '../join.ts';
import { words } from '../language.ts';
import { ask } from '../live.ts';
import { Header } from '../parts/Header.tsx';
import { ownReceipts } from '../receipts.ts';
import type { Own } from '../receipts.ts';
import { verifyWords } from '../words/verify.ts';
import type { Words } from '../words/words.ts';
import type { VerifyWords } from './catalogue.ts';
import { Asked } from './Asked.tsx';
import { lookAt } from './model.ts';
import type { Looked } from './model.ts';
import { Outcome, sample } from './Outcome.tsx';

/** Longer files make a page stumble; the program reads them. */
const bytesMax = 64 * 1024 * 1024;

/** What checks a file of receipts without a page. */
const command = 'npm run talka -- verify FILE';

/** Where the looking is; `own`: what was asked for was this browser's. */
type State =
  | { readonly is: 'empty' }
  | { readonly is: 'looking'; readonly done: number; readonly of: number }
  | {
      readonly is: 'trouble';
      readonly why: 'unreadable' | 'too-large' | 'own-none' | 'link-none' | 'link-gone';
    }
  /** `isLinked`: the coordinator was asked for it, as a link wanted. */
  | { readonly is: 'looked'; readonly looked: Looked; readonly isLinked: boolean };

/** Looks at what is brought; `isLinked`: as a link wanted. */
type Look = (bring: () => Promise<string | State>, isLinked?: boolean) => void;

/** What is being looked at; `turn` counts what was laid down, and whatever was laid down before is forgotten. */
function useLooking(): {
  readonly state: Signal<State>;
  readonly turn: () => number;
  readonly look: Look;
} {
  const state = useSignal<State>({ is: 'empty' });
  const turn = useRef(0);
  const look = async (bring: () => Promise<string | State>, isLinked: boolean): Promise<void> => {
    turn.current += 1;
    const mine = turn.current;
    const brought = await bring().catch((): State => ({ is: 'trouble', why: 'unreadable' }));
    if (mine !== turn.current) return;
    if (typeof brought !== 'string') {
      state.value = brought;
      return;
    }
    const looked = await lookAt(brought, (done, of) => {
      if (mine !== turn.current) return false;
      state.value = { is: 'looking', done, of };
      return true;
    });
    if (looked === null || mine !== turn.current) return;
    state.value = { is: 'looked', looked, isLinked };
    // The outcome is where keyboards and screen readers go on.
    requestAnimationFrame(() => document.querySelector<HTMLElement>('#outcome')?.focus());
  };
  return { state, turn: () => turn.current, look: (bring, isLinked = false) => void look(bring, isLinked) };
}

/** What this browser keeps, only to know one's own coordinator and account again; an unreadable database is as good as none. */
function useOwn(): ReadonlySignal<Own | null> {
  const own = useSignal<Own | null>(null);
  useEffect(() => {
    void ownReceipts().then(
      (found) => {
        own.value = found;
      },
      () => {},
    );
  }, []);
  return own;
}

/** `isWhole`: everything that the page can need is here. */
export function Verify({ isWhole }: { readonly isWhole: ReadonlySignal<boolean> }): JSX.Element | null {
  const w = words.value;
  const own = useOwn();
  const { state, turn, look } = useLooking();
  useEffect(() => {
    if (w !== null) document.title = verifyWords[w.language].title;
  }, [w]);
  useDropped((file) => look(() => textOf(file)));
  useLinked(look);
  if (w === null) return null;
  const r = verifyWords[w.language];
  const now = state.value;
  return (
    <>
      <Header w={w} page="verify" />
      <main id="content" tabIndex={-1} class="verify">
        <section class="head">
          <h1>{r.heading}</h1>
          <p class="lede">{r.lede}</p>
        </section>
        <Laid r={r} isWhole={isWhole} look={look} />
        <p role="status" class="looking">
          {now.is === 'looking' && r.looking(now.done, now.of)}
          {now.is === 'trouble' && troubleOf(w, r, now.why)}
        </p>
        {now.is === 'looked' && (
          <>
            {now.isLinked && <p class="linked soft small">{r.linked(location.host)}</p>}
            <Outcome key={turn()} w={w} r={r} looked={now.looked} own={own.value} />
            <Asked key={`asked ${turn()}`} r={r} looked={now.looked} />
          </>
        )}
        <section class="prose limits" aria-labelledby="limits">
          <h2 id="limits">{r.limits.heading}</h2>
          {r.limits.says.map((said) => (
            <p key={said}>{said}</p>
          ))}
          <p>
            <code>{command}</code>
          </p>
        </section>
      </main>
    </>
  );
}

function troubleOf(w: Words, r: VerifyWords, why: Extract<State, { is: 'trouble' }>['why']): string {
  return {
    unreadable: r.unreadable,
    'too-large': r.tooLarge(w.f.bytes(bytesMax)),
    'own-none': r.ownNone,
    'link-none': r.linkNone,
    'link-gone': r.linkGone,
  }[why];
}

interface LaidProps {
  readonly r: VerifyWords;
  readonly look: Look;
}

/** The place where receipts are laid down: a file, what this browser keeps, or pasted text. */
function Laid(props: LaidProps & { readonly isWhole: ReadonlySignal<boolean> }): JSX.Element {
  const { r, look, isWhole } = props;
  const file = useRef<HTMLInputElement>(null);
  return (
    <section class="laid" aria-label={r.heading}>
      <div class="actions">
        <button type="button" class="main" onClick={() => file.current?.click()}>
          {r.choose}
        </button>
        <button type="button" onClick={() => look(ownText)}>
          {r.own}
        </button>
        <input
          ref={file}
          type="file"
          hidden
          onChange={(event) => {
            const [chosen] = event.currentTarget.files ?? [];
            if (chosen !== undefined) look(() => textOf(chosen));
            // The same file may be chosen again, after it was changed.
            event.currentTarget.value = '';
          }}
        />
      </div>
      <p class="soft small">
        <span class="by-keys">{r.drop + gapAfter(r.drop)}</span>
        {r.kinds}
      </p>
      <Paste r={r} look={look} />
      <p class="soft small" aria-live="polite" data-whole={isWhole.value ? '' : undefined}>
        {isWhole.value ? r.loaded : r.loading}
      </p>
    </section>
  );
}

function Paste({ r, look }: LaidProps): JSX.Element {
  const pasted = useSignal('');
  return (
    <form
      class="paste"
      onSubmit={(event) => {
        event.preventDefault();
        look(async () => pasted.value);
      }}
    >
      <label for="pasted">{r.paste}</label>
      <textarea
        id="pasted"
        rows={3}
        spellcheck={false}
        autocomplete="off"
        placeholder={sample}
        value={pasted.value}
        onInput={(event) => {
          pasted.value = event.currentTarget.value;
        }}
        onPaste={(event) => {
          // A receipt that lands in the empty field is meant to be checked; text among text may still be worked on.
          const text = event.clipboardData?.getData('text') ?? '';
          if (pasted.value === '' && /^\s*[[{]/.test(text)) look(async () => text);
        }}
      />
      <button disabled={pasted.value.trim() === ''}>{r.check}</button>
    </form>
  );
}

async function textOf(file: File): Promise<string | State> {
  return file.size > bytesMax ? { is: 'trouble', why: 'too-large' } : file.text();
}

async function ownText(): Promise<string | State> {
  const { receipts } = await ownReceipts();
  return receipts.length === 0 ? { is: 'trouble', why: 'own-none' } : JSON.stringify(receipts);
}

/** What a link asks for: `#account=…&tick=…`; null where it asks for nothing. */
function linkedIn(hash: string): { readonly account: string; readonly tick: string } | null {
  const asked = new URLSearchParams(hash.slice(1));
  const [account, tick] = [asked.get('account') ?? '', asked.get('tick') ?? ''];
  return /^[A-Za-z0-9_-]{16}$/.test(account) && /^[1-9]\d{0,14}$/.test(tick) ? { account, tick } : null;
}

/** Looks at the receipt that a link names, which the coordinator has [HT4]. */
function useLinked(look: Look): void {
  useEffect(() => {
    const follow = (): void => {
      const link = linkedIn(location.hash);
      if (link !== null) look(() => linkedText(link.account, link.tick), true);
    };
    follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
}

async function linkedText(account: string, tick: string): Promise<string | State> {
  const answer = await ask(`/api/account/${account}/receipts?from=${tick}&count=1`).catch(() => null);
  if (answer === null) return { is: 'trouble', why: 'link-gone' };
  const { receipts } = Object(answer) as { readonly receipts?: unknown };
  const meant = (Array.isArray(receipts) ? (receipts as unknown[]) : []).filter((one) => {
    const { tick: head } = Object(one) as { readonly tick?: unknown };
    return String((Object(head) as { readonly tick?: unknown }).tick) === tick;
  });
  return meant.length === 0 ? { is: 'trouble', why: 'link-none' } : JSON.stringify(meant);
}
