/** The widget at work: the same volunteer as on our own page, for this site alone, with a band of the cloth, Pause and Stop. */
import { createVolunteer } from '../volunteer/volunteer.ts';
import { memoryOutbox } from '../volunteer/outbox-memory.ts';
import type { Outbox } from '../volunteer/outbox.ts';
import type { Platform } from '../volunteer/platform.ts';
import { browserPlatform } from '../volunteer/platform-browser.ts';
import type { Reason, VolunteerView } from '../volunteer/store.ts';
import { button, homeLink, make } from './dom.ts';
import { coresLent } from './facts.ts';
import type { Inside } from './inside.ts';
import { hearPage, tellPage } from './page.ts';
import type { PageState } from './page.ts';
import { watchSight } from './sight.ts';
import { laterWords } from './words-later.ts';
import type { Standing } from './words-later.ts';
import { cardWords } from './words.ts';

/** Whoever cannot see it for so long gets no work done: it goes on when it is seen again. */
const unseenMs = 10_000;
/** How often the band is asked for while it is seen. */
const bandMs = 5_000;
/** So much of the frame must be in view. */
const shareSeen = 0.5;

/** Who wants a pause; it works while nobody does. */
type Pausing = 'person' | 'page' | 'unseen';

/** Starts with what was agreed to just now, or with null goes on with what was agreed to earlier. */
export function work(inside: Inside, text: string | null): void {
  const { facts, language, place, weave, card } = inside;
  const { site, from } = facts;
  if (site === null || from === null) return;
  const browser = browserPlatform({ partner: { site: site.key, from } });
  // Storage may be forbidden to frames of other sites: then this visit has no memory, and Stop still knows who agreed.
  let storing: Promise<Outbox> | null = null;
  const storage = (): Promise<Outbox> => (storing ??= browser.openOutbox().catch(() => memoryOutbox()));
  const platform: Platform = { ...browser, openOutbox: storage };
  const { store, actions } = createVolunteer({ url: location.origin, platform });
  const words = laterWords[language];
  const pausing = new Set<Pausing>();
  const listening = new AbortController();
  let stopped = false;

  const line = make('p', 'say');
  line.setAttribute('role', 'status');
  const tally = make('p', 'tally');
  const pause = button('', words.pause, () => {
    if (store.getState().reason?.why === 'elsewhere') return void actions.takeOver();
    turn('person', !pausing.has('person'));
  });
  const stop = button('', words.stop, () => void end());
  const brand = make('p', 'brand', make('b', '', 'Talka'), ` ${words.working(site.name)}`);
  const shown = make('div', 'words', brand, line, tally);

  function turn(who: Pausing, on: boolean): void {
    const before = pausing.size;
    if (on) pausing.add(who);
    else pausing.delete(who);
    if (before === 0 && pausing.size > 0) actions.pause();
    if (before > 0 && pausing.size === 0) actions.resume();
    show(store.getState());
  }

  function show(view: VolunteerView): void {
    if (stopped) return;
    const standing = standingOf(view, pausing);
    const busy = view.workers.filter(({ state }) => state === 'computing').length;
    line.textContent = standing === 'working' && busy > 0 ? words.busy(busy) : words.standing[standing];
    const { pendingMicro, vestedMicro } = view.credit;
    tally.textContent = `${words.chunks(view.chunks.computed)} · ${words.credit(pendingMicro + vestedMicro)}`;
    pause.textContent =
      standing === 'elsewhere' ? words.here : pausing.has('person') ? words.resume : words.pause;
    tellPage(facts, { is: 'state', state: pageStates[standing] });
    tellPage(facts, { is: 'credit', pendingMicro, vestedMicro, chunks: view.chunks.computed });
  }

  async function end(): Promise<void> {
    stopped = true;
    listening.abort();
    unwatch();
    clearInterval(weaving);
    unsubscribe();
    actions.leave();
    const { takeBack } = await import('../volunteer/revoke.ts');
    const known = await takeBack(location.origin, platform, await storage());
    const [title, said] = words.stopped(site?.name ?? '', known);
    const again = button('', cardWords[language].look, card);
    place.replaceChildren(
      make('div', 'words', make('h1', '', title), make('p', 'say', said), tally),
      make('p', 'acts', again, homeLink(cardWords[language].home)),
    );
    tellPage(facts, { is: 'state', state: 'stopped' });
  }

  actions.configure({ cores: coresLent(), gpu: false });
  if (text === null) {
    if (!actions.resumeRemembered()) {
      // Older than thirty days: it is forgotten, and asked for again.
      platform.remember(null);
      return;
    }
  } else void actions.start({ text, language });

  place.replaceChildren(shown, make('p', 'acts', pause, stop, homeLink(cardWords[language].home)));
  if (!keeps(site.key)) shown.append(make('p', 'still', words.unkept));
  const unsubscribe = store.subscribe(show);
  show(store.getState());
  hearPage(facts, (word) => !stopped && turn('page', word === 'pause'));
  const unwatch = sight(listening.signal, (seen) => turn('unseen', !seen));
  const weaving = setInterval(() => void paint(), bandMs);
  void paint();

  /** Asks for the cloth of the job that is worked on, and shows it with our own stitches. */
  async function paint(): Promise<void> {
    const view = store.getState();
    const job = view.workers.find((worker) => worker.job !== null)?.job ?? null;
    if (job === null || document.visibilityState === 'hidden' || pausing.size > 0) return;
    try {
      const answer = await fetch(`/api/jobs/${job}/cloth?bins=48`);
      const about = job === facts.job?.job ? facts.job.chunks : null;
      const shares = [...new Uint8Array(await answer.arrayBuffer())];
      const columns = shares.length / 3;
      const mine = view.stitches.filter((stitch) => stitch.job === job && stitch.state === 'final');
      const at = (chunk: number): number => (about === null ? -1 : Math.floor((chunk * columns) / about));
      if (answer.ok) weave.show(shares, new Set(mine.map(({ chunk }) => at(chunk))));
    } catch {
      // The coordinator does not answer; the line above says so, and the band stays as it was.
    }
  }
}

