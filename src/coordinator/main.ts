/** The coordinator as a program: reads the environment and its flags, starts, prints where it is, and stops with grace. */
import { createRequire, flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type * as Pino from 'pino';
import { microOf } from '../wire/micro.ts';
import { beginYoung } from './collecting.ts';
import type { CoordinatorOptions, RunningCoordinator } from './coordinator.ts';
import type { Partner } from './partner.ts';
import { version } from './release.ts';
import { SocketThread } from './socket-thread.ts';

const help = `Talka's coordinator ${version}

  npm start -- [flags]                   start; with the folder in DATA_DIR empty, two demonstrations are put into it
  npm start -- backup FILE               write everything that must not be lost into FILE, also while it runs
  npm start -- restore FILE              put a backup into the empty folder DATA_DIR

Environment
  PORT      8787           the port to listen on
  HOST      127.0.0.1      the address to listen on; 0.0.0.0 lets others in
  DATA_DIR  ./data         where log, keys and blobs lie
  LOG       info           what is told on the error stream: silent, error, warn, info, debug

Flags
  --memory                 keep everything in memory; nothing is left at the end
  --dev                    pages may come from another port of this machine
  --seed-demo SIZE         demonstrations for an empty store: seed (hours; the default), demo (minutes) or none
  --partner PORT           where a partner's page with the widget is shown: the next port by default where there are
                           demonstrations, no TLS and no --dev; none = nowhere
  --anchor-share CORES     how much the operator's anchor may compute: 0.25 of a core by default, 0 = none
  --auditor-groups N       volunteers check one another's work once people of so many networks may: 8 by default
  --tribunal ENGINES       who settles a difference between two answers: browsers (the default: Chromium and Firefox where
                           both are installed, else V8's two compilers) or compilers
  --loopback-exempt on|off whether volunteers on this machine may stand in for each other;
                           by default on where only this machine can reach the coordinator
  --allow-origin URL       an address in front of this one, such as https://talka.example; may be repeated
  --trust-proxy CIDR       believe X-Forwarded-For of these addresses; may be repeated
  --networks FILE          a table of networks (from, to and AS number a line), by which people are placed; may be repeated
  --epoch-every DAYS       seal an epoch by itself each time so many days have passed (7d; 12h for hours)
  --epoch-budget CREDITS   what each of those shares out; as much as vested unless said
  --tls                    serve https with a self-signed certificate
  --tls-cert FILE --tls-key FILE   serve https with this one
  --help                   this text
`;

const flags = {
  help: { type: 'boolean' },
  memory: { type: 'boolean' },
  dev: { type: 'boolean' },
  'seed-demo': { type: 'string' },
  partner: { type: 'string' },
  'anchor-share': { type: 'string' },
  'auditor-groups': { type: 'string' },
  tribunal: { type: 'string' },
  'loopback-exempt': { type: 'string' },
  'allow-origin': { type: 'string', multiple: true },
  'trust-proxy': { type: 'string', multiple: true },
  networks: { type: 'string', multiple: true },
  'epoch-every': { type: 'string' },
  'epoch-budget': { type: 'string' },
  tls: { type: 'boolean' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
} as const;

/** By then what a coordinator does has been done once, and is compiled. */
const compiledMs = 60_000;
/** The partner's page comes so much later: who comes back to a coordinator that had ended comes first. */
const partnerMs = 100;

/** Loaded with the first thing that is to be told, and at once: the last thing is followed by the end. */
let told: Pino.Logger | null = null;
function logger(): Pino.Logger {
  if (told === null) {
    const { pino } = createRequire(import.meta.url)('pino') as typeof Pino;
    told = pino({ level: process.env['LOG'] ?? 'info', base: null }, pino.destination(2));
  }
  return told;
}

/** What was asked for cannot be done: one line, exit code 1. */
class Impossible extends Error {}

function oneOf<T extends string>(
  flag: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found === undefined) throw new Impossible(`--${flag} is one of ${known.join(', ')}, not '${value}'`);
  return found;
}

function numberOf(name: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === '' || !(number >= min && number <= max))
    throw new Impossible(`${name} is a number from ${min} to ${max}, not '${value}'`);
  return number;
}

