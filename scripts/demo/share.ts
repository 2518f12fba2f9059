/** Tells a slow program from a starved one: what a process and all that it started had of the machine, on Linux. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What a program had between two looks at the machine. */
export interface Share {
  /** Cores' worth of time that it and its descendants computed. */
  readonly cores: number;
  /** How much of all cores anybody computed, 0 … 1. */
  readonly busy: number;
}

/** The kernel counts in hundredths of a second for its readers, whatever it does inside. */
const tickMs = 10;

interface Process {
  /** Number and start: numbers are used again. */
  readonly key: string;
  readonly parent: number;
  readonly ticks: number;
}

/** Every process there is, by its number; none where there is no /proc. */
function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of folders()) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The second field is a name in brackets that may hold anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const at = (i: number): number => Number(fields[i]);
      found.set(Number(name), { key: `${name} ${fields[19]}`, parent: at(1), ticks: at(11) + at(12) });
    } catch {
      // It ended between the two looks.
    }
  }
  return found;
}

function folders(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function machine(): { busy: number; all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const sum = Object.values(times).reduce((total, ms) => total + ms, 0);
    busy += sum - times.idle;
    all += sum;
  }
  return { busy, all };
}

/** Watches a process from now on; `look` often, so that what ends in between is counted nearly to its end. */
export class Watch {
  readonly #root: number;
  readonly #from = { at: performance.now(), machine: machine() };
  /** By key: ticks at the first look and the last. */
  readonly #seen = new Map<string, { readonly first: number; last: number }>();

  constructor(root: number) {
    this.#root = root;
    this.look();
  }

  look(): void {
    const all = processes();
    const isOurs = (pid: number, depth = 0): boolean =>
      pid === this.#root ||
      (depth < 64 && all.has(pid) && isOurs((all.get(pid) as Process).parent, depth + 1));
    const isFirst = this.#seen.size === 0;
    for (const [pid, { key, ticks }] of all) {
      const seen = this.#seen.get(key);
      if (seen !== undefined) seen.last = ticks;
      // What was there before us counts from now on; what began since, from its beginning.
      else if (isOurs(pid)) this.#seen.set(key, { first: isFirst ? ticks : 0, last: ticks });
    }
  }

  /** What it had until the last look; null where the system does not say. */
  share(): Share | null {
    if (this.#seen.size === 0) return null;
    const { at, machine: before } = this.#from;
    const now = machine();
    let ticks = 0;
    for (const { first, last } of this.#seen.values()) ticks += last - first;
    return {
      cores: (ticks * tickMs) / (performance.now() - at),
      busy: (now.busy - before.busy) / Math.max(1, now.all - before.all),
    };
  }
}
