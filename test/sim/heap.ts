/** Keeps what is still to happen in order of time, and what happens at the same time in the order in which it was planned. */

interface Planned<T> {
  readonly at: number;
  readonly order: number;
  readonly what: T;
}

export interface Agenda<T> {
  readonly size: number;
  plan(at: number, what: T): void;
  /** The earliest, taken out; null when nothing is planned. */
  next(): { readonly at: number; readonly what: T } | null;
  /** When the earliest is due; Infinity when nothing is planned. */
  due(): number;
}

/** An empty agenda: a binary heap. */
export function agenda<T>(): Agenda<T> {
  const heap: Planned<T>[] = [];
  let planned = 0;
  const before = (a: Planned<T>, b: Planned<T>): boolean =>
    a.at < b.at || (a.at === b.at && a.order < b.order);
  const sink = (item: Planned<T>): void => {
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Planned<T>, heap[child] as Planned<T>))
        child++;
      if (!before(heap[child] as Planned<T>, item)) break;
      heap[hole] = heap[child] as Planned<T>;
      hole = child;
    }
    heap[hole] = item;
  };
  return {
    get size() {
      return heap.length;
    },
    plan: (at, what) => {
      const item = { at, order: planned++, what };
      let hole = heap.length;
      heap.push(item);
      while (hole > 0) {
        const parent = (hole - 1) >> 1;
        if (!before(item, heap[parent] as Planned<T>)) break;
        heap[hole] = heap[parent] as Planned<T>;
        hole = parent;
      }
      heap[hole] = item;
    },
    next: () => {
      const first = heap[0];
      if (first === undefined) return null;
      const last = heap.pop() as Planned<T>;
      if (heap.length > 0) sink(last);
      return first;
    },
    due: () => heap[0]?.at ?? Infinity,
  };
}