function portOf(name: string, value: string | undefined): number | undefined {
  const port = numberOf(name, value, 0, 65_535);
  if (port !== undefined && !Number.isInteger(port))
    throw new Impossible(`${name} is a whole number, not '${value}'`);
  return port;
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Impossible(`--allow-origin is an address such as https://talka.example, not '${text}'`);
  return url.origin;
}

/** A time such as 7d or 12h, in milliseconds. */
function spanOf(flag: string, text: string): number {
  const [, count = '', unit] = /^(\d{1,4})([dh])$/.exec(text) ?? [];
  const ms = Number(count) * (unit === 'd' ? 86_400_000 : 3_600_000);
  if (!(ms > 0)) throw new Impossible(`--${flag} is a time such as 7d or 12h, not '${text}'`);
  return ms;
}

type Flags = ReturnType<typeof parseArgs<{ options: typeof flags }>>['values'];

function optionsOf(values: Flags, env: NodeJS.ProcessEnv): CoordinatorOptions {
  const { 'tls-cert': cert, 'tls-key': key } = values;
  if ((cert === undefined) !== (key === undefined))
    throw new Impossible('--tls-cert and --tls-key go together');
  const port = portOf('PORT', env['PORT'] === '' ? undefined : env['PORT']);
  const groups = numberOf('--auditor-groups', values['auditor-groups'], 1, 1e9);
  const exempt = oneOf('loopback-exempt', values['loopback-exempt'], ['on', 'off']);
  return {
    host: env['HOST'] || '127.0.0.1',
    port: port ?? 8787,
    dataDir: values.memory === true ? null : env['DATA_DIR'] || './data',
    seed: oneOf('seed-demo', values['seed-demo'], ['none', 'seed', 'demo']) ?? 'seed',
    anchorShare: numberOf('--anchor-share', values['anchor-share'], 0, 64) ?? 0.25,
    ...(groups === undefined ? {} : { auditorGroupsMin: Math.ceil(groups) }),
    tribunalBrowsers: oneOf('tribunal', values.tribunal, ['browsers', 'compilers']) !== 'compilers',
    ...(exempt === undefined ? {} : { loopbackExempt: exempt === 'on' }),
    ...epochsOf(values),
    allowOrigins: (values['allow-origin'] ?? []).map(originOf),
    trustProxy: values['trust-proxy'] ?? [],
    networks: values.networks ?? [],
    tls: cert !== undefined && key !== undefined ? { cert, key } : values.tls === true ? 'self-signed' : null,
    dev: values.dev ?? false,
  };
}

/** Epochs that are sealed by themselves. */
function epochsOf(values: Flags): Pick<CoordinatorOptions, 'epochEveryMs' | 'epochBudgetMicro'> {
  const { 'epoch-every': every, 'epoch-budget': budget } = values;
  if (budget !== undefined && every === undefined)
    throw new Impossible('--epoch-budget goes with --epoch-every');
  const budgetMicro = budget === undefined ? undefined : microOf(budget);
  if (budgetMicro === null)
    throw new Impossible(`--epoch-budget is a number of credits above 0, to six decimals, not '${budget}'`);
  return {
    ...(every === undefined ? {} : { epochEveryMs: spanOf('epoch-every', every) }),
    ...(budgetMicro === undefined ? {} : { epochBudgetMicro: budgetMicro }),
  };
}

/** Without an anchor audited work waits for ever, which nobody should find out from a gauge. */
function noAnchor(url: string): readonly string[] {
  return [
    '  no anchor computes here (--anchor-share 0): a quarter of all audits, and all of who is new, leaves with little or is suspended, are the anchors’ alone,',
    `  so work under audit stays provisional until one is there: TALKA_TOKEN=… npm run talka -- audit --url ${url}`,
  ];
}

