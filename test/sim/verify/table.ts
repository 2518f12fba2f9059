/** Prints what `npm run sim:verify` found, in columns. */
import process from 'node:process';

/** A title, a head and its rows; a row may end early. */
export function table(title: string, head: readonly string[], body: readonly (readonly string[])[]): void {
  const widths = head.map((cell, i) => Math.max(cell.length, ...body.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  process.stdout.write(`\n${title}\n${line(head)}\n${widths.map((width) => '─'.repeat(width)).join('  ')}\n`);
  for (const row of body) process.stdout.write(`${line(row)}\n`);
}
