/**
 * Shows the whole of Talka without a human: a fresh coordinator, two real browsers' people who press Start, two jobs
 * computed with WebAssembly and WebGPU, and a recount of the log. Exit code 0 only if all of it is right and it took at most three
 * minutes. Chromium is installed where the system allows it, before the clock starts.
 *
 * npm run demo [-- --keep FOLDER --hardware]
 *
 * Its GPU is made of software, so that every machine has one; with `--hardware` it is the machine's own.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { decode } from 'fast-png';
import { kernelOf } from '../src/kernels/catalogue.ts';
import { demoFactors, demoJob as factoringJob } from '../src/kernels/mersenne-tf/demo.ts';
import { demoJob as pictureJob } from '../src/kernels/path-trace/demo.ts';
import { decodeHead } from '../src/kernels/path-trace/index.ts';
import type { JobView, LeaderboardView } from '../src/wire/views.ts';
import { launchChromium, whyNo } from '../test/browser/browsers.ts';
import { faultsOfJobs, faultsOfPicture, faultsOfTiles, faultsOfReport, judgeTime } from './demo/judge.ts';
import { accountOn, bring } from './demo/people.ts';
import { recount } from './demo/recount.ts';
import type { Recount } from './demo/recount.ts';
import { developedHere, recomputeSome } from './demo/recompute.ts';
import { Watch } from './demo/share.ts';
import { installPrograms } from './test/programs.mjs';

/** From the coordinator's start to the last line; the measure is a machine of two cores. */
const minutesMax = 3;
/** Beside other programs we wait this long for the jobs, to tell late from never. */
const waitedMax = 3.5;
const shareBetweenPeopleMin = 0.9;
const names = ['Ona', 'Jonas'];
const hardware = process.argv.includes('--hardware');

const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** What was wrong, in sentences; empty when all is right. */
const faults: string[] = [];
const require = (holds: boolean, sentence: string): void => void (holds || faults.push(sentence));
const spentSeconds = (): number => (performance.now() - startedAt) / 1000;

/** Starts the coordinator as an operator would, and waits until it says where it is. */
function startCoordinator(dataFolder: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'dist/coordinator/main.mjs', '--seed-demo', 'demo'],
    {
      env: { ...process.env, PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataFolder },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  return new Promise((found, failed) => {
    let heard = '';
    child.stdout.on('data', (data: Buffer) => {
      heard += data.toString();
      const url = /https?:\/\/[\w.:[\]]+:\d+/.exec(heard)?.[0];
      if (url !== undefined) found({ child, url });
    });
    child.on('exit', (code) => failed(new Error(`the coordinator ended with ${code}: ${heard}`)));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null) return done();
    child.once('exit', () => done());
    child.kill('SIGTERM');
  });
}

async function jobsAt(url: string): Promise<JobView[]> {
  return ((await (await fetch(`${url}/api/jobs`)).json()) as { jobs: JobView[] }).jobs;
}

/** Watches until every job is finished; a line every ten seconds. */
async function watch(url: string): Promise<JobView[]> {
  let shownAt = -Infinity;
  for (;;) {
    watched.look();
    const jobs = await jobsAt(url);
    const line = jobs
      .map(({ kernel, accepted, final, chunks }) => `${kernel} ${accepted + final}/${chunks}, final ${final}`)
      .join('   ');
    const finished = jobs.length > 0 && jobs.every((job) => job.state === 'finished');
    if (finished || spentSeconds() - shownAt >= 10) {
      say(`  ${spentSeconds().toFixed(0).padStart(4)} s   ${line}`);
      shownAt = spentSeconds();
    }
    if (finished) return jobs;
    if (spentSeconds() > waitedMax * 60) {
      require(false, `the jobs were not finished within ${waitedMax} minutes`);
      return jobs;
    }
    await new Promise((next) => setTimeout(next, 1000));
  }
}

/** Fetches what the requester gets, and recomputes some units here with another engine instance. */
async function examine(url: string, jobs: readonly JobView[], folder: string): Promise<void> {
  faults.push(...faultsOfJobs(jobs));
  for (const job of jobs.filter(({ state }) => state === 'finished')) {
    const checked = await recomputeSome(url, job, 12);
    require(checked.wrong.length ===
      0, `units ${checked.wrong.join(', ')} of ${job.title} are not what the reference computes`);
    say(`\n${job.title}  (${job.kernel})`);
    say(
      `  ${job.chunks} chunks, ${job.units} units; ${checked.units} units recomputed here: ${checked.wrong.length === 0 ? (job.agreement === 'exact' ? 'the same bytes' : 'near enough, as the kernel measures it') : 'WRONG'}`,
    );
    if (job.result.report) {
      const report = await (await fetch(`${url}/api/jobs/${job.job}/report.txt`)).text();
      for (const line of report.trim().split('\n')) say(`  ${line}`);
      faults.push(
        ...faultsOfReport(report, { exponent: factoringJob('demo').exponent, factor: demoFactors.demo }),
      );
    }
    if (job.result.picture) {
      const bytes = new Uint8Array(
        await (await fetch(`${url}/api/jobs/${job.job}/picture.png`)).arrayBuffer(),
      );
      const file = join(folder, 'picture.png');
      writeFileSync(file, bytes);
      const picture = decode(bytes);
      const { width, height } = decodeHead(pictureJob('demo'));
      faults.push(...faultsOfPicture(picture, width, height));
      faults.push(...faultsOfTiles(picture, await developedHere(url, job)));
      say(`  picture ${picture.width} × ${picture.height}: ${file}`);
    }
  }
}

