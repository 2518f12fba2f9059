/** Commitments are looked at where they come in: what is called right there is right, and all else the loop looks at as before. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { rootOfDigests } from '../../src/coordinator/digests.ts';
import { expectedBytes, readExpected } from '../../src/coordinator/expected.ts';
import type { Expected } from '../../src/coordinator/expected.ts';
import { FrameChecks } from '../../src/coordinator/frame-checks.ts';
import { UnitDigests } from '../../src/coordinator/unit-digests.ts';
import { encodeCommit } from '../../src/wire/frame.ts';
import type { JobView } from '../../src/wire/views.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, outputsOf, Scripted } from './volunteer.ts';

const open: Started[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of open.splice(0)) await one.close();
});

type Answered = ReturnType<typeof answerOf>;
interface Shape {
  readonly length: number;
  readonly agreement: 'exact' | 'tolerance';
  readonly withBytes: boolean;
  readonly job: string;
}

const lease: Expected = { lease: 2 ** 33, count: 3, job: 'j7', chunk: 2 ** 28, unitsPerChunk: 16 };
const frameOf = (...parts: Answered[]): Buffer =>
  Buffer.from(encodeCommit({ header: { t: 'commit', items: parts.map(({ item }) => item) }, parts }));
const outputs = (length: number): Buffer[] =>
  Array.from({ length: 16 }, (_, i) => Buffer.alloc(length, i + 1));
const answer = (
  place: number,
  { length = 16, agreement = 'exact', withBytes = true, job = 'j7' }: Partial<Shape> = {},
): Answered =>
  answerOf(job, agreement, lease.lease + place, (lease.chunk + place) * 16, outputs(length), withBytes);
const others: Expected = { lease: 5, count: 1, job: 'j1', chunk: 0, unitsPerChunk: 4 };

describe('a commitment', () => {
  test.each([
    ['with short outputs', frameOf(answer(0))],
    ['with long ones', frameOf(answer(2, { length: 2_000 }))],
    ['with long digests', frameOf(answer(1, { agreement: 'tolerance' }))],
    ['without bytes', frameOf(answer(1, { withBytes: false }))],
    ['to all chunks of a lease', frameOf(answer(0), answer(1), answer(2, { withBytes: false }))],
  ])('%s is right', (_, frame) => {
    expect(new FrameChecks().hold(frame, [others, lease])).toBe(true);
  });

  test('is not known to be right when any of its digests, bytes or its root is another', () => {
    const checks = new FrameChecks();
    const frame = frameOf(answer(0), answer(1));
    const head = 6;
    const item = 48 + 4 * 16;
    // Not its replica, and no length: then it is of something else, or no frame at all.
    const places = [
      head + 8,
      head + item + 39,
      ...Array.from({ length: 6 * 64 }, (_, i) => head + 2 * item + i),
    ];
    for (const place of places.filter((one) => one < frame.length)) {
      const bent = Buffer.from(frame);
      bent[place] = (bent[place] as number) ^ 1;
      expect([place, checks.hold(bent, [lease])]).toEqual([place, false]);
    }
  });

  test('that we trip over is left to the loop: nobody else’s socket ends', () => {
    vi.spyOn(UnitDigests.prototype, 'firstWrong').mockImplementation(() => {
      throw new Error('a bug of ours');
    });
    expect(new FrameChecks().hold(frameOf(answer(0)), [lease])).toBe(false);
  });

  test.each([
    ['of no lease that is known', frameOf(answer(0)), [others]],
    [
      'before the lease',
      frameOf({ ...answer(0), item: { ...answer(0).item, replica: lease.lease - 1 } }),
      [lease],
    ],
    ['behind the lease', frameOf(answer(3)), [lease]],
    ['of another job', frameOf(answer(0, { job: 'j8' })), [lease]],
    ['of another chunk', frameOf(answer(0)), [{ ...lease, chunk: lease.chunk + 1 }]],
    ['partly of no lease', frameOf(answer(0), answer(3)), [lease]],
    ['that is cut off', frameOf(answer(0)).subarray(0, -1), [lease]],
    ['that is none', Buffer.from('talka'), [lease]],
    ['with digests that are no whole bytes', frameOf(wide(1)), [lease]],
    ['with digests wider than there are', frameOf(wide(16 * 92)), [lease]],
    ['with digests of no bytes', frameOf(wide(-128)), [lease]],
    ['of no units', frameOf(answerOf('j7', 'exact', lease.lease, lease.chunk * 16, [])), [lease]],
  ])('%s is not known to be right', (_, frame, expected) => {
    expect(new FrameChecks().hold(frame, expected)).toBe(false);
  });

  /** So many bytes of digests more than there should be, under a root that is right for all of them. */
  function wide(more: number): Answered {
    const { item, digests, bytes } = answer(0);
    const all = Buffer.concat([digests, Buffer.alloc(Math.max(0, more))]).subarray(0, digests.length + more);
    const root = rootOfDigests('j7', lease.chunk * 16, all);
    return { item: { ...item, digestBytes: all.length, root }, digests: all, bytes };
  }
});

test('a lease comes out of its bytes as it was', () => {
  const { unitsPerChunk, ...run } = lease;
  expect(readExpected(Buffer.from(expectedBytes({ run, unitsPerChunk })))).toEqual(lease);
});

describe('with sockets in a thread of their own', () => {
  async function scene(): Promise<{ house: Started; who: Scripted; looked: () => number }> {
    const house = await started({ socketThread: true });
    open.push(house);
    const looked = vi.spyOn(UnitDigests.prototype, 'firstWrong');
    const who = new Scripted(house.url);
    await who.signIn();
    return { house, who, looked: () => looked.mock.calls.length };
  }

  /** Right answers to twenty chunks, lease after lease. */
  async function* answers(who: Scripted, job: JobView): AsyncGenerator<Answered> {
    for (let done = 0; done < 20;) {
      const { lease: id, chunk, count } = await who.leaseOf('cheap@1');
      for (let place = 0; place < count; place++) {
        const from = (chunk + place) * job.unitsPerChunk;
        const sent = outputsOf(cheapInput(job.units), from, from + job.unitsPerChunk);
        if (done++ < 20) yield answerOf(job.job, job.agreement, id + place, from, sent);
      }
    }
  }

  test('the loop looks at no bytes that were found right there, once what looks at them is loaded', async () => {
    const { house, who, looked } = await scene();
    const job = await house.job({ units: 8_000 });
    const before: number[] = [];
    for await (const right of answers(who, job)) {
      who.commit([right]);
      await who.acked(right.item.replica);
      before.push(looked());
    }
    expect(before.at(-1)).toBe(before[Math.floor(before.length / 2)]);
    await who.end();
  });

  test('what is not right is refused as ever, and a misdeed', async () => {
    const { house, who, looked } = await scene();
    const job = await house.job({ units: 8_000 });
    for await (const right of answers(who, job)) {
      const bytes = Buffer.from(right.bytes as Buffer);
      bytes[0] = (bytes[0] as number) ^ 1;
      const seen = looked();
      who.commit([{ ...right, bytes }]);
      expect(await who.refusal()).toMatchObject({ reason: 'digests', replica: right.item.replica });
      expect(looked()).toBe(seen + 1);
      who.commit([right]);
      await who.acked(right.item.replica);
    }
    await expect.poll(() => house.runtime.state.devices.get(who.who.device)?.misdeeds).toBe(20);
    await who.end();
  });
});
