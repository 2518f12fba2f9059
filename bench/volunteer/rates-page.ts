/** Measures a kernel's backends in a page through the volunteer's own engines, one after the other in turns: for `bench/volunteer.ts`. */
import { browserEngine } from '../../src/volunteer/engine-browser.ts';
import type { Backend, Engine } from '../../src/volunteer/engine.ts';

/** What to measure: everything is fetched from this page's own server. */
export interface RatesWish {
  readonly kernel: string;
  readonly agreement: 'exact' | 'tolerance';
  readonly unit: number;
  readonly rounds: number;
}

/** Milliseconds of one unit, round by round; null where the backend does not exist here. */
export type Rates = Readonly<Record<Backend, readonly number[] | null>>;

async function bytesAt(path: string): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function opened(backend: Backend, wish: RatesWish): Promise<Engine | null> {
  const { kernel: id, agreement } = wish;
  const engine = browserEngine(backend);
  try {
    await engine.start();
    const wasm = await bytesAt(`/${id}/reference.wasm`);
    const wgsl = backend === 'webgpu' ? new TextDecoder().decode(await bytesAt(`/${id}/shader.wgsl`)) : null;
    await engine.load({
      job: 'j1',
      code: { id, wasm, wgsl },
      input: await bytesAt(`/${id}/input`),
      agreement,
    });
    return engine;
  } catch {
    engine.dispose();
    return null;
  }
}

/** Alternates between the backends, so that whatever else the machine does falls on both. */
async function measureRates(wish: RatesWish): Promise<Rates> {
  const engines = { wasm: await opened('wasm', wish), webgpu: await opened('webgpu', wish) };
  const took: Record<Backend, number[]> = { wasm: [], webgpu: [] };
  for (let round = 0; round < wish.rounds; round++) {
    for (const backend of ['wasm', 'webgpu'] as const) {
      const measured = await engines[backend]?.measure('j1', wish.unit);
      if (measured !== undefined) took[backend].push(measured.unitMs);
    }
  }
  for (const engine of Object.values(engines)) engine?.dispose();
  return {
    wasm: engines.wasm === null ? null : took.wasm,
    webgpu: engines.webgpu === null ? null : took.webgpu,
  };
}

Object.assign(globalThis, { measureRates });
