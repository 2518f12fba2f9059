/** The `talka` command line: reads the arguments and starts what they name. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const usage = `talka volunteer --url URL [options]   compute chunks for a coordinator

  --url URL        the coordinator, e.g. http://127.0.0.1:8787
  --cores N        worker threads (half of the cores unless said)
  --share S        how much of each core's time, from 0.1 to 1 (1 unless said)
  --gpu            also use the graphics processor, once Node has WebGPU; in the checkout, once:
                   npm install --prefix .tools/webgpu webgpu@0.6.2
  --gpu-always     … even if it is emulated, or slower than a core
  --data DIR       where identity and unsent results lie (~/.talka/volunteer)
  --for SECONDS    finish after so long
  --yes            agree to the terms without being asked
  --accept-restore go on where the coordinator states that it was restored from a backup

talka object --url URL [options]      where an answer of this computer was found wrong: show what it claimed and what is right, and
                                      what was said of it since; and say, once to each finding, that you think otherwise

  --text TEXT      why, in 500 characters; the operator reads it (you are asked unless it is given)
  --data DIR       where the identity lies (~/.talka/volunteer)

talka verify FILE                     check receipts without asking anybody: signature, place in the
                                      tree, amounts; FILE as a volunteer keeps it (receipts.jsonl)

  --coordinator KEY  whose signature is expected, as its /api/status says

talka witness --url URL [options]     look at a coordinator's log now and then, countersign what extends what
                                      was seen before, and send it that; whatever does not is kept as evidence

  --coordinator KEY  its public key; else the one that it names at the first look
  --every SECONDS    between two looks (60 unless said)
  --once             one look and no more
  --no-send          keep it to yourself: the coordinator is sent nothing
  --data DIR         where the witness's key and memory lie (~/.talka/witness)

talka witness compare A [B] --url URL
                                      what two witnesses keep, or what coordinators show of them (saved from
                                      /api/log/cosignatures): one log, or two? Without B, what this one shows now

talka rebuild --url URL [options]     download the public records of a coordinator's log, check them against what it
                                      signed, and print every balance that follows from them

  --coordinator KEY  its public key; else the one that it names
  --from-file FILE   records that were saved before: only what follows is downloaded
  --save FILE        keep the records, one a line
  --compare WHAT     hold what it shows against that: leaderboard, or an account

talka audit --url URL [options]       for operators: recompute what was drawn for an audit, without being told what
                                      was claimed, beside the coordinator's own anchor or in place of it

  --token TOKEN    the operator's token; better in the environment, as TALKA_TOKEN: there nobody else sees it
  --cores N        threads (1 unless said)
  --share S        how much of each core's time, from 0.1 to 1 (1 unless said)

talka epoch seal --url URL [options]  for operators: close what has vested since the last epoch into a new one

  --token TOKEN    the operator's token; better in the environment, as TALKA_TOKEN
  --until TIME     the end of its period, such as 2026-12-01T00:00Z; now unless said
  --budget CREDITS what it shares out, in proportion to what vested; as much as vested unless said
  --save DIR       keep its files there

talka epoch verify FILES…             rebuild an epoch from its files (epoch-N.json, epoch-N-rows.csv), and say yes or name
                                      the first difference; with the log's public records (records.jsonl, saved by
                                      talka rebuild) also whether they vest these credits; or check one claim by itself

  --coordinator KEY  whose signature is expected, as its /api/status says

talka site add ORIGIN… --url URL      for operators: a key for the pages of a partner, such as https://paper.example,
                                      and the line of HTML that shows the widget there
talka site list --url URL             every site, with its state
talka site suspend KEY --url URL      no work for it, from now on; resume ends that
talka site resume KEY --url URL

  --token TOKEN    the operator's token; better in the environment, as TALKA_TOKEN

talka --help                          this text
`;

/** A mistake in the arguments: told in one line. */
class UsageError extends Error {
  override name = 'UsageError';
}

