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

/** The ornament of an account: decoration beside its number or name, unless `label` gives it words. */
export function OrnamentView(props: { readonly id: string; readonly label?: string }): JSX.Element {
  const { id, label } = props;
  const woven = useMemo(() => {
    const ornament = ornamentOf(id);
    return { ornament, first: pathOf(ornament, 1), second: pathOf(ornament, 2) };
  }, [id]);
  const named = label === undefined ? { 'aria-hidden': true } : { role: 'img' as const, 'aria-label': label };
  return (
    <svg class="ornament" viewBox={`-1 -1 ${woven.ornament.side + 2} ${woven.ornament.side + 2}`} {...named}>
      <path class={`dye-${woven.ornament.dyes[0]}`} d={woven.first} />
      <path class={`dye-${woven.ornament.dyes[1]}`} d={woven.second} />
    </svg>
  );
}

/** A sash across the page, woven from the coordinator's own address. */
export function Band(props: { readonly id: string }): JSX.Element {
  const woven = useMemo(() => {
    const ornament = ornamentOf(props.id);
    return { ornament, first: pathOf(ornament, 1), second: pathOf(ornament, 2) };
  }, [props.id]);
  const { side, dyes } = woven.ornament;
  return (
    <svg class="band" aria-hidden="true">
      <defs>
        <pattern id="sash" width={side + 1} height={side} patternUnits="userSpaceOnUse" y="1.5">
          <path class={`dye-${dyes[0]}`} d={woven.first} />
          <path class={`dye-${dyes[1]}`} d={woven.second} />
        </pattern>
      </defs>
      <rect width="100%" height="100%" fill="url(#sash)" />
    </svg>
  );
}
