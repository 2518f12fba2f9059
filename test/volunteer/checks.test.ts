/** What the coordinator claims about its log and its payments is checked: a real log passes, a rewritten one and a forged receipt do not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import { logExtends, leafOf } from '../../src/volunteer/checks.ts';
import type { ReceiptWord, TreeHead } from '../../src/wire/volunteer.ts';
import { agreed, freshFolder, joinHouse, startHouse, submitJob, until } from './house.ts';

describe('what a volunteer checks', () => {
  let house: RunningCoordinator;
  let other: RunningCoordinator;
  const folder = freshFolder();
  const receipts: ReceiptWord[] = [];
  const heads: TreeHead[] = [];
  let otherHead: TreeHead;

  const headOf = async ({ url }: RunningCoordinator): Promise<TreeHead> => {
    const { size, root } = (await (await fetch(`${url}/api/log/head`)).json()) as TreeHead;
    return { size, root };
  };

  beforeAll(async () => {
    house = await startHouse({ graceMs: 0 });
    other = await startHouse({ graceMs: 0 });
    for (const one of [house, other]) await submitJob(one, one.operatorToken ?? '', { units: 60, quorum: 1 });
    heads.push(await headOf(house));
    // A volunteer whose socket is overheard.
    const listen = (address: string): WebSocket => {
      const socket = new WebSocket(address);
      socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
        for (const word of [JSON.parse(data) as ReceiptWord | ReceiptWord[]].flat())
          if (word.t === 'receipt' && word.settled.length > 0) receipts.push(word);
      });
      return socket;
    };
    const volunteer = joinHouse(house.url, folder.path, 1, { socket: listen });
    await volunteer.actions.start(agreed);
    await until(volunteer, ({ chunks }) => chunks.final === 30);
    await volunteer.actions.finish();
    heads.push(await headOf(house));
    for (let i = 0; i < 20; i++) await submitJob(other, other.operatorToken ?? '', { units: 2 + i });
    otherHead = await headOf(other);
  });
  afterAll(async () => {
    await house.close();
    await other.close();
    folder.remove();
  });

  const proof = async ({ url }: RunningCoordinator, from: number, to: number): Promise<unknown> =>
    (await fetch(`${url}/api/log/consistency?from=${from}&to=${to}`)).json();

  it('a log that grew extends the one that was remembered', async () => {
    const [before, after] = heads as [TreeHead, TreeHead];
    expect(after.size).toBeGreaterThan(before.size + 10);
    expect(logExtends(before, after, await proof(house, before.size, after.size))).toBe(true);
  });

  it('another history of the same house does not, whatever proof it brings', async () => {
    const [before] = heads as [TreeHead];
    expect(otherHead.size).toBeGreaterThan(before.size);
    expect(logExtends(before, otherHead, await proof(other, before.size, otherHead.size))).toBe(false);
    expect(logExtends(before, otherHead, { path: [] })).toBe(false);
    expect(logExtends(before, otherHead, { refused: 'out-of-range' })).toBeNull();
  });

  it('a receipt holds under the coordinator’s key, and no number in it can be changed', async () => {
    const { device, account } = [...house.runtime.state.devices]
      .map(([id, { account: owner, role }]) => ({ device: id, account: owner, role }))
      .find(({ role }) => role === 'volunteer') ?? { device: '', account: '' };
    const to = { coordinator: house.house.keys.coordinator.publicText, account, device, site: null };
    expect(receipts.length).toBeGreaterThan(0);
    for (const receipt of receipts) expect(await leafOf(receipt, to)).toMatch(/^\["talka\/receipt\/3",/);
    const receipt = receipts[0] as ReceiptWord;
    const [settled] = receipt.settled;
    const { tick } = receipt;
    if (settled === undefined || tick === null) throw new Error('the receipt pays');
    const more = { ...settled, amountMicro: settled.amountMicro * 2 };
    expect(await leafOf({ ...receipt, settled: [more] }, to)).toBeNull();
    expect(await leafOf({ ...receipt, tick: { ...tick, size: tick.size + 1 } }, to)).toBeNull();
    expect(await leafOf({ ...receipt, tick: null }, to)).toBeNull();
    expect(await leafOf(receipt, { ...to, coordinator: other.house.keys.coordinator.publicText })).toBeNull();
  });
});
