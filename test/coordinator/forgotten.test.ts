/** [DV1] A device that was forgotten while it was connected and idle is sent to sign in again, and is none the worse for it. */
import { expect, test } from 'vitest';
import { newcomersMax } from '../../src/core/machine.ts';
import type { Bye } from '../../src/wire/volunteer.ts';
import { started } from './started.ts';
import { Scripted } from './volunteer.ts';

test('who was forgotten in a flood of keys signs in again, and is leased work', async () => {
  const house = await started();
  try {
    const volunteer = new Scripted(house.url);
    await volunteer.signIn();
    await Promise.all(
      Array.from({ length: newcomersMax }, (_, i) =>
        house.runtime.run({
          c: 'join',
          device: `flood${i}`,
          account: `f${i}`,
          site: null,
          group: '',
          role: 'volunteer',
        }),
      ),
    );
    expect(house.runtime.state.devices.has(volunteer.who.device)).toBe(false);
    await house.job();
    volunteer.ask('cheap@1');
    expect(await volunteer.next((word): word is Bye => word.t === 'bye')).toMatchObject({
      reason: 'shutting-down',
      retryMs: 1_000,
    });
    const again = new Scripted(house.url, volunteer.who);
    await again.signIn();
    expect(await again.leaseOf('cheap@1')).toMatchObject({ job: 'j1' });
  } finally {
    await house.close();
  }
});
