/**
 * Tells of a commitment, in the sockets' thread, whether its bytes make its digests and these its roots: most of what it costs to look
 * at one, and nothing that the state must be asked for. What is not certain here the loop's thread looks at as it always did.
 */
import { decodeCommit } from '../wire/frame.ts';
import type { CommitPart, FrameTools } from '../wire/frame.ts';
import { isMalformed } from '../wire/schema.ts';
import { limits } from '../wire/version.ts';
import { rootOfDigests } from './digests.ts';
import type { Expected } from './expected.ts';
import { UnitDigests } from './unit-digests.ts';

/** Of how many bytes a digest may be; which of them it is of this job, the loop's thread knows. */
const widths: readonly number[] = Object.values(limits.digestBytes);

/** What slots wish for is read by whoever decides about it. */
const tools: FrameTools = {
  text: () => '',
  hex: (bytes, from, to) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex', from, to),
  wishes: () => [],
};

export class FrameChecks {
  readonly #units = new UnitDigests();

  /** Whether it is a commitment, all of it to chunks of these leases, and all its digests and roots are right. */
  hold(frame: Buffer, expected: readonly Expected[]): boolean {
    try {
      const commit = decodeCommit(frame, tools);
      return !isMalformed(commit) && commit.parts.every((part) => this.#holds(part, expected));
    } catch {
      // The loop trips over the same, where it ends one conversation and is told to the operator; here it would end all of them.
      return false;
    }
  }

  #holds({ item, digests, bytes }: CommitPart, expected: readonly Expected[]): boolean {
    const { replica, root, lengths, digestBytes } = item;
    const lease = expected.findLast((one) => replica >= one.lease && replica < one.lease + one.count);
    if (lease === undefined) return false;
    const { job, chunk, unitsPerChunk } = lease;
    const from = (chunk + (replica - lease.lease)) * unitsPerChunk;
    if (rootOfDigests(job, from, digests) !== root) return false;
    if (lengths === null || bytes === null) return true;
    // Whether it is of as many units as the chunk has, the loop's thread looks at.
    const width = digestBytes / lengths.length;
    const sent = Buffer.from(digests.buffer, digests.byteOffset, digests.length);
    return widths.includes(width) && this.#units.firstWrong(job, from, lengths, bytes, sent, width) < 0;
  }
}
