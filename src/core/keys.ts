/**
 * Keys of two parts that are asked for again and again. The last of each kind is remembered: a text that is made anew is
 * hashed anew by every map that it is looked up in, and one commitment asks a dozen times for the same few.
 */

type Part = string | number;

/** `join`, which is pure, without doing it again for the parts it was done for last. */
function rememberingLast<A extends Part, B extends Part, K extends string>(
  join: (a: A, b: B) => K,
): (a: A, b: B) => K {
  let last: { readonly a: A; readonly b: B; readonly key: K } | null = null;
  return (a, b) => {
    if (last === null || last.a !== a || last.b !== b) last = { a, b, key: join(a, b) };
    return last.key;
  };
}

/** How `identities` names a device key with what it computes with. */
export const identityKey = rememberingLast(
  (device: string, backend: 'wasm' | 'webgpu') => `${device}/${backend}`,
);

/** How `busy` names a slot. */
export const slotKey = rememberingLast((device: string, slot: number) => `${device}/${slot}`);

const escrow = rememberingLast((kind: 'escrow', job: string) => `${kind}:${job}` as const);
const pending = rememberingLast((kind: 'pending', account: string) => `${kind}:${account}` as const);
const vested = rememberingLast((kind: 'vested', account: string) => `${kind}:${account}` as const);

/** The ledger's account of a job's escrow. */
export const escrowAccount = (job: string) => escrow('escrow', job);

/** The ledger's account of credit that is pending, or vested. */
export const pendingAccount = (account: string) => pending('pending', account);
export const vestedAccount = (account: string) => vested('vested', account);
