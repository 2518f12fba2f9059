/** Answers to audits, each from its recomputation until it is sent or not wanted any more. */
import { encodeAuditAnswer } from '../wire/audits.ts';
import type { UnitsResult } from './engine.ts';

export class Answers {
  readonly #frames = new Map<number, Uint8Array<ArrayBuffer>>();

  keep(audit: number, { bytes, lengths }: Pick<UnitsResult, 'bytes' | 'lengths'>): void {
    const outputs: Uint8Array[] = [];
    let at = 0;
    for (const length of lengths) outputs.push(bytes.subarray(at, (at += length)));
    this.#frames.set(audit, encodeAuditAnswer(audit, outputs));
  }

  /** Hands an answer over: nobody needs it twice. */
  take(audit: number): Uint8Array<ArrayBuffer> | null {
    const frame = this.#frames.get(audit) ?? null;
    this.#frames.delete(audit);
    return frame;
  }
}
