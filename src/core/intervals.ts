/**
 * Sets of chunk numbers kept as sorted, disjoint, non-touching runs, so that a job of a
 * million chunks costs what is in flight and not what is done.
 *
 * A set is a flat array `[from, to, from, to, …]` of half-open runs: one representation in
 * memory, in a snapshot and in a test. Functions that change a set change it in place.
 */
export type Intervals = number[];

/** The whole range [from, to) as a set; empty when there is nothing in it. */
export function range(from: number, to: number): Intervals {
  return from < to ? [from, to] : [];
}

/** Position of the first run that ends after `value`, as an index into the flat array. */
function runEndingAfter(set: readonly number[], value: number): number {
  let low = 0;
  let high = set.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((set[2 * middle + 1] as number) > value) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}

/** Whether `value` is in the set. */
export function has(set: readonly number[], value: number): boolean {
  const at = runEndingAfter(set, value);
  return at < set.length && (set[at] as number) <= value;
}

/** How many numbers the set holds. */
export function count(set: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < set.length; i += 2) total += (set[i + 1] as number) - (set[i] as number);
  return total;
}

/** Adds [from, to); numbers already there stay. Touching runs become one. */
export function add(set: Intervals, from: number, to: number): void {
  if (from >= to) return;
  const first = runEndingAfter(set, from - 1);
  if (first < set.length && (set[first] as number) > to) {
    set.splice(first, 0, from, to);
    return;
  }
  let last = first;
  let low = from;
  let high = to;
  while (last < set.length && (set[last] as number) <= to) {
    low = Math.min(low, set[last] as number);
    high = Math.max(high, set[last + 1] as number);
    last += 2;
  }
  set.splice(first, last - first, low, high);
}

/** Removes [from, to); numbers that are not there do not matter. */
export function remove(set: Intervals, from: number, to: number): void {
  if (from >= to) return;
  const first = runEndingAfter(set, from);
  const keep: number[] = [];
  let last = first;
  while (last < set.length && (set[last] as number) < to) {
    const low = set[last] as number;
    const high = set[last + 1] as number;
    if (low < from) keep.push(low, from);
    if (high > to) keep.push(to, high);
    last += 2;
  }
  if (last > first) set.splice(first, last - first, ...keep);
}

/** The first run, cut to at most `max` numbers, as [from, to); null when the set is empty. */
export function firstRun(set: Intervals, max: number): [number, number] | null {
  if (set.length === 0) return null;
  const from = set[0] as number;
  return [from, Math.min(set[1] as number, from + max)];
}

/** Every number in the set, ascending. */
export function* numbersIn(set: readonly number[]): Generator<number> {
  for (let i = 0; i < set.length; i += 2)
    for (let at = set[i] as number; at < (set[i + 1] as number); at++) yield at;
}
