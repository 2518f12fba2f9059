/** Watches how a page comes to its choice of backend: what its engines were measured on, and what its GPU asks for. */
import type { BrowserContext, Page } from 'playwright-core';

/** Goes before the page's own program: every answer to an engine's `measure` is noted, as `backend job`. */
const watch = `
  globalThis.talkaMeasured = [];
  globalThis.Worker = class extends Worker {
    #backend = '';
    #waiting = new Map();
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        const job = this.#waiting.get(data?.id);
        if (this.#waiting.delete(data?.id) && data.value?.ok) talkaMeasured.push(this.#backend + ' ' + job);
      });
    }
    postMessage(message, ...rest) {
      const [call] = message?.path ?? [];
      const [first] = message?.argumentList ?? [];
      if (call === 'start') this.#backend = first?.value;
      if (call === 'measure') this.#waiting.set(message.id, first?.value);
      super.postMessage(message, ...rest);
    }
  };
`;

export async function watchMeasuring(context: BrowserContext): Promise<void> {
  await context.addInitScript(watch);
}

/** `backend job`, in the order in which they were measured. */
export async function measuredIn(page: Page): Promise<readonly string[]> {
  return (await page.evaluate('talkaMeasured')) as string[];
}

/** The kernels of each wish of the page's GPU, kept up to date: a wish stands in clear in text and binary frames. */
export function wishesOfGpu(page: Page): readonly (readonly string[])[] {
  const wishes: string[][] = [];
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      for (const [, rates] of payload.toString().matchAll(/"backend":"webgpu","rates":(\{[^}]*\})/g))
        wishes.push(Object.keys(JSON.parse(rates ?? '{}') as object));
    }),
  );
  return wishes;
}
