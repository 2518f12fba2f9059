/** Reads from a module's bytes how much memory it declares, since no engine tells (core specification, 5.5.8). */

const memorySection = 5;
/** Limits flag: a maximum is given; not shared, 32-bit. Every other value is refused. */
const boundedMemory = 1;

/** The limits of the module's one memory, in 64 KiB pages; null unless it has exactly one with a maximum. */
export function memoryLimits(wasm: Uint8Array): { pagesMin: number; pagesMax: number } | null {
  let at = 8;
  const leb = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = wasm[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < wasm.length) {
    const id = wasm[at++];
    const length = leb();
    if (id === memorySection) {
      const count = leb();
      const flags = wasm[at++];
      if (count !== 1 || flags !== boundedMemory) return null;
      return { pagesMin: leb(), pagesMax: leb() };
    }
    at += length;
    if (Number.isNaN(at)) return null;
  }
  return null;
}
