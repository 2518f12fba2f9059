/** A page with a volunteer and no face: tests look at its store and call its actions. */
import { openOutbox } from '../../src/volunteer/outbox.ts';
import { makeIdentity, openIdentity } from '../../src/volunteer/identity.ts';
import { browserPlatform } from '../../src/volunteer/platform-browser.ts';
import { createVolunteer } from '../../src/volunteer/volunteer.ts';
import type { Volunteer } from '../../src/volunteer/volunteer.ts';
import { outboxFaults } from '../volunteer/outbox-contract.ts';

/** What tests may do from outside. */
export interface Bench extends Volunteer {
  readonly outboxFaults: () => Promise<string[]>;
  /** Whether a key comes back from storage as one that signs and cannot be read. */
  readonly keyFaults: () => Promise<string[]>;
  /** When things first happened, in ms since the page began to load. */
  readonly first: { start: number; open: number; computed: number; committed: number };
}

declare global {
  interface Window {
    readonly talka: Bench;
  }
}

const flags = new URLSearchParams(location.search);
const platform = browserPlatform({ gpuUse: flags.get('gpu') === 'always' ? 'always' : 'auto' });
const volunteer = createVolunteer({ url: location.origin, platform });
volunteer.actions.configure({ cores: Number(flags.get('cores') ?? 1), gpu: flags.has('gpu') });
const first = { start: 0, open: 0, computed: 0, committed: 0 };
volunteer.store.subscribe(({ phase, connection, chunks }) => {
  const now = performance.now();
  if (phase === 'starting' && first.start === 0) first.start = now;
  if (connection === 'open' && first.open === 0) first.open = now;
  if (chunks.computed > 0 && first.computed === 0) first.computed = now;
  if (chunks.committed > 0 && first.committed === 0) first.committed = now;
});

async function keyFaults(): Promise<string[]> {
  const faults: string[] = [];
  const made = await makeIdentity(false);
  if (made.key.kind !== 'pair') faults.push(`made a ${made.key.kind}`);
  let outbox = await openOutbox();
  await outbox.write([{ set: 'identity', value: made }]);
  outbox.close();
  outbox = await openOutbox();
  const { identity } = await outbox.load();
  if (identity === null || identity.key.kind !== 'pair') faults.push('did not come back');
  else {
    if (identity.key.privateKey.extractable) faults.push('can be read out');
    const { key, account } = await openIdentity(identity);
    if (account !== made.account || (await key.sign(new Uint8Array(3))).length !== 64)
      faults.push('does not sign');
  }
  await outbox.erase();
  return faults;
}

Object.assign(window, {
  talka: { ...volunteer, outboxFaults: () => outboxFaults(openOutbox, true), keyFaults, first },
});
if (flags.has('resume')) volunteer.actions.resumeRemembered('yes');
