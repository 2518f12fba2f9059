/** A kernel with tolerance over real sockets: a GPU settles beside WASM where the bytes agree, and only there. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MemoryLog } from '../../src/coordinator/log-memory.ts';
import type { JobView } from '../../src/wire/views.ts';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { troubled } from '../contract/log-slow.ts';
import { cheapInput } from './cheap.ts';
import { started } from './started.ts';
import type { Started } from './started.ts';
import { answerOf, identity, outputsOf, receiptHolds, Scripted } from './volunteer.ts';
import type { Answered } from './volunteer.ts';

let open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

async function start(options: CoordinatorOptions = {}): Promise<Started> {
  const house = await started(options);
  open.push(house);
  return house;
}

async function join(house: Started, who = identity(), bent = {}): Promise<Scripted> {
  const volunteer = new Scripted(house.url, who);
  await volunteer.signIn(bent);
  return volunteer;
}

/** The right answer to the chunk `offset` of a lease. */
function right(
  job: JobView,
  lease: { lease: number; chunk: number },
  offset = 0,
  withBytes = true,
): Answered {
  const from = (lease.chunk + offset) * job.unitsPerChunk;
  const to = Math.min(job.units, from + job.unitsPerChunk);
  return answerOf(
    job.job,
    job.agreement,
    lease.lease + offset,
    from,
    outputsOf(cheapInput(job.units), from, to),
    withBytes,
  );
}

describe('tolerance', () => {
  test('[CH4, CH6] a GPU settles only beside WASM, and only where the bytes agree', async () => {
    const house = await start();
    const job = await house.job({ kernel: 'tolerant@1', units: 8 });
    const [gpu, cpu] = [await join(house), await join(house)];
    const leaseG = await gpu.leaseOf('tolerant@1', 0, { backend: 'webgpu' });
    const leaseC = await cpu.leaseOf('tolerant@1');
    expect([leaseG.bytes, leaseC.bytes]).toEqual([true, true]);
    const near = outputsOf(cheapInput(8), 0, 8).map((output) =>
      Buffer.concat([output.subarray(0, 7), Buffer.of((output[7] as number) ^ 1)]),
    );
    gpu.commit([answerOf(job.job, 'tolerance', leaseG.lease, 0, near)]);
    // Both in one tick, if they like: comparing must not depend on the order.
    cpu.commit([right(job, leaseC)]);
    const receipt = await gpu.settled(leaseG.lease);
    expect(receiptHolds(receipt, house.house.keys.coordinator.publicText, gpu.who)).toBe(true);
    await cpu.settled(leaseC.lease);
    const [result] = await house.house.log.results(job.job, 0, 10);
    expect(result?.replica).toBe(leaseC.lease);
    expect((await house.house.log.answer(leaseG.lease))?.outputs).toBeNull();
  });

  test('a GPU answer that is too far off loses; the job goes on with a third person', async () => {
    const house = await start();
    const job = await house.job({ kernel: 'tolerant@1', units: 8 });
    const [gpu, cpu, third] = [await join(house), await join(house), await join(house)];
    const leaseG = await gpu.leaseOf('tolerant@1', 0, { backend: 'webgpu' });
    const far = outputsOf(cheapInput(8), 0, 8).map((output) =>
      Buffer.concat([Buffer.of((output[0] as number) ^ 8), output.subarray(1)]),
    );
    gpu.commit([answerOf(job.job, 'tolerance', leaseG.lease, 0, far)]);
    const leaseC = await cpu.leaseOf('tolerant@1');
    cpu.commit([right(job, leaseC)]);
    await cpu.acked(leaseC.lease);
    const leaseT = await third.leaseOf('tolerant@1');
    third.commit([right(job, leaseT)]);
    await third.settled(leaseT.lease);
    const lost = await gpu.next(
      (w): w is Extract<typeof w, { t: 'receipt' }> => w.t === 'receipt' && w.lost.length > 0,
    );
    expect(lost.lost).toEqual([leaseG.lease]);
    expect((await (await house.call(`/api/jobs/${job.job}`)).json()) as JobView).toMatchObject({
      state: 'finished',
      disputes: 1,
    });
  });

  test('[LO3] what was compared before the store failed counts no more: a lie does not pass for the answer that was not kept', async () => {
    const mood = { trouble: { delayMs: 0, failOneIn: 0, seed: 1 }, down: null as 'full' | null };
    const house = await start({ log: troubled(new MemoryLog(), mood) });
    const job = await house.job({ kernel: 'tolerant@1', units: 8 });
    const [cpu, gpu] = [await join(house), await join(house)];
    const lease = await cpu.leaseOf('tolerant@1');
    mood.down = 'full';
    cpu.commit([right(job, lease)]);
    expect((await cpu.of('refusal')).reason).toBe('store');
    mood.down = null;
    await vi.waitUntil(() => house.runtime.storeFault === null, { timeout: 20_000 });
    const lie = outputsOf(cheapInput(8), 0, 8).map((output) => Buffer.from(output).reverse());
    cpu.commit([answerOf(job.job, 'tolerance', lease.lease, 0, lie)]);
    await cpu.acked(lease.lease);
    const leaseG = await gpu.leaseOf('tolerant@1', 0, { backend: 'webgpu' });
    gpu.commit([right(job, leaseG)]);
    await gpu.acked(leaseG.lease);
    expect((await (await house.call(`/api/jobs/${job.job}`)).json()) as JobView).toMatchObject({
      state: 'open',
      final: 0,
    });
  });
});
