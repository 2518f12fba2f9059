/** Puts a coordinator together and starts it: for `main.ts`, and for tests, demos and benches in their own process. */
import type { Job } from '../core/state.ts';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelOf } from '../kernels/catalogue.ts';
import { Anchor } from './anchor.ts';
import { auditingOf } from './audit-rounds.ts';
import type { AuditTerms } from './audit-rounds.ts';
import { backupHouse } from './backup.ts';
import { ChecksBoard } from './checks-view.ts';
import type { Conversation, ConversationHouse } from './conversation.ts';
import { CrowdWatch } from './crowding.ts';
import { deviceId } from './digests.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { Epochs } from './epochs.ts';
import { throwAlone } from './fatal.ts';
import type { House } from './house.ts';
import { httpLater } from './http-later.ts';
import { Inputs } from './inputs.ts';
import { shelfOf } from './kernels.ts';
import { hostText, listen } from './listening.ts';
import type { Shelf } from './kernels.ts';
import { tokenWasShown } from './keys.ts';
import { Metrics } from './metrics.ts';
import { Misdeeds } from './misdeeds.ts';
import { isLoopbackName, proxyList } from './network.ts';
import { readNetworks } from './networks.ts';
import { originsOf } from './origins.ts';
import { People } from './people.ts';
import { placingOf } from './placing.ts';
import { version } from './release.ts';
import { Results, showingOf } from './results.ts';
import { Runtime } from './runtime.ts';
import type { SeedSize } from './seed.ts';
import { Sockets } from './socket.ts';
import { SocketThread } from './socket-thread.ts';
import { storeOf } from './store.ts';
import type { Closing, Store, StoreOptions } from './store.ts';
import { certificateOf } from './tls.ts';
import { descriptorOf, Views } from './views.ts';

/** The project's root: where built kernels and pages lie unless told otherwise. */
const root = resolve(import.meta.dirname, '../..');
/** So long those who knock at a coordinator that has come back are alone with it: all else that a start does comes behind their first leases. */
const knockMs = 50;
/** How long commitments that are on their way are still taken when we stop. */
const graceMs = 500;

export interface CoordinatorOptions extends AuditTerms, StoreOptions {
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
  readonly kernelsDir?: string;
  readonly webDir?: string | null;
  readonly seed?: SeedSize;
  readonly anchorShare?: number;
  /** Whether volunteers on this machine are exempt from "one person a network"; by default when only this machine can reach us. */
  readonly loopbackExempt?: boolean;
  readonly trustProxy?: readonly string[];
  /** Files with tables of networks. Without one nobody is placed by networks. */
  readonly networks?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly tls?: { readonly cert: string; readonly key: string } | 'self-signed' | null;
  /** Whether sockets are read and written by a thread of their own, as of the program, or by one that comes up already; by default they are by this one. */
  readonly socketThread?: boolean | SocketThread;
  readonly dev?: boolean;
  /** Seals an epoch by itself each time so much has passed, and what each then shares out [EP3]; by default the operator seals, and as much as vested. */
  readonly epochEveryMs?: number;
  readonly epochBudgetMicro?: bigint;
  /** For tests and benches: other kernels, another clock. */
  readonly shelf?: Shelf;
  readonly graceMs?: number;
  readonly now?: () => number;
  readonly onNote?: (note: string, about: Readonly<Record<string, unknown>>) => void;
  /** We are wrong: by default the error is thrown where nobody catches it, which ends the process. */
  readonly onFatal?: (error: unknown) => void;
}

export interface RunningCoordinator {
  readonly url: string;
  readonly port: number;
  readonly runtime: Runtime;
  readonly house: House;
  /** The Request → Response function behind `url`. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Shown once, at first start; null later. */
  readonly operatorToken: string | null;
  readonly seeded: readonly string[];
  readonly selfSigned: boolean;
  /** Graceful: stops leasing, takes commitments for a moment, says goodbye, keeps a snapshot. */
  close(): Promise<void>;
}

/** Starts a coordinator. Throws with one line for the operator when it cannot. */
export async function startCoordinator(options: CoordinatorOptions = {}): Promise<RunningCoordinator> {
  const closing: Closing = [];
  try {
    return await start(options, closing);
  } catch (error) {
    for (const close of closing.reverse()) await close();
    throw error;
  }
}

/** Puts what kernels are made of where devices fetch it. */
async function storeKernels({ shelf, blobs, runtime }: House): Promise<void> {
  // Of what it did before it has the kernels, and people who wait for it.
  if (runtime.state.jobs.size > 0) await sleep(knockMs);
  const all = [...shelf.values()].flatMap(({ wasm, wgsl, certificate }) =>
    [wasm, wgsl, certificate].filter((bytes) => bytes !== null),
  );
  await Promise.all(all.map((bytes) => blobs.put(bytes)));
}

