/** What the operator's routes are asked: each with a body that is right but for how it is bent. */
import type { Dice } from '../../sim/random.ts';
import type { Json } from '../../wire/talk/bend.ts';
import { bodyFrom, bytesFrom } from './bodies.ts';

/** A request that somebody sends with POST. */
export interface Asked {
  readonly path: string;
  readonly body: Buffer;
}

/** What there is to be asked about. */
export interface Known {
  readonly kernels: readonly string[];
  /** Inputs that a kernel takes, and by kernel the digests of its own, which are there. */
  readonly inputs: readonly Uint8Array[];
  readonly digests: ReadonlyMap<string, readonly string[]>;
  readonly devices: readonly string[];
  readonly objections: readonly number[];
  /** Those that a path may name. */
  readonly jobs: readonly string[];
  readonly sites: readonly string[];
}

const strange = ['j0', 'j999999', 'j1%00', '%ff', '..%2f..', '__proto__', '%F0%9F%98%80', 'x'.repeat(3_000)];
const sized = (throws: Dice): number => throws.of([1, 5, 1_000, 1_000_000]);

function policy(throws: Dice): Json {
  const kind = throws.of(['none', 'replicate', 'audit', 'adaptive', 'certify']);
  if (kind === 'none') return { kind };
  if (kind === 'replicate') return { kind, quorum: throws.between(1, 5) };
  const terms = { windowUnits: sized(throws), leaverUnits: sized(throws), verifyMilli: throws.below(4_000) };
  return { kind, ...Object.fromEntries(Object.entries(terms).filter(() => throws.chance(500))) };
}

function submission(throws: Dice, known: Known): { [key: string]: Json } {
  const words = { title: 'a title', cause: 'a cause' };
  const kernel = throws.of(known.kernels);
  const of = throws.chance(900) ? kernel : throws.of(known.kernels);
  return {
    ...words,
    kernel,
    input: throws.of(known.digests.get(of) ?? ['0'.repeat(64)]),
    ...(throws.chance(300) ? { texts: { zh: words, 'pt-br': words } } : {}),
    ...(throws.chance(500) ? { policy: policy(throws) } : { quorum: throws.between(1, 3) }),
    ...(throws.chance(300) ? { unitsPerChunk: throws.between(1, 64) } : {}),
    ...(throws.chance(300) ? { weight: throws.of([1, 0.5, 1_000]) } : {}),
    demonstration: throws.chance(500),
    requester: throws.of(['operator', 'somebody']),
  };
}

/** One request; the dice say which. */
export function askOperator(throws: Dice, known: Known): Asked {
  const named = (all: readonly string[]): string =>
    all.length > 0 && throws.chance(600) ? throws.of(all) : throws.of(strange);
  const form = (path: string, good: { [key: string]: Json }): Asked => ({
    path,
    body: bodyFrom(throws, good),
  });
  const bytes = (path: string): Asked => ({ path, body: bytesFrom(throws, throws.of(known.inputs)) });
  const wanted = throws.of(known.devices);
  return throws.of<() => Asked>([
    () => bytes('/blobs'),
    () =>
      form('/fund', { account: throws.of(['operator', 'somebody']), amountMicro: throws.between(1, 1e9) }),
    () => form('/jobs/quote', submission(throws, known)),
    () => form('/jobs/quote', submission(throws, known)),
    () => form('/jobs', submission(throws, known)),
    () => form('/jobs', submission(throws, known)),
    () => form(`/jobs/${named(known.jobs)}/cancel`, {}),
    () => form(`/kernels/${named(known.kernels)}/pause`, { reason: 'it is wrong' }),
    () => form(`/kernels/${named(known.kernels)}/resume`, {}),
    () => form(`/kernels/${named(known.kernels)}/resume`, {}),
    () => form('/audits/take', { max: throws.between(1, 64) }),
    () => form('/audits/return', { audits: [1, throws.between(1, 1e9)] }),
    () => bytes(`/audits/${throws.of(['1', '7', '9'.repeat(400), '0', '1e3', '-1', 'x'])}`),
    () => form('/sites', { origins: ['https://paper.example', 'http://127.0.0.1:8080'] }),
    () => form(`/sites/${named(known.sites)}/${throws.of(['suspend', 'resume'])}`, {}),
    () => form('/epochs', { until: throws.between(1, 2e12), budgetMicro: String(throws.between(1, 1e9)) }),
    () =>
      form(`/objections/${named(known.objections.map(String))}`, {
        answer: 'no',
        readmit: throws.chance(500),
      }),
    () =>
      form('/readmit', { device: wanted, backend: throws.of(['wasm', 'webgpu']), reason: 'we were wrong' }),
  ])();
}
