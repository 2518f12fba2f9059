/** Reads an amount of credits as people write them. Alone in its file: a coordinator's start waits for nothing that it would bring along. */

/** Credits as somebody writes them, in microcredits; null where they are not above 0 or have more than six decimals. */
export function microOf(credits: string): bigint | null {
  const [, whole, part = ''] = /^(\d{1,60})(?:\.(\d{1,6}))?$/.exec(credits) ?? [];
  if (whole === undefined) return null;
  const amount = BigInt(whole) * 1_000_000n + BigInt(part.padEnd(6, '0'));
  return amount > 0n ? amount : null;
}
