/**
 * A chunk and its replicas: what an event makes of it, who agrees with whom, and how many
 * further replicas it wants. Pure value functions, so that `decide` may look one step ahead.
 */
import type { Backend, Chunk, JobSpec, Replica } from './state.ts';

/** More committed answers than this without a quorum, and only an anchor may add another. */
export const replicasMax = 8;

/**
 * How many people must agree on this chunk: the job's quorum, and two where a newcomer was given it [TR1], even if it has
 * left: what another was given beside it cannot settle the chunk by leaving either.
 */
export function quorumOf(chunk: Chunk, { policy }: JobSpec): number {
  if (policy.kind !== 'adaptive') return policy.quorum;
  for (const replica of chunk.replicas) if (replica.beside) return 2;
  return policy.quorum;
}

/** Whether one answer can be a chunk's result by itself, from whatever computed it: it is audited, or nobody looks at it. */
export function standsAlone({ policy }: JobSpec): boolean {
  return policy.kind !== 'replicate';
}

/** The verdict on a chunk that enough people agree on. */
export interface Judgement {
  readonly root: string;
  /** Whose bytes are the result: always a WASM replica under `tolerance`. */
  readonly canonical: Replica;
  readonly winners: readonly Replica[];
  readonly losers: readonly Replica[];
}

/** Ends one replica's lease. */
export function withClosed(chunk: Chunk, replica: number, why: 'expired' | 'returned'): Chunk {
  const phase = { is: 'closed', why } as const;
  return { ...chunk, replicas: chunk.replicas.map((r) => (r.id === replica ? { ...r, phase } : r)) };
}

/** The replica of a chunk that has this id, which it has for certain. */
export function replicaIn({ replicas }: Chunk, id: number): Replica {
  for (let i = 0; i < replicas.length; i++) {
    const replica = replicas[i] as Replica;
    if (replica.id === id) return replica;
  }
  throw new Error(`a chunk has no replica ${id}`);
}

/** The chunk that last got a commitment, and what it then was: `evolve` makes of it what `decide` has just made to judge it. */
let before: Chunk | null = null;
let after: Chunk | null = null;

/** Gives one replica its commitment. It goes behind the others: the order of replicas is that of commitment. */
export function withCommitment(
  chunk: Chunk,
  replica: number,
  root: string,
  stored: boolean,
  agrees: readonly number[],
): Chunk {
  const last = after?.replicas.at(-1);
  if (before === chunk && last?.id === replica && last.phase.is === 'committed') {
    const { phase } = last;
    if (phase.root === root && phase.stored === stored && phase.agrees === agrees) return after as Chunk;
  }
  const moved: Replica = {
    ...replicaIn(chunk, replica),
    phase: { is: 'committed', root, stored, agrees },
  };
  const others = chunk.replicas.length - 1;
  // A list that grows takes room for seventeen.
  const replicas: Replica[] = others === 0 ? [moved] : [];
  if (others > 0) {
    for (const one of chunk.replicas) if (one.id !== replica) replicas.push(one);
    replicas.push(moved);
  }
  before = chunk;
  return (after = { ...chunk, replicas });
}

/** Adds a replica. */
export function withReplica(chunk: Chunk, replica: Replica): Chunk {
  return { ...chunk, replicas: [...chunk.replicas, replica] };
}

/**
 * The answers that could become the result, each with those who back it: one per committed root
 * whose bytes are stored (under `tolerance`: computed by WASM, unless one answer stands alone), in order of commitment.
 */
function candidates(chunk: Chunk, spec: JobSpec, quorum: number): Judgement[] {
  const alone = quorum === 1 && standsAlone(spec);
  const [only] = chunk.replicas;
  // What most chunks under audits are: one answer, and nobody's beside it.
  if (alone && only !== undefined && chunk.replicas.length === 1)
    return only.phase.is === 'committed' && only.phase.stored
      ? [{ root: only.phase.root, canonical: only, winners: [only], losers: [] }]
      : [];
  const found: Judgement[] = [];
  for (const replica of chunk.replicas) {
    if (replica.phase.is !== 'committed' || !replica.phase.stored) continue;
    if (spec.agreement === 'tolerance' && !alone && replica.backend !== 'wasm') continue;
    const root = replica.phase.root;
    if (found.some((candidate) => candidate.root === root)) continue;
    const winners: Replica[] = [];
    const losers: Replica[] = [];
    for (const other of chunk.replicas) {
      if (other.phase.is !== 'committed') continue;
      const backs = other.phase.root === root || agreesWithRoot(chunk, other, root);
      const fresh = !winners.some((winner) => winner.account === other.account);
      (backs && fresh ? winners : losers).push(other);
    }
    found.push({ root, canonical: replica, winners, losers });
  }
  return found;
}

/** Under `tolerance`, whether the shell found `replica`'s bytes to agree with those behind `root` (said by either of the two). */
function agreesWithRoot(chunk: Chunk, replica: Replica, root: string): boolean {
  if (replica.phase.is !== 'committed') return false;
  const phase = replica.phase;
  return chunk.replicas.some(
    (other) =>
      other.id !== replica.id &&
      other.phase.is === 'committed' &&
      other.phase.root === root &&
      other.backend === 'wasm' &&
      replica.backend === 'webgpu' &&
      (phase.agrees.includes(other.id) || other.phase.agrees.includes(replica.id)),
  );
}

