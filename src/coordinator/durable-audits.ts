/** Which audits are durable: a tick that is still on its way to the disk may draw something else in the end. */
import type { Runtime } from './runtime.ts';

/** Says, at any time, which number the first audit has that may not be durable. */
export function durableAudits(
  runtime: Pick<Runtime, 'state' | 'listeners' | 'healthListeners' | 'durable'>,
): () => number {
  let end = 0;
  runtime.listeners.add(({ batch }) => void (end = batch.auditsEnd));
  // What was drawn before this began, or before the store failed, is durable once nothing is on its way.
  const look = (): void => void runtime.durable().then(() => void (end = runtime.state.nextAudit));
  runtime.healthListeners.add(look);
  look();
  return () => end;
}
