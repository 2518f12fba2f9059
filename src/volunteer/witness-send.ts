/** Sends a countersignature to the coordinator, which shows everybody the latest of each witness [LO8]. */
import * as v from 'valibot';
import { check, isMalformed } from '../wire/schema.ts';
import type { CosignatureView } from '../wire/views.ts';
import type { Witnessed } from './witness.ts';

/** What became of it. */
export type Sent =
  | { readonly is: 'taken'; readonly count: number }
  | { readonly is: 'refused'; readonly refused: string; readonly detail: string }
  /** Not reached, or not understood. */
  | { readonly is: 'nothing'; readonly detail: string };

/** Posts JSON to a path under the coordinator's address. */
export type Post = (path: string, body: string) => Promise<Response>;

const taken = v.object({ witnesses: v.object({ count: v.number() }) });
const refusal = v.object({ refused: v.string(), detail: v.optional(v.string(), '') });

/** Sends it. Never throws. */
export async function sendCosignature(post: Post, witnessed: Witnessed): Promise<Sent> {
  const { witness, seenAt, cosignature, head } = witnessed;
  try {
    const said = { witness, seenAt, cosignature, head } satisfies CosignatureView;
    const response = await post('/api/log/cosignatures', JSON.stringify(said));
    const answer: unknown = await response.json();
    if (response.ok) {
      const read = check(taken, answer);
      if (isMalformed(read)) return { is: 'nothing', detail: read.malformed };
      return { is: 'taken', count: read.witnesses.count };
    }
    const read = check(refusal, answer);
    if (isMalformed(read)) return { is: 'nothing', detail: `HTTP ${response.status}` };
    return { is: 'refused', ...read };
  } catch (error) {
    return { is: 'nothing', detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether a refusal means that the coordinator does not stand by a head that its own key signed. */
export function isDisowned(sent: Sent): boolean {
  return sent.is === 'refused' && (sent.refused === 'not-in-log' || sent.refused === 'other-head');
}
