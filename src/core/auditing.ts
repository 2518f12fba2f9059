/**
 * Answers of auditors: the claim was right, or its author is disproved. Parts of `decide`: they read the state and give back
 * events. Numbers in brackets are the rules of docs/SPEC.md.
 */
import { authorOf } from './checking.ts';
import { has } from './intervals.ts';
import { spareMicro } from './ledger.ts';
import type { Audit, Command, Decision, Device, Event, Identity, Job, State } from './state.ts';
import { consequenceOf } from './trust.ts';

type CommandOf<K extends Command['c']> = Extract<Command, { c: K }>;

/** Somebody recomputed units: they were right, or their author is disproved. */
export function auditAnswered(state: State, command: CommandOf<'audit'>, at: number): Decision {
  const audit = state.audits.get(command.audit);
  if (audit === undefined) return { refused: 'unknown-audit' };
  const auditor = state.devices.get(command.device);
  if (auditor?.role !== 'anchor') return { refused: 'not-yours' };
  const job = state.jobs.get(audit.job) as Job;
  const wrong = audit.units.filter((unit) => command.wrong.includes(unit));
  const right = wrong.map((unit) => command.right[command.wrong.indexOf(unit)] ?? '');
  const amountMicro = audit.units.length * job.spec.unitCostMicro;
  const from = spareMicro(state, job) >= amountMicro ? (`escrow:${job.id}` as const) : 'operator';
  const { id, units, chunk } = audit;
  const events: Event[] = [
    {
      e: 'audited',
      audit: id,
      job: job.id,
      chunk,
      units,
      wrong,
      device: command.device,
      account: auditor.account,
      ...siteOf(auditor),
      entries: [{ from, to: `vested:${auditor.account}`, amountMicro }],
    },
  ];
  if (wrong.length === 0) return events;
  const authors = authorsOf(state, job, audit);
  for (const identity of authors) {
    // Who is disproved already is not disproved again for the same time.
    if (identity.phase !== 'open') continue;
    const consequence = consequenceOf(identity, authors.length > 1, at);
    events.push({
      e: 'disproved',
      ...authorOf(state, identity),
      job: job.id,
      chunk,
      wrong,
      right,
      consequence,
    });
  }
  return events;
}

/** A volunteer's site, by which its audits are receipted; nothing of an anchor. */
function siteOf({ role, site }: Device): { readonly site?: string | null } {
  return role === 'volunteer' ? { site } : {};
}

/** All that gave the answer which was audited: who is drawn for it, and who agreed with it beside them. */
function authorsOf(state: State, job: Job, { authors, chunk }: Audit): Identity[] {
  const known = authors.map((key) => state.identities.get(key) as Identity);
  if (!job.authors.has(chunk)) return known;
  for (const identity of state.identities.values()) {
    const answers = identity.open.get(job.id)?.some(({ chunks }) => has(chunks, chunk)) === true;
    if (answers && !known.includes(identity)) known.push(identity);
  }
  return known;
}
