/** What the thread beside a GPU does with chunks that were one span, between the readback and the socket. */
import type { Kernel } from '../../src/kernels/kernel.ts';
import { hexOf, joined } from '../../src/volunteer/crypto.ts';
import { plainDigest } from '../../src/volunteer/digest.ts';
import type { JobData } from '../../src/volunteer/engine.ts';
import { encodeCommit } from '../../src/wire/frame.ts';
import type { Span } from '../../workers/backend.ts';
import { Breath } from '../../workers/breath.ts';
import { Joint } from '../../workers/joint.ts';
import { Running } from '../../workers/running.ts';

/** What a frame holds at most, as `volunteer/loop/asking.ts` has it. */
const frameChunksMax = 64;
const breath = new Breath(() => {});

/** `ranges`: where each chunk begins and ends, one after another; `hand` gives their span all that was computed. */
export async function takenIn(
  data: JobData,
  kernel: Kernel | null,
  ranges: readonly (readonly [from: number, to: number])[],
  hand: (span: Span) => void,
): Promise<void> {
  const members = ranges.map(([unitFrom, unitTo], i) => {
    const run = { replica: `${i}`, job: data.job, unitFrom, unitTo };
    const [nothing, nobody] = [(): void => {}, (): null => null];
    return new Running(run, breath, nothing, nobody);
  });
  for (const member of members) member.gather(data, kernel);
  const [alone] = members;
  hand(members.length === 1 && alone !== undefined ? alone : new Joint(members, breath));
  const results = await Promise.all(members.map((member) => member.result(1, 1)));
  framed(
    results.map(({ digests, root, bytes, lengths }, replica) => ({
      item: { replica, root: hexOf(root), digestBytes: digests.length, lengths },
      ...{ digests, bytes },
    })),
  );
  // Its link of the chain, which the product hashes once a minute.
  for (const { root } of results) plainDigest(joined(new Uint8Array(40), root));
}

type Part = Parameters<typeof encodeCommit>[0]['parts'][number];

/** Puts chunks into frames. */
export function framed(parts: readonly Part[]): void {
  for (let from = 0; from < parts.length; from += frameChunksMax) {
    const some = parts.slice(from, from + frameChunksMax);
    encodeCommit({ header: { t: 'commit', items: some.map(({ item }) => item) }, parts: some });
  }
}
