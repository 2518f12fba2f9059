/** The process that kill.test.ts kills: a real coordinator with the cheap kernel and a store on disk; says its address on its output. */
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import { cheapInput, cheapShelf } from './cheap.ts';

const [dataDir = '', port = '0', units = '0'] = process.argv.slice(2);
const house = await startCoordinator({
  dataDir,
  port: Number(port),
  seed: 'none',
  socketThread: true,
  anchorShare: 0,
  webDir: null,
  shelf: cheapShelf,
});
if (house.runtime.state.nextJob === 1) {
  const input = cheapInput(Number(units));
  const { wasmDigest } = cheapShelf.get('cheap@1') as NonNullable<ReturnType<typeof cheapShelf.get>>;
  const spec = {
    kernel: 'cheap@1',
    wasm: wasmDigest,
    wgsl: null,
    input: await house.house.blobs.put(input),
    agreement: 'exact',
    units: Number(units),
    unitsPerChunk: 8,
    unitCostMicro: 10_000,
    policy: { kind: 'replicate', quorum: 2 },
    weight: 1,
    title: 'kill',
    cause: 'tests',
    demonstration: true,
  } as const;
  // Funding may have been made durable before a kill and submitting not: funding twice does no harm.
  await house.runtime.run({ c: 'fund', account: 'o', amountMicro: Number(units) * 2 * 10_000 });
  await house.runtime.run({ c: 'submit', requester: 'o', spec });
}
console.log(`ready ${house.port}`);
