/** The outboxes of Node and of memory keep the contract; the folder is private and survives damage. (IndexedDB: in a real browser.) */
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeIdentity } from '../../src/volunteer/identity.ts';
import { memoryOutbox } from '../../src/volunteer/outbox-memory.ts';
import { openNodeOutbox } from '../../src/volunteer/outbox-node.ts';
import { outboxFaults, resultOf } from './outbox-contract.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'talka-outbox-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('outboxes', () => {
  it('memory keeps the contract as long as it lasts', async () => {
    const outbox = memoryOutbox();
    expect(await outboxFaults(async () => outbox, false)).toEqual([]);
  });

  it('a folder keeps the contract over reloads', async () => {
    expect(await outboxFaults(() => openNodeOutbox(folder, '127.0.0.1:8787'), true)).toEqual([]);
  });

  it('a folder is nobody else’s to read, and one identity serves all coordinators', async () => {
    const outbox = await openNodeOutbox(folder, 'a.example');
    const identity = await makeIdentity(true);
    await outbox.write([
      { set: 'identity', value: identity },
      { put: 'results', value: resultOf(4) },
    ]);
    const other = await (await openNodeOutbox(folder, 'b.example')).load();
    expect(other.identity).toEqual(identity);
    expect(other.results).toEqual([]);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true });
    for (const file of files)
      expect([file.name, statSync(join(file.parentPath, file.name)).mode & 0o077]).toEqual([file.name, 0]);
    expect(
      files
        .filter((file) => file.isFile())
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['4', 'identity.json']);
  });

  it('a result that goes while the folder is read is no fault: another process delivered it', async () => {
    const outbox = await openNodeOutbox(folder, 'a');
    for (let i = 1; i <= 200; i++) await outbox.write([{ put: 'results', value: resultOf(i) }]);
    const other = await openNodeOutbox(folder, 'a');
    const [kept] = await Promise.all([
      other.load(),
      outbox.write(Array.from({ length: 200 }, (_, i) => ({ drop: 'results' as const, id: i + 1 }))),
    ]);
    expect(kept.results.length).toBeLessThan(200);
  });

  it('a damaged result is dropped, a damaged identity is told in one line', async () => {
    const outbox = await openNodeOutbox(folder, 'a');
    await outbox.write([
      { put: 'results', value: resultOf(1, 500) },
      { put: 'results', value: resultOf(2) },
      { set: 'identity', value: await makeIdentity(true) },
    ]);
    truncateSync(join(folder, 'a', 'results', '1'), 400);
    expect((await (await openNodeOutbox(folder, 'a')).load()).results.map(({ replica }) => replica)).toEqual([
      2,
    ]);
    expect(readdirSync(join(folder, 'a', 'results'))).toEqual(['2']);
    writeFileSync(join(folder, 'identity.json'), '{"version":1');
    await expect(openNodeOutbox(folder, 'a')).rejects.toThrow(
      /identity\.json is not of this version of Talka/,
    );
  });
});
