/**
 * What a page that works for a real coordinator, in another process, makes of its GPU: units a second that the coordinator has accepted,
 * with the chunks of the demonstrations and with ones as long as suit the card.
 */
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import type { Kernel } from '../../src/kernels/kernel.ts';
import { encodeInput, specForBits } from '../../src/kernels/mersenne-tf/index.ts';
import { demoScene } from '../../src/kernels/path-trace/demo.ts';
import { encodeInput as encodeScene } from '../../src/kernels/path-trace/index.ts';
import type { JobView } from '../../src/wire/views.ts';
import { Door, freshFolder, openApart, sweep, until } from '../../test/e2e/house.ts';
import { pressStart, visit } from '../../test/e2e/person.ts';
import { median } from '../measure.ts';

const windows = 3;
const windowMs = 3_000;
/** From the first accepted chunk: speeds are measured, leases have grown and a first window of trust is on its way. */
const warmMs = 5_000;
/** A page has proved its GPU by then, an emulated one included. */
const startMsMax = 120_000;

/** Jobs of the demonstrations' kind that no card is through with while it is watched. */
const inputs: ReadonlyMap<string, () => Uint8Array> = new Map([
  ['mersenne-tf@1', () => encodeInput(specForBits(332_193_149, 67, 72))],
  ['path-trace@1', () => encodeScene(demoScene(1280, 800, 384, 72))],
]);

/** `query`: what follows the page's address. */
export async function workedUnitsPerSecond(
  browser: Browser,
  kernel: Kernel,
  unitsPerChunk: number,
  query: string,
): Promise<number> {
  const input = inputs.get(kernel.id)?.();
  if (input === undefined) throw new Error(`no long job is known for ${kernel.id}`);
  const webDir = fileURLToPath(new URL('../../dist/web/', import.meta.url));
  const apart = await openApart({ port: 0, dataDir: freshFolder(), webDir, seed: 'none', anchorShare: 0 });
  try {
    const { url, token } = apart.listening;
    const door = new Door(url, token ?? '');
    const words = { title: 'Work for a graphics card', policy: { kind: 'audit' as const } };
    const { job } = await door.submit({ kernel: kernel.id, input, unitsPerChunk, ...words });
    const units = async (): Promise<number> => brought(await door.job(job)) * unitsPerChunk;
    const context = await browser.newContext({ locale: 'en-US' });
    const person = await visit(browser, url, query, context);
    await pressStart(person);
    const first = async (): Promise<{ is: true } | { not: string }> =>
      (await units()) > 0 ? { is: true } : { not: await person.heading() };
    await until('a chunk is accepted', first, startMsMax);
    await sleep(warmMs);
    const rates: number[] = [];
    for (let i = 0; i < windows; i++) rates.push(await rateOf(units));
    await context.close();
    return median(rates);
  } finally {
    await apart.end('SIGKILL');
    sweep();
  }
}

const brought = ({ committed, accepted, final }: JobView): number => committed + accepted + final;

/** Per second, over one window. */
async function rateOf(count: () => Promise<number>): Promise<number> {
  const [before, startMs] = [await count(), performance.now()];
  await sleep(windowMs);
  const [after, endMs] = [await count(), performance.now()];
  return (1000 * (after - before)) / (endMs - startMs);
}
