/**
 * Whether a person can see us. Chromium tells what covers, scales or fades a frame (IntersectionObserver v2, `trackVisibility`);
 * other browsers tell only what lies in view.
 */

/** Whether this browser tells what a page puts over or does to a frame. */
export const tellsCover: boolean = 'isVisible' in IntersectionObserverEntry.prototype;

/** Calls with every change of whether `element` is seen, at least as much of it as `share`. Returns how to stop. */
export function watchSight(element: Element, share: number, tell: (seen: boolean) => void): () => void {
  // The options are newer than the types.
  const options = {
    threshold: [0, share * 0.99, 1],
    ...(tellsCover ? { trackVisibility: true, delay: 100 } : {}),
  };
  const observer = new IntersectionObserver((entries) => {
    const entry = entries.at(-1) as
      | (IntersectionObserverEntry & { readonly isVisible?: boolean })
      | undefined;
    if (entry === undefined) return;
    const clear = !tellsCover || entry.isVisible === true;
    tell(clear && entry.isIntersecting && entry.intersectionRatio >= share * 0.98);
  }, options);
  observer.observe(element);
  return () => observer.disconnect();
}

/** Whoever cannot see it for so long gets no work done: it goes on when it is seen again. */
const unseenMs = 10_000;
/** So much of the frame must be in view. */
const shareSeen = 0.5;

/** Tells when our frame has been out of sight for a while, and when it is seen again; a hidden tab counts as out of sight. */
export function watchSeen(signal: AbortSignal, tell: (seen: boolean) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let inView = true;
  const look = (): void => {
    const seen = inView && document.visibilityState === 'visible';
    clearTimeout(timer);
    if (seen) tell(true);
    else timer = setTimeout(() => tell(false), unseenMs);
  };
  const stop = watchSight(document.documentElement, shareSeen, (seen) => {
    inView = seen;
    look();
  });
  document.addEventListener('visibilitychange', look, { signal });
  signal.addEventListener('abort', () => {
    stop();
    clearTimeout(timer);
  });
}
