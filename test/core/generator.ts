/**
 * Generates commands that reach deep into the rules: it remembers which devices joined, what they hold,
 * held and committed, so that most commands meet a replica that exists, and some one that just ceased to.
 */
import { isRefusal } from '../../src/core/state.ts';
import type {
  Command,
  Decision,
  JobSpec,
  LiveNetworks,
  LivePeople,
  Slot,
  State,
} from '../../src/core/state.ts';
import { dice } from '../sim/random.ts';
import type { Dice } from '../sim/random.ts';
import { specOf } from './house.ts';

const kernels = ['weave@1', 'spin@2'] as const;
const able = new Set(kernels.map((kernel) => `wasm ${kernel}`));
const roots = ['right', 'right', 'right', 'wrong', 'odd'] as const;

interface Held {
  readonly device: string;
  readonly replica: number;
  readonly lease: number;
}

export interface Generator {
  /** The next command, at a time never before the last. */
  next(state: State): { readonly command: Command; readonly at: number };
  /** Tells it what became of the command. */
  saw(decision: Decision): void;
}

/** A job of any shape, now and then one that the rules refuse. */
function someSpec(throws: Dice): JobSpec {
  return specOf({
    kernel: throws.of(kernels),
    agreement: throws.chance(400) ? 'tolerance' : 'exact',
    units: throws.chance(50) ? 0 : throws.between(1, 120),
    unitsPerChunk: throws.between(1, 8),
    unitCostMicro: throws.between(1, 400_000),
    weight: throws.of([1, 1, 3, 0.1]),
    quorum: throws.between(1, 3),
  });
}

/** Mostly the period that is next, now and then one that overlaps or holds too much. */
function someSeal(throws: Dice, { epochs, balances }: State, at: number): Command {
  const last = epochs.at(-1);
  const from = (last?.to ?? 1) + (throws.chance(80) ? 1 : 0);
  const to = from + throws.below(20);
  const micro = balances.get('vested:P0') ?? 0n;
  const totalMicro = String(throws.chance(700) ? micro / 8n : micro * 2n);
  const log = '0'.repeat(64);
  return {
    ...{ c: 'seal', number: epochs.length + 1, from, to, fromAt: last?.toAt ?? 0, toAt: at },
    ...{ log, root: `0x${log}`, accounts: 1, totalMicro, budgetMicro: '1000' },
  };
}

/** All of them live, as the shell counts them. */
function networksAmong(
  devices: readonly { readonly group: string; readonly network: string }[],
): LiveNetworks {
  const known = devices.filter(({ group, network }) => group !== '' && network !== '');
  const counts = new Map(known.map(({ network }) => [network, 1]));
  return {
    wanting: new Map([...able].map((wish) => [wish, counts])),
    ofGroup: new Map(known.map(({ group, network }) => [group, network])),
  };
}

/** A generator for a seed. */
export function generator(seed: number): Generator {
  const throws = dice(seed);
  const held: Held[] = [];
  let at = 1_700_000_000_000;
  const devices = Array.from({ length: throws.between(2, 12) }, (_, i) => ({
    device: `d${i}`,
    account: `P${throws.chance(200) ? throws.below(i + 1) : i}`,
    group: throws.chance(200) ? '' : `g${throws.below(8)}`,
    role: i > 1 && throws.chance(120) ? ('anchor' as const) : ('volunteer' as const),
    // Not drawn, so that seeds are what they were.
    network: ['', 'as1', 'as2', 'as3', 'as4'][i % 5] ?? '',
  }));
  const live: LivePeople = new Map(
    devices
      .filter((d) => d.role === 'volunteer' && throws.chance(500))
      .map((d) => [d.account, new Map([[d.group, able]])]),
  );
  const networks = networksAmong(devices);

  const own = (): Held =>
    held[held.length - 1 - throws.below(Math.min(held.length, 60))] ?? {
      device: 'd0',
      replica: throws.below(50),
      lease: throws.below(50),
    };
  const anyDevice = (): string => throws.of(devices).device;
  const whose = (mine: Held): string => (throws.chance(60) ? anyDevice() : mine.device);
  const slot = (): Slot => ({
    slot: throws.below(2),
    backend: throws.chance(300) ? 'webgpu' : 'wasm',
    rates: throws.chance(900)
      ? { [kernels[0]]: throws.between(1, 5000), [kernels[1]]: 1000 }
      : { [kernels[0]]: 1_000_000_000 },
  });
  const submit = (): Command => ({ c: 'submit', requester: `r${throws.below(2)}`, spec: someSpec(throws) });

  const commitOf = (mine: Held): Command => {
    const others = throws.chance(700)
      ? held.filter((h) => h.lease !== mine.lease && throws.chance(300)).map((h) => h.replica)
      : [];
    return {
      c: 'commit',
      device: whose(mine),
      replica: mine.replica,
      root: throws.of(roots),
      digests: 'dd',
      stored: throws.chance(800),
      agrees: others.slice(0, 8),
    };
  };

  const makers: readonly [number, (state: State) => Command][] = [
    [60, () => ({ c: 'join', site: throws.chance(100) ? 'fair' : null, ...throws.of(devices) })],
    [1, () => ({ c: 'restore', kept: throws.below(1000), root: throws.of(roots) })],
    [20, () => ({ c: 'fund', account: `r${throws.below(2)}`, amountMicro: throws.between(0, 1e9) })],
    [20, submit],
    [300, () => ({ c: 'ask', device: anyDevice(), slot: slot(), live, networks })],
    [380, () => commitOf(own())],
    [
      60,
      () => ({
        c: 'giveBack',
        device: whose(own()),
        replicas: Array.from({ length: throws.between(1, 4) }, () => own().replica),
        why: 'closing',
      }),
    ],
    [
      120,
      (state) => ({
        c: 'expire',
        lease: throws.chance(800)
          ? ([...state.leases.keys()][throws.below(state.leases.size + 1)] ?? 0)
          : own().lease,
      }),
    ],
    [10, () => ({ c: 'misdeed', device: anyDevice(), what: 'forged', replica: own().replica })],
    [4, () => ({ c: 'cancel', job: `j${throws.between(1, 6)}` })],
    [8, (state) => someSeal(throws, state, at)],
    [3, () => ({ c: 'pauseKernel', kernel: throws.of(kernels), reason: 'a test' })],
    [12, () => ({ c: 'resumeKernel', kernel: throws.of(kernels) })],
  ];
  const total = makers.reduce((sum, [weight]) => sum + weight, 0);

  return {
    next: (state) => {
      at += throws.chance(30) ? throws.below(60_000) : throws.below(400);
      let at_ = throws.below(total);
      for (const [weight, make] of makers) {
        if (at_ < weight) return { command: make(state), at };
        at_ -= weight;
      }
      return { command: submit(), at };
    },
    saw: (decision) => {
      if (isRefusal(decision)) return;
      for (const event of decision) {
        if (event.e !== 'leased') continue;
        for (let i = 0; i < event.count; i++)
          held.push({ device: event.device, replica: event.lease + i, lease: event.lease });
      }
    },
  };
}
