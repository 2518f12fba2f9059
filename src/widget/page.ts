/** What passes between our frame and the page that shows it [WG6]: versioned, to that page's origin alone, and from it alone. */
import type { EmbedFacts } from '../wire/views.ts';

/** What the page is told: how the widget stands, and what came of it; never whose account it is. */
export type Told =
  | { readonly is: 'state'; readonly state: PageState }
  | {
      readonly is: 'credit';
      readonly pendingMicro: number;
      readonly vestedMicro: number;
      readonly chunks: number;
    };

export type PageState =
  | 'card'
  | 'consent'
  | 'refused'
  | 'starting'
  | 'working'
  | 'resting'
  | 'paused'
  | 'stopped';

/** What was told last, of either kind. */
const last: Record<string, string> = {};

/** Tells the page, unless that is what it was told last. */
export function tellPage({ from }: EmbedFacts, told: Told): void {
  const text = JSON.stringify(told);
  if (from !== null && last[told.is] !== text) parent.postMessage({ talka: 1, ...told }, from);
  last[told.is] = text;
}

/** Whether the page wants it to rest, and who is told when that changes. */
let wantsRest = false;
let tellRest: (rest: boolean) => void = () => {};

/** Hears `pause` and `resume` from now on: all that a page may ask. Who starts is its person's to say. */
export function hearPage({ from }: EmbedFacts): void {
  addEventListener('message', ({ source, origin, data }: MessageEvent<unknown>) => {
    if (source !== parent || origin !== from || typeof data !== 'object' || data === null) return;
    const word = 'talka' in data && data.talka === 1 && 'do' in data ? data.do : null;
    if (word === 'pause' || word === 'resume') tellRest((wantsRest = word === 'pause'));
  });
}

export const pageWantsRest = (): boolean => wantsRest;

/** Tells at once, and with every change, whether the page wants a rest. */
export function watchPage(signal: AbortSignal, tell: (rest: boolean) => void): void {
  tellRest = tell;
  signal.addEventListener('abort', () => (tellRest = () => {}));
  tell(wantsRest);
}
