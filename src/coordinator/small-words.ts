/** What a conversation does with lesser words: leases that are given back, answers to audits, answers that come late, and what is no word at all. */
import { decodeAuditAnswer } from '../wire/audits.ts';
import { isMalformed } from '../wire/schema.ts';
import type { Malformed } from '../wire/schema.ts';
import type { ByeReason } from '../wire/version.ts';
import type { GiveBack, RefusalWord } from '../wire/volunteer.ts';
import type { Auditor } from './auditor.ts';
import type { Flow } from './flow.ts';
import type { SigningKey } from './keys.ts';
import type { Log } from './log.ts';
import type { Asker } from './receipts.ts';
import type { Runtime } from './runtime.ts';
import { afterwards } from './settling.ts';
import type { WhyNot } from './telling.ts';

/** What they need of a conversation. */
export interface Talk {
  readonly device: string;
  readonly flow: Flow;
  bye(reason: ByeReason, detail?: string): void;
  misdeed(what: string, replica: number | null): void;
  refuse(about: RefusalWord['about'], why: WhyNot, where: { slot?: number; replica?: number }): void;
  failed(error: unknown): void;
}

/** What a program of ours never says: it is written down, and the conversation is over. */
export function unreadable(talk: Talk, { malformed }: Malformed): void {
  talk.misdeed('malformed', null);
  talk.bye('malformed', malformed);
}

/** Chunks that will not be computed here. */
export function hearGiveBack(talk: Talk, runtime: Runtime, { replicas, keeps, why }: GiveBack): void {
  talk.flow.begin();
  runtime.submit({
    command: { c: 'giveBack', device: talk.device, replicas, why },
    ...(keeps === undefined ? {} : { keeps }),
    outputs: null,
    done: (outcome) => {
      talk.flow.end();
      if (outcome.refused === null || outcome.refused === 'already-so') return;
      if (outcome.refused === 'not-yours') talk.misdeed('not-yours', null);
      talk.refuse('giveBack', outcome, {});
    },
  });
}

/** Commitments for settled chunks that are looked up at once for one device. */
const lookUpsMax = 64;

/** A commitment whose chunk is open no more, or never was: what became of it is in the log. */
export async function hearLate(
  talk: Talk & Asker & { lookUps: number; tell(text: string): void },
  { runtime, log, key }: { runtime: Runtime; log: Log; key: SigningKey },
  replica: number,
): Promise<void> {
  if (talk.lookUps >= lookUpsMax)
    return talk.refuse('commit', { refused: 'busy', retryMs: 2_000 }, { replica });
  talk.lookUps++;
  try {
    const isAnchor = (device: string): boolean => runtime.state.devices.get(device)?.role === 'anchor';
    const found = await afterwards(log, key, talk, replica, isAnchor);
    if (found.is === 'receipt') return talk.tell(found.message);
    if (found.is === 'not-yours') talk.misdeed('not-yours', replica);
    talk.refuse('commit', { refused: found.is === 'unknown' ? 'unknown-replica' : found.is }, { replica });
  } finally {
    talk.lookUps--;
  }
}

/** Answers to audits that no honest device sends. */
const neverHonest: ReadonlySet<string> = new Set(['malformed', 'bad-output', 'not-yours']);

/** What was recomputed for an audit; what became of it is told by whoever compares it. */
export function hearAnswer(talk: Talk, auditor: Pick<Auditor, 'answerOf'>, data: Buffer): void {
  const answer = decodeAuditAnswer(data);
  if (isMalformed(answer)) return unreadable(talk, answer);
  talk.flow.begin();
  auditor.answerOf(talk.device, answer.audit, answer.outputs).then(
    (fault) => {
      talk.flow.end();
      if (fault === null) return;
      if (neverHonest.has(fault.refused)) talk.misdeed(`audit-${fault.refused}`, null);
      talk.refuse('audit', fault, {});
    },
    (error: unknown) => talk.failed(error),
  );
}
