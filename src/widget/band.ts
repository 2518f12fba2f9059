/** Weaves the band: one column of stitches for each of a few chunks, in a pattern of lozenges; what is not computed yet is there in outline. */

const svg = 'http://www.w3.org/2000/svg';
/** Chunks side by side, and stitches one above the other. */
export const columns = 48;
const rows = 7;
const [wide, tall] = [10, 6];
/** How wide a lozenge of the pattern is, in columns. */
const lozenge = 8;

export interface Band {
  readonly element: SVGSVGElement;
  /** `shares`: three numbers (0 … 255) a column: leased, committed, final. `mine`: columns that shine. */
  show(shares: readonly number[], mine?: ReadonlySet<number>): void;
}

/** How far a column is: by what most of it is. */
const kinds = ['leased', 'committed', 'final'] as const;

export function band(): Band {
  const element = document.createElementNS(svg, 'svg');
  element.setAttribute('class', 'band');
  element.setAttribute('preserveAspectRatio', 'none');
  element.setAttribute('viewBox', `0 0 ${columns * wide} ${rows * tall}`);
  element.setAttribute('aria-hidden', 'true');
  const paths = new Map<string, SVGPathElement>();
  for (const name of ['warp', 'open', ...kinds, 'deep', 'mine']) {
    const path = document.createElementNS(svg, 'path');
    path.setAttribute('class', name);
    element.append(path);
    paths.set(name, path);
  }
  return {
    element,
    show(shares, mine = new Set()) {
      const drawn: Record<string, string> = {};
      const draw = (name: string, path: string): void => {
        drawn[name] = (drawn[name] ?? '') + path;
      };
      const bins = Math.max(1, shares.length / 3);
      for (let column = 0; column < columns; column++) {
        const bin = Math.floor((column * bins) / columns);
        const at = kinds.findLastIndex((_, k) => (shares[bin * 3 + k] ?? 0) >= (k === 2 ? 128 : 1));
        draw('warp', `M${column * wide + wide / 2} 0v${rows * tall}`);
        for (let row = 0; row < rows; row++) {
          const [x, y] = [column * wide, row * tall];
          const dense = patterned(column, row);
          const line = `M${x + 1} ${y + tall / 2}h${wide - 2}`;
          const kind = kinds[at];
          if (kind === undefined) {
            if (dense) draw('open', stitch(x, y));
          } else if (kind === 'leased') draw('leased', line);
          else draw(kind, stitch(x, y));
          if (kind === 'final' && dense) draw('deep', stitch(x, y));
          if (mine.has(bin) && row === (rows - 1) / 2) draw('mine', line);
        }
      }
      for (const [name, path] of paths) path.setAttribute('d', drawn[name] ?? '');
    },
  };
}

/** The pattern: lozenges side by side, their outlines and their hearts. */
function patterned(column: number, row: number): boolean {
  const across = Math.abs((column % lozenge) - lozenge / 2);
  const ring = across + Math.abs(row - (rows - 1) / 2);
  return ring === 0 || ring === 3;
}

/** A stitch with round ends. */
function stitch(x: number, y: number): string {
  return `M${x + 2} ${y + 0.8}h${wide - 4}q1.4 0 1.4 1.4v${tall - 4.4}q0 1.4-1.4 1.4h${4 - wide}q-1.4 0-1.4-1.4v${4.4 - tall}q0-1.4 1.4-1.4z`;
}
