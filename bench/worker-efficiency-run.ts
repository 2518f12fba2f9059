/** One round of `bench/worker-efficiency.ts`, in Node or in a page: an engine computes queued chunks of units of a wanted length. */

import type { Engine, KernelCode } from '../src/volunteer/engine.ts';
import { mixInput } from '../test/kernels/fixtures/mix.ts';

export interface Efficiency {
  readonly kernelMs: number;
  /** From asking for the first chunk until the last is here. */
  readonly wallMs: number;
  /** How long a unit really took. */
  readonly unitMs: number;
}

const chunks = 4;
const chunkMs = 500;
const values = 256;
const probeRounds = 2000;

/** Ends the engine. */
export async function efficiency(engine: Engine, code: KernelCode, wantedMs: number): Promise<Efficiency> {
  try {
    await engine.start();
    await engine.load({
      job: 'probe',
      code,
      input: mixInput({ seed: 1, rounds: probeRounds, values }),
      agreement: 'exact',
    });
    const { unitMs: probeMs } = await engine.measure('probe', 0);
    const rounds = Math.max(1, Math.round((probeRounds * wantedMs) / probeMs));
    await engine.load({ job: 'job', code, input: mixInput({ seed: 1, rounds, values }), agreement: 'exact' });
    const units = Math.max(1, Math.round(chunkMs / wantedMs));
    // One chunk first, as a device warms up; then each is asked for while the one before is computed.
    await engine.run({ replica: 'warm', job: 'job', unitFrom: 0, unitTo: units }, () => {});
    const startMs = performance.now();
    const ask = (i: number) =>
      engine.run({ replica: `${i}`, job: 'job', unitFrom: i * units, unitTo: (i + 1) * units }, () => {});
    let kernelMs = 0;
    let ahead = ask(0);
    for (let i = 1; i <= chunks; i++) {
      const here = ahead;
      if (i < chunks) ahead = ask(i);
      kernelMs += (await here).kernelMs;
    }
    return { kernelMs, wallMs: performance.now() - startMs, unitMs: kernelMs / (chunks * units) };
  } finally {
    engine.dispose();
  }
}
