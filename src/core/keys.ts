/**
 * Keys that are asked for again and again. They are remembered: a text that is made anew is put together, and hashed anew by every map that
 * it is looked up in, and one commitment asks a dozen times for the same few.
 */

/** So many are remembered of each kind, by their first part. */
const rememberedMax = 1 << 14;

/** `join`, which is pure, without doing it again for parts that it was done for. `place`: a small number for each second part. */
function remembering<B, K extends string>(
  place: (b: B) => number,
  join: (a: string, b: B) => K,
): (a: string, b: B) => K {
  const known = new Map<string, K[]>();
  let last: { readonly a: string; readonly b: B; readonly key: K } | null = null;
  return (a, b) => {
    if (last !== null && last.a === a && last.b === b) return last.key;
    let keys = known.get(a);
    if (keys === undefined) {
      if (known.size >= rememberedMax) known.clear();
      known.set(a, (keys = []));
    }
    const key = (keys[place(b)] ??= join(a, b));
    last = { a, b, key };
    return key;
  };
}

/** The same for keys of one part. */
function rememberingOne<K extends string>(join: (a: string) => K): (a: string) => K {
  const known = new Map<string, K>();
  let last: { readonly a: string; readonly key: K } | null = null;
  return (a) => {
    if (last !== null && last.a === a) return last.key;
    let key = known.get(a);
    if (key === undefined) {
      if (known.size >= rememberedMax) known.clear();
      known.set(a, (key = join(a)));
    }
    last = { a, key };
    return key;
  };
}

/** How `identities` names a device key with what it computes with. */
export const identityKey = remembering(
  (backend: 'wasm' | 'webgpu') => (backend === 'wasm' ? 0 : 1),
  (device, backend) => `${device}/${backend}`,
);

/** How `busy` names a slot. */
export const slotKey = remembering(
  (slot: number) => slot,
  (device, slot) => `${device}/${slot}`,
);

/** The ledger's account of a job's escrow. */
export const escrowAccount = rememberingOne((job) => `escrow:${job}` as const);

/** The ledger's accounts of somebody's credit. Not remembered: of most who come nothing more is ever asked. */
export const creditAccountsOf = (account: string) =>
  ({ pending: `pending:${account}`, vested: `vested:${account}` }) as const;

/** The ledger's account of credit that is pending, or vested. */
export const pendingAccount = rememberingOne((account) => creditAccountsOf(account).pending);
export const vestedAccount = rememberingOne((account) => creditAccountsOf(account).vested);
