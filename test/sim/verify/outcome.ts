/** What came of the lives of those who follow one strategy, for the table of `npm run sim:verify`. */

/** What came of a life. Counted in units. */
export interface Outcome {
  /** Chunks it answered. */
  chunks: number;
  answered: number;
  /** What it really computed: whoever skips computes less. */
  computed: number;
  final: number;
  wrongFinal: number;
  /** Chunks that are final with anything wrong in them: so many events are behind `wrongFinal`. */
  wrongChunks: number;
  void: number;
  /** What others computed to check it: second copies; audits; canaries, which are audits once more; and both engines of each dispute. */
  second: number;
  audited: number;
  canaries: number;
  settled: number;
  /** Work that was right, and was computed again because its author was not. */
  faults: number;
  bans: number;
  /** Bans at an identity's first fault; and those because the examination after it found too much. */
  bansAtFirst: number;
  bansExamined: number;
  /** Units that were recomputed in examinations, and those that were kept after them. */
  examined: number;
  kept: number;
  /** Units of its that are void and that a second person had answered as well: those answers stand without it. */
  stood: number;
  /** Chunks that a second person contradicted: not accepted, and nobody is blamed. */
  outvoted: number;
  caughtAfter: number | null;
}

export function nothing(): Outcome {
  return {
    chunks: 0,
    answered: 0,
    computed: 0,
    final: 0,
    wrongFinal: 0,
    wrongChunks: 0,
    void: 0,
    second: 0,
    audited: 0,
    canaries: 0,
    settled: 0,
    faults: 0,
    bans: 0,
    bansAtFirst: 0,
    bansExamined: 0,
    examined: 0,
    kept: 0,
    stood: 0,
    outvoted: 0,
    caughtAfter: null,
  };
}

/** Something that is demanded of what was counted. */
export interface Goal {
  readonly what: string;
  readonly value: number;
  readonly atMost: number;
}
