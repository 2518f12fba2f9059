/** What a visitor must know before trusting the page: an unreachable or full coordinator, an insecure address; and the loopback exemption. */
import { useEffect, useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import type { House } from '../house.ts';
import { gapAfter } from '../join.ts';
import { countdown } from '../view.ts';
import type { Words } from '../words/words.ts';

export function Notices(props: { readonly w: Words; readonly house: House }): JSX.Element {
  const { w, house } = props;
  const { live, watched } = house;
  const link = live.link.value;
  const fault = live.storeFault.value;
  return (
    <div class="notices">
      {link.is === 'unreachable' && (
        <div class="notice" role="alert">
          <p>
            <strong>{w.here.unreachable}</strong>
            {gapAfter(w.here.unreachable)}
            <Retry w={w} at={link.retryAt} />
          </p>
          {house.begun.value === 'no' && <p>{w.here.unreachableNote}</p>}
        </div>
      )}
      {fault !== null && <p class="notice">{w.here.storeFaults[fault] ?? w.here.storeFaults['io']}</p>}
      {!watched.view.value.secure && <p class="notice">{w.here.insecure}</p>}
    </div>
  );
}

/** Said where answers are explained, not above Start: whom this coordinator counts as different people. */
export function Exempt(props: { readonly w: Words; readonly house: House }): JSX.Element | null {
  if (props.house.live.status.value?.settings.loopbackExempt !== true) return null;
  return <p class="notice quiet">{props.w.here.loopback}</p>;
}

/** "Next try in 42 s", counting down. Not read aloud each second. */
export function Retry(props: { readonly w: Words; readonly at: number }): JSX.Element {
  const clock = useMemo(() => countdown(props.at), [props.at]);
  useEffect(() => clock.stop, [clock]);
  const left = clock.left.value;
  return (
    <span class="figures" aria-live="off">
      {left > 0 ? props.w.work.retry(left) : props.w.work.retrying}
    </span>
  );
}
