/** Starts the three real engines for tests: Chromium, Firefox and WebKit, each found where systems keep it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { chromium } from 'playwright-core';
import type { Browser as Chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import type { Browser as Firefox } from 'puppeteer-core';
import { findChromium, findFirefox, findProgram, runsAsRoot } from '../../src/coordinator/browsers.ts';
import type { Found } from '../../src/coordinator/browsers.ts';
import { openWebKit } from './webkit.ts';
import type { WebKit } from './webkit.ts';

export { findChromium, findFirefox };

/** Finds WebKitGTK's driver; it also needs `Xvfb`, because its browser has no headless mode. */
export function findWebKit(): Found {
  const screen = findXvfb();
  return 'missing' in screen
    ? screen
    : findProgram('WebKitWebDriver', 'WEBKIT_DRIVER_PATH', ['WebKitWebDriver'], []);
}

function findXvfb(): Found {
  return findProgram('Xvfb', 'XVFB_PATH', ['Xvfb'], []);
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

/** A headless Chromium gets at a real GPU on Linux only through Vulkan, and without a window's surface. */
const hardwareArgs = [
  '--enable-unsafe-webgpu',
  '--ignore-gpu-blocklist',
  ...(process.platform === 'linux'
    ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface']
    : []),
];

/** What a Chromium for a test may have beyond the ordinary. */
export interface ChromiumOptions {
  /**
   * With a WebGPU adapter: `true` is one made of software (SwiftShader), so that every machine has the same one;
   * `hardware` is the machine's own, where it has one.
   */
  readonly webgpu?: boolean | 'hardware';
  /** More command line switches. */
  readonly args?: readonly string[];
  /** As it comes, with whatever pages it opens for itself: for measuring what people meet. */
  readonly stock?: boolean;
}

/**
 * What Chromium is to do without. Its newer versions open hidden pages of their own for the address bar in each new
 * window, which take a core for more than half a second just when a test's page begins; somebody's window has been
 * open for long. The others are those that Playwright turns off, since the last list is the one that counts.
 */
const featuresOff = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup'],
  ...['AimEnabled', 'PreconnectToSearch', 'OptimizationHints', 'NetworkTimeServiceQuerying', 'MediaRouter'],
  ...['HttpsUpgrades', 'HttpsFirstBalancedModeAutoEnable', 'AvoidCorsURLLoaderRestartOnRedirect'],
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'LensOverlay', 'PaintHolding'],
  'ThirdPartyStoragePartitioning',
];

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
      ...(options.stock === true ? [] : [`--disable-features=${featuresOff.join(',')}`]),
      ...(options.webgpu === true ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] : []),
      ...(options.webgpu === 'hardware' ? hardwareArgs : []),
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

function reason(found: Found): string | null {
  return 'missing' in found ? found.missing : null;
}

function pathOf(found: Found): string {
  if ('missing' in found) throw new Error(found.missing);
  return found.path;
}