async function volunteer(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' },
      cores: { type: 'string' },
      share: { type: 'string' },
      gpu: { type: 'boolean', default: false },
      'gpu-always': { type: 'boolean', default: false },
      data: { type: 'string' },
      for: { type: 'string' },
      yes: { type: 'boolean', default: false },
      'accept-restore': { type: 'boolean', default: false },
    },
  });
  if (values.url === undefined) throw new UsageError('--url is missing: which coordinator?');
  const { runHeadless } = await import('./volunteer/headless-node.ts');
  return runHeadless({
    url: originOf(values.url),
    cores: values.cores === undefined ? null : positive('--cores', values.cores, true),
    share: values.share === undefined ? null : shareOf(values.share),
    gpu: values.gpu || values['gpu-always'],
    gpuAlways: values['gpu-always'],
    folder: values.data ?? null,
    forMs: values.for === undefined ? null : positive('--for', values.for, false) * 1000,
    yes: values.yes,
    acceptRestore: values['accept-restore'],
  });
}

async function object(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { url: { type: 'string' }, text: { type: 'string' }, data: { type: 'string' } },
  });
  if (values.url === undefined) throw new UsageError('--url is missing: which coordinator?');
  const { runObjecting } = await import('./volunteer/object-node.ts');
  const { text = null, data = null } = values;
  return runObjecting({ url: originOf(values.url), folder: data, text });
}

async function verify(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { coordinator: { type: 'string' } },
    allowPositionals: true,
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('verify takes one file');
  const { verifyFile } = await import('./volunteer/verify-node.ts');
  return verifyFile(file, values.coordinator ?? null);
}

async function witness([verb, ...rest]: readonly string[]): Promise<number> {
  const isComparing = verb === 'compare';
  const { values, positionals } = parseArgs({
    args: isComparing ? rest : verb === undefined ? [] : [verb, ...rest],
    options: {
      url: { type: 'string' },
      coordinator: { type: 'string' },
      every: { type: 'string' },
      once: { type: 'boolean', default: false },
      'no-send': { type: 'boolean', default: false },
      data: { type: 'string' },
    },
    allowPositionals: isComparing,
  });
  if (values.url === undefined) throw new UsageError('--url is missing: which coordinator?');
  const url = originOf(values.url);
  const { compareFiles, runWitness } = await import('./volunteer/witness-node.ts');
  if (isComparing) {
    const [first, second, ...more] = positionals;
    if (first === undefined || more.length > 0) throw new UsageError('witness compare takes one file or two');
    return compareFiles(first, second ?? null, url);
  }
  const seconds = values.every === undefined ? 60 : positive('--every', values.every, false);
  const folder = values.data ?? join(homedir(), '.talka', 'witness', new URL(url).host.replace(':', '_'));
  const coordinator = values.coordinator ?? null;
  const everyMs = values.once ? null : seconds * 1000;
  return runWitness({ url, folder, coordinator, everyMs, send: !values['no-send'] });
}

async function rebuild(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' },
      coordinator: { type: 'string' },
      'from-file': { type: 'string' },
      save: { type: 'string' },
      compare: { type: 'string' },
    },
  });
  if (values.url === undefined) throw new UsageError('--url is missing: which coordinator?');
  const { compare = null } = values;
  if (compare !== null && compare !== 'leaderboard' && !/^[A-Za-z0-9_-]{16}$/.test(compare))
    throw new UsageError(`--compare must be leaderboard or an account, not '${compare}'`);
  const { rebuildFrom } = await import('./volunteer/rebuild-node.ts');
  return rebuildFrom({
    url: originOf(values.url),
    file: values['from-file'] ?? null,
    save: values.save ?? null,
    coordinator: values.coordinator ?? null,
    compare,
  });
}

async function audit(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      cores: { type: 'string' },
      share: { type: 'string' },
    },
  });
  if (values.url === undefined) throw new UsageError('--url is missing: which coordinator?');
  const token = tokenOf(values.token);
  const { runAuditing } = await import('./coordinator/audit-command.ts');
  return runAuditing({
    url: originOf(values.url),
    token,
    cores: values.cores === undefined ? 1 : positive('--cores', values.cores, true),
    share: values.share === undefined ? 1 : shareOf(values.share),
  });
}

