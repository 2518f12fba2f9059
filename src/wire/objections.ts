/** What people who were found wrong, and the operator who decides, are told over HTTP [HT3]; and how much they may write. */

/** UTF-16 units of an objection, and of an answer. */
export const objectionTextMax = 500;

/** What was found wrong of an account's answer, as its owner is told [HT3]; the fields of `judged` on the wire, and what was said of it since. */
export interface FindingView {
  readonly device: string;
  readonly backend: 'wasm' | 'webgpu';
  readonly consequence: 'suspend' | 'ban';
  readonly job: string;
  readonly chunk: number;
  readonly wrong: readonly number[];
  /** Digests of these units in hex: as they were claimed (as long as they were on the wire; null: the log does not say), and as they should be. */
  readonly claimed: readonly string[] | null;
  readonly right: readonly string[];
  readonly at: number;
  /** When it might begin anew; null = never. */
  readonly untilMs: number | null;
  /** Whether that device is let in now. */
  readonly open: boolean;
  readonly objection: ObjectionWords | null;
}

/** What somebody objected, and what the operator said. */
export interface ObjectionWords {
  readonly at: number;
  readonly text: string;
  /** Both null until it is answered. */
  readonly answer: string | null;
  readonly answeredAt: number | null;
  readonly readmitted: boolean;
}

/** An objection as the operator sees it, with the evidence of the log. */
export interface ObjectionView extends ObjectionWords {
  readonly id: number;
  readonly account: string;
  readonly device: string;
  readonly backend: 'wasm' | 'webgpu';
  readonly job: string;
  readonly chunk: number;
  /** Where that device and what it computes with stand now. */
  readonly phase: 'open' | 'suspended' | 'banned';
  /** null: the log does not hold it any more (it was put back from a backup). */
  readonly evidence: {
    readonly tick: number;
    readonly at: number;
    readonly consequence: 'suspend' | 'ban';
    readonly wrong: readonly number[];
    /** Digests of these units in hex: as they should be, and as they were claimed (as long as they were on the wire); null: not found. */
    readonly right: readonly string[];
    readonly claimed: readonly string[] | null;
  } | null;
}