/** `nameOf`: whose account each is. */
function tell(told: Recount, board: LeaderboardView, nameOf: ReadonlyMap<string, string>): void {
  say('\nWho computed what (counted again from the log)');
  for (const share of told.shares) {
    if (share.chunks.size === 0) continue;
    const chunks = [...share.chunks].map(([key, count]) => `${key} ${count}`).join(', ');
    say(
      `  ${nameOf.get(share.account) ?? share.account}${share.anchor ? ' (the anchor)' : ''}  ${(share.creditMicro / 1e6).toFixed(1)} credits  ${chunks}`,
    );
    const row = board.rows.find(({ account }) => account === share.account);
    require(share.anchor ||
      row?.creditMicro === share.creditMicro, `the leaderboard and the log differ on ${share.account}`);
  }
  const settled = told.settledByPeople + told.settledWithAnchor;
  say(
    `  computed by people ${told.settledByPeople} of ${settled} chunks, with the anchor ${told.settledWithAnchor}; answers rejected ${told.refuted}, misdeeds ${told.misdeeds}, replicas expired ${told.expired}`,
  );
  say(
    `  checked: ${told.audits} audits, in which the operator's anchor recomputed ${told.audited} units that were drawn in secret`,
  );
  require(told.audited > 0, 'nothing was recomputed');
  say(`  log: ${told.ticks} ticks, ${told.events} events; every invariant holds, the ledger sums to zero`);
  require(settled > 0 &&
    told.settledByPeople / settled >=
      shareBetweenPeopleMin, `less than ${shareBetweenPeopleMin * 100} % of the chunks were computed by people`);
  require(told.refuted === 0 && told.misdeeds === 0, 'an honest answer was rejected');
  for (const kernel of ['mersenne-tf@1', 'path-trace@1']) {
    // A real GPU may leave the cores nothing of one kernel.
    for (const backend of hardware ? ['webgpu'] : ['wasm', 'webgpu']) {
      const chunks = told.shares.reduce(
        (sum, share) => sum + (share.anchor ? 0 : (share.chunks.get(`${kernel} ${backend}`) ?? 0)),
        0,
      );
      require(chunks > 0, `no chunk of ${kernel} was computed with ${backend}`);
    }
  }
  require(told.shares.filter((share) => !share.anchor && share.chunks.size > 0).length >=
    names.length, 'fewer people computed than pressed Start');
}

installPrograms(['Chromium']);
const why = whyNo.chromium();
if (why !== null) {
  say(`The demo needs Chromium: ${why}`);
  process.exit(1);
}
const startedAt = performance.now();
const watched = new Watch(process.pid);
const kept = process.argv.indexOf('--keep');
const folder =
  kept > 0 ? resolve(process.argv[kept + 1] ?? 'demo') : mkdtempSync(join(tmpdir(), 'talka-demo-'));
mkdirSync(folder, { recursive: true });
const dataFolder = join(folder, 'data');
const { child, url } = await startCoordinator(dataFolder);
say(`A coordinator at ${url}, with demonstrations whose answers are known.`);
for (const job of await jobsAt(url))
  require(kernelOf(job.kernel) !== undefined, `${job.kernel} is not in the catalogue`);
const browser = await launchChromium({ webgpu: hardware ? 'hardware' : true });
try {
  const people = [];
  for (const name of names) people.push(await bring(browser, name, url));
  say(`${names.join(' and ')} opened the page and pressed Start.`);
  const jobs = await watch(url);
  const nameOf = new Map<string, string>();
  for (const { name, page, faults: complaints } of people) {
    nameOf.set(await accountOn(page), name);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    for (const complaint of complaints) require(false, `${name}'s page complained: ${complaint}`);
  }
  await examine(url, jobs, folder);
  const board = (await (await fetch(`${url}/api/leaderboard?limit=50`)).json()) as LeaderboardView;
  await browser.close();
  await ended(child);
  tell(await recount(dataFolder), board, nameOf);
} finally {
  await browser.close();
  await ended(child);
}
if (kept < 0 && faults.length > 0) say(`\nwhat it left: ${folder}`);
else if (kept < 0) rmSync(dataFolder, { recursive: true, force: true });
const took = spentSeconds();
const judged = judgeTime(took, minutesMax * 60, watched.share());
if (judged !== null && 'fault' in judged) faults.push(judged.fault);
for (const fault of faults) say(`WRONG: ${fault}`);
if (judged !== null && 'warning' in judged) say(`WARNING: ${judged.warning}`);
say(
  `\n${faults.length === 0 ? 'All of it is right' : 'Not all of it is right'} (${took.toFixed(0)} s from the coordinator's start; on two cores at most ${minutesMax * 60}).`,
);
process.exit(faults.length === 0 ? 0 : 1);
