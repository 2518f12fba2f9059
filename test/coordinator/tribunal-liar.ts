/** A tribunal's process that lies: answers by the scene its input names, and differently where V8 may only optimise. */
import { getPriority } from 'node:os';
import type { TribunalAnswer, TribunalWork } from '../../src/coordinator/tribunal-child.ts';

const optimising = process.execArgv.includes('--no-liftoff');

function answerOf(scene: string, unit: number): Uint8Array | { trap: string } {
  const differs = optimising && unit === 7;
  if (scene === 'trap' && differs) return { trap: 'unreachable' };
  if (scene === 'traps' && unit === 7) return { trap: optimising ? 'divide by zero' : 'unreachable' };
  return Uint8Array.of(unit, scene === 'bit' && differs ? 1 : 0);
}

process.once('message', ({ input, units }: TribunalWork) => {
  const scene = Buffer.from(input).toString();
  if (scene === 'nonsense') return void process.send?.({ answers: units.map(() => 'yes') });
  if (scene === 'short') return void process.send?.({ answers: [] } satisfies TribunalAnswer);
  if (scene === 'surroundings')
    return void process.send?.({ answers: [Buffer.from(JSON.stringify([getPriority(), process.env]))] });
  if (scene === 'crash') {
    process.stderr.write('out of luck');
    process.abort();
  }
  process.send?.({ answers: units.map((unit) => answerOf(scene, unit)) } satisfies TribunalAnswer);
});
