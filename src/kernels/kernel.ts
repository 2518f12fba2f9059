/**
 * Says what a kernel is: a named, versioned, never-edited function from bytes to bytes,
 * its reference meaning (WebAssembly), its fast form (WGSL), and when two answers agree.
 *
 * Pure: no clock, no randomness, no I/O. The artefacts (`reference.wasm`, `shader.wgsl`) are
 * bytes known by their SHA-256 and travel apart from this code, exactly as a stranger's would.
 *
 * ## The WebAssembly ABI, version 1 ("exports only")
 *
 * A kernel module imports nothing. It exports
 *
 * | export | type | meaning |
 * |---|---|---|
 * | `memory` | memory | minimum = maximum, so that running out of memory is never a result |
 * | `abi` | `() -> i32` | 1 |
 * | `input` | `(len: i32) -> i32` | reserves `len` bytes for the job's input and says where; 0 = too long |
 * | `prepare` | `() -> i32` | reads the input, builds tables; 0 = ready, > 0 = the input is bad (kernel's own code) |
 * | `run` | `(unit: i64) -> i32` | computes one unit; ≥ 0 = length of its output in bytes, < 0 = a deterministic trap code |
 * | `output` | `() -> i32` | where the output of the last `run` lies; valid until the next call |
 *
 * An instance serves one input: `input`, write, `prepare`, then `run` for any units in any order.
 * `run` is a pure function of (input, unit): no state may leak from one unit to the next.
 *
 * ## A certificate
 *
 * A kernel may bring a second module, `certificate.wasm`, that says of an output, from the job's input and the output
 * alone, whether what can be proved of it holds; jobs under the policy `certify` take no answer without it. It imports
 * nothing either, `memory`, `abi`, `input` and `prepare` are as above, and besides it exports
 *
 * | export | type | meaning |
 * |---|---|---|
 * | `output` | `(len: i32) -> i32` | reserves `len` bytes for an output and says where; 0 = longer than any can be |
 * | `verify` | `(unit: i64, len: i32) -> i32` | 1 = the `len` bytes there are certified as the unit's output, 0 = they are not |
 *
 * Every output of the reference is certified. What a certificate does not look at is not certified, and stands in the
 * kernel's page in `docs/kernels`. Its work is bounded by the output's length: it runs where answers arrive.
 */

/** Why an input cannot be used. Codecs throw this and nothing else. */
export class KernelInputError extends Error {
  override name = 'KernelInputError';
}

/** How two answers for one unit are compared; see `Kernel.agree`. */
export interface Agreement {
  readonly agree: boolean;
  /** Share of compared values (0…1) that lie outside the per-value tolerance. */
  readonly outlierShare: number;
  /** Absolute difference of the means, relative to the reference's mean. */
  readonly meanError: number;
}

/** One piece of a unit as the GPU runs it: at most about 50 ms, see `GpuProgram.pieces`. */
export interface GpuDispatch {
  /** Written to the uniform buffer at binding 0; exactly `paramBytes` long. */
  readonly params: Uint8Array;
  /** Workgroups in x, y, z. Where z is 1, it is the runner's (see `GpuProgram`). */
  readonly workgroups: readonly [number, number, number];
}

/**
 * A kernel's fast form, described as data so that one runner serves every kernel
 * (describe, prepare, dispatch). The shader has one bind group, group 0:
 *
 * - binding 0: `var<uniform>`, `paramBytes` long, another slice for each piece;
 * - binding 1: `var<storage, read_write> out: array<u32 or atomic<u32>>`, `slotBytes` for each unit of the
 *   batch, cleared to zero before the batch; the unit's slot index reaches the shader in its params;
 * - bindings 2, 3, …: `var<storage, read>`, one for each table.
 *
 * One unit rarely fills a GPU. A shader that declares its params as `@group(0) @binding(0) var<uniform> params: Params;`, in one
 * line and under any names, and asks nothing of the third dimension of its workgroups, is given several units in one dispatch
 * (`workers/gpu-joined.ts`): its text stays as it was published, and the runner compiles it so that the third dimension
 * chooses among as many params.
 */
