/** The catalogue of everything the pages say, as a type: a language is complete when it has every one of these. */
import type { Reason, VolunteerView, WorkerView } from '../../volunteer/store.ts';
import type { JobView } from '../../wire/views.ts';
import type { Language } from '../consent.ts';
import type { Formats } from '../format.ts';

/** Where a chunk stands, as docs/SPEC.md section 2 has people read it. */
export type ChunkState = 'free' | 'leased' | 'committed' | 'accepted' | 'final' | 'void';

type Why = Reason['why'];
/** What can be said in one sentence; what has a step, a countdown or a detail is said by functions. */
export type PlainWhy = Exclude<
  Why,
  'preparing' | 'unreachable' | 'refused' | 'no-worker-works' | 'worker-restarting' | 'restored'
>;
export type Step = Extract<Reason, { why: 'preparing' }>['step'];

export interface Words {
  readonly language: Language;
  readonly f: Formats;
  /** The one place where a chunk's state has a name. */
  readonly states: Readonly<Record<ChunkState, string>>;
  readonly page: {
    /** Of the page on which a machine is lent; other pages bring their own. */
    readonly title: string;
    readonly skip: string;
    readonly pages: string;
    readonly contribute: string;
    readonly leaderboard: string;
    readonly checks: string;
    readonly languages: string;
    readonly heading: string;
    readonly lede: string;
    /** What a credit is. */
    readonly creditNote: string;
  };
  readonly cloth: {
    readonly label: (title: string) => string;
    readonly summary: (final: number, committed: number, leased: number, free: number) => string;
    readonly bare: string;
    readonly table: string;
    readonly caption: string;
    readonly state: string;
    readonly chunks: string;
    readonly share: string;
    readonly closer: string;
    readonly keep: string;
    readonly picture: (title: string) => string;
  };
  readonly job: {
    readonly now: string;
    readonly asking: string;
    readonly requester: (name: string) => string;
    /** The requester of the demonstrations that a new coordinator puts in. */
    readonly itself: string;
    readonly demonstration: string;
    /** How its answers are verified; `people`: how many must agree, where several must. */
    readonly verified: (policy: JobView['policy'], people: number, audited: boolean) => string;
    /** For kernels whose answers agree within a tolerance: where a GPU's is compared with a processor's; `audited`: parts of it only. */
    readonly tolerance: (audited: boolean) => string;
    /** `accepted`: chunks whose result is provisional. */
    readonly progress: (final: number, accepted: number, chunks: number) => string;
    readonly eta: (ms: number) => string;
    readonly settled: (byPeople: number, withAnchor: number) => string;
    /** Who computed the chunks of a job of whose work a part is computed again. */
    readonly computedBy: (byPeople: number, withAnchor: number) => string;
    readonly disputes: (count: number) => string;
    /** How often audits found an answer wrong. */
    readonly disproved: (count: number) => string;
    readonly kernel: (id: string) => string;
    readonly paused: string;
    readonly range: (exponent: number, bitFrom: string, bitTo: string) => string;
    readonly rangeAbout: string;
    readonly also: string;
    readonly show: string;
    readonly none: string;
    readonly noneNote: string;
    readonly more: string;
  };
  readonly done: {
    readonly heading: string;
    readonly finished: (at: number, tookMs: number) => string;
    readonly cancelled: (at: number) => string;
    readonly picture: string;
    readonly report: string;
    readonly reading: string;
    readonly unreadable: string;
    readonly verifiedBy: (chunks: number, byPeople: number, withAnchor: number) => string;
    /** The same of a job whose answers were recomputed in part. */
    readonly audited: (chunks: number, withAnchor: number) => string;
  };
  readonly cost: {
    readonly line: (cores: number, max: number, lowWatts: number, highWatts: number, gpu: boolean) => string;
    readonly heading: string;
    readonly cores: string;
    readonly coresValue: (cores: number, max: number) => string;
    readonly fewer: string;
    readonly more: string;
    readonly gpu: string;
    readonly gpuAfter: string;
    readonly gpuNo: string;
    readonly gpuInsecure: string;
    readonly gpuAbsent: string;
    readonly power: string;
    readonly powerValue: (low: number, high: number) => string;
    readonly powerNote: string;
    readonly powerGpu: string;
    readonly data: string;
    readonly dataValue: (programBytes: number) => string;
    readonly dataHour: (bytes: number) => string;
    readonly dataUnknown: string;
    readonly battery: string;
    readonly batteryNote: string;
    readonly kept: string;
    readonly keptNote: string;
  };
  readonly start: {
    readonly start: string;
    readonly again: string;
    readonly acceptRestore: string;
    readonly starting: string;
    readonly waiting: string;
    readonly failed: string;
    readonly pause: string;
    readonly resume: string;
    readonly finish: string;
    readonly finishing: string;
    readonly finishNote: string;
    readonly reload: string;
    /** What came of `forget`. */
    readonly forgotten: Readonly<Record<'yes' | 'here', string>>;
  };
  readonly work: {
    readonly heading: Readonly<Record<VolunteerView['phase'], string>>;
    /** In place of `running` while there is a reason why nothing runs. */
    readonly waiting: string;
    readonly running: (workers: number) => string;
    readonly finishing: string;
    readonly plain: Readonly<Record<PlainWhy, string>>;
    readonly preparing: Readonly<Record<Step, string>>;
    readonly unreachable: string;
    /** When it was stated, and how many entries were kept and are remembered here. */
    readonly restored: (at: number, kept: number, remembered: number) => string;
    readonly retry: (seconds: number) => string;
    readonly retrying: string;
    /** What the machine itself said, for whoever can help with it. */
    readonly detail: (detail: string) => string;
    readonly noWorker: (detail: string) => string;
    readonly restarting: (detail: string) => string;
    readonly machine: string;
    readonly core: (number: number) => string;
    readonly gpu: string;
    readonly workerStates: Readonly<Record<WorkerView['state'], string>>;
    /** `title` is empty while all work for one job. */
    readonly chunk: (chunk: number, title: string) => string;
    readonly units: (done: number, total: number) => string;
    readonly thread: (name: string) => string;
    readonly connection: Readonly<Record<VolunteerView['connection'], string>>;
    readonly outbox: (count: number) => string;
    readonly spoken: (chunks: number, final: number) => string;
  };
  readonly here: {
    readonly nobody: string;
    readonly line: (people: number, devices: number, rate: string) => string;
    readonly link: Readonly<Record<'asking' | 'live' | 'polling' | 'unreachable', string>>;
    readonly unreachable: string;
    readonly unreachableNote: string;
    readonly loopback: string;
    readonly insecure: string;
    /** By the reasons of the coordinator's log; `io` stands for any other. */
    readonly storeFaults: Readonly<Record<string, string>>;
    readonly coordinator: (name: string, version: string) => string;
    /** `witnesses`: keys that countersigned the log in the last hour. */
    readonly log: (records: number, witnesses: number) => string;
  };
}
