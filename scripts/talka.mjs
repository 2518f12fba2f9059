#!/usr/bin/env node
/**
 * The `talka` command: hands its arguments to the command line in `src/cli.ts`, on a Node that can run it.
 * Plain JavaScript, so that an old Node gets a sentence and not a syntax error.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root, say } from './door/place.mjs';
import { findNode, nodeEnvironment } from './door/toolchain.mjs';

if (!existsSync(join(root, 'node_modules'))) {
  say('nothing is installed yet; run `npm run talka -- …` in the checkout once');
  process.exit(1);
}
try {
  const node = await findNode();
  // The folder the person stands in matters here: paths among the arguments are theirs.
  const child = spawn(node, [join(root, 'src', 'cli.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: nodeEnvironment(node),
  });
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
} catch (fault) {
  say(fault instanceof Error ? fault.message : String(fault));
  process.exitCode = 1;
}
