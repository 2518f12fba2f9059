/** The two jobs that a new coordinator shows first: real work whose answers are known, and labelled so. */
import { encodeInput } from '../kernels/mersenne-tf/index.ts';
import type { House } from './house.ts';
import { specOf } from './http-operator.ts';
import { priceOf } from '../core/offer.ts';
import type { JobTexts } from '../core/texts.ts';

/** `seed` keeps a neighbourhood busy for hours, `demo` is done in minutes. */
export type SeedSize = 'none' | 'seed' | 'demo';

const requester = 'demonstrations';
/** Answers that are known beforehand need no long window: whoever tries Talka out sees credit verified within minutes. */
const quickTerms = { windowUnits: 240, leaverUnits: 240 };
/**
 * Who comes for the first time has something accepted soon: half of what a chunk without a wish of its own costs; and in minutes each
 * kernel shall come to each worker, a software graphics processor among them that takes a hundred times as long.
 */
const chunkCostMicro = { seed: 250_000, demo: 125_000 };

interface Demonstration {
  readonly kernel: string;
  readonly title: string;
  readonly cause: string;
  readonly texts: JobTexts;
  readonly input: Uint8Array;
}

/** Scene and mesh are read here: only a first start needs them. */
async function demonstrations(size: 'seed' | 'demo'): Promise<Demonstration[]> {
  const { demoJob: mersenneJob } = await import('../kernels/mersenne-tf/demo.ts');
  const { demoJob: pictureJob } = await import('../kernels/path-trace/demo.ts');
  const spec = mersenneJob(size);
  return [
    {
      kernel: 'path-trace@1',
      title: 'A rabbit among dyed balls',
      cause:
        'A demonstration: a picture by path tracing. Nobody needs it; it shows how neighbours finish one together, tile by tile.',
      texts: {
        zh: {
          title: '彩球丛中的兔子',
          cause: '演示：用路径追踪画一幅画。没有谁等着要它，只为看看左邻右舍怎样一格一格合力画完。',
        },
      },
      input: pictureJob(size),
    },
    {
      kernel: 'mersenne-tf@1',
      title: `Factors of M${spec.exponent}`,
      cause:
        'A demonstration: trial factoring of a Mersenne number in a range where a factor is known, as the search for Mersenne primes does it before its long tests.',
      texts: {
        zh: {
          title: `M${spec.exponent} 的因数`,
          cause:
            '演示：在已知有因数的一段范围里，对一个梅森数做试除；寻找梅森素数的人在漫长的检验之前，也先走这一步。',
        },
      },
      input: encodeInput(spec),
    },
  ];
}

/** Submits the demonstrations to a store that has never had a job; says what was submitted. */
export async function seed(house: House, size: SeedSize): Promise<string[]> {
  return size === 'none' || house.runtime.state.nextJob > 1 ? [] : sow(house, size);
}

/** How often it is looked whether the last demonstrations are done. */
const lookMs = 2_000;

/** Submits them again whenever no job is open, so that whoever develops has live pages all day; returns how to end that. */
export function seedAgain(house: House, size: SeedSize, onFatal: (error: unknown) => void): () => void {
  if (size === 'none') return () => {};
  let sowing: Promise<unknown> | null = null;
  const timer = setInterval(() => {
    if (sowing !== null || house.views.openJobs().length > 0) return;
    sowing = sow(house, size)
      .catch(onFatal)
      .finally(() => (sowing = null));
  }, lookMs);
  return () => clearInterval(timer);
}

async function sow(house: House, size: 'seed' | 'demo'): Promise<string[]> {
  const seeded: string[] = [];
  for (const { kernel, title, cause, texts, input } of await demonstrations(size)) {
    if (!house.shelf.has(kernel)) continue;
    const unitCostMicro = house.shelf.get(kernel)?.kernel.unitCostMicro(input) ?? chunkCostMicro[size];
    const digest = await house.blobs.put(input);
    const spec = await specOf(house, {
      kernel,
      input: digest,
      unitsPerChunk: Math.max(1, Math.round(chunkCostMicro[size] / unitCostMicro)),
      title,
      cause,
      texts,
      demonstration: true,
      policy: size === 'seed' ? { kind: 'audit', ...quickTerms } : { kind: 'audit' },
      weight: 1,
      requester,
    });
    if ('refused' in spec)
      throw new Error(`the demonstration '${title}' is refused: ${spec.detail ?? spec.refused}`);
    for (const command of [
      { c: 'fund', account: requester, amountMicro: priceOf(spec) },
      { c: 'submit', requester, spec },
    ] as const) {
      const outcome = await house.runtime.run(command);
      if (outcome.refused !== null)
        throw new Error(`the demonstration '${title}' is refused: ${outcome.detail ?? outcome.refused}`);
    }
    seeded.push(`${title} (${kernel}, ${spec.units} units)`);
  }
  return seeded;
}
