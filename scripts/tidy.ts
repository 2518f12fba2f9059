/**
 * Prints what the house rules find. `--update` lowers the length ratchet to today's lengths; `--accept` also
 * takes in what has become too long, which a reviewer then sees.
 */
import { brokenArrows, cycles, worldInPureRooms } from './tidy/arrows.ts';
import { isThere, readHouse, readProse } from './tidy/house.ts';
import { readRatchet, writeRatchet } from './tidy/ratchet.ts';
import { bannedNames, deadLinks, grown, overLong, turned, withoutOpening } from './tidy/rules.ts';

const given = process.argv.slice(2);
const files = readHouse();
const now = overLong(files);
if (given.includes('--update') || given.includes('--accept')) {
  writeRatchet(turned(now, readRatchet(), given.includes('--accept')));
}
const findings = [
  ...brokenArrows(files),
  ...worldInPureRooms(files),
  ...bannedNames(files),
  ...withoutOpening(files),
  ...readProse().flatMap(({ path, text }) => deadLinks(path, text, isThere)),
].map(({ path, line, says }) => `${path}:${line}: ${says}`);
const rings = cycles(files).map((ring) => `cycle: ${[...ring, ring[0]].join(' → ')}`);
const all = [...findings, ...rings, ...grown(now, readRatchet())];
for (const line of all) console.log(line);
console.log(`${files.length} files, ${all.length} findings`);
process.exitCode = all.length === 0 ? 0 : 1;
