/** The browser page as the volunteer's surroundings. */
import { browserEngine } from './engine-browser.ts';
import type { GpuUse } from './loop.ts';
import { nameFor, openOutbox } from './outbox.ts';
import type { Platform, RememberedConsent, Surroundings, Turn } from './platform.ts';
import { recallProofs, rememberProof } from './proofs.ts';

const consentKey = 'talka.consent';
const lockName = 'talka';

/** What the page has opened before the volunteer's program was here, so that the two travel side by side. */
export interface Ahead {
  readonly jobs: Promise<Response>;
  readonly socket: WebSocket;
  /** What the socket has said meanwhile. */
  readonly heard: unknown[];
  /** A worker of ours that was told nothing yet; gone where it could not begin. */
  worker?: Worker;
}

/** A partner's site whose page shows our frame: its key, and the origin of that page. */
export interface Partner {
  readonly site: string;
  readonly from: string;
}

/** `gpuUse` and `partner` come from the page: its address, or the site that embeds it. A guest of a site leaves graphics processors alone. */
export function browserPlatform(
  options: {
    readonly gpuUse?: GpuUse;
    readonly partner?: Partner | null;
    readonly ahead?: Ahead | null;
  } = {},
): Platform {
  const partner = options.partner ?? null;
  const site = partner?.site ?? null;
  const key = nameFor(consentKey, site);
  const proofsKey = nameFor('talka.proven', site);
  const query = partner === null ? '' : `?from=${encodeURIComponent(partner.from)}`;
  let socketAhead = options.ahead ?? null;
  let jobsAhead = options.ahead?.jobs ?? null;
  return {
    coresMax: Math.max(1, navigator.hardwareConcurrency || 1),
    secure: globalThis.isSecureContext,
    webgpu: site === null && 'gpu' in navigator,
    gpuUse: options.gpuUse ?? 'auto',
    origin: location.origin,
    site,
    now: () => Date.now(),
    random: () => Math.random(),
    engine: (backend) => browserEngine(backend, backend === 'wasm' ? takeWorker(options.ahead) : null),
    socket: (url) => {
      const ahead = socketAhead;
      socketAhead = null;
      return (ahead === null ? null : heardAgain(ahead)) ?? new WebSocket(url + query);
    },
    takeJobs: () => {
      const ahead = jobsAhead;
      jobsAhead = null;
      return ahead;
    },
    openOutbox: () => openOutbox(site),
    recall: () => recall(key),
    remember: (consent) => remember(key, consent),
    recallProofs: () => recallProofs(proofsKey, Date.now(), navigator.userAgent),
    rememberProof: (program) => rememberProof(proofsKey, program, Date.now(), navigator.userAgent),
    takeTurn: (steal, lost) => takeTurn(nameFor(lockName, site), steal, lost),
    whenIdle,
    watch,
  };
}

/** The worker that was begun ahead, once. */
function takeWorker(ahead: Ahead | null | undefined): Worker | null {
  const worker = ahead?.worker ?? null;
  if (ahead !== null && ahead !== undefined) delete ahead.worker;
  return worker;
}

/** A socket that was opened ahead, which says again what it said before anybody listened; null when it has closed. */
function heardAgain({ socket, heard }: Ahead): WebSocket | null {
  if (socket.readyState > WebSocket.OPEN) return null;
  socket.onmessage = null;
  // Whoever takes it listens by then, and nothing new can come in between.
  queueMicrotask(() => {
    for (const data of heard) socket.dispatchEvent(new MessageEvent('message', { data }));
  });
  return socket;
}

/** Storage that a browser may forbid altogether, in which case nobody is remembered. */
function recall(key: string): RememberedConsent | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (typeof value !== 'object' || value === null) return null;
    const { text, language, at, running } = value as Partial<RememberedConsent>;
    if (
      typeof text !== 'string' ||
      typeof language !== 'string' ||
      typeof at !== 'number' ||
      typeof running !== 'boolean'
    )
      return null;
    return { text, language, at, running };
  } catch {
    return null;
  }
}

function remember(key: string, consent: RememberedConsent | null): void {
  try {
    if (consent === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(consent));
  } catch {
    // The visitor will be asked again.
  }
}

/** Web Locks need a secure context; without them the coordinator's `elsewhere` keeps one tab at a time. */
async function takeTurn(name: string, steal: boolean, lost: () => void): Promise<Turn | null> {
  if (!('locks' in navigator)) return { end: () => {} };
  return new Promise((resolve) => {
    let mine = false;
    let ended = false;
    const hold = (lock: Lock | null): Promise<void> | void => {
      if (lock === null) return resolve(null);
      mine = true;
      return new Promise((end) => {
        resolve({
          end: () => {
            ended = true;
            end();
          },
        });
      });
    };
    const asked = navigator.locks.request(name, steal ? { steal } : { ifAvailable: true }, hold);
    // A lock that is stolen rejects; one that was never had means that locks do not work here.
    asked.catch(() => {
      if (!mine) resolve({ end: () => {} });
      else if (!ended) lost();
    });
  });
}

/** A page that is never idle is not kept waiting for ever. */
const idleMsMax = 60_000;

/** Safari has no idle callbacks. */
function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(work, { timeout: idleMsMax });
  else setTimeout(work, 0);
}

function watch({ online, closing, shown }: Surroundings): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  addEventListener('online', () => online(true), { signal });
  addEventListener('offline', () => online(false), { signal });
  addEventListener('pagehide', closing, { signal });
  addEventListener('pageshow', shown, { signal });
  // Timers of a hidden page run late: a reconnect that was put off need not wait any longer.
  document.addEventListener(
    'visibilitychange',
    () => document.visibilityState === 'visible' && online(navigator.onLine),
    { signal },
  );
  if (!navigator.onLine) queueMicrotask(() => online(false));
  return () => listening.abort();
}
