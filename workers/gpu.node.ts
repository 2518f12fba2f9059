/**
 * Finds WebGPU in Node: the optional package `webgpu` (Dawn) brings it. Without the package, or on a machine
 * where it does not load, there is none, and that is an ordinary answer.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Dawn's GPU object must outlive everything made from it, or the process crashes. */
let held: GPU | null = null;

/** Where a person puts Dawn (`npm install --prefix .tools/webgpu webgpu`): out of the way of everybody else's install. */
const ownFolder = '../.tools/webgpu/';
/** The package's entry, from the folder that was given to `--prefix`. */
const entry = 'node_modules/webgpu/index.js';

/**
 * Where to look, in this order: the folder of the environment variable `TALKA_WEBGPU`, then our own, then wherever
 * Node finds packages. A variable that is set to nothing means: no GPU here.
 */
function places(): string[] {
  const asked = process.env.TALKA_WEBGPU;
  if (asked === '') return [];
  const own = new URL(`${ownFolder}${entry}`, import.meta.url).href;
  return asked === undefined ? [own, 'webgpu'] : [pathToFileURL(join(asked, entry)).href];
}

export async function nodeGpu(): Promise<GPU | null> {
  if (held !== null) return held;
  for (const place of places()) {
    // The name is in a variable, so that neither compiler nor bundler asks for a package that may not be there.
    try {
      const { create, globals } = (await import(place)) as {
        create(options: string[]): GPU;
        globals: object;
      };
      Object.assign(globalThis, globals);
      held = create([]);
      return held;
    } catch {
      // Not there, or not for this machine.
    }
  }
  return null;
}
