/**
 * Opens the front door: makes a fresh clone ready (a Node that runs TypeScript, packages, kernels, program, pages)
 * and then runs one of the house's commands. `npm start` and `npm test` come through here.
 *
 * node scripts/door.mjs COMMAND [arguments for the command]
 *
 * Plain JavaScript with built-in modules only: it must run on a Node as old as 18, before anything is installed.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { buildCoordinator, buildKernels, buildPages } from './door/build.mjs';
import { holdingTheDoor } from './door/lock.mjs';
import { installPackages } from './door/packages.mjs';
import { root, say } from './door/place.mjs';
import { coordinatorFlags, findNode, nodeEnvironment } from './door/toolchain.mjs';

/**
 * Every command: which packages it needs (`run` leaves the test tools out), what must be built, what Node is told, and the
 * file that does it. Arguments given to the command follow those written here.
 */
const commands = {
  start: {
    packages: 'run',
    build: ['kernels', 'coordinator', 'pages'],
    node: coordinatorFlags,
    file: 'dist/coordinator/main.mjs',
  },
  talka: { packages: 'run', build: ['kernels'], file: 'scripts/talka.mjs' },
  build: { packages: 'run', build: ['kernels', 'coordinator', 'pages'] },
  'build:kernels': { packages: 'run', build: ['kernels'] },
  dev: { packages: 'run', build: ['kernels'], file: 'scripts/dev.mjs' },
  demo: { packages: 'all', build: ['kernels', 'coordinator', 'pages'], file: 'scripts/demo.ts' },
  sim: { packages: 'all', build: ['kernels'], file: 'test/sim/main.ts' },
  'sim:schedule': { packages: 'all', build: ['kernels'], file: 'test/sim/schedule.ts' },
  'sim:verify': { packages: 'all', build: ['kernels'], file: 'test/sim/verify/main.ts' },
  bench: { packages: 'all', build: ['kernels', 'coordinator', 'pages'], file: 'scripts/bench.mjs' },
  'bench:gpu': { packages: 'all', build: ['kernels', 'pages'], file: 'bench/gpu.ts' },
  soak: { packages: 'all', build: ['kernels'], file: 'scripts/soak.ts' },
  size: { packages: 'run', build: ['kernels', 'pages'], file: 'scripts/size.mjs' },
  check: { packages: 'all', file: 'scripts/check.mjs' },
  format: { packages: 'all', file: 'scripts/check.mjs', args: ['--format'] },
  tidy: { packages: 'all', file: 'scripts/tidy.ts' },
  // The tests build as their first step, so that a broken build is counted like any other failure.
  test: { packages: 'all', file: 'scripts/test.mjs' },
  'test:quick': { packages: 'all', file: 'scripts/test.mjs', args: ['--quick'] },
  'test:browser': { packages: 'all', file: 'scripts/test.mjs', args: ['--only', 'pages,browser'] },
  'test:file': { packages: 'all', file: 'scripts/test.mjs', args: ['--files'] },
  'test:e2e': { packages: 'all', file: 'scripts/test.mjs', args: ['--only', 'e2e'] },
};

const builders = { kernels: buildKernels, coordinator: buildCoordinator, pages: buildPages };

/** Makes ready what the command needs; each part is skipped in milliseconds when it is fresh. */
async function makeReady(command) {
  return holdingTheDoor(async () => {
    const node = await findNode();
    await installPackages(node, command.packages);
    for (const part of command.build ?? []) await builders[part](node);
    return node;
  });
}

/** How often the door looks whether whoever opened it is still there. */
const watchMs = 500;

/** Runs the command in the foreground and ends as it ended; Ctrl-C reaches it through the terminal. */
function runInForeground(node, args) {
  const [file] = args.filter((one) => !one.startsWith('-'));
  const child = spawn(node, args, {
    cwd: root,
    stdio: 'inherit',
    env: nodeEnvironment(node),
  });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // npm runs us through a shell that dies of SIGTERM without passing it on: an ended `npm start` must end here too.
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), watchMs);
  watch.unref();
  child.on('error', (fault) => {
    say(`${file} could not be started: ${fault.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

const [name = '', ...given] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  say(`there is no command '${name}'; there are: ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
try {
  const node = await makeReady(command);
  if (command.file === undefined) say('built');
  else if (!existsSync(join(root, command.file)))
    throw new Error(`${command.file} is missing from this checkout`);
  else runInForeground(node, [...(command.node ?? []), command.file, ...(command.args ?? []), ...given]);
} catch (fault) {
  say(fault instanceof Error ? fault.message : String(fault));
  if (name.startsWith('test')) process.stdout.write('0 passed, 1 failed\n');
  process.exitCode = 1;
}
