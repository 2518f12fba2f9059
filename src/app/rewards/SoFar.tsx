/** What an account has so far, sealed or not: final in all periods together, and pending. */
import type { JSX } from 'preact';
import type { Words } from '../words/words.ts';
import type { AccountView } from '../../wire/views.ts';
import { exactly } from './catalogue.ts';
import type { RewardWords } from './catalogue.ts';

export function SoFar(props: {
  readonly w: Words;
  readonly r: RewardWords;
  readonly account: AccountView;
}): JSX.Element {
  const { w, r, account } = props;
  const { pendingMicro, vestedMicro } = account;
  const pending = pendingMicro === 0 ? null : exactly(w.language, String(pendingMicro));
  return (
    <div class="so-far">
      <p class="figures">{r.own.soFar(exactly(w.language, String(vestedMicro)), pending)}</p>
      {pending !== null && <p class="soft small">{r.own.soFarNote}</p>}
    </div>
  );
}