/** How many distinct accounts back one committed root of an `exact` kernel; without making anything, since it is asked all the time. */
function backersOf(chunk: Chunk, root: string): number {
  const { replicas } = chunk;
  let backers = 0;
  for (let i = 0; i < replicas.length; i++) {
    const { phase, account } = replicas[i] as Replica;
    if (phase.is !== 'committed' || phase.root !== root) continue;
    let fresh = true;
    for (let j = 0; j < i && fresh; j++) {
      const other = replicas[j] as Replica;
      fresh = other.phase.is !== 'committed' || other.phase.root !== root || other.account !== account;
    }
    if (fresh) backers++;
  }
  return backers;
}

/** How many accounts back the best answer that could become the result. */
function bestBacked(chunk: Chunk, spec: JobSpec, quorum: number): number {
  let best = 0;
  if (spec.agreement === 'tolerance') {
    for (const candidate of candidates(chunk, spec, quorum)) best = Math.max(best, candidate.winners.length);
    return best;
  }
  for (const { phase } of chunk.replicas)
    if (phase.is === 'committed' && phase.stored) best = Math.max(best, backersOf(chunk, phase.root));
  return best;
}

/** Judges one chunk: the first stored answer that a quorum of distinct accounts backs wins; null until then. */
export function judge(chunk: Chunk, spec: JobSpec): Judgement | null {
  const quorum = quorumOf(chunk, spec);
  if (bestBacked(chunk, spec, quorum) < quorum) return contradiction(chunk, spec, quorum);
  return candidates(chunk, spec, quorum).find((c) => c.winners.length >= quorum) ?? null;
}

/**
 * Where people differ about a chunk that a newcomer was given [TR1], the first answer of somebody who is none: anywhere else it would stand
 * alone, and a third copy would let every newcomer who lies cost a chunk.
 */
function contradiction(chunk: Chunk, spec: JobSpec, quorum: number): Judgement | null {
  if (spec.policy.kind !== 'adaptive' || committedCount(chunk) < 2) return null;
  const found = candidates(chunk, spec, quorum);
  return (
    found.find(({ winners, losers }) => losers.length > 0 && winners.some(({ beside }) => !beside)) ?? null
  );
}

/** How many more replicas must be handed out before the chunk can settle, as far as one can tell now. */
export function wanted(chunk: Chunk, spec: JobSpec): number {
  const quorum = quorumOf(chunk, spec);
  let best = bestBacked(chunk, spec, quorum);
  if (best === 0 && chunk.replicas.some((r) => r.phase.is === 'committed'))
    best = waitingForReference(chunk, quorum);
  let live = 0;
  for (const replica of chunk.replicas) if (replica.phase.is === 'leased') live++;
  return Math.max(0, quorum - best - live);
}

/** GPU answers without a WASM one yet count as one backer each, up to the place the reference must take. */
function waitingForReference(chunk: Chunk, quorum: number): number {
  let committed = 0;
  for (const replica of chunk.replicas) if (replica.phase.is === 'committed') committed++;
  return Math.min(committed, quorum - 1);
}

/**
 * Whether the next person's bytes are wanted for this chunk, or digests are enough: they are once somebody's bytes are
 * stored and nobody disagrees. (Where people disagree, the answer that will win may be one whose bytes nobody sent.)
 */
export function wantsBytes(chunk: Chunk | undefined, spec: JobSpec): boolean {
  if (spec.agreement === 'tolerance' || chunk === undefined) return true;
  let root: string | null = null;
  let stored = false;
  for (const { phase } of chunk.replicas) {
    if (phase.is !== 'committed') continue;
    if (root !== null && phase.root !== root) return true;
    root = phase.root;
    stored ||= phase.stored;
  }
  return !stored;
}

/** How many answers are in. */
export function committedCount(chunk: Chunk): number {
  let committed = 0;
  for (const replica of chunk.replicas) if (replica.phase.is === 'committed') committed++;
  return committed;
}

/** Whether a replica still holds its place against others of the same person or network. */
function holdsPlace(replica: Replica): boolean {
  return replica.phase.is !== 'closed';
}

/** Whether this person may take a replica: distinct accounts and, unless exempt, distinct networks. */
export function mayJoin(chunk: Chunk, account: string, group: string): boolean {
  return !chunk.replicas.some(
    (r) => holdsPlace(r) && (r.account === account || (group !== '' && r.group === group)),
  );
}

/**
 * Whether a replica from this backend can help the chunk settle. A GPU's answer to a `tolerance` kernel settles only
 * against a WASM one, so it joins only where there is one; and no dispute, which only a further WASM answer can end:
 * GPUs would use up everybody who is there beside one WASM answer that is wrong.
 */
export function helps(chunk: Chunk, spec: JobSpec, backend: Backend): boolean {
  if (spec.agreement === 'exact' || backend === 'wasm') return true;
  if (standsAlone(spec) && quorumOf(chunk, spec) === 1) return true;
  if (!chunk.replicas.some((r) => holdsPlace(r) && r.backend === 'wasm')) return false;
  return candidates(chunk, spec, 2).every((candidate) => candidate.losers.length === 0);
}

/** The account that alone has touched the chunk, or '' when several have: the key of the wanting index. */
export function soleAccount(chunk: Chunk): string {
  let sole: string | null = null;
  for (const replica of chunk.replicas) {
    if (!holdsPlace(replica)) continue;
    if (sole === null) sole = replica.account;
    else if (sole !== replica.account) return '';
  }
  return sole ?? '';
}
