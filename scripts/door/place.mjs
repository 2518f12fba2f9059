/** Says where the checkout is, and how the front door speaks and calls other programs. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder, an absolute path. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Prints one line of progress; on standard error, so that a command's own output stays clean. */
export function say(line) {
  process.stderr.write(`talka: ${line}\n`);
}

/** Runs a program to its end, quietly; throws a sentence with what it printed when it fails. */
export function call(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const printed = [];
    child.stdout.on('data', (bytes) => printed.push(bytes));
    child.stderr.on('data', (bytes) => printed.push(bytes));
    child.on('error', reject);
    child.on('close', (code) => {
      const text = Buffer.concat(printed).toString().trim();
      if (code === 0) resolve(text);
      else reject(new Error(`${[program, ...args].join(' ')} failed (${code}):\n${text}`));
    });
  });
}

/** Seconds since `startMs`, for people. */
export function since(startMs) {
  return `${((Date.now() - startMs) / 1000).toFixed(1)} s`;
}