export interface GpuProgram {
  readonly entryPoint: string;
  /** Length of one dispatch's params in bytes, a multiple of 16. */
  readonly paramBytes: number;
  /** Read-only tables for bindings 2, 3, …; each a multiple of 4 bytes long. */
  tables(input: Uint8Array): Uint8Array[];
  /** Raw output bytes that one unit takes in `out`, a multiple of 4. */
  slotBytes(input: Uint8Array): number;
  /** A unit may be cut in up to this many pieces; the runner chooses how many so that each stays short. */
  readonly piecesMax: number;
  /** What to dispatch for piece `piece` of `pieces` of `unit`, writing to slot `slot`. Pieces of a unit run in order. */
  dispatch(input: Uint8Array, unit: number, piece: number, pieces: number, slot: number): GpuDispatch;
  /**
   * Where slots mostly hold their outputs as they are: the first `bytes`, a multiple of 4, if the u32 at `zeroAt` (a multiple of 4) is
   * zero, or always where that is null. `finish` would give the same bytes; said here, the GPU digests them too, and the CPU
   * need not look at each.
   */
  usual?(input: Uint8Array): UsualSlot;
  /** Turns a unit's raw slot (`slotBytes` long) into its canonical output bytes. */
  finish(input: Uint8Array, unit: number, raw: Uint8Array): Uint8Array;
}

/** How a slot holds its output when it holds it as it is. */
export interface UsualSlot {
  readonly bytes: number;
  readonly zeroAt: number | null;
  /** `checkOutput` has nothing against such an output of which no u32 is larger: the GPU looks. Where absent, each is looked at. */
  readonly wordMax?: number;
}

/** A known answer: `digest` is the lower-case hex SHA-256 of the unit's output bytes (untagged). */
export interface KernelVector {
  readonly name: string;
  readonly input: Uint8Array;
  readonly unit: number;
  readonly digest: string;
}

/** A kernel of the catalogue, or one brought by a requester. */
export interface Kernel {
  /** `name@version`. A change of meaning is a new version; a published one is never edited. */
  readonly id: string;
  /** `exact`: the same bytes everywhere, compared by digest. `tolerance`: the GPU only approximates the WASM. */
  readonly agreement: 'exact' | 'tolerance';
  /** Throws KernelInputError with the reason when `input` is not a valid job input. Cheap. */
  checkInput(input: Uint8Array): void;
  /** How many units the input holds: 0 … n − 1, n < 2^53. */
  units(input: Uint8Array): number;
  /** Price of each unit in microcredits (1 credit = 1 second of the reference core running the WASM reference). */
  unitCostMicro(input: Uint8Array): number;
  /** The most bytes one unit's output may have; longer ones are refused at the door. */
  outputBytesMax(input: Uint8Array): number;
  /**
   * A cheap sanity check of one unit's output (shape, ranges, claimed factors really divide …),
   * microseconds at most. Returns the reason it cannot be right, or null. It proves nothing else.
   */
  checkOutput(input: Uint8Array, unit: number, output: Uint8Array): string | null;
  /**
   * Whether the output at [from, to) of `bytes` is of the usual kind that `checkOutput` finds nothing wrong with, whatever its
   * unit. Where nearly all outputs are, it spares a view of each; false settles nothing.
   */
  isPlainOutput?(input: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean;
  /** Only for `tolerance`: does `other` (from a GPU) agree with `reference` (from WASM)? */
  agree?(input: Uint8Array, unit: number, reference: Uint8Array, other: Uint8Array): Agreement;
  /** What its certificate vouches for, where it brings one, and what not: two sentences for requesters. `saysNot` is null where it leaves nothing out. */
  readonly certifies?: { readonly says: string; readonly saysNot: string | null };
  /** The fast form, where there is one. */
  readonly gpu?: GpuProgram;
  /** Small known answers that a device computes, per backend, before its first lease. */
  readonly vectors: readonly KernelVector[];
}
