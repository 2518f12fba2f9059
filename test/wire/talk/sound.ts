/** Whether a part of a commitment is what it says, found out by what shares no code with the coordinator: it alone may be taken down. */
import type { CommitPart } from '../../../src/wire/frame.ts';
import { limits } from '../../../src/wire/version.ts';
import { answerOf, rootOf } from '../../coordinator/volunteer.ts';
import { unitsPerChunk } from './house.ts';
import type { TalkingHouse } from './house.ts';

/** Its digests are those of its chunk, make its root and are made of its bytes. */
export function isSound(house: TalkingHouse, { item, digests, bytes }: CommitPart): boolean {
  const { replica, root, lengths } = item;
  const lease = house.leased.get(replica);
  if (lease === undefined) return false;
  const { job, from } = lease;
  const agreement = house.jobs.get(job) ?? 'exact';
  if (digests.length !== unitsPerChunk * limits.digestBytes[agreement]) return false;
  if (lengths === null || bytes === null) return rootOf(job, from, digests) === root;
  if (lengths.length !== unitsPerChunk) return false;
  let at = 0;
  const outputs = lengths.map((length) => bytes.subarray(at, (at += length)));
  const right = answerOf(job, agreement, replica, from, outputs);
  return right.item.root === root && right.digests.equals(digests);
}