async function epoch([verb, ...args]: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      until: { type: 'string' },
      budget: { type: 'string' },
      save: { type: 'string' },
      coordinator: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (verb === 'verify') {
    if (positionals.length === 0)
      throw new UsageError('epoch verify takes the files of an epoch, or a claim');
    const { verifyEpochFiles } = await import('./volunteer/epoch-node.ts');
    return verifyEpochFiles(positionals, values.coordinator ?? null);
  }
  if (verb !== 'seal') throw new UsageError('epoch is followed by seal or verify');
  if (positionals.length > 0) throw new UsageError('epoch seal takes no files');
  if (values.url === undefined) throw new UsageError('--url is missing: which coordinator?');
  const { microOf } = await import('./wire/micro.ts');
  const budgetMicro = values.budget === undefined ? null : microOf(values.budget);
  if (values.budget !== undefined && budgetMicro === null)
    throw new UsageError(`--budget must be credits above 0, to six decimals, not '${values.budget}'`);
  const until = values.until === undefined ? null : Date.parse(values.until);
  if (Number.isNaN(until)) throw new UsageError(`--until must be a time, not '${values.until}'`);
  const { runSealing } = await import('./coordinator/seal-command.ts');
  const folder = values.save ?? null;
  return runSealing({ url: originOf(values.url), token: tokenOf(values.token), until, budgetMicro, folder });
}

/** The operator's token, from the arguments or the environment. */
function tokenOf(given: string | undefined): string {
  const token = given ?? process.env['TALKA_TOKEN'] ?? '';
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError('the operator’s token is missing: --token, or TALKA_TOKEN in the environment');
  return token;
}

async function site([verb = '', ...args]: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { url: { type: 'string' }, token: { type: 'string' } },
    allowPositionals: true,
  });
  if (values.url === undefined) throw new UsageError('--url is missing: which coordinator?');
  const { runSites, siteVerbs } = await import('./coordinator/site-command.ts');
  const known = siteVerbs.find((one) => one === verb);
  if (known === undefined) throw new UsageError(`talka site takes one of ${siteVerbs.join(', ')}`);
  if (known === 'list' ? positionals.length > 0 : positionals.length === 0)
    throw new UsageError(
      known === 'add' ? 'which origin?' : known === 'list' ? 'list takes nothing' : 'which key?',
    );
  return runSites(known, positionals, originOf(values.url), tokenOf(values.token));
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new UsageError(`--url must be http(s)://host, not '${text}'`);
  return url.origin;
}

function positive(name: string, text: string, whole: boolean): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value) || (whole && !Number.isInteger(value)))
    throw new UsageError(`${name} must be a ${whole ? 'whole ' : ''}number above 0, not '${text}'`);
  return value;
}

function shareOf(text: string): number {
  const share = Number(text);
  if (!(share >= 0.1 && share <= 1))
    throw new UsageError(`--share must be a number from 0.1 to 1, not '${text}'`);
  return share;
}

async function main([command, ...args]: readonly string[]): Promise<number> {
  if (
    command === undefined ||
    command === '--help' ||
    command === '-h' ||
    command === 'help' ||
    args.includes('--help')
  ) {
    process.stdout.write(usage);
    return command === undefined ? 2 : 0;
  }
  if (command === 'volunteer') return volunteer(args);
  if (command === 'object') return object(args);
  if (command === 'verify') return verify(args);
  if (command === 'witness') return witness(args);
  if (command === 'rebuild') return rebuild(args);
  if (command === 'audit') return audit(args);
  if (command === 'site') return site(args);
  if (command === 'epoch') return epoch(args);
  throw new UsageError(`there is no '${command}'; see talka --help`);
}

/** `parseArgs` tells of unknown options by this error. */
function isMistake(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  );
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!isMistake(error)) throw error;
  process.stderr.write(`talka: ${error.message}\n`);
  process.exitCode = 2;
}
