/**
 * Whether a person can see us at work. Chromium tells what covers, scales or fades a frame (IntersectionObserver v2, `trackVisibility`),
 * if not what masks or zooms it; other browsers tell only what lies in view.
 */

/** Whoever cannot see it for so long gets no work done: it goes on when it is seen again. */
const unseenMs = 10_000;
/** So much of the frame must be in view. */
const shareSeen = 0.5;
/** And it must be large enough for Stop to be found: the ribbon on the smallest phone is twice so large. */
const [widthMin, heightMin] = [120, 48];

/** Whether this browser tells what a page puts over a frame. */
const tellsCover = 'isVisible' in IntersectionObserverEntry.prototype;

/** Tells when our frame has been out of sight for a while, and when it is seen again; a hidden tab counts as out of sight. */
export function watchSeen(signal: AbortSignal, tell: (seen: boolean) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let inView = true;
  const look = (): void => {
    const large = innerWidth >= widthMin && innerHeight >= heightMin;
    clearTimeout(timer);
    if (inView && large && document.visibilityState === 'visible') tell(true);
    else timer = setTimeout(() => tell(false), unseenMs);
  };
  // The options are newer than the types.
  const options = {
    threshold: [0, shareSeen * 0.99, 1],
    ...(tellsCover ? { trackVisibility: true, delay: 100 } : {}),
  };
  const observer = new IntersectionObserver((entries) => {
    const entry = entries.at(-1) as
      | (IntersectionObserverEntry & { readonly isVisible?: boolean })
      | undefined;
    if (entry === undefined) return;
    const clear = !tellsCover || entry.isVisible === true;
    inView = clear && entry.isIntersecting && entry.intersectionRatio >= shareSeen * 0.98;
    look();
  }, options);
  observer.observe(document.documentElement);
  addEventListener('resize', look, { signal });
  document.addEventListener('visibilitychange', look, { signal });
  signal.addEventListener('abort', () => {
    observer.disconnect();
    clearTimeout(timer);
  });
}
