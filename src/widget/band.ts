/** Weaves the band: a job's cloth as one row of columns, each filled as far as its chunks are done. */

const svg = 'http://www.w3.org/2000/svg';
/** Stitches one above the other. */
const rows = 3;
const [wide, tall] = [10, 6];

/** An element that shows `shares`, three numbers (0 … 255) a column: leased, committed, final. `mine`: columns that shine. */
export function band(): {
  readonly element: SVGSVGElement;
  show(shares: readonly number[], mine?: ReadonlySet<number>): void;
} {
  const element = document.createElementNS(svg, 'svg');
  element.setAttribute('class', 'band');
  element.setAttribute('preserveAspectRatio', 'none');
  element.setAttribute('aria-hidden', 'true');
  const kinds = ['warp', 'leased', 'committed', 'final', 'under', 'mine'] as const;
  const paths = kinds.map((kind) => {
    const path = document.createElementNS(svg, 'path');
    path.setAttribute('class', kind);
    element.append(path);
    return path;
  });
  return {
    element,
    show(shares, mine = new Set()) {
      const columns = Math.max(1, shares.length / 3);
      element.setAttribute('viewBox', `0 0 ${columns * wide} ${rows * tall}`);
      const drawn: Record<string, string> = Object.fromEntries(kinds.map((kind) => [kind, '']));
      for (let column = 0; column < columns; column++) {
        const x = column * wide;
        drawn['warp'] += `M${x + wide / 2} 0v${rows * tall}`;
        const upTo = [2, 1, 0].map((k) => (shares[column * 3 + k] ?? 0) / 255).map(sums());
        for (let row = 0; row < rows; row++) {
          const y = (rows - 1 - row) * tall;
          const at = (row + 0.5) / rows;
          const found = upTo.findIndex((share) => share >= at);
          const kind = ['final', 'committed', 'leased'][found];
          if (kind === undefined) continue;
          const stitch = `M${x + 1.5} ${y + 0.7}h${wide - 3}q1 0 1 1v${tall - 3.4}q0 1-1 1h${3 - wide}q-1 0-1-1v${3.4 - tall}q0-1 1-1z`;
          const dashed = `M${x + 1.5} ${y + tall / 2}h${wide - 3}`;
          drawn[kind] += kind === 'leased' ? dashed : stitch;
          if (kind === 'final' && (column + row) % 2 === 1) drawn['under'] += stitch;
          if (mine.has(column) && row === 0) drawn['mine'] += dashed;
        }
      }
      paths.forEach((path, i) => path.setAttribute('d', drawn[kinds[i] ?? ''] ?? ''));
    },
  };
}

/** Each number with all before it. */
function sums(): (value: number) => number {
  let sum = 0;
  return (value) => (sum += value);
}
