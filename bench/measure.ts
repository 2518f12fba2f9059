/** What every bench needs: medians, a table that shows each figure beside its reference, and the same as JSON. */
import { writeFileSync } from 'node:fs';
import process from 'node:process';

/** One line of a bench: ours beside the reference of the same run, and the ratio's goal where there is one. */
export interface Line {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** Measured in the same run, or a budget, or a bound that nothing can beat: no figure stands alone. */
  readonly reference: number;
  /** What the reference is. */
  readonly beside: string;
  /** Where rounds were taken by turns: the median of their ratios, which the machine's other work disturbs less than the two medians. */
  readonly ratio?: number;
  /** The ratio must be at least (or at most) this; null = shown only. */
  readonly goal: { readonly atLeast?: number; readonly atMost?: number } | null;
}

/** The middle value; of an even number, the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The value below which the given share of values lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
}

/** The line's own ratio where it has one, else ours ÷ reference. */
export function ratioOf(line: Line): number {
  return line.ratio ?? line.ours / line.reference;
}

/** Whether the line keeps its goal; a line without one always does. */
export function holds(line: Line): boolean {
  const ratio = ratioOf(line);
  if (line.goal === null) return true;
  return (
    (line.goal.atLeast === undefined || ratio >= line.goal.atLeast) &&
    (line.goal.atMost === undefined || ratio <= line.goal.atMost)
  );
}

function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 3;
  return value.toLocaleString('en-US', {
    maximumFractionDigits: digits,
    minimumFractionDigits: Math.min(digits, 1),
  });
}

function goalText(line: Line): string {
  if (line.goal === null) return '';
  const bound = line.goal.atLeast !== undefined ? `≥ ${line.goal.atLeast}` : `≤ ${line.goal.atMost}`;
  return `${bound} ${holds(line) ? 'holds' : 'MISSED'}`;
}

/** Prints the lines as a table, writes them as JSON where `--json FILE` asks for it, and sets the exit code by the goals. */
export function report(title: string, lines: readonly Line[]): void {
  const rows = lines.map((line) => {
    const ratio = ratioOf(line);
    return [
      line.what,
      `${figure(line.ours)} ${line.unit}`,
      `${figure(line.reference)} ${line.unit}`,
      line.beside,
      figure(ratio),
      goalText(line),
    ];
  });
  const all = [['', 'ours', 'reference', 'which is', 'ratio', 'goal'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  console.log(`\n${title}\n`);
  for (const row of all)
    console.log(
      row
        .map((cell, column) =>
          column === 0 || column === 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  '),
    );
  const at = process.argv.indexOf('--json');
  const file = at < 0 ? undefined : process.argv[at + 1];
  if (file !== undefined)
    writeFileSync(
      file,
      `${JSON.stringify({ title, at: new Date().toISOString(), node: process.version, lines: lines.map((line) => ({ ...line, ratio: ratioOf(line), holds: holds(line) })) }, null, 2)}\n`,
    );
  if (!lines.every(holds)) process.exitCode = 1;
}
