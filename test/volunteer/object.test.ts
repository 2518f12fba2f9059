/** Somebody without a page whose answer was found wrong: told what was claimed and what is right, and heard, by the command line. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { objectionsPerGroupMax } from '../../src/coordinator/http-objections.ts';
import type { FindingView, ObjectionView } from '../../src/wire/objections.ts';
import { cheapShelf } from '../coordinator/cheap.ts';
import { closeAll, disproved, listed, start, told } from '../coordinator/objecting.ts';
import { shelf as realShelf, submit } from '../coordinator/under-audit.ts';
import type { Identity } from '../coordinator/volunteer.ts';
import { identity } from '../coordinator/volunteer.ts';
import { talka } from './command.ts';
import { freshFolder } from './house.ts';

let folder: ReturnType<typeof freshFolder> | null = null;
afterEach(async () => {
  await closeAll();
  folder?.remove();
  folder = null;
});

/** A folder as `talka volunteer` keeps it, with this identity. */
function folderOf({ privateKey, publicKey, account }: Identity): string {
  folder = freshFolder();
  const seed = String(privateKey.export({ format: 'jwk' }).d);
  mkdirSync(folder.path, { recursive: true });
  const kept = JSON.stringify({ version: 1, seed, publicKey, account });
  writeFileSync(join(folder.path, 'identity.json'), kept);
  return folder.path;
}

/** What a terminal says of each wrong unit. */
const unitLines = ({ wrong, claimed, right }: FindingView): string[] =>
  wrong.map((unit, i) => `  unit ${unit}: claimed ${claimed?.[i] ?? '?'}, right ${right[i] ?? '?'}\n`);

describe('talka object', () => {
  it('shows what was claimed and what is right, objects once, and shows what the operator answered', async () => {
    const house = await start();
    const { liar, job } = await disproved(house);
    const [finding] = (await told(house, liar.who)) as [FindingView];
    const command = ['object', '--url', house.url, '--data', folderOf(liar.who)];
    const shown = await talka(command);
    expect([shown.code, shown.err]).toEqual([1, '']);
    expect(shown.out).toContain(`not right: a core: chunk 0 of ${job.job}, unit`);
    for (const line of unitLines(finding)) expect(shown.out).toContain(line);
    expect(shown.out).toContain('Nobody can be asked here');
    expect((await listed(house)).objections).toEqual([]);
    const sent = await talka([...command, '--text', 'My memory is\tfine.\r\nLook again.']);
    expect([sent.code, sent.err]).toEqual([0, '']);
    for (const line of unitLines(finding)) expect(sent.out).toContain(line);
    expect(sent.out).toMatch(/Sent; the coordinator took it at 20\d\d-/);
    const [objection] = (await listed(house)).objections as [ObjectionView];
    expect(objection).toMatchObject({ account: liar.who.account, text: 'My memory is fine.\nLook again.' });
    const twice = await talka([...command, '--text', 'again']);
    expect([twice.code, twice.out.includes('You objected to that already')]).toEqual([1, true]);
    await house.operator(`/objections/${objection.id}`, { answer: 'No.', readmit: false });
    const answered = await talka(command);
    expect([answered.code, answered.err]).toEqual([0, '']);
    expect(answered.out).toContain('you objected: My memory is fine.\n    Look again.\n');
    expect(answered.out).toContain('the operator answered: No.\n');
    await house.operator(`/objections/${objection.id}`, { answer: 'Yes, it was us.', readmit: true });
    const over = await talka(command);
    expect(over.out).toContain('the operator answered: Yes, it was us.\n  and lets this machine in again\n');
    expect([over.code, over.out.includes('there is nothing to object to')]).toEqual([1, true]);
    await liar.end();
  });

  it('says that there is nothing to object to, or nobody who could, and makes nothing', async () => {
    const house = await start();
    const clean = await talka(['object', '--url', house.url, '--data', folderOf(identity()), '--text', 'no']);
    expect(clean).toEqual({
      code: 1,
      out: 'Nothing that was found keeps this machine away: there is nothing to object to.\n',
      err: '',
    });
    folder?.remove();
    folder = freshFolder();
    const nobody = await talka(['object', '--url', house.url, '--data', folder.path, '--text', 'no']);
    const line = `talka: there is no identity in ${folder.path}: talka volunteer makes one\n`;
    expect(nobody).toEqual({ code: 1, out: '', err: line });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('says why the coordinator does not take it, or that it does not answer', async () => {
    const house = await start();
    const { liar } = await disproved(house);
    const { device, account } = liar.who;
    const joins = (who: { device: string; account: string }): Promise<unknown> =>
      house.runtime.run({ c: 'join', ...who, site: null, group: 'g7', role: 'volunteer' });
    for (let i = 0; i < objectionsPerGroupMax; i++) {
      const one = { device: `device of ${i}`, account: `account of ${i}` };
      await joins(one);
      const words = { backend: 'wasm' as const, job: 'j7', chunk: i, at: i, text: 'no' };
      house.house.side.keepObjection({ ...one, ...words, tick: i + 1 });
    }
    await joins({ device, account });
    const command = ['object', '--url', house.url, '--data', folderOf(liar.who)];
    const full = await talka([...command, '--text', 'no']);
    expect([full.code, full.err]).toEqual([
      1,
      `talka: the coordinator does not take it: network-full: ${objectionsPerGroupMax} from this network wait already\n`,
    ]);
    const long = await talka([...command, '--text', 'x'.repeat(501)]);
    expect([long.code, long.out.includes('501 characters, and 500 at most')]).toEqual([1, true]);
    await liar.end();
    await closeAll();
    const gone = await talka([...command, '--text', 'no']);
    expect([gone.code, gone.out]).toEqual([1, '']);
    expect(gone.err).toContain(`talka: ${house.url} does not answer`);
  });
});

describe('talka volunteer', () => {
  it('says what this machine claimed and what is right where it is away, also for what it did not hear', async () => {
    const house = await start({ shelf: new Map([...cheapShelf, ...realShelf]) });
    const { liar } = await disproved(house);
    const [finding] = (await told(house, liar.who)) as [FindingView];
    await liar.end();
    await submit(house);
    const where = ['--url', house.url, '--data', folderOf(liar.who)];
    const { code, out, err } = await talka(['volunteer', ...where, '--cores', '1', '--for', '4', '--yes']);
    expect([code, err]).toEqual([0, '']);
    for (const line of unitLines(finding)) expect(out.split(line), 'it is said once').toHaveLength(2);
    expect(out).toContain(`talka object --url ${house.url} says that you think otherwise`);
  });
});
