/** A tribunal's process that lies: answers by the scene its input names, and differently where V8 may only optimise. */
import { getPriority } from 'node:os';
import type { TribunalAnswer, TribunalWork } from '../../src/coordinator/tribunal-compute.ts';

const optimising = process.execArgv.includes('--no-liftoff');

function answerOf(scene: string, unit: number): Uint8Array | { trap: string } {
  const differs = optimising && unit === 7;
  if (scene === 'trap' && differs) return { trap: 'unreachable' };
  if (scene === 'traps' && unit === 7) return { trap: optimising ? 'divide by zero' : 'unreachable' };
  return Uint8Array.of(unit, scene === 'bit' && differs ? 1 : 0);
}

function reply(scene: string, units: readonly number[]): unknown {
  switch (scene) {
    case 'nonsense':
      return { answers: units.map(() => 'yes') };
    case 'short':
      return { answers: [] } satisfies TribunalAnswer;
    case 'surroundings':
      return { answers: [Buffer.from(JSON.stringify([getPriority(), process.env]))] };
    case 'crash':
      process.stderr.write('out of luck');
      return process.abort();
    default:
      return { answers: units.map((unit) => answerOf(scene, unit)) } satisfies TribunalAnswer;
  }
}

process.once('message', ({ input, units }: TribunalWork) => {
  process.send?.(reply(Buffer.from(input).toString(), units));
});
