/** Times a visit from outside, on the browser's own clock: from the navigation's first request to words on its WebSocket. */
import type { CDPSession, Page } from 'playwright-core';

/** When each thing first happened, in ms after the document was asked for. */
export type Milestones = Readonly<Record<string, number>>;

/** A word on the WebSocket: its direction and text ('' where it is binary). */
export interface Word {
  readonly up: boolean;
  readonly text: string;
}

/** Names the milestone that a word is, if any; the first of each name counts. */
export type Namer = (word: Word) => string | null;

interface Stamped {
  readonly timestamp: number;
}

/**
 * Opens an address and waits for the last milestone. `prepare` may throttle. The clock is the browser's, the same
 * for requests and frames, so that nothing of this program is measured.
 */
export async function timeVisit(
  page: Page,
  url: string,
  name: Namer,
  last: string,
  prepare: (session: CDPSession) => Promise<void>,
): Promise<Milestones> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await prepare(session);
  const found: Record<string, number> = {};
  let startMs: number | null = null;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no '${last}' within a minute; there was ${JSON.stringify(found)}`)),
      60_000,
    );
    const note = (what: string | null, { timestamp }: Stamped): void => {
      if (what === null || startMs === null || what in found) return;
      found[what] = timestamp * 1000 - startMs;
      if (what !== last) return;
      clearTimeout(timer);
      resolve(found);
    };
    session.on('Network.requestWillBeSent', (event) => {
      if (event.type === 'Document') startMs ??= event.timestamp * 1000;
      else note(requestName(event.request.url), event);
    });
    session.on('Network.webSocketHandshakeResponseReceived', (event) => note('socket open', event));
    session.on('Network.webSocketFrameReceived', (event) =>
      note(name({ up: false, text: textOf(event.response) }), event),
    );
    session.on('Network.webSocketFrameSent', (event) =>
      note(name({ up: true, text: textOf(event.response) }), event),
    );
    page.goto(url, { waitUntil: 'commit' }).catch(reject);
  });
}

function textOf({ opcode, payloadData }: { readonly opcode: number; readonly payloadData: string }): string {
  return opcode === 1 ? payloadData : '';
}

/** The requests that tell how far loading is. */
function requestName(url: string): string | null {
  const { pathname } = new URL(url);
  if (pathname.startsWith('/assets/volunteer-')) return 'volunteer asked for';
  if (pathname.startsWith('/assets/compute.worker-')) return 'worker asked for';
  if (pathname === '/api/jobs') return 'jobs asked for';
  return pathname.startsWith('/blobs/') ? 'first blob asked for' : null;
}
