/** Prints what a soak has seen: a line a minute, and at the end each engine, backend and kernel with its bound. */

export interface Row {
  readonly engine: string;
  readonly backend: string;
  readonly kernel: string;
  readonly inputs: number;
  readonly units: number;
  readonly mismatches: number;
  /** As of `Compared`; null where answers must be the same bytes. */
  readonly outlierShare: number | null;
}

/** What the figures say about the share of wrong units, at 95 %: the rule of three. A mismatch needs no statistics. */
export function boundOf({ units, mismatches }: Pick<Row, 'units' | 'mismatches'>): string {
  if (units === 0) return 'nothing was computed';
  if (mismatches > 0) return `${mismatches} of ${units}`;
  return `0 of ${units}, so < ${(3 / units).toExponential(1)} at 95 %`;
}

export function tableOf(rows: readonly Row[]): string {
  const cells = [
    ['engine', 'backend', 'kernel', 'inputs', 'units', 'mismatches', 'bound', 'compared'],
    ...rows.map((row) => [
      row.engine,
      row.backend,
      row.kernel,
      String(row.inputs),
      String(row.units),
      String(row.mismatches),
      boundOf(row),
      row.outlierShare === null
        ? 'bit for bit'
        : `by agree; at most ${(100 * row.outlierShare).toFixed(1)} % of a tile's values off`,
    ]),
  ];
  const widths =
    cells[0]?.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length))) ?? [];
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One engine with its backend in a few words, for the line of a minute. */
export function briefly(rows: readonly Row[]): string {
  const lanes = new Map<string, number>();
  for (const { engine, backend, units } of rows) {
    const name = `${engine} ${backend}`;
    lanes.set(name, (lanes.get(name) ?? 0) + units);
  }
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const each = [...lanes].map(([name, units]) => `${name} ${units}`).join(', ');
  return `${sum((row) => row.units)} units, ${sum((row) => row.mismatches)} mismatches (${each})`;
}
