/**
 * The neighbours of `npm run dev`: a few real volunteers with accounts of their own, gentle enough to work beside.
 * They leave, giving back what they hold, when whoever started them lets go of the line between the two.
 *
 * Started by scripts/dev.mjs with an IPC channel: neighbours.ts URL FOLDER COUNT
 */
import { join } from 'node:path';
import process from 'node:process';
import { nodePlatform } from '../../src/volunteer/platform-node.ts';
import { createVolunteer } from '../../src/volunteer/volunteer.ts';

const [url = '', folder = '', count = '0'] = process.argv.slice(2);

/** One core each, and so much of its time: three of them leave more than half of a core free. */
const share = 0.15;

const text =
  'The person who ran `npm run dev` computes here, as neighbours made up for looking at the pages.';

const neighbours = Array.from({ length: Number(count) }, (_, i) =>
  createVolunteer({ url, platform: nodePlatform({ url, folder: join(folder, String(i + 1)), gpu: false }) }),
);

/** Gives everything back; the process ends when nothing is left to do, or soon after in any case. */
function leave(): void {
  for (const { actions } of neighbours) actions.leave();
  void Promise.all(neighbours.map(({ actions }) => actions.finish())).then(() => process.exit(0));
  setTimeout(() => process.exit(1), 3000).unref();
}

// Ctrl-C reaches everybody in the terminal; whoever started us says when it is our turn.
process.on('SIGINT', () => {});
process.once('SIGTERM', leave);
process.once('disconnect', leave);

for (const { actions } of neighbours) {
  actions.configure({ cores: 1, gpu: false, share });
  await actions.start({ text, language: 'en' });
}
