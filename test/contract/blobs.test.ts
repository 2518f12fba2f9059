/** Runs the suite of blobs on each implementation, and what only a folder can be asked. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FolderBlobs, MemoryBlobs } from '../../src/coordinator/blobs.ts';
import { blobsSuite } from './blobs.ts';

const dir = mkdtempSync(join(tmpdir(), 'talka-blobs-'));
afterAll(() => rmSync(dir, { recursive: true }));
let folders = 0;

blobsSuite('memory', async () => new MemoryBlobs());
blobsSuite('folder', async () => new FolderBlobs(join(dir, String(folders++))));

test('a blob whose file was spoilt is not served, and can be put again', async () => {
  const folder = join(dir, 'spoilt');
  mkdirSync(folder);
  const blobs = new FolderBlobs(folder);
  const digest = await blobs.put(Buffer.from('whole'));
  writeFileSync(join(folder, digest), 'half');
  expect(await blobs.get(digest)).toBeNull();
  await blobs.put(Buffer.from('whole'));
  expect(Buffer.from((await blobs.get(digest)) as Uint8Array).toString()).toBe('whole');
  expect(readdirSync(folder)).toEqual([digest]);
});
