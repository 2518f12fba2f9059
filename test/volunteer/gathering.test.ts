/** What a device keeps is written at once where that is seldom, and together where it is often; nothing that was noted is left out. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Gathering } from '../../src/volunteer/gathering.ts';
import { memoryOutbox } from '../../src/volunteer/outbox-memory.ts';
import type { Change, Outbox } from '../../src/volunteer/outbox.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const drop = (id: number): Change => ({ drop: 'results', id });

/** An outbox that takes so long for each writing. */
function slow(ms: number) {
  const writings: (readonly Change[])[] = [];
  let running = 0;
  const outbox: Outbox = {
    ...memoryOutbox(),
    async write(changes) {
      expect(++running).toBe(1);
      writings.push(changes);
      await new Promise((done) => setTimeout(done, ms));
      running--;
    },
  };
  return { outbox, writings };
}

function gathering(ms = 0) {
  const { outbox, writings } = slow(ms);
  const kept = new Gathering(() => Date.now());
  kept.outbox = outbox;
  return { kept, writings };
}

test('the first change is written at once, and so is one after a rest', async () => {
  const { kept, writings } = gathering();
  kept.note(drop(1));
  await vi.advanceTimersByTimeAsync(1);
  expect(writings).toEqual([[drop(1)]]);
  await vi.advanceTimersByTimeAsync(1_000);
  kept.note(drop(2));
  await vi.advanceTimersByTimeAsync(1);
  expect(writings).toHaveLength(2);
});

test('thousands of changes a second are a few writings, and each of them is in one', async () => {
  const { kept, writings } = gathering();
  for (let i = 0; i < 2_000; i++) {
    kept.note(drop(i));
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(300);
  expect(writings.length).toBeLessThanOrEqual(12);
  expect(writings.flat()).toEqual(Array.from({ length: 2_000 }, (_, i) => drop(i)));
});

test('one writing waits for the other, however slow the disk is', async () => {
  const { kept, writings } = gathering(1_000);
  for (let i = 0; i < 3_000; i += 10) {
    kept.note(drop(i));
    await vi.advanceTimersByTimeAsync(10);
  }
  await vi.advanceTimersByTimeAsync(3_000);
  expect(writings.length).toBeLessThanOrEqual(5);
  expect(writings.flat()).toHaveLength(300);
});

test('what cannot be made again waits for nothing but a writing that goes on', async () => {
  const { kept, writings } = gathering(50);
  const mark: Change = { set: 'mark', value: { coordinator: 'c', next: 1 } };
  const head: Change = { set: 'head', value: { coordinator: 'c', head: { size: 1, root: 'r' } } };
  kept.note(drop(1));
  await vi.advanceTimersByTimeAsync(60);
  kept.note(mark);
  await vi.advanceTimersByTimeAsync(20);
  expect(writings).toEqual([[drop(1)]]);
  kept.note(head);
  await vi.advanceTimersByTimeAsync(1);
  expect(writings).toEqual([[drop(1)], [mark, head]]);
  kept.note(head);
  await vi.advanceTimersByTimeAsync(60);
  expect(writings).toEqual([[drop(1)], [mark, head], [head]]);
  kept.note(drop(2));
  await vi.advanceTimersByTimeAsync(60);
  expect(writings).toHaveLength(3);
});

test('what has gathered is written when the page goes, and waited for where there is time', async () => {
  const { kept, writings } = gathering(500);
  kept.note(drop(1));
  await vi.advanceTimersByTimeAsync(1);
  kept.note(drop(2));
  const settled = vi.fn<() => void>();
  void kept.settled().then(settled);
  await vi.advanceTimersByTimeAsync(900);
  expect(writings).toEqual([[drop(1)], [drop(2)]]);
  expect(settled).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(settled).toHaveBeenCalled();
});

test('what is noted before there is an outbox is written once there is one; a full one keeps nobody from going on', async () => {
  const { outbox, writings } = slow(0);
  const kept = new Gathering(() => Date.now());
  kept.note(drop(1));
  await vi.advanceTimersByTimeAsync(1_000);
  kept.outbox = { ...outbox, write: () => Promise.reject(new Error('full')) };
  await vi.advanceTimersByTimeAsync(1_000);
  kept.outbox = outbox;
  kept.note(drop(2));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(writings).toEqual([[drop(2)]]);
});

test('a clock that goes back holds nothing up', async () => {
  const { kept, writings } = gathering();
  kept.note(drop(1));
  await vi.advanceTimersByTimeAsync(300);
  vi.setSystemTime(Date.now() - 3_600_000);
  kept.note(drop(2));
  await vi.advanceTimersByTimeAsync(250);
  expect(writings).toHaveLength(2);
});
