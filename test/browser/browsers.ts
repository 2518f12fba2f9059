/** Starts the three real engines for tests: Chromium, Firefox and WebKit, each found where systems keep it. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser as Chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import type { Browser as Firefox } from 'puppeteer-core';
import { openWebKit } from './webkit.ts';
import type { WebKit } from './webkit.ts';

/** Where an engine's programs lie, or a sentence saying which is missing. */
export type Found = { readonly path: string } | { readonly missing: string };

/**
 * Finds Chromium: `CHROMIUM_PATH`, then the path, then where Linux, macOS and Windows install it.
 */
export function findChromium(): Found {
  return find(
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
  return find(
    'Firefox',
    'FIREFOX_PATH',
    ['firefox-esr', 'firefox'],
    ['/Applications/Firefox.app/Contents/MacOS/firefox', 'C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
  );
}

/** Finds WebKitGTK's driver; it also needs `Xvfb`, because its browser has no headless mode. */
export function findWebKit(): Found {
  const screen = findXvfb();
  return 'missing' in screen
    ? screen
    : find('WebKitWebDriver', 'WEBKIT_DRIVER_PATH', ['WebKitWebDriver'], []);
}

function findXvfb(): Found {
  return find('Xvfb', 'XVFB_PATH', ['Xvfb'], []);
}

/** Why an engine cannot be tested here, or null when it can: `describe.skipIf(whyNo.firefox() !== null)`. */
export const whyNo = {
  chromium: (): string | null => reason(findChromium()),
  firefox: (): string | null => reason(findFirefox()),
  webkit: (): string | null => reason(findWebKit()),
  firefoxWithGpu: (): string | null =>
    reason(findFirefox()) ?? (gpuDriver() === null ? 'no GPU driver is known to be here' : null),
};

/** Debian's chromium brings an emulated GPU with its loader: Firefox takes them when it is told. */
const emulatedGpu = '/usr/lib/chromium';

/** The driver that `VK_ICD_FILENAMES` names, else the emulated one with where its loader lies, else null. */
function gpuDriver(): Readonly<Record<string, string>> | null {
  if (process.env['VK_ICD_FILENAMES'] !== undefined) return {};
  const driver = join(emulatedGpu, 'vk_swiftshader_icd.json');
  return existsSync(driver) ? { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: emulatedGpu } : null;
}

/** What a Chromium for a test may have beyond the ordinary. */
export interface ChromiumOptions {
  /** With a WebGPU adapter, software-made (SwiftShader) so that every machine has the same one. */
  readonly webgpu?: boolean;
  /** More command line switches. */
  readonly args?: readonly string[];
}

/** Starts a headless Chromium under Playwright; throws a sentence when there is none (ask `whyNo` first). */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Chromium> {
  return chromium.launch({
    executablePath: pathOf(findChromium()),
    headless: true,
    args: [
      ...(runsAsRoot() ? ['--no-sandbox'] : []),
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      ...(options.webgpu === true ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] : []),
      ...(options.args ?? []),
    ],
  });
}

/**
 * Starts a headless Firefox under Puppeteer (WebDriver BiDi); throws a sentence when there is none. `cores`: how many
 * it admits to, at most. `webgpu`: with WebGPU, on the emulated GPU where that is found and `VK_ICD_FILENAMES` names no other.
 */
export async function launchFirefox(
  cores?: number,
  { webgpu = false }: { readonly webgpu?: boolean } = {},
): Promise<Firefox> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: pathOf(findFirefox()),
    headless: true,
    env: { ...process.env, ...(webgpu ? gpuDriver() : {}) },
    extraPrefsFirefox: {
      'browser.shell.checkDefaultBrowser': false,
      'app.update.enabled': false,
      ...(cores === undefined ? {} : { 'dom.maxHardwareConcurrency': cores }),
      ...(webgpu ? { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true } : {}),
    },
  });
}

/** Starts WebKitGTK's browser on a screen of its own; throws a sentence when there is none. */
export async function launchWebKit(): Promise<WebKit> {
  return openWebKit({ driver: pathOf(findWebKit()), xvfb: pathOf(findXvfb()) });
}

function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

function reason(found: Found): string | null {
  return 'missing' in found ? found.missing : null;
}

function pathOf(found: Found): string {
  if ('missing' in found) throw new Error(found.missing);
  return found.path;
}

function find(what: string, variable: string, names: readonly string[], places: readonly string[]): Found {
  const told = process.env[variable];
  if (told !== undefined && told !== '') {
    return existsSync(told) ? { path: told } : { missing: `${variable} names ${told}, which does not exist` };
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = [...onPath, ...places].find((candidate) => existsSync(candidate));
  return path === undefined ? { missing: `${what} is not installed (${variable} may name it)` } : { path };
}
