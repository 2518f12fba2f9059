/**
 * Weighs what a page's visitor downloads before Start can be pressed: every script that is written into the page or that it
 * names or preloads, what it asks for at once by itself (words and facts), and every static import of those, gzipped. Of
 * the widget: the loader, and all from its frame to the first chunk but the kernel, page and style included. Prints a
 * table; exit code 1 above budget.
 *
 * node scripts/size.mjs [folder of the built pages, default dist/web]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseSync } from 'vite';
import { root } from './door/place.mjs';

/** Budgets in bytes of gzipped JavaScript, by page. */
export const budgets = {
  'index.html': 30_000,
  'rewards.html': 64_000,
  'embed/v1.js': 1_500,
  'embed/frame.html': 18_000,
};

/** Of these everything counts, page and style too, not only scripts. */
const whole = ['embed/frame.html', 'embed/consent.html'];

/** What a page fetches at once although it does not name it, by the start of its file's name; of several the heaviest. */
const atOnce = {
  'index.html': [['en-', 'zh-'], ['facts-']],
  // From the agreement to the first chunk: the first steps and their worker (`src/volunteer/first.ts`).
  'embed/frame.html': [['beginning-'], ['first-'], ['first.worker-']],
  'embed/consent.html': [['consent-en-', 'consent-zh-']],
};

/** What a page opens in a window before it can go on: weighed with it, whole, since a browser keeps no file of the one for the other. */
const opens = { 'embed/frame.html': 'embed/consent.html' };

/** Run by itself it takes a folder; bench/size.ts only wants what it knows. */
const isMain = process.argv[1]?.endsWith('scripts/size.mjs') === true;
const web = resolve(root, (isMain ? process.argv[2] : undefined) ?? 'dist/web');

/** Scripts that a page loads by itself, as paths below the web folder. */
export function scriptsOf(html) {
  const tags = [...html.matchAll(/<(script|link)\b[^>]*>/g)].map((match) => match[0]);
  const wanted = tags.filter((tag) => tag.startsWith('<script') || /rel="?modulepreload/.test(tag));
  return wanted.map((tag) => /\b(?:src|href)="([^"]+)"/.exec(tag)?.[1]).filter((path) => path !== undefined);
}

/** The scripts that are written into a page. */
export function inlineScriptsOf(html) {
  const found = [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)];
  return found.filter(([, named]) => !/\bsrc=/.test(named)).map(([, , script]) => script);
}

/** The style sheets of a page. */
function stylesOf(html) {
  const tags = [...html.matchAll(/<link\b[^>]*rel="stylesheet"[^>]*>/g)].map((match) => match[0]);
  return tags.map((tag) => /\bhref="([^"]+)"/.exec(tag)?.[1]).filter((path) => path !== undefined);
}

/** Static imports of one built script; dynamic ones load later and do not count. */
export function staticImportsOf(name, code) {
  const { module } = parseSync(name, code);
  const again = module.staticExports.flatMap((found) =>
    found.entries.map((entry) => entry.moduleRequest?.value),
  );
  return [...module.staticImports.map((found) => found.moduleRequest.value), ...again].filter((path) =>
    path?.startsWith('.'),
  );
}

/** Every script that a page needs at once, by path, with its gzipped size in bytes. Throws when the pages are not built. */
export function weigh(page) {
  if (!existsSync(web)) throw new Error(`${web} is missing: build the pages first (npm run build)`);
  const found = new Map();
  if (page.endsWith('.js')) return new Map([[page, gzippedSize(page)]]);
  const html = readFileSync(join(web, page), 'utf8');
  const inside = (path) => (path.startsWith('/') ? path.slice(1) : path);
  if (whole.includes(page))
    for (const path of [page, ...stylesOf(html).map(inside)]) found.set(path, gzippedSize(path));
  else
    inlineScriptsOf(html).forEach((script, i) =>
      found.set(`${page} (script ${i + 1} in it)`, gzipped(script)),
    );
  const waiting = [
    ...scriptsOf(html).map(inside),
    ...(atOnce[page] ?? []).map((starts) => heaviestOf(posix.join(dirname(page), 'assets'), starts)),
  ];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path) || /^https?:/.test(path)) continue;
    const code = readFileSync(join(web, path), 'utf8');
    found.set(path, gzippedSize(path));
    for (const inner of staticImportsOf(path, code)) waiting.push(posix.join(dirname(path), inner));
  }
  if (opens[page] !== undefined)
    for (const [path, size] of weigh(opens[page])) found.set(`${path} (in the window)`, size);
  return found;
}

const gzipped = (text) => gzipSync(text, { level: 9 }).length;
const gzippedSize = (path) => gzipped(readFileSync(join(web, path), 'utf8'));

/** The heaviest script whose name begins in one of these ways. Throws when one of them is not there: it would go unweighed. */
function heaviestOf(folder, starts) {
  const scripts = readdirSync(join(web, folder)).filter((name) => name.endsWith('.js'));
  const found = starts.map((start) => {
    const name = scripts.find((one) => one.startsWith(start));
    if (name === undefined) throw new Error(`no script begins with ${start}: nothing was weighed for it`);
    return `${folder}/${name}`;
  });
  return found.toSorted((a, b) => gzippedSize(b) - gzippedSize(a))[0];
}

function main() {
  if (!existsSync(web)) throw new Error(`${web} is missing: build the pages first (npm run build)`);
  let over = 0;
  const pages = readdirSync(web).filter((name) => name.endsWith('.html'));
  for (const page of new Set([...pages, ...Object.keys(budgets)])) {
    if (!existsSync(join(web, page))) continue;
    const scripts = weigh(page);
    const sum = [...scripts.values()].reduce((total, size) => total + size, 0);
    const budget = budgets[page];
    for (const [path, size] of scripts) process.stdout.write(`${String(size).padStart(8)}  ${path}\n`);
    const verdict = budget === undefined ? '' : ` of ${budget} (${Math.round((100 * sum) / budget)} %)`;
    const what = page.endsWith('.js')
      ? 'the loader, gzipped'
      : whole.includes(page)
        ? 'gzipped, from the card to the first chunk'
        : 'gzipped JavaScript before Start';
    process.stdout.write(`${String(sum).padStart(8)}  ${page}: ${what}${verdict}\n\n`);
    if (budget !== undefined && sum > budget) over += 1;
    if (budget !== undefined && scripts.size === 0)
      throw new Error(`${page} loads no script: nothing was weighed`);
  }
  for (const page of Object.keys(budgets)) {
    if (!existsSync(join(web, page))) throw new Error(`${page} has a budget but was not built`);
  }
  if (over > 0) process.stdout.write(`${over} over budget\n`);
  return over === 0;
}

if (isMain) process.exitCode = main() ? 0 : 1;
