/** A volunteer on the command line: shows what is agreed to, computes, and says in one calm line how it goes. */
import { createInterface } from 'node:readline/promises';
import { findingsOf } from './as-account.ts';
import { foundOf, linesOf, printable } from './found-words.ts';
import type { Found } from './found-words.ts';
import { openIdentity } from './identity.ts';
import { identityIn } from './outbox-node.ts';
import { nodePlatform, volunteerFolder } from './platform-node.ts';
import type { Judgement, Reason, VolunteerView } from './store.ts';
import { createVolunteer } from './volunteer.ts';

export interface HeadlessOptions {
  /** The coordinator: scheme and host. */
  readonly url: string;
  readonly cores: number | null;
  /** How much of each core's time, 0.1 … 1; null = all of it. */
  readonly share: number | null;
  readonly gpu: boolean;
  /** Use a GPU even if it is emulated, or slower than a core. */
  readonly gpuAlways: boolean;
  readonly folder: string | null;
  /** Finish after so long; null = until told to. */
  readonly forMs: number | null;
  /** Agree without being asked. */
  readonly yes: boolean;
  /** Go on where a coordinator states that it was restored from a backup and lost what this device remembers. */
  readonly acceptRestore: boolean;
}

/** What one agrees to. Its digest is in the signed record. */
export function consentText(url: string, cores: number, gpu: boolean): string {
  return [
    `This computer will compute parts of jobs that ${url} hands out, and check parts that others computed, on ${cores} ${cores === 1 ? 'core' : 'cores'}${gpu ? ' and the graphics processor' : ''}, until you stop it, and for 30 days at most.`,
    'That costs electricity and makes the computer warm. The code runs as WebAssembly (on a graphics processor as shaders): it sees the data of the job and nothing else of this computer.',
    'The coordinator learns your network address and the public half of a key that is made here; results and credits are recorded under that key.',
    'What was computed, when and how fast, under which key and account, and who shares a network with whom, stay in its log for ever, which everybody may read; without address.',
    'Agree only for a computer that is yours, or that you may use so. Ctrl-C stops at any time.',
  ].join('\n');
}

const statusMs = 1_000;

/** Runs until finished. Resolves with the exit code. */
export async function runHeadless(options: HeadlessOptions): Promise<number> {
  const folder = options.folder ?? volunteerFolder();
  const platform = nodePlatform({
    url: options.url,
    folder,
    gpu: options.gpu,
    gpuUse: options.gpuAlways ? 'always' : 'auto',
  });
  const { store, actions } = createVolunteer({ url: options.url, platform });
  actions.configure({
    gpu: options.gpu,
    ...(options.cores === null ? {} : { cores: options.cores }),
    ...(options.share === null ? {} : { share: options.share }),
  });
  const cores = options.cores ?? store.getState().settings.cores;
  const text = consentText(options.url, cores, options.gpu);
  process.stdout.write(`${text}\n`);
  if (!options.yes && !(await agrees())) {
    process.stdout.write('Nothing was started.\n');
    return 1;
  }
  await actions.start({ text, language: 'en' });
  return new Promise((resolve) => {
    const line = new StatusLine();
    const timer = setInterval(() => line.show(statusOf(store.getState())), statusMs);
    const limit = options.forMs === null ? null : setTimeout(() => void actions.finish(), options.forMs);
    let asked = 0;
    const interrupt = (): void => {
      if (asked++ > 0) return leave();
      line.say('Finishing the chunks in work; once more to give them back and leave.');
      void actions.finish();
    };
    const leave = (): void => {
      actions.leave();
    };
    process.on('SIGINT', interrupt);
    process.on('SIGTERM', leave);
    let accepts = options.acceptRestore;
    const findings = new Findings(options.url, folder, (said) => line.say(said));
    const over = (view: VolunteerView): void => {
      findings.look(view);
      if (view.reason?.why === 'restored' && accepts) {
        accepts = false;
        line.say(statusOf(view));
        return void actions.acceptRestore();
      }
      if (view.phase !== 'finished' && view.phase !== 'stopped') return;
      stop();
      clearInterval(timer);
      if (limit !== null) clearTimeout(limit);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', leave);
      line.say(statusOf(view));
      void actions.finish().then(() => resolve(view.phase === 'finished' ? 0 : 1));
    };
    const stop = store.subscribe(over);
    over(store.getState());
  });
}

async function agrees(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stdout.write('Nobody can be asked here; --yes agrees.\n');
    return false;
  }
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await asking.question('Do you agree? [y/N] ');
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** One line that is written over on a terminal, and written only when it changes elsewhere. */
class StatusLine {
  #last = '';

