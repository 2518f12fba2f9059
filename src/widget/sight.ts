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
