/** The tribunal in two browsers: they settle what the compilers settle, leave nothing behind, and where one does not start the compilers do. */
import { fork, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/kernels/catalogue.ts';
import { findChromium } from '../../src/coordinator/browsers.ts';
import { sha256Hex } from '../../src/coordinator/digests.ts';
import { Tribunal } from '../../src/coordinator/tribunal.ts';
import type { Dispute, Finding } from '../../src/coordinator/tribunal.ts';
import type { TribunalWork } from '../../src/coordinator/tribunal-compute.ts';
import { whyNo } from '../browser/browsers.ts';
import { compileMix } from '../kernels/fixtures/compile.ts';
import { mixInput } from '../kernels/fixtures/mix.ts';
import type { MixInput } from '../kernels/fixtures/mix.ts';

const built = join(import.meta.dirname, '../../build/kernels');
const whyNoPair = whyNo.chromium() ?? whyNo.firefox();

let open: Tribunal[] = [];
let notes: Readonly<Record<string, unknown>>[] = [];
afterEach(async () => {
  delete process.env['CHROMIUM_PATH'];
  for (const one of open) await one.close();
  open = [];
  notes = [];
});

function tribunal(timeoutMs = 60_000): Tribunal {
  const one = new Tribunal({ browsers: true, timeoutMs, onNote: (_, about) => notes.push(about) });
  open.push(one);
  return one;
}

async function mixed(more: Partial<MixInput>, units: readonly number[]): Promise<Dispute> {
  const input = mixInput({ seed: 5, rounds: 20, values: 50, ...more });
  return { kernel: 'mix@1', wasm: await compileMix('mix'), input, units };
}

const why = (finding: Finding): string => (finding.is === 'failed' ? finding.why : `it is ${finding.is}`);
/** A coordinator that was killed here before may have left some. */
const known: ReadonlySet<string> = new Set(readdirSync(tmpdir()));
const profiles = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('talka-tribunal-') && !known.has(name));
/** What of all that runs here was started for a profile; only where there is a list to be had. */
const running = (profile: string): string[] =>
  spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.includes(profile));

describe.skipIf(whyNoPair !== null)(
  `two browsers, one answer${whyNoPair === null ? '' : ` (skipped: ${whyNoPair})`}`,
  () => {
    test.each([...catalogue.values()].map((kernel) => [kernel.id, kernel] as const))(
      '%s: its first and its last vector',
      async (_, { id, vectors }) => {
        const wasm = readFileSync(join(built, id, 'reference.wasm'));
        const one = tribunal();
        for (const { input, unit, digest } of [vectors[0], vectors.at(-1)].flatMap(
          (vector) => vector ?? [],
        )) {
          const finding = await one.recompute({ kernel: id, wasm, input, units: [unit] });
          if (finding.is !== 'agreed') throw new Error(why(finding));
          expect(finding.engines).toEqual(['chromium', 'firefox']);
          expect(finding.outputs.map(sha256Hex)).toEqual([digest]);
        }
        expect(notes).toEqual([]);
        expect(profiles()).toEqual([]);
      },
    );

    test('many units come back in the order asked for, and a trap is one in both, whatever they call it', async () => {
      const one = tribunal();
      const units = [17, 3, 9, 4, 4];
      const finding = await one.recompute(await mixed({}, units));
      if (finding.is !== 'agreed') throw new Error(why(finding));
      const digests = finding.outputs.map(sha256Hex);
      expect([new Set(digests).size, digests[3]]).toEqual([4, digests[4]]);
      // Once more by the compilers, since no engine's word counts more.
      expect(why(await one.recompute(await mixed({ mode: 'trap', modeFrom: 9 }, [3, 9])))).toBe(
        'unit 9, twice: unreachable',
      );
      expect(notes).toMatchObject([
        { why: 'unit 9, twice: it traps', engines: ['chromium', 'firefox'] },
        { why: 'unit 9, twice: unreachable', engines: ['baseline', 'optimising'] },
      ]);
    });

    test('an endless unit is given up in time; nothing is left of browser and profile', async () => {
      const finding = await tribunal(4_000).recompute(await mixed({ mode: 'endless', modeFrom: 9 }, [1, 9]));
      expect(why(finding)).toBe('baseline: no answer after 4000 ms');
      expect(notes[0]).toMatchObject({ why: 'chromium: no answer after 4000 ms' });
      expect(profiles()).toEqual([]);
      expect(running('talka-tribunal-')).toEqual([]);
    });

    test('where a browser does not start, the two compilers decide', async () => {
      process.env['CHROMIUM_PATH'] = process.execPath;
      const finding = await tribunal().recompute(await mixed({}, [1]));
      expect(finding).toMatchObject({ is: 'agreed', engines: ['baseline', 'optimising'] });
      expect(notes).toMatchObject([
        { why: expect.stringContaining('chromium: the browser ended') as string },
      ]);
    });

    test('a browser ends with the coordinator, in the middle of an endless unit', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'talka-orphan-'));
      const found = findChromium();
      const path = 'path' in found ? found.path : '';
      const program = new URL('../../src/coordinator/tribunal-browser.ts', import.meta.url);
      const child = fork(program, ['chromium', path, folder], {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        detached: true,
      });
      try {
        const { wasm, input, units } = await mixed({ mode: 'endless' }, [0]);
        child.send({ wasm, input, units } satisfies TribunalWork);
        // Twice in a row: while it starts, some come and go.
        let times = 0;
        for (let i = 0; i < 100 && times < 2; i++) {
          times = running(folder).length < 3 ? 0 : times + 1;
          await sleep(100);
        }
        expect(times).toBe(2);
        child.disconnect();
        for (let i = 0; i < 100 && running(folder).length > 0; i++) await sleep(100);
        expect(running(folder)).toEqual([]);
      } finally {
        child.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      }
    });
  },
);
