/** Do bad days cost nobody anything: tabs closed, reloaded and crashed, networks gone, the coordinator stopped and killed, two tabs of one person? */
import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { words } from '../../src/app/words/en.ts';
import { whyNo } from '../browser/browsers.ts';
import { Cable } from '../cable.ts';
import { Door, freePort, freshFolder, holds, openApart } from './house.ts';
import type { Apart } from './house.ts';
import { factoring } from './orders.ts';
import { Person, pressMain } from './person.ts';
import { stage } from './stage.ts';
import { toldIn } from './told.ts';
import type { Told } from './told.ts';

const { plain, heading } = words.work;

/** Nobody was wronged: every chunk settled, no honest answer lost, no message held against anybody. */
function allIsWell(told: Told, chunks: number): void {
  expect(told.settlements.length).toBe(chunks);
  expect(told.refuted).toBe(0);
  expect(told.misdeeds).toBe(0);
}

/** What a browser kept of a visit: results on their way, and leases with chunks still to compute. */
interface Kept {
  readonly results: number[];
  readonly leases: { readonly lease: number; readonly count: number; readonly done: number }[];
}

const readKept = `new Promise((resolve, reject) => {
  const opening = indexedDB.open('talka');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction(['results', 'leases']);
    const results = reading.objectStore('results').getAllKeys();
    const leases = reading.objectStore('leases').getAll();
    reading.oncomplete = () => {
      opening.result.close();
      resolve({ results: results.result, leases: leases.result });
    };
  };
})`;

