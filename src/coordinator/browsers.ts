/** Finds the browsers that a machine has, by name on its path and where systems install them. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where a program lies, or a sentence saying which is missing. */
export type Found = { readonly path: string } | { readonly missing: string };

/** Finds Chromium or one of its kin: `CHROMIUM_PATH`, then the path, then where Linux, macOS and Windows install it. */
export function findChromium(): Found {
  return findProgram(
    'Chromium',
    'CHROMIUM_PATH',
    ['chromium', 'chromium-browser', 'google-chrome', 'chrome'],
    [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      join(homedir(), 'Applications/Google Chrome.app/Contents/MacOS/Google Chrome'),
      'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
      'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
      'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
    ],
  );
}

/** Finds Firefox: `FIREFOX_PATH`, then the path, then the usual places. */
export function findFirefox(): Found {
  return findProgram(
    'Firefox',
    'FIREFOX_PATH',
    ['firefox-esr', 'firefox'],
    ['/Applications/Firefox.app/Contents/MacOS/firefox', 'C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
  );
}

/** Finds a program: where `variable` names it, else the first of `names` on the path, else the first of `places`. */
export function findProgram(
  what: string,
  variable: string,
  names: readonly string[],
  places: readonly string[],
): Found {
  const told = process.env[variable];
  if (told !== undefined && told !== '') {
    return existsSync(told) ? { path: told } : { missing: `${variable} names ${told}, which does not exist` };
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = [...onPath, ...places].find((candidate) => existsSync(candidate));
  return path === undefined ? { missing: `${what} is not installed (${variable} may name it)` } : { path };
}

/** Whether this process is root: Chromium does not start its sandbox then, and says so by not starting at all. */
export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}
