/** What a volunteer without a page says of itself when an answer of it was found wrong: which, and until when it is away. */
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../src/volunteer/found-words.ts';
import { statusOf } from '../../src/volunteer/headless-node.ts';
import { createVolunteerStore } from '../../src/volunteer/store.ts';
import type { Judgement, Reason, VolunteerView } from '../../src/volunteer/store.ts';

const fresh = createVolunteerStore(4, true).getState();
const untilMs = Date.UTC(2026, 10, 26, 4, 30);
const judged: Judgement = {
  ...{ backend: 'wasm', consequence: 'suspend', job: 'j1', chunk: 7, untilMs },
  ...{ wrong: [58], right: ['e'.repeat(64)] },
};
const viewOf = (reason: Reason, found: Judgement | null): VolunteerView => ({
  ...fresh,
  reason,
  judged: found,
});

describe('a volunteer without a page', () => {
  it('calls nothing verified that is provisional: what of its credit is pending, and what is its own, is told apart', () => {
    const chunks = { computed: 9, committed: 9, final: 8, provisional: 6, lost: 0 };
    const credit = { sessionMicro: 4_000_000, pendingMicro: 3_000_000, vestedMicro: 7_000_000 };
    const said = statusOf({ ...fresh, chunks, credit: { ...fresh.credit, ...credit } });
    expect(said).toContain(
      '9 chunks returned, 8 accepted, 4.000 credits (all visits: 3.000 pending, 7.000 verified)',
    );
  });
});

describe('a volunteer without a page that was found wrong', () => {
  it('says what of its work was, and when it may begin anew', () => {
    const said = statusOf(viewOf({ why: 'suspended' }, judged));
    expect(said).toContain(
      'it may begin anew after a while (a core: chunk 7 of j1, unit 58; until 2026-11-26T04:30:00.000Z)',
    );
  });

  it('says why it gets no more, and of its graphics processor that it was that', () => {
    const over = { backend: 'webgpu', consequence: 'ban', untilMs: null, wrong: [58, 60] } as const;
    const said = statusOf(viewOf({ why: 'banned' }, { ...judged, ...over }));
    expect(said).toContain(
      'this device key gets no more (its graphics processor: chunk 7 of j1, units 58, 60);',
    );
  });

  it('says no more of it once it waits for something else, and nothing where it does not know', () => {
    expect(statusOf(viewOf({ why: 'no-job-open' }, judged))).toMatch(/^no job is open;/);
    expect(statusOf(viewOf({ why: 'suspended' }, null))).toContain('after a while;');
  });

  it('says of each unit what was claimed and what is right, and honestly where the claim is not kept or not known', () => {
    const right = 'e'.repeat(64);
    const lines = (claimed?: readonly string[] | null): string =>
      linesOf({ ...judged, ...(claimed === undefined ? {} : { claimed }) }).join('\n');
    expect(lines(['c0ffee00c0ffee00'])).toContain(`unit 58: claimed c0ffee00c0ffee00, right ${right}\n`);
    expect(lines(null)).toContain(
      `unit 58: claimed (not kept), right ${right}\n  what was claimed is not kept`,
    );
    expect(lines()).toContain(`unit 58: right ${right}\n  what was claimed could not be asked`);
  });

  it('shows nothing of what others wrote that a terminal would obey', () => {
    const said = { at: 0, text: 'mine', answeredAt: 1, readmitted: false };
    const objection = { ...said, answer: 'look\u001b[2J\nhere\u202e' };
    const lines = linesOf({ ...judged, job: 'j1\u001b]0;x\u0007', claimed: ['\u001b[31mff'], objection });
    expect(lines.join('\n')).not.toMatch(/[^\P{C}\n]/u);
    expect(lines.join('\n')).toContain('the operator answered: look[2J\n    here');
  });
});
