/** The protocol's version, its limits, and the closed list of reasons why two sides cannot talk. */

/** Raised whenever an older volunteer or coordinator would misunderstand a message. */
export const protocol = 2;

/** Sizes and counts beyond which a message is not even parsed, or a socket is closed. */
export const limits = {
  /** A control frame (JSON text), in bytes. */
  textBytesMax: 65_536,
  /** A binary frame (a commit with its bytes). */
  frameBytesMax: 4 * 1024 * 1024,
  /** Header of a binary frame. */
  headerBytesMax: 65_536,
  /** A socket that has not signed in may say this much, for this long. */
  strangerBytesMax: 8_192,
  strangerMs: 5_000,
  slotsMax: 260,
  commitItemsMax: 64,
  unitsPerChunkMax: 4_096,
  holdingMax: 20_000,
  ratesMax: 64,
  nameLengthMax: 40,
  /** Digests travel truncated to this many bytes for exact kernels, whole for tolerance kernels. */
  digestBytes: { exact: 8, tolerance: 32 },
} as const;

/** How many audits may be taken, or given back, at once. */
export const takeMax = 64;

/** Why a coordinator ends a conversation. `protocol` means: reload, you are of another version. */
export const byeReasons = [
  'protocol',
  'origin',
  'consent',
  'site',
  'signature',
  'elsewhere',
  'limits',
  'malformed',
  'slow',
  'shutting-down',
  'store',
  'suspended',
  'internal',
] as const;
export type ByeReason = (typeof byeReasons)[number];