/** What a person sees at start, on the output stream. */
function greeting(running: RunningCoordinator, options: CoordinatorOptions, partner: Partner | null): string {
  const lines = [`Talka is at ${running.url}/`];
  if (partner !== null) lines.push(`  a partner's page with the widget: ${partner.url}/`);
  for (const job of running.seeded) lines.push(`  a demonstration was put in: ${job}`);
  if (running.selfSigned) lines.push('  its certificate is self-signed: browsers will ask before they go on');
  if (options.dataDir === null) lines.push('  nothing is kept on disk');
  if (running.house.loopbackExempt)
    lines.push('  browsers on this machine count as different people (--loopback-exempt off: as one)');
  if (options.anchorShare === 0) lines.push(...noAnchor(running.url));
  if (running.operatorToken !== null)
    lines.push('', `  The operator's token, shown this once: ${running.operatorToken}`, '');
  return lines.join('\n');
}

/** The port of the partner's page; null where there is none. */
function partnerPortOf(
  { partner }: Flags,
  { seed, tls, dev, port = 8787 }: CoordinatorOptions,
): number | null {
  if (partner === 'none') return null;
  // Beside https with a certificate of our own making a browser would show the frame as an error; in development it is not built.
  const usual = seed !== 'none' && tls === null && dev !== true;
  if (partner === undefined && !usual) return null;
  return portOf('--partner', partner) ?? (port === 0 ? 0 : port + 1);
}

/** The partner's page; null where it cannot be shown, which is told and ends nothing. */
async function partnerOf(
  port: number | null,
  { host = '127.0.0.1' }: CoordinatorOptions,
  running: RunningCoordinator,
): Promise<Partner | null> {
  if (port === null) return null;
  await sleep(partnerMs);
  const { partnerBeside } = await import('./partner.ts');
  return partnerBeside(running, host, port).catch((error: unknown) => {
    logger().warn({ error: String(error) }, 'the page of a partner could not be shown');
    return null;
  });
}

async function serve(values: Flags): Promise<void> {
  const options = optionsOf(values, process.env);
  const partnerPort = partnerPortOf(values, options);
  const onFatal = (error: unknown): void => {
    logger().fatal(
      { error: error instanceof Error ? error.stack : String(error) },
      'this is a bug; the log is whole, start again',
    );
    process.exit(70);
  };
  // It comes up while the rest of the program is loaded.
  const socketThread = new SocketThread(onFatal);
  const { startCoordinator } = await import('./coordinator.ts');
  const running = await startCoordinator({
    socketThread,
    ...options,
    onNote: (note, about) => logger().info(about, note),
    onFatal,
  });
  // Compiled code is kept while it runs and not at its end: who is killed has none, and should start quickly all the same.
  setTimeout(() => {
    flushCompileCache();
    beginYoung();
  }, compiledMs).unref();
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger().info({ signal }, 'stopping');
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger().error({ error: String(error) }, 'it did not stop well');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  console.log(greeting(running, options, await partnerOf(partnerPort, options, running)));
}

async function backedUp(command: 'backup' | 'restore', file: string, dataDir: string): Promise<void> {
  const { backupDataDir, restoreDataDir } = await import('./backup.ts');
  await (command === 'backup' ? backupDataDir(dataDir, file) : restoreDataDir(file, dataDir));
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true });
  const [command, file] = positionals;
  if (values.help === true) return void process.stdout.write(help);
  const dataDir = process.env['DATA_DIR'] || './data';
  switch (command) {
    case undefined:
      return serve(values);
    case 'backup':
    case 'restore':
      if (file === undefined) throw new Impossible(`${command} needs a file`);
      await backedUp(command, file, dataDir);
      console.log(
        command === 'backup'
          ? `${dataDir} is in ${file} now; it holds the keys, keep it safe`
          : `${file} is in ${dataDir} now`,
      );
      return;
    default:
      throw new Impossible(`there is no command '${command}'; see --help`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`talka-coordinator: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