/** The rules at work: the loop with what it needs at hand, and the views that follow it. */
async function rulesOf(
  { log, keys, side, blobs }: Store,
  shelf: Shelf,
  options: CoordinatorOptions,
  closing: Closing,
) {
  const now = options.now ?? Date.now;
  const onNote = options.onNote ?? (() => {});
  const onFatal = options.onFatal ?? throwAlone;
  const inputs = new Inputs(shelf, blobs);
  const people = new People<Conversation>();
  const views: Views = new Views({
    state: () => runtime.state,
    nameOf: (account) => side.nameOf(account),
    siteName: (key) => side.sites.nameOf(key),
    showing: showingOf,
    now,
  });
  const runtime: Runtime = await Runtime.open({
    log,
    key: keys.coordinator,
    now,
    ...people.others,
    isHere: (device) => people.find(device) !== undefined,
    onFatal,
    onNote,
    measureOf: (job) => inputs.of(job),
    lastView: (state, event, at) => views.lastView(state, event, at),
  });
  closing.push(() => runtime.close());
  await views.load(log);
  const lacking = await inputs.follow(runtime.state);
  if (lacking.length > 0) onNote('jobs whose kernel or input is not here take no answers', { jobs: lacking });
  runtime.listeners.add(({ batch }) => {
    for (const { job, view } of batch.concluded) views.concluded(job, view);
    if (batch.jobsChanged) void inputs.follow(runtime.state).catch(onFatal);
  });
  const sampling = setInterval(() => views.sample(), 1_000);
  sampling.unref();
  closing.push(() => clearInterval(sampling));
  return { inputs, people, views, runtime, now, onNote };
}

function epochsOf(
  runtime: Runtime,
  { dataDir, log, keys }: Store,
  options: CoordinatorOptions,
  closing: Closing,
): Epochs {
  const { now = Date.now, onNote = () => {}, epochEveryMs = null, epochBudgetMicro = null } = options;
  const folder = dataDir === null ? null : join(dataDir, 'epochs');
  const epochs = new Epochs({
    ...{ runtime, log, key: keys.coordinator, now, onNote, folder },
    ...{ everyMs: epochEveryMs, budgetMicro: epochBudgetMicro },
  });
  closing.push(() => epochs.close());
  return epochs;
}

/** Everything but the doors. `port` is known only once we listen. */
async function houseOf(
  options: CoordinatorOptions,
  port: () => number,
  tls: boolean,
  store: Store,
  closing: Closing,
) {
  const { dataDir, keys, log, side, blobs } = store;
  const { host = '127.0.0.1', allowOrigins = [], dev = false, anchorShare = 0.25 } = options;
  const networks = readNetworks(options.networks ?? []);
  const shelf = options.shelf ?? shelfOf(options.kernelsDir ?? join(root, 'build/kernels'), kernelOf);
  const { inputs, people, views, runtime, now, onNote } = await rulesOf(store, shelf, options, closing);
  const origins = originsOf({ tls, port, host, allowed: allowOrigins, dev });
  // An address in front of us means that others come in, by a proxy of this machine perhaps.
  const onlyHere = [`http://${hostText(host)}`, ...allowOrigins].every((origin) =>
    isLoopbackName(new URL(origin).hostname),
  );
  const epochs = epochsOf(runtime, store, options, closing);
  const results = new Results(log, inputs, now);
  runtime.listeners.add(({ batch }) => {
    for (const { job } of batch.reopened) results.forget(job);
  });
  const device = deviceId(keys.anchor.publicBytes);
  const parts = { runtime, log, shelf, inputs, device, now, onNote };
  const { auditor, rounds } = auditingOf(parts, people, keys.groupSalt, options);
  const crowds = new CrowdWatch(runtime, onNote);
  closing.push(
    () => rounds.close(),
    () => crowds.close(),
  );
  const house: House = {
    ...{ name: 'Talka', version, runtime, log, keys, side, views, blobs },
    ...{ inputs, shelf, origins, anchorShare, now },
    loopbackExempt: options.loopbackExempt ?? onlyHere,
    ...{ results, epochs, auditor },
    metrics: new Metrics(
      {
        runtime,
        devices: () => people.size,
        live: people.live,
        objections: () => side.objectionsWaiting(),
        now,
      },
      options.onFatal ?? throwAlone,
    ),
    checks: new ChecksBoard({
      ...{ state: () => runtime.state, live: people.live, now, isShared: () => auditor.meet() },
      isAnchored: () => anchorShare > 0 || auditor.isAsked(),
      networks: networks === null ? null : people.networks,
    }),
    proxies: proxyList(options.trustProxy ?? []),
    networks,
    webDir: options.webDir === undefined ? join(root, 'dist/web') : options.webDir,
    live: () => people.view(runtime.state),
    dismiss: dismissing(people, runtime),
    backup: (file) => backupHouse({ log, dataDir }, file),
  };
  return { house, people, onNote };
}

