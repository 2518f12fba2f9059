/** The operator's anchor of a simulated day: no socket, the same rules. */
import { nextLook } from '../../src/core/audit.ts';
import type { Command, Slot } from '../../src/core/state.ts';
import type { Looked } from './auditor.ts';
import type { Coordinator, Outcome } from './coordinator.ts';
import { rightRoot, wrongUnits } from './truth.ts';

/** The anchor computes a chunk in this time, and looks for the next one that often. */
const chunkMs = 1500;
const restMs = 5000;
/** It recomputes the units of one audit in this time, and so many audits before it looks for chunks again. */
const auditMs = 200;
const auditsAtOnce = 20;
const slot: Slot = { slot: 0, backend: 'wasm', rates: { 'weave@1': 500, 'spin@2': 500 } };

/** What the anchor needs of the world. */
export interface AnchorGround {
  after(ms: number, then: () => void): void;
  /** Each start of the coordinator is another; null while it is down. */
  house(): Coordinator | null;
  /** By the coordinator's clock. */
  now(): number;
  order(command: Command, done?: (outcome: Outcome) => void): void;
}

/** Looks for work after a while, and goes on as long as this coordinator lives. */
export function anchorLooks(ground: AnchorGround, afterMs: number): void {
  const house = ground.house();
  ground.after(afterMs, () => {
    if (house === null || ground.house() !== house) return;
    ground.order({
      c: 'join',
      device: 'anchor',
      account: 'anchor',
      site: null,
      group: 'operator',
      role: 'anchor',
    });
    ground.order({ c: 'ask', device: 'anchor', slot, ...house.people.others }, (outcome) => {
      if ('refused' in outcome) return audits(ground, auditsAtOnce);
      for (const event of outcome)
        if (event.e === 'leased') computes(ground, event.lease, event.job, event.chunk, event.count);
    });
  });
}

function computes(ground: AnchorGround, replica: number, job: string, chunk: number, count: number): void {
  const house = ground.house();
  if (count === 0) return anchorLooks(ground, 500);
  ground.after(chunkMs, () => {
    if (ground.house() !== house) return;
    const root = rightRoot(job, chunk, null);
    ground.order({ c: 'commit', device: 'anchor', replica, root, digests: root, stored: true, agrees: [] });
    computes(ground, replica + 1, job, chunk + 1, count - 1);
  });
}

/** As much of an audit as the anchor recomputes until it finds something wrong [AU2]. */
function lookedAt(units: readonly number[], wrongOf: (some: readonly number[]) => number[]): Looked {
  for (let done = 0; ;) {
    done = nextLook(done, units.length);
    const some = units.slice(0, done);
    const wrong = wrongOf(some);
    if (done === units.length) return { wrong };
    if (wrong.length > 0) return { wrong, units: some };
  }
}

/** Recomputes what was drawn, oldest first, without a look at the claim until it has its own answer. */
function audits(ground: AnchorGround, left: number): void {
  const house = ground.house();
  const audit = house?.auditor.takes(ground.now());
  if (house === null || audit === undefined || left === 0)
    return anchorLooks(ground, left === 0 ? 1 : restMs);
  ground.after(auditMs, () => {
    if (ground.house() !== house) return;
    const { id, job, chunk, units } = audit;
    const claim = house.auditor.claimOf(job, chunk);
    // It may have been settled, or voided, meanwhile.
    if (claim === undefined || !house.state.audits.has(id)) return audits(ground, left - 1);
    const looked = lookedAt(units, (some) => wrongUnits(claim, job, chunk, some));
    const command = house.auditor.found(audit, looked);
    ground.order(command, (outcome) => {
      // Who vouched for it was sent away meanwhile: the anchor has found the same.
      if ('refused' in outcome && outcome.refused === 'not-yours')
        ground.order({ c: 'audit', audit: id, device: 'anchor', ...looked, right: [] });
      audits(ground, left - 1);
    });
  });
}