  /** What it shows may be somebody else's words. */
  show(said: string): void {
    const text = printable(said);
    if (text === this.#last) return;
    this.#last = text;
    process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  }

  say(said: string): void {
    const text = printable(said);
    process.stdout.write(process.stdout.isTTY && this.#last !== '' ? `\r\u001b[K${text}\n` : `${text}\n`);
    this.#last = '';
  }
}

/** Tells, of each finding once, what this machine claimed and what is right. */
class Findings {
  readonly #url: string;
  readonly #folder: string;
  readonly #say: (text: string) => void;
  /** What was told, and whether with what was claimed. */
  readonly #told = new Map<string, boolean>();
  #heard: Judgement | null = null;
  #wasAway = false;

  constructor(url: string, folder: string, say: (text: string) => void) {
    this.#url = url;
    this.#folder = folder;
    this.#say = say;
  }

  /** Asks the coordinator where something was just heard of, or this machine is away for what it did not hear. */
  look({ judged, reason }: VolunteerView): void {
    const away = reason !== null && isAway(reason);
    const isNews = (judged !== null && judged !== this.#heard) || (away && !this.#wasAway);
    this.#heard = judged;
    this.#wasAway = away;
    if (isNews) void this.#ask(judged);
  }

  async #ask(heard: Judgement | null): Promise<void> {
    const objecting = `talka object --url ${this.#url}`;
    let found: readonly Found[];
    try {
      found = await this.#found();
    } catch {
      // Where nobody answers, what was heard is told all the same.
      found = heard === null ? [] : [heard];
      if (heard === null) this.#say(`what was found could not be asked just now; ${objecting} asks again`);
    }
    for (const one of found) {
      const key = [one.backend, one.job, one.chunk, ...one.wrong].join(' ');
      const isAsked = one.claimed !== undefined;
      if (this.#told.get(key) === true || (this.#told.has(key) && !isAsked)) continue;
      this.#told.set(key, isAsked);
      for (const text of linesOf(one)) this.#say(text);
      this.#say(`  ${objecting} says that you think otherwise`);
    }
  }

  async #found(): Promise<readonly Found[]> {
    const kept = await identityIn(this.#folder);
    if (kept === null) return [];
    const found = await findingsOf(await openIdentity(kept), this.#url);
    return found.filter(({ open }) => !open);
  }
}

/** How it goes, in one line. */
export function statusOf(view: VolunteerView): string {
  const { chunks, units, checked, credit, rateMilli, reason, phase, judged } = view;
  const busy = view.workers.filter(({ state }) => state === 'computing').length;
  const state =
    reason === null
      ? phase === 'finishing'
        ? 'finishing'
        : `computing on ${busy} of ${view.workers.length}`
      : `${sentenceOf(reason)}${judged !== null && isAway(reason) ? ` (${foundOf(judged)})` : ''}`;
  const speed = rateMilli === null ? '' : `, ${(rateMilli / 1000).toFixed(2)} reference cores`;
  const others = checked.audits === 0 ? '' : `, ${checked.units} units of others checked`;
  const [session, pending, verified] = [credit.sessionMicro, credit.pendingMicro, credit.vestedMicro].map(
    (micro) => (micro / 1e6).toFixed(3),
  );
  const earned = `${session} credits (all visits: ${pending} pending, ${verified} verified)`;
  return `${state}; ${units} units${others}, ${chunks.committed} chunks returned, ${chunks.final} accepted, ${earned}${speed}`;
}

const isAway = ({ why }: Reason): boolean => why === 'suspended' || why === 'banned';

/** A reason in words, for a terminal. */
export function sentenceOf(reason: Reason): string {
  switch (reason.why) {
    case 'not-started':
      return 'not started';
    case 'preparing':
      return `preparing (${reason.step})`;
    case 'paused-by-you':
      return 'paused';
    case 'finished-by-you':
      return 'finished';
    case 'delivering':
      return 'what it holds is computed; its results wait to be acknowledged';
    case 'unreachable':
      return 'the coordinator does not answer';
    case 'offline':
      return 'offline';
    case 'no-job-open':
      return 'no job is open';
    case 'waiting-for-others':
      return 'waiting for others';
    case 'nothing-for-this-device':
      return 'nothing for this device';
    case 'kernel-paused':
      return 'the operator paused this kernel';
    case 'suspended':
      return 'an answer of this machine was recomputed and was not right: it may begin anew after a while';
    case 'banned':
      return 'too much of this machine’s work was wrong, or wrong just as another’s was: this device key gets no more';
    case 'elsewhere':
      return 'this identity computes in another process';
    case 'store-full':
      return 'the coordinator cannot store anything just now';
    case 'reload-needed':
      return 'this version of Talka is too old for that coordinator, or too new';
    case 'log-shrunk':
      return 'that coordinator’s log is shorter than it was: ask its operator';
    case 'restored':
      return `that coordinator was restored from a backup (stated ${new Date(reason.at).toISOString()}): it kept ${reason.kept} entries of its log, this device remembers ${reason.remembered}; --accept-restore goes on with what is left`;
    case 'refused':
      return `refused: ${reason.detail ?? reason.code}`;
    case 'worker-restarting':
      return `its workers ended and start again soon: ${reason.detail}`;
    case 'no-worker-works':
      return `nothing can compute here: ${reason.detail}`;
    default:
      return reason satisfies never;
  }
}