/** Says goodbye to who computes for a site. */
function dismissing(people: People<Conversation>, runtime: Runtime): House['dismiss'] {
  return ({ site, device }, reason, detail) => {
    for (const present of [...people.all()])
      if (
        runtime.state.devices.get(present.device)?.site === site &&
        (device ?? present.device) === present.device
      )
        present.bye(reason, detail);
  };
}

async function start(options: CoordinatorOptions, closing: Closing): Promise<RunningCoordinator> {
  const { host = '127.0.0.1', tls = null, socketThread = false, onFatal = throwAlone } = options;
  // It comes up while the log is read.
  const thread = socketThread === true ? new SocketThread(onFatal) : socketThread || null;
  if (thread !== null) closing.push(() => thread.end());
  const store = storeOf(options, closing);
  const { dataDir, keys } = store;
  const certificate =
    tls === null ? null : await certificateOf(dataDir, tls === 'self-signed' ? null : tls, Date.now());
  let port = options.port ?? 0;
  const http = httpLater(onFatal);
  // Whoever comes while the log is read waits, and is served as soon as it is.
  const listening = listen(certificate, http.fetch, { host, port }, thread, onFatal);
  listening.catch(() => {});
  const { house, people, onNote } = await houseOf(
    options,
    () => port,
    certificate !== null,
    store,
    closing,
  ).catch(async (error: unknown) => {
    await (await listening.catch(() => null))?.close();
    throw error;
  });
  const { runtime } = house;
  const ears = await listening;
  port = ears.port;
  closing.push(
    () => ears.close(),
    () => http.close(),
  );
  const sockets = socketsOf(house, people, onNote);
  ears.meet(sockets);
  await storeKernels(house);
  // Who was let in fetches its kernel by HTTP, and so finds it.
  http.serve(house);
  const seeded = await seeding(house, options, closing);
  const anchor = new Anchor({ ...house, ...people.others, share: house.anchorShare, onNote });
  await anchor.start();
  if (dataDir !== null && keys.freshToken !== null) tokenWasShown(dataDir);
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : hostText(host);
  return {
    url: `${certificate === null ? 'http' : 'https'}://${shown}:${port}`,
    port,
    runtime,
    house,
    fetch: async (request) => (await http.fetch())({ request }),
    operatorToken: keys.freshToken,
    seeded,
    selfSigned: certificate?.selfSigned ?? false,
    async close() {
      runtime.stopLeasing();
      await anchor.stop();
      if (people.size > 0) await sleep(options.graceMs ?? graceMs);
      sockets.close();
      for (const close of closing.reverse()) await close();
    },
  };
}

/** The demonstrations, for a store that never had a job; in development again and again. Says what was put in. */
async function seeding(
  house: House,
  { seed: size = 'none', dev = false, onFatal = throwAlone }: CoordinatorOptions,
  closing: Closing,
): Promise<string[]> {
  if (size === 'none' || (house.runtime.state.nextJob > 1 && !dev)) return [];
  const { seed, seedAgain } = await import('./seed.ts');
  const seeded = await seed(house, size);
  if (dev) closing.push(seedAgain(house, size, onFatal));
  return seeded;
}

function socketsOf(house: House, people: People<Conversation>, onNote: ConversationHouse['onNote']): Sockets {
  const { runtime, log, keys, side, now, origins, proxies, inputs, loopbackExempt, metrics, auditor } = house;
  const inputBytes = (job: string): number => inputs.of(job)?.input.length ?? 0;
  return new Sockets({
    runtime,
    log,
    key: keys.coordinator,
    people,
    auditor,
    misdeeds: new Misdeeds(),
    side,
    now,
    onNote,
    origins,
    proxies,
    doorkeeper: new Doorkeeper(),
    placeOf: placingOf({ side, loopbackExempt, networks: house.networks }),
    inputOf: (job) => inputs.of(job),
    isOwnOrigin: origins.isOwnOrigin,
    onRefusal: (reason) => metrics.refused(reason),
    // A device begins with the first: what is soonest fetched. Of what is cancelled there is nothing but audits.
    jobs: () =>
      [...runtime.state.jobs.values()]
        .sort((a, b) => isClosing(a) - isClosing(b) || inputBytes(a.id) - inputBytes(b.id))
        .map(descriptorOf),
  });
}

/** 1 where a job is cancelled and only the last of its work is still checked. */
function isClosing({ closingAt }: Job): number {
  return closingAt === null ? 0 : 1;
}
