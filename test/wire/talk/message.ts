/** A message, and what may become of it. */

export interface Message {
  readonly label: string;
  readonly data: Buffer;
  readonly binary: boolean;
  /** Why it, or a part of it, may be refused besides trouble of the house; null: for any reason. */
  readonly refusals: readonly string[] | null;
  /** As what it may end a conversation, if it ends one; null: it must not. */
  readonly byes: readonly string[] | null;
}

/** JSON text. */
export const text = (
  label: string,
  word: unknown,
  refusals: Message['refusals'],
  byes: Message['byes'] = null,
): Message => ({
  label,
  data: Buffer.from(typeof word === 'string' ? word : JSON.stringify(word)),
  binary: false,
  refusals,
  byes,
});

/** A binary message. */
export const frame = (
  label: string,
  data: Uint8Array,
  refusals: Message['refusals'],
  byes: Message['byes'] = null,
): Message => ({
  label,
  data: Buffer.from(data),
  binary: true,
  refusals,
  byes,
});

/** A lease may have run out, and somebody else be in its place; and digests may not be enough. */
export const overtaken = ['unknown-replica'];
