/**
 * The members of the zoo: those who break what somebody might break, each alone with honest people and audited jobs, in calm weather; what makes
 * each harmless, and what is switched off to see that it was that.
 */
import {
  claimsUnread,
  leaversUnseen,
  auditsUnwaited,
  noWindow,
  nothingDrawn,
  PatientDesk,
  TrustingDesk,
} from './defences.ts';
import type { Member } from './zoo-member.ts';
import { auditsBy, bannedVouchers, blamed, earnsLess, firstConsequences, leasesOf } from './zoo-rules.ts';

export const zoo: readonly Member[] = [
  {
    role: 'liar',
    kind: 'audit',
    end: 'earnings',
    demands: 'nothing wrong is final, and it earns nothing',
    holds: earnsLess(0),
    defence: 'what is recomputed is compared with the claim',
    off: [claimsUnread],
    toldBy: 'honest',
  },
  {
    role: 'lazy',
    kind: 'audit',
    end: 'earnings',
    demands: 'nothing wrong is final, and it earns nothing',
    holds: earnsLess(0),
    defence: 'what is recomputed is compared with the claim',
    off: [claimsUnread],
    toldBy: 'honest',
  },
  {
    role: 'silent',
    kind: 'certify',
    end: 'earnings',
    demands:
      'nothing wrong is final, and it earns nothing, though nothing in its answers is for a certificate to refuse',
    holds: earnsLess(0),
    defence: 'what a certificate does not look at is audited [CT3]',
    off: [
      {
        file: 'job.ts',
        from: "'windowUnits' in policy",
        to: "policy.kind !== 'certify' && 'windowUnits' in policy",
      },
    ],
    toldBy: 'honest',
  },
  {
    role: 'sparse',
    kind: 'audit',
    end: 'earnings',
    demands:
      'nothing wrong is final, and it earns less than somebody honest: what it spoilt is void, and time is lost',
    holds: earnsLess(0.97),
    defence: 'who leaves is looked at once more [AU4]',
    off: [leaversUnseen],
    toldBy: 'honest',
  },
  {
    role: 'sleeper',
    kind: 'audit',
    end: 'earnings',
    demands: 'nothing wrong is final, and it earns nothing for its honest days either',
    holds: earnsLess(0),
    defence: 'work waits for a window of later audits [AU3]',
    off: [noWindow],
    toldBy: 'earnings',
  },
  {
    role: 'copycat',
    kind: 'adaptive',
    end: 'earnings',
    demands: 'nothing wrong is final, and it earns under a tenth of what somebody honest does',
    holds: earnsLess(0.1),
    defence: 'units are drawn [AU1] [AU4]',
    off: [nothingDrawn, leaversUnseen],
    toldBy: 'honest',
  },
  {
    role: 'pair',
    count: 2,
    kind: 'adaptive',
    end: 'earnings',
    demands: 'nothing wrong is final, and they earn nothing',
    holds: earnsLess(0),
    defence: 'what two people agree on is audited all the same [TR1]',
    off: [
      {
        file: 'concluding.ts',
        from: '!isAudited(job.spec) || isAnchors',
        to: '!isAudited(job.spec) || isAnchors || verdict.winners.length > 1',
      },
    ],
    toldBy: 'honest',
  },
  {
    role: 'clique',
    count: 4,
    kind: 'adaptive',
    end: 'accomplices',
    demands: 'whoever of them is disproved with another is banned at once [TR6]',
    holds: (story) => story.wrongFinal === 0 && firstConsequences(story).includes('ban'),
    defence: 'the same wrong answer twice is no accident [TR6]',
    off: [{ file: 'auditing.ts', from: "'exact' && (authors", to: "'none' && (authors" }],
    toldBy: 'accomplices',
  },
  {
    role: 'sybil',
    count: 5,
    freshKeys: true,
    kind: 'audit',
    end: 'earnings',
    demands: 'nothing wrong is final, and all its keys together earn less than one honest person',
    holds: earnsLess(0.9),
    defence: 'who leaves is looked at once more [AU4]',
    off: [leaversUnseen],
    toldBy: 'honest',
  },
  {
    role: 'sybil',
    count: 30,
    auditors: true,
    kind: 'audit',
    end: 'earnings',
    demands:
      'of thirty at once, each from a network of its own and an auditor like everybody, nothing wrong is final, and each earns less than somebody honest',
    holds: earnsLess(0.9),
    defence: 'who leaves is looked at once more [AU4]',
    off: [leaversUnseen],
    toldBy: 'honest',
  },
  {
    role: 'hitAndRun',
    count: 4,
    freshKeys: true,
    kind: 'audit',
    end: 'earnings',
    demands: 'nothing wrong is final, and all its keys together earn less than one honest person',
    holds: earnsLess(0.9),
    defence: 'work waits for its own audits [AU4]',
    off: [auditsUnwaited],
    toldBy: 'honest',
  },
  {
    role: 'replayer',
    kind: 'adaptive',
    seeds: [1, 2, 3, 4],
    end: 'earnings',
    demands: 'it earns what it computed, once, and nothing is held against it',
    holds: ({ earns, day }) => earns < 1.1 && day.tally.misdeeds === 0,
    defence: 'the same commitment twice is one [CH8]',
    off: [{ file: 'machine.ts', from: "if (replica.phase.is === 'committed')\n", to: "if (replica.phase.is === 'closed')\n" }], // prettier-ignore
    toldBy: 'safe',
  },
  {
    role: 'forger',
    kind: 'audit',
    end: 'record',
    demands: 'its forgeries are on record, and nobody else is disproved',
    holds: (story) => story.day.tally.misdeeds > 0 && blamed(story).every((device) => device.startsWith('m')),
    defence: 'a replica is its device’s alone [WR7]',
    off: [{ file: 'machine.ts', from: "if (lease.device !== device) return refuse('not-yours');", to: '' }],
    toldBy: 'safe',
  },
  {
    role: 'withholder',
    kind: 'audit',
    end: 'completion',
    demands: 'the job ends without it',
    holds: ({ earns, day }) => earns === 0 && day.tally.finished === 1,
    defence: 'a lease that ran out is given to others [LS1]',
    off: [{ file: 'machine.ts', from: "if (at < lease.deadline) return refuse('not-due');", to: "if (at > 0) return refuse('not-due');" }], // prettier-ignore
    toldBy: 'progress',
  },
  {
    role: 'twoFaced',
    kind: 'adaptive',
    seeds: [1, 2, 3, 4],
    end: 'record',
    demands:
      'its second faces are on record, where the first still waits for somebody, and nobody else is blamed',
    holds: (story) => blamed(story).every((device) => device.startsWith('m')),
    holdsOnce: ({ day }) => day.tally.misdeeds > 0,
    defence: 'of two answers for one replica only the first is taken [CH8]',
    off: [{ file: 'machine.ts', from: "if (replica.phase.is === 'committed')\n", to: "if (replica.phase.is === 'committed' && replica.phase.root === root)\n" }], // prettier-ignore
    toldBy: 'safe',
  },
  {
    role: 'switcher',
    kind: 'audit',
    end: 'record',
    demands: 'its contradictions are on record',
    holds: ({ day }) => day.tally.misdeeds > 0,
    defence: 'bytes are digested before they are taken [WR7]',
    off: { matches: () => true },
    toldBy: 'honest',
  },
  {
    role: 'boaster',
    kind: 'audit',
    seeds: [1, 2, 3, 4],
    end: 'shares',
    demands: 'of a job of half a minute it takes no larger share than somebody honest',
    holds: ({ earns }) => earns < 1.1,
    defence: 'a claimed speed counts only as far as it was shown [LS1]',
    off: [
      {
        file: 'speed.ts',
        from: 'const shownMilli = shown.micro / Math.max(1, busyMs);',
        to: 'const shownMilli = claimedMilli + 0 * busyMs;',
      },
    ],
    toldBy: 'shares',
  },
  {
    role: 'picky',
    kind: 'audit',
    uneven: true,
    end: 'leases',
    demands:
      'it earns less than somebody honest, and there are fewer leases in the log than twice the chunks',
    holds: (story) => story.earns < 1 && leasesOf(story) < 600,
    defence: 'who gives back again and again waits a minute each time [LS9]',
    off: [
      { file: 'schedule.ts', from: 'at - device.returnedAt < returnPauseMs', to: 'at < device.returnedAt' },
    ],
    toldBy: 'leases',
    seeds: [1, 2, 3, 4],
  },
  {
    role: 'slanderer',
    auditors: true,
    kind: 'audit',
    end: 'record',
    demands: 'it is disproved itself and nobody else is, and no audit of it is paid',
    holds: (story) =>
      blamed(story).length > 0 &&
      blamed(story).every((device) => device.startsWith('m')) &&
      auditsBy(story, 'm') === 0,
    defence: 'two engines say who was wrong [AU7]',
    off: [
      {
        file: 'machine.ts',
        from: 'return refute(state, command, now);',
        to: "return auditAnswered(state, { ...command, c: 'audit' }, now);",
      },
    ],
    toldBy: 'honest',
    seeds: [1, 2, 3, 4],
  },
  {
    role: 'lazyAuditor',
    auditors: true,
    kind: 'audit',
    end: 'completion',
    demands: 'others make its audits, the job ends, and no audit of it is paid',
    holds: (story) =>
      story.day.tally.finished === 1 && auditsBy(story, 'm') === 0 && auditsBy(story, 'h') > 0,
    defence: 'what is given back, refused or late is somebody else’s [AU7]',
    off: { Desk: PatientDesk },
    toldBy: 'progress',
    seeds: [1, 2, 3, 4],
  },
  {
    // One vouching in 32 is looked at once more. A gang that is most of the crowd and lies often vouches some sixty times until all of it is caught:
    // in such a day the lot falls on 1.8 on average (of twelve days none in one), on none in any of four with probability 0.001.
    role: 'rubberStamp',
    auditors: true,
    count: 30,
    lies: 400,
    units: 32_000,
    kind: 'audit',
    end: 'accomplices',
    demands:
      'whoever vouches for a lie of its gang is banned with its author, and they earn under half of what somebody honest does',
    holds: earnsLess(0.5),
    holdsOnce: (story) => bannedVouchers(story) > 0,
    defence: 'some answers that agree are looked at once more [AU8]',
    off: { Desk: TrustingDesk },
    toldBy: 'accomplices',
    seeds: [1, 2, 3, 4],
  },
  {
    role: 'selfChecker',
    auditors: true,
    count: 2,
    together: true,
    kind: 'audit',
    end: 'earnings',
    demands: 'nothing wrong is final, and it never audits its other account',
    holds: ({ wrongFinal }) => wrongFinal === 0,
    defence: 'nobody audits its own network [AU7]',
    off: [{ file: 'auditing.ts', from: "own.group === '' || !groups.has(own.group)", to: 'true' }],
    toldBy: 'safe',
    seeds: [1, 2, 3, 4],
  },
];

/**
 * Who is caught as surely under the terms that a requester gets who names none: who lies in everything, for good or from some day on, cannot
 * answer one unit that is drawn; who is lazy in a twentieth of its units is right in all of the 384 that are drawn of whoever leaves with
 * probability 3·10⁻⁹. Of those who spoil a unit now and then (sparse, sybil, hitAndRun), and of a gang whose auditors vouch for one another
 * (rubberStamp), a share gets through that the terms bound: no day shows it, and `npm run sim:verify` counts it.
 */
const surelyCaught: ReadonlySet<Member['role']> = new Set([
  'liar',
  'lazy',
  'silent',
  'sleeper',
  'copycat',
  'pair',
  'clique',
]);
export const underUsualTerms: readonly Member[] = zoo
  .filter(({ role }) => surelyCaught.has(role))
  .map((member) => ({
    ...member,
    terms: 'usual',
    // No oracle that follows the day has anything against wrong work that is final undrawn, where not all is recomputed: its end tells.
    toldBy: member.role === 'copycat' ? member.end : member.toldBy,
  }));
