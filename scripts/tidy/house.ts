/** Reads the whole checkout for the house rules: every source file once, every Markdown file. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFacts } from './facts.ts';
import type { FileFacts } from './facts.ts';

/** The checkout's root folder. */
export const root = join(import.meta.dirname, '..', '..');

const sourceGlobs = ['{src,workers,test,bench,scripts}/**/*.{ts,tsx,mjs,js}', '*.ts'];
const proseGlobs = ['*.md', 'docs/**/*.md', 'contracts/**/*.md'];

/** Facts about every source file, sorted by path. */
export function readHouse(): FileFacts[] {
  return below(sourceGlobs).map((path) => readFacts(path, readFileSync(join(root, path), 'utf8')));
}

/** Every Markdown file with its text. */
export function readProse(): { path: string; text: string }[] {
  return below(proseGlobs).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Whether a path from the root exists. */
export function isThere(path: string): boolean {
  return existsSync(join(root, path));
}

/** A JSON file of the checkout, undecoded; null when it is not there. */
export function readJson(path: string): unknown {
  return isThere(path) ? JSON.parse(readFileSync(join(root, path), 'utf8')) : null;
}

function below(globs: readonly string[]): string[] {
  return globs
    .flatMap((glob) => globSync(glob, { cwd: root, exclude: ['**/node_modules/**'] }))
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}
