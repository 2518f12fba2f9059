/** The watchdog while an engine rests on purpose: what was still on its way to a GPU when the rest began comes in, and means no more. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WorkerEngine } from '../../src/volunteer/engine-proxy.ts';
import type { Beat } from '../../src/volunteer/engine.ts';

/** A worker that never answers, and says what it is told to. */
function silentWorker(): { readonly engine: WorkerEngine; readonly say: (beat: Beat) => void } {
  const { port1, port2 } = new MessageChannel();
  let hear: (data: unknown) => void = () => {};
  const endings = [port1, port2];
  const engine = new WorkerEngine(
    'webgpu',
    {
      endpoint: port1,
      onMessage: (listener) => (hear = listener),
      onDeath: () => {},
      terminate: () => endings.forEach((port) => port.close()),
    },
    { silenceMs: 80 },
  );
  return { engine, say: (beat) => hear(beat) };
}

describe('an engine that rests', () => {
  it('is not taken for stuck because a result came in after it began', async () => {
    const { engine, say } = silentWorker();
    const lost: string[] = [];
    engine.onLost((reason) => lost.push(reason));
    engine.run({ replica: 'r', job: 'job', unitFrom: 0, unitTo: 9 }, () => {}).catch(() => {});
    say({ beat: 'resting' });
    say({ beat: 'progress', replica: 'r', unitsDone: 3 });
    await sleep(300);
    expect(lost).toEqual([]);
    say({ beat: 'awake' });
    await sleep(300);
    expect(lost).toEqual(['stuck']);
  });
});