/** What the page is told of each standing. */
const pageStates: Readonly<Record<Standing, PageState>> = {
  preparing: 'starting',
  working: 'working',
  paused: 'paused',
  'page-paused': 'paused',
  unseen: 'resting',
  'no-job': 'resting',
  waiting: 'resting',
  unreachable: 'resting',
  elsewhere: 'stopped',
  'found-wrong': 'stopped',
  cannot: 'stopped',
};

function standingOf({ phase, reason }: VolunteerView, pausing: ReadonlySet<Pausing>): Standing {
  if (reason !== null && phase === 'stopped') return reasonStanding(reason);
  if (pausing.has('person')) return 'paused';
  if (pausing.has('page')) return 'page-paused';
  if (pausing.has('unseen')) return 'unseen';
  return reason === null ? 'working' : reasonStanding(reason);
}

function reasonStanding({ why }: Reason): Standing {
  switch (why) {
    case 'preparing':
    case 'not-started':
      return 'preparing';
    case 'no-job-open':
    case 'kernel-paused':
    case 'nothing-for-this-device':
      return 'no-job';
    case 'waiting-for-others':
    case 'delivering':
      return 'waiting';
    case 'unreachable':
    case 'offline':
    case 'store-full':
      return 'unreachable';
    case 'elsewhere':
      return 'elsewhere';
    case 'suspended':
    case 'banned':
      return 'found-wrong';
    case 'worker-restarting':
      return 'working';
    case 'paused-by-you':
      return 'paused';
    default:
      return 'cannot';
  }
}

/** Whether this origin may keep something here. */
function keeps(site: string): boolean {
  try {
    return localStorage.getItem(`talka.consent.${site}`) !== null;
  } catch {
    return false;
  }
}

/** Tells when our frame has been out of sight for a while, and when it is seen again; a hidden tab counts as out of sight. */
function sight(signal: AbortSignal, tell: (seen: boolean) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let inView = true;
  const look = (): void => {
    const seen = inView && document.visibilityState === 'visible';
    if (timer !== null) clearTimeout(timer);
    timer = seen ? null : setTimeout(() => tell(false), unseenMs);
    if (seen) tell(true);
  };
  const stop = watchSight(document.documentElement, shareSeen, (seen) => {
    inView = seen;
    look();
  });
  document.addEventListener('visibilitychange', look, { signal });
  return () => {
    stop();
    if (timer !== null) clearTimeout(timer);
  };
}