/** The processes in which this person's tabs are, as long as nobody else has any: stopped, nothing in them runs, as where a browser freezes a tab. */
async function tabProcesses({ context }: Person): Promise<number[]> {
  const browser = await context.browser()?.newBrowserCDPSession();
  const { processInfo = [] } = (await browser?.send('SystemInfo.getProcessInfo')) ?? {};
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

/** Tells them all; one that the browser kept in store may be gone meanwhile. */
function tellAll(processes: readonly number[], which: 'SIGSTOP' | 'SIGCONT'): void {
  for (const id of processes)
    try {
      kill(id, which);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
}

describe.skipIf(whyNo.chromium() !== null)('bad days', () => {
  const scene = stage();

  it('a tab is closed in the middle: its chunks go back at once and others finish the job', async () => {
    const house = await scene.house();
    const { job, chunks } = await house.door.submit(factoring(40, 100));
    const ona = await scene.person(house.door.url);
    await scene.person(house.door.url);
    const account = await ona.account();
    await ona.computed(6);
    await holds('the tab holds chunks', () => house.heldBy(account) > 0);
    await ona.page.close();
    await holds('nothing is leased to the closed tab', () => house.heldBy(account) === 0, 10_000);
    await scene.person(house.door.url);
    await house.door.finished(job);
    const told = await scene.told(house);
    allIsWell(told, chunks);
    // Others may be too slow for what they hold where the machine has much else to do; the closed tab held nothing.
    expect(told.of('expired').filter((event) => event.account === account)).toEqual([]);
    expect(
      told
        .of('returned')
        .filter((event) => event.account === account)
        .map(({ why }) => why),
    ).toContain('closing');
    expect(told.paidMicro(account)).toBeGreaterThan(0);
  });

  it('[WR13] a tab is closed while its ask is on its way: what the ask brings goes back too', async () => {
    const port = await freePort();
    const house = await scene.house({ allowOrigins: [`http://127.0.0.1:${port}`] });
    const cable = await Cable.lay(port, () => Number(new URL(house.door.url).port));
    try {
      const { job, chunks } = await house.door.submit(factoring(60, 40));
      const ona = await scene.person(cable.url);
      await scene.person(house.door.url);
      const account = await ona.account();
      await ona.computed(2);
      // From here on she is heard and hears nothing.
      cable.silence('down');
      // What she has heard of is on her disk within a moment; the lease may also have been on its way already.
      const unheard = async (): Promise<boolean> => {
        const { state } = house.running.runtime;
        const hers = [...state.leases.values()].filter(
          ({ device, left }) => left > 0 && state.devices.get(device)?.account === account,
        );
        await sleep(500);
        const { leases } = (await ona.ask(readKept)) as Kept;
        const known = new Set(leases.map(({ lease }) => lease));
        return hers.some(({ id }) => !known.has(id) && (state.leases.get(id)?.left ?? 0) > 0);
      };
      await holds('she is leased what she has not heard of', unheard);
      await ona.page.close();
      await holds('nothing is leased to the closed tab', () => house.heldBy(account) === 0, 10_000);
      await scene.person(house.door.url);
      await house.door.finished(job);
      const told = await scene.told(house);
      allIsWell(told, chunks);
      expect(told.of('expired').filter((event) => event.account === account)).toEqual([]);
    } finally {
      await cable.close();
    }
  });

  it('a reload in the middle: the same account goes on without being asked', async () => {
    const house = await scene.house();
    const { job, chunks } = await house.door.submit(factoring(30, 100));
    const ona = await scene.person(house.door.url);
    const jonas = await scene.person(house.door.url);
    const account = await ona.account();
    await ona.computed(5);
    await ona.page.reload();
    await ona.stands(heading.running);
    expect(await ona.account()).toBe(account);
    await ona.computed(2);
    await house.door.finished(job);
    const both = [account, await jonas.account()].sort();
    const told = await scene.told(house);
    allIsWell(told, chunks);
    for (const { accounts } of told.settlements) expect([...accounts].sort()).toEqual(both);
  });

  it('a tab that crashes offline loses nothing: what was computed is sent, what was leased is computed', async () => {
    const house = await scene.house();
    const { job, chunks } = await house.door.submit(factoring(40, 120));
    const ona = await scene.person(house.door.url);
    await scene.person(house.door.url);
    const account = await ona.account();
    await ona.computed(6);
    await ona.context.setOffline(true);
    // The page says what it computed; what a crash leaves is what the browser has stored of it by then.
    await holds('results wait in the browser', async () => {
      const { results } = (await ona.ask(readKept)) as Kept;
      return results.length > 0 && /[1-9][0-9]* results? on the way/.test(await ona.text());
    });
    await ona.page.goto('chrome://crash').catch(() => null);
    await ona.page.close();
    await ona.context.setOffline(false);
    ona.turnTo(await ona.context.newPage());
    await ona.page.goto(`${house.door.url}/leaderboard.html`);
    const kept = (await ona.ask(readKept)) as Kept;
    const leased = kept.leases.flatMap(({ lease, count, done }) =>
      Array.from({ length: count - done }, (_, i) => lease + done + i),
    );
    expect(kept.results.length).toBeGreaterThan(0);
    expect(leased.length).toBeGreaterThan(0);
    await ona.page.goto(house.door.url);
    await ona.stands(heading.running);
    expect(await ona.account()).toBe(account);
    await ona.computed(leased.length);
    // A lease that was on its way when the network went never came: only its deadline frees it.
    house.passMs(60_000);
    await house.door.finished(job);
    const told = await scene.told(house);
    allIsWell(told, chunks);
    const committed = told
      .of('committed')
      .filter((event) => event.account === account)
      .map(({ replica }) => replica);
    expect(committed).toEqual(expect.arrayContaining([...kept.results, ...leased]));
  });

  it('offline for a while: the page says so, keeps what it made, and goes on when the network is back', async () => {
    const house = await scene.house();
    const { job, chunks } = await house.door.submit(factoring(30, 100));
    const ona = await scene.person(house.door.url);
    await scene.person(house.door.url);
    await ona.computed(4);
    await ona.context.setOffline(true);
    await ona.says(plain.offline);
    await ona.context.setOffline(false);
    await house.door.finished(job);
    allIsWell(await scene.told(house), chunks);
  });

  it('a tab that the browser freezes is no fraud: others take its chunks, and it goes on where it was', async () => {
    const house = await scene.house({ anchorShare: 0.5 });
    const policy = { kind: 'audit', windowUnits: 1_000_000, leaverUnits: 1_000_000 } as const;
    const { job, chunks } = await house.door.submit({ ...factoring(60, 100), policy });
    const ona = await scene.person(house.door.url);
    const account = await ona.account();
    await ona.computed(4);
    const processes = await tabProcesses(ona);
    // What was on its way arrives; then nothing moves any more. It may have been between two leases.
    await holds('it is frozen while it holds chunks', async () => {
      tellAll(processes, 'SIGSTOP');
      await sleep(2_000);
      if (house.heldBy(account) > 0) return true;
      tellAll(processes, 'SIGCONT');
      return false;
    });
    let committed = 0;
    house.running.runtime.listeners.add(({ batch }) => {
      for (const event of batch.events) if (event.e === 'committed' && event.account === account) committed++;
    });
    await sleep(2_000);
    expect(committed).toBe(0);
    expect(house.heldBy(account)).toBeGreaterThan(0);
    house.passMs(10 * 60_000);
    await holds('its leases have run out', () => house.heldBy(account) === 0);
    const jonas = await scene.person(house.door.url);
    await jonas.computed(4);
    tellAll(processes, 'SIGCONT');
    await holds('it goes on', () => committed > 0, 30_000);
    await house.door.finished(job);
    const told = await scene.told(house);
    allIsWell(told, chunks);
    expect(told.of('expired').filter((event) => event.account === account).length).toBeGreaterThan(0);
    expect(told.of('disproved')).toEqual([]);
    expect(told.paidMicro(account)).toBeGreaterThan(0);
  });

  it('the coordinator is stopped, and later killed, while two pages compute: they come back and nothing is paid twice', async () => {
    const dataDir = freshFolder();
    const options = {
      port: await freePort(),
      dataDir,
      webDir: scene.folder,
      seed: 'none',
      anchorShare: 0,
    } as const;
    let apart: Apart = await openApart(options);
    const { url, token } = apart.listening;
    const door = new Door(url, token ?? '');
    const { job, chunks, priceMicro } = await door.submit(factoring(60, 100));
    const people = [await scene.person(url), await scene.person(url)];
    try {
      for (const [signal, least] of [
        ['SIGTERM', 4],
        ['SIGKILL', 14],
      ] as const) {
        for (const person of people) await person.computed(least);
        await apart.end(signal);
        for (const person of people) await person.says(words.here.unreachable);
        apart = await openApart(options);
        expect(apart.listening).toEqual({ url, token: null });
        for (const person of people) await person.says(words.work.connection.open);
      }
      await door.finished(job);
      const accounts = [];
      for (const person of people) accounts.push(await person.account());
      for (const { faults } of people) expect(faults).toEqual([]);
      await scene.leave();
      await apart.end('SIGTERM');
      const told = await toldIn(dataDir);
      allIsWell(told, chunks);
      expect(accounts.map((account) => told.paidMicro(account))).toEqual([priceMicro / 2, priceMicro / 2]);
    } finally {
      await apart.end('SIGKILL');
    }
  });

  it('two tabs of one person: one computes, the other says so and can take over', async () => {
    const house = await scene.house();
    const { job, chunks } = await house.door.submit(factoring(40, 100));
    const ona = await scene.person(house.door.url);
    const account = await ona.account();
    await ona.computed(2);
    const second = new Person(ona.context, await ona.context.newPage());
    await second.page.goto(house.door.url);
    await second.says(plain.elsewhere);
    expect(await second.heading()).toBe(heading.stopped);
    await ona.computed((await ona.chunks()) + 2);
    await pressMain(second, words.start.resume);
    await second.stands(heading.running);
    await ona.says(plain.elsewhere);
    expect(await second.account()).toBe(account);
    await scene.person(house.door.url);
    await house.door.finished(job);
    expect(second.faults).toEqual([]);
    const told = await scene.told(house);
    allIsWell(told, chunks);
    expect(new Set(told.of('joined').map((event) => event.account)).size).toBe(2);
  });
});
