/** What a requester submits: a kernel, its input and a price, and how results are verified. */
import type { JobTexts } from './texts.ts';

/** How a job's results are verified. `replicate`: `quorum` distinct people must agree. */
export interface Policy {
  readonly kind: 'replicate';
  /** How many people must agree, 1 … 5. */
  readonly quorum: number;
}

/** What a requester submits; fixed for ever once in the log. */
export interface JobSpec {
  /** `name@version` of a kernel of the catalogue. */
  readonly kernel: string;
  /** Lower-case hex SHA-256 of the kernel's WebAssembly, its shader (or null) and the job's input. */
  readonly wasm: string;
  readonly wgsl: string | null;
  readonly input: string;
  /** `exact`: roots are compared. `tolerance`: a GPU's answer counts where the shell found it to agree with a WASM one. */
  readonly agreement: 'exact' | 'tolerance';
  readonly units: number;
  readonly unitsPerChunk: number;
  /** Price of one unit, in microcredits, for each person who is paid for it. */
  readonly unitCostMicro: number;
  readonly policy: Policy;
  /** Share of the coordinator's attention among open jobs; equal weights get equal work. */
  readonly weight: number;
  readonly title: string;
  /** For whom: shown to volunteers before they start. */
  readonly cause: string;
  /** A demonstration says so: its answer is known. */
  readonly demonstration: boolean;
  /** Title and cause once more in other languages (`zh`); absent in older records, and where there is none. */
  readonly texts?: JobTexts;
}
