/** Gives volunteers the audits that wait for them, a few times a second; it does nothing while none waits. */
import { randomInt } from 'node:crypto';
import type { Candidate } from './audit-desk.ts';
import { Auditor } from './auditor.ts';
import type { AuditorParts } from './auditor.ts';
import { lotsOf } from './lots.ts';
import type { People, Present } from './people.ts';
import type { Runtime } from './runtime.ts';

/** How often it looks for audits, and at most how often for who is there: the latter counts everybody. */
const lookMs = 250;
const meetMs = 1_000;

/** Fewer networks than this, and a gang could be most of them [AU7]. */
const groupsMinUsual = 8;

/** A connected device that may be given audits. */
export interface AuditingPresent extends Present {
  /** It said that it knows the word [AU7]. */
  readonly audits: boolean;
  tell(text: string): void;
}

export interface AuditTerms {
  /** Volunteers audit once so many networks are there that may; until then anchors make all audits [AU7]. */
  readonly auditorGroupsMin?: number;
  /** Whether browsers of this machine settle differences where it has two kinds; false by default: V8's two compilers do. */
  readonly tribunalBrowsers?: boolean;
  /** For tests: a whole number from 0 to n − 1, by which it is drawn who audits, and instead of lots. */
  readonly auditorDice?: (n: number) => number;
}

/** Who has audits made, and what gives them to volunteers. */
export function auditingOf<P extends AuditingPresent>(
  parts: Omit<AuditorParts, 'groupsMin' | 'below' | 'lot' | 'candidates' | 'tell' | 'browsers'>,
  people: People<P>,
  /** Nobody else may know it. */
  secret: Uint8Array,
  {
    auditorGroupsMin: groupsMin = groupsMinUsual,
    auditorDice,
    tribunalBrowsers: browsers = false,
  }: AuditTerms,
): { readonly auditor: Auditor; readonly rounds: AuditRounds } {
  const auditor = new Auditor({
    ...parts,
    groupsMin,
    below: auditorDice ?? ((n) => randomInt(n)),
    lot: auditorDice === undefined ? lotsOf(secret) : (_about, _id, n) => auditorDice(n),
    browsers,
    candidates: () => candidatesAmong(people),
    // Nothing where it is gone.
    tell: (device, word) => people.find(device)?.tell(JSON.stringify(word)),
  });
  return { auditor, rounds: new AuditRounds(parts.runtime, auditor, parts.onNote) };
}

/** Who may be drawn for audits: whoever says so, and wants work. */
function* candidatesAmong<P extends AuditingPresent>(people: People<P>): Generator<Candidate> {
  for (const present of people.all()) {
    if (!present.audits) continue;
    const { device, account, group } = present;
    yield { device, account, group, asksFor: (kernel) => people.asksFor(present, `wasm ${kernel}`) };
  }
}

export class AuditRounds {
  readonly #timer: NodeJS.Timeout;
  #metAt = -Infinity;

  constructor(
    runtime: Pick<Runtime, 'state'>,
    auditor: Pick<Auditor, 'meet' | 'give'>,
    onNote: (note: string, about: Readonly<Record<string, unknown>>) => void,
  ) {
    const look = (): void => {
      if (runtime.state.audits.size === 0) return;
      try {
        if (performance.now() - this.#metAt >= meetMs) {
          auditor.meet();
          this.#metAt = performance.now();
        }
        auditor.give();
      } catch (error) {
        onNote('audits could not be given', { error: String(error) });
      }
    };
    this.#timer = setInterval(look, lookMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
