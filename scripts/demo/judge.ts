/** Judges what a demonstration's requester got: both kinds of result, the factor that is known, a picture with something on every tile. */
import type { JobView } from '../../src/wire/views.ts';
import type { Share } from './share.ts';

/** A picture as its decoder gives it, 8 bits a channel. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

/** The answer of the trial factoring demonstration, known before it is computed. */
export interface KnownFactor {
  readonly exponent: number;
  readonly factor: bigint;
}

/** A tile of the picture is a chunk's work: one that nobody computed is of one colour. */
const tile = 8;
/** Brightness of 255 between which a lit picture's mean lies, and how much it varies at least. */
const meanMin = 20;
const meanMax = 235;
const deviationMin = 15;

/** One finished job of each kernel, with its kind of result: what "all of it is right" is said about. */
export function faultsOfJobs(jobs: readonly JobView[]): string[] {
  const has = (kernel: string, kind: 'report' | 'picture'): boolean =>
    jobs.some((job) => job.kernel === kernel && job.state === 'finished' && job.result[kind]);
  return [
    ...(has('mersenne-tf@1', 'report') ? [] : ['there is no report of a finished trial factoring job']),
    ...(has('path-trace@1', 'picture') ? [] : ['there is no picture of a finished path tracing job']),
  ];
}

/** A report names the known factor, and no other number as one. */
export function faultsOfReport(report: string, known: KnownFactor): string[] {
  const found = [...report.matchAll(/^M(\d+) has a factor: (\d+) /gm)].map(
    ([, exponent, factor]) => `${factor} of M${exponent}`,
  );
  const wanted = `${known.factor} of M${known.exponent}`;
  if (found.length === 1 && found[0] === wanted) return [];
  return [`the report should name the factor ${wanted}; it names ${found.join(', ') || 'none'}`];
}

/** A picture is of its size, neither dark nor glaring nor flat, and no tile of it is empty. */
export function faultsOfPicture(picture: Pixels, width: number, height: number): string[] {
  const { data } = picture;
  if (picture.width !== width || picture.height !== height || data.length % (width * height) !== 0)
    return [`the picture is ${picture.width} × ${picture.height}, not ${width} × ${height}`];
  const channels = data.length / (width * height);
  const shade = (x: number, y: number): number => {
    const at = (y * width + x) * channels;
    return ((data[at] as number) + (data[at + 1] as number) + (data[at + 2] as number)) / 3;
  };
  let sum = 0;
  let squares = 0;
  let empty = 0;
  for (let top = 0; top < height; top += tile) {
    for (let left = 0; left < width; left += tile) {
      const first = shade(left, top);
      let flat = true;
      for (let y = top; y < Math.min(top + tile, height); y++) {
        for (let x = left; x < Math.min(left + tile, width); x++) {
          const value = shade(x, y);
          sum += value;
          squares += value * value;
          flat &&= value === first;
        }
      }
      if (flat) empty++;
    }
  }
  const mean = sum / (width * height);
  const deviation = Math.sqrt(Math.max(0, squares / (width * height) - mean * mean));
  const faults: string[] = [];
  if (!(mean > meanMin && mean < meanMax)) faults.push(`the picture's mean is ${mean.toFixed(1)} of 255`);
  if (!(deviation >= deviationMin)) faults.push(`the picture is flat: it varies by ${deviation.toFixed(1)}`);
  if (empty > 0) faults.push(`${empty} tiles of the picture are empty`);
  return faults;
}

/** Every pixel is what the results come to, where somebody else puts them together: no tile lies elsewhere, none is another's. */
export function faultsOfTiles({ data, width, height }: Pixels, developed: ArrayLike<number>): string[] {
  const channels = data.length / (width * height);
  let differing = 0;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const isSame = [0, 1, 2].every((k) => data[pixel * channels + k] === developed[pixel * 4 + k]);
    if (!isSame) differing++;
  }
  return differing === 0 ? [] : [`${differing} pixels of the picture are not what the results come to`];
}

/** From here on the whole machine was busy; and a program that had less than this part of two cores was kept from them. */
const busyMin = 0.9;
const coresMin = 0.7 * 2;

/**
 * Whether it was quick enough for a machine of two cores. Where others took the cores away, too long a time says nothing
 * about us: that is a warning.
 */
export function judgeTime(
  seconds: number,
  secondsMax: number,
  share: Share | null,
): { fault: string } | { warning: string } | null {
  if (seconds <= secondsMax) return null;
  const said = `it took ${seconds.toFixed(0)} s instead of at most ${secondsMax}`;
  if (share === null) return { fault: said };
  const { cores, busy } = share;
  const had = `it had ${cores.toFixed(1)} cores, and all together were ${(100 * busy).toFixed(0)} % busy`;
  return busy >= busyMin && cores < coresMin
    ? { warning: `${said}, among other programs: ${had}` }
    : { fault: `${said}; ${had}` };
}
