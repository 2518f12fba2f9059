/** Small woven things as inline SVG: the wordmark, a person's ornament, and the band that belongs to this coordinator. */
import { useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import { ornamentOf, pathOf } from '../ornament.ts';

const letters: Readonly<Record<string, readonly string[]>> = {
  t: ['.x...', '.x...', 'xxxx.', '.x...', '.x...', '.x..x', '..xx.'],
  a: ['.....', '.....', '.xxx.', '....x', '.xxxx', 'x...x', '.xxxx'],
  l: ['xx...', '.x...', '.x...', '.x...', '.x...', '.x...', '..xx.'],
  k: ['x....', 'x....', 'x..x.', 'x.x..', 'xx...', 'x.x..', 'x..x.'],
};

/** Each stitch of the wordmark as a small lozenge. */
function wordPath(word: string): string {
  let path = '';
  word.split('').forEach((letter, at) => {
    letters[letter]?.forEach((line, row) => {
      line.split('').forEach((stitch, column) => {
        if (stitch === 'x') path += `M${at * 6 + column + 0.5} ${row - 0.18}l.68 .68l-.68 .68l-.68-.68z`;
      });
    });
  });
  return path;
}

const word = wordPath('talka');

/** The name, stitched. */
export function Wordmark(): JSX.Element {
  return (
    <svg class="wordmark" viewBox="-0.5 -0.5 30 8" role="img" aria-label="Talka">
      <path d={word} />
    </svg>
  );
}

/** What an id weaves: how wide it is, and a path for each of its two dyes. */
function useWoven(id: string): { readonly side: number; readonly paths: readonly JSX.Element[] } {
  return useMemo(() => {
    const ornament = ornamentOf(id);
    const pathIn = (dye: 1 | 2): JSX.Element => (
      <path key={dye} class={`dye-${ornament.dyes[dye - 1]}`} d={pathOf(ornament, dye)} />
    );
    return { side: ornament.side, paths: [pathIn(1), pathIn(2)] };
  }, [id]);
}

/** The ornament of an account: decoration beside its number or name, unless `label` gives it words. */
export function OrnamentView(props: { readonly id: string; readonly label?: string }): JSX.Element {
  const { id, label } = props;
  const { side, paths } = useWoven(id);
  const named = label === undefined ? { 'aria-hidden': true } : { role: 'img' as const, 'aria-label': label };
  return (
    <svg class="ornament" viewBox={`-1 -1 ${side + 2} ${side + 2}`} {...named}>
      {paths}
    </svg>
  );
}

/** A sash across the page, woven from the coordinator's own address. */
export function Band(props: { readonly id: string }): JSX.Element {
  const { side, paths } = useWoven(props.id);
  return (
    <svg class="band" aria-hidden="true">
      <defs>
        <pattern id="sash" width={side + 1} height={side} patternUnits="userSpaceOnUse" y="1.5">
          {paths}
        </pattern>
      </defs>
      <rect width="100%" height="100%" fill="url(#sash)" />
    </svg>
  );
}
