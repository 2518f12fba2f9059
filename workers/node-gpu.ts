/**
 * Finds WebGPU in Node: the optional package `webgpu` (Dawn) brings it. Without the package, or on a machine
 * where it does not load, there is none, and that is an ordinary answer.
 */

/** Dawn's GPU object must outlive everything made from it, or the process crashes. */
let held: GPU | null = null;

export async function nodeGpu(): Promise<GPU | null> {
  if (held !== null) return held;
  // A name in a variable, so that neither compiler nor bundler asks for a package that may not be there.
  const name = 'webgpu';
  try {
    const { create, globals } = (await import(name)) as { create(options: string[]): GPU; globals: object };
    Object.assign(globalThis, globals);
    held = create([]);
    return held;
  } catch {
    return null;
  }
}
