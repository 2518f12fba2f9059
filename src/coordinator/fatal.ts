/** How a coordinator ends that finds itself wrong. */

/** Throws where nobody catches it, which ends the process: we are wrong, and must not go on. */
export function throwAlone(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
