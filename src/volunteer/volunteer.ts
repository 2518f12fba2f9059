/**
 * The volunteer: wires the loop, which decides, to the shells, which do. Faces get a store to look at and actions
 * to call; nothing is stored, probed or computed before `start`.
 */
import { createVolunteerStore } from './store.ts';
import type { VolunteerActions, VolunteerStore, VolunteerView } from './store.ts';
import { consentMs } from './identity.ts';
import { createLoop, isLive, step, viewOf, wakeAt } from './loop.ts';
import type { Loop, LoopEvent } from './loop.ts';
import { Deeds } from './deeds.ts';
import type { Platform } from './platform.ts';

export interface Volunteer {
  readonly store: VolunteerStore;
  readonly actions: VolunteerActions;
}

/** How often faces are told, at most. */
const publishMs = 100;
/** Timers take no longer delays. */
const timerMsMax = 2 ** 31 - 1;

/** A volunteer for the coordinator at `url` (scheme and host). */
export function createVolunteer({
  url,
  platform,
}: {
  readonly url: string;
  readonly platform: Platform;
}): Volunteer {
  return new Runtime(url, platform);
}

class Runtime implements Volunteer {
  readonly store: VolunteerStore;
  readonly actions: VolunteerActions;
  readonly #platform: Platform;
  readonly #loop: Loop;
  readonly #deeds: Deeds;
  readonly #events: LoopEvent[] = [];
  #stepping = false;
  #wake: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | null = null;
  #publishing: ReturnType<typeof setTimeout> | null = null;
  #publishedAt = 0;
  #unwatch: (() => void) | null = null;

  constructor(url: string, platform: Platform) {
    const { coresMax, secure, webgpu, gpuUse } = platform;
    this.#platform = platform;
    this.#loop = createLoop({ coresMax, secure, webgpu, gpuUse });
    this.store = createVolunteerStore(coresMax, secure);
    this.#deeds = new Deeds(url, platform, (event) => this.#tell(event));
    this.actions = {
      start: (consent) => this.#start({ ...consent, at: platform.now(), running: true }, false),
      resumeRemembered: (text) => this.#resumeRemembered(text),
      takeOver: () => this.#again(true),
      acceptRestore: () => {
        this.#tell({ on: 'acceptRestore' });
        return this.#again(false);
      },
      pause: () => this.#tell({ on: 'pause' }),
      resume: () => this.#tell({ on: 'resume' }),
      finish: () => this.#finish(),
      leave: () => this.#tell({ on: 'leave' }),
      configure: (settings) => this.#tell({ on: 'configure', settings }),
      forget: () => this.#forget(),
    };
  }

  /** Takes an event in. One that comes while another is handled waits for its turn. */
  #tell(event: LoopEvent): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#deeds.do(step(this.#loop, next, this.#platform.now(), this.#platform.random()));
      }
    } finally {
      this.#stepping = false;
    }
    this.#arrange();
    this.#publishSoon();
    if (!isLive(this.#loop)) this.#rest();
  }

  /** Sets the one timer to when the loop wants to be woken. */
  #arrange(): void {
    const at = wakeAt(this.#loop);
    if (this.#wake !== null && this.#wake.at === at) return;
    if (this.#wake !== null) clearTimeout(this.#wake.timer);
    this.#wake = null;
    if (at === null) return;
    const ms = Math.min(timerMsMax, Math.max(0, at - this.#platform.now()));
    const timer = setTimeout(() => {
      this.#wake = null;
      this.#tell({ on: 'wake' });
    }, ms);
    this.#wake = { at, timer };
  }

  #publishSoon(): void {
    if (this.#publishing !== null) return;
    const ms = Math.max(0, this.#publishedAt + publishMs - this.#platform.now());
    const calm = viewIsCalm(this.#loop, this.store.getState());
    if (!calm || ms === 0) return this.#publish();
    this.#publishing = setTimeout(() => this.#publish(), ms);
  }

  #publish(): void {
    if (this.#publishing !== null) clearTimeout(this.#publishing);
    this.#publishing = null;
    this.#publishedAt = this.#platform.now();
    this.store.setState(shared(this.store.getState(), viewOf(this.#loop)), true);
  }

  /** The visit is over: nothing listens and nobody else is kept waiting. */
  #rest(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    this.#deeds.rest();
  }

  async #start(
    consent: {
      readonly text: string;
      readonly language: string;
      readonly at: number;
      readonly running: boolean;
    },
    steal: boolean,
  ): Promise<void> {
    if (isLive(this.#loop)) return;
    this.#platform.remember(consent);
    this.#unwatch = this.#platform.watch({
      online: (online) => this.#tell({ on: 'online', online }),
      closing: () => {
        this.#tell({ on: 'closing' });
        this.#deeds.keepNow();
      },
      shown: () => this.#tell({ on: 'shown' }),
    });
    const prepared = this.#deeds.willPrepare(consent, steal);
    this.#tell({ on: 'start', proven: this.#platform.recallProofs?.() ?? [] });
    await prepared;
    this.#publish();
  }

  #resumeRemembered(text?: string): boolean {
    const known = this.#platform.recall();
    if (known === null || !known.running || isLive(this.#loop)) return false;
    if (text !== undefined && text !== known.text) return false;
    const now = this.#platform.now();
    if (now < known.at || now >= known.at + consentMs) return false;
    void this.#start(known, false);
    return true;
  }

  /** Starts as before; `steal`: also if another tab computes. */
  async #again(steal: boolean): Promise<void> {
    const known = this.#platform.recall();
    if (known === null || isLive(this.#loop)) return;
    await this.#start({ ...known, running: true }, steal);
  }

  #finish(): Promise<void> {
    const known = this.#platform.recall();
    if (known !== null) this.#platform.remember({ ...known, running: false });
    return new Promise((resolve) => {
      const stop = this.store.subscribe(({ phase }) => {
        if (phase !== 'finished' && phase !== 'stopped' && phase !== 'idle') return;
        stop();
        void this.#deeds.settled().then(resolve);
      });
      this.#tell({ on: 'finish' });
      this.#publish();
      // Nothing was running: there is nothing to wait for.
      if (!isLive(this.#loop)) {
        stop();
        void this.#deeds.settled().then(resolve);
      }
    });
  }

  async #forget(): Promise<void> {
    if (isLive(this.#loop)) throw new Error('finish first: what is running cannot be forgotten');
    this.#platform.remember(null);
    this.#platform.rememberProof?.(null);
    await this.#deeds.forget();
  }
}

/** Whether a face can wait a moment for the next view: nothing changed that a person would miss. */
function viewIsCalm(loop: Loop, view: VolunteerView): boolean {
  return loop.phase === view.phase && loop.counts.committed > 0 === view.chunks.committed > 0;
}

/** The next value, made of the parts of the one before wherever they are alike: a face that looks at a slice sees no change. */
function shared<T>(before: T, next: T): T {
  if (Object.is(before, next)) return before;
  if (typeof before !== 'object' || typeof next !== 'object' || before === null || next === null) return next;
  if (Array.isArray(before) !== Array.isArray(next)) return next;
  const keys = Object.keys(next);
  let same = keys.length === Object.keys(before).length;
  for (const key of keys) {
    const old: unknown = Reflect.get(before, key);
    const now: unknown = Reflect.get(next, key);
    const kept = shared(old, now);
    if (kept !== now) Reflect.set(next, key, kept);
    if (kept !== old) same = false;
  }
  return same ? before : next;
}
