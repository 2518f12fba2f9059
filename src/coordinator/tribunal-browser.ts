/**
 * One of the tribunal's two processes where the machine has browsers: shows a page that computes the units it is sent to a browser
 * of its own (a fresh profile, no window), answers once and ends. Whatever browser can open an address will do: page and answer
 * travel over HTTP, under a name that nobody can guess, on an address that nobody but this machine has.
 *
 * node tribunal-browser.ts KIND PROGRAM FOLDER
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runsAsRoot } from './browsers.ts';
import type { TribunalAnswer, TribunalWork, UnitAnswer } from './tribunal-compute.ts';

/** All outputs together, and what is said of them. */
const answerBytesMax = 80 * 1024 * 1024;

const page = `<!doctype html><meta charset="utf-8"><title>Talka tribunal</title><script type="module" src="page.js"></script>`;

/** Fetches the work, has a worker compute it, and sends a line of JSON (each output's length, or how it traps) and the outputs behind it. */
const pageScript = `
const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
const send = (said, outputs) =>
  fetch('answer', { method: 'POST', body: new Blob([JSON.stringify({ ...said, agent: navigator.userAgent }), '\\n', ...outputs]) });
const fail = (why) => send({ failed: String(why) }, []);
try {
  const work = { wasm: await bytes('wasm'), input: await bytes('input'), units: await (await fetch('units')).json() };
  const worker = new Worker('worker.js', { type: 'module' });
  worker.onerror = ({ message }) => fail(message ?? 'the worker did not start');
  worker.onmessage = ({ data }) => {
    if ('failed' in data) return fail(data.failed);
    const isOutput = (answer) => answer instanceof Uint8Array;
    send({ answers: data.answers.map((one) => (isOutput(one) ? one.length : one)) }, data.answers.filter(isOutput));
  };
  worker.postMessage(work);
} catch (error) {
  fail(error);
}
`;

/** Engines have words of their own for a trap; that there is one is the kernel's meaning. */
const workerScript = `
import { answered } from './compute.js';
onmessage = ({ data }) => postMessage(answered(data, () => 'it traps'));
`;

const compute = (): string =>
  stripTypeScriptTypes(readFileSync(new URL('./tribunal-compute.ts', import.meta.url), 'utf8'));

const javaScript = 'text/javascript';

/** What lies under the page's address. */
function shelfOf({ wasm, input, units }: TribunalWork): Map<string, readonly [string, string | Uint8Array]> {
  return new Map([
    ['', ['text/html', page]],
    ['page.js', [javaScript, pageScript]],
    ['worker.js', [javaScript, workerScript]],
    ['compute.js', [javaScript, compute()]],
    ['wasm', ['application/wasm', wasm]],
    ['input', ['application/octet-stream', input]],
    ['units', ['application/json', JSON.stringify(units)]],
  ]);
}

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** Serves the page; `answer` hears what comes back. Gives its address. */
function serve(work: TribunalWork, answer: (given: TribunalAnswer) => void): Promise<string> {
  const name = randomBytes(24).toString('base64url');
  const shelf = shelfOf(work);
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, first, rest] = /^\/([^/]*)\/(.*)$/.exec(request.url ?? '') ?? [];
    if (first === name && request.method === 'POST' && rest === 'answer') {
      answer(answerIn(await bodyOf(request)));
      return void response.writeHead(204, headers).end();
    }
    const found = first === name && request.method === 'GET' ? shelf.get(rest ?? '') : undefined;
    if (found === undefined) return void response.writeHead(404, headers).end();
    response.writeHead(200, { ...headers, 'content-type': found[0] }).end(found[1]);
  };
  const server = createServer((request, response) => {
    reply(request, response).catch((error: unknown) => answer({ failed: String(error) }));
  });
  return new Promise((listening) => {
    server.listen(0, '127.0.0.1', () =>
      listening(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}/`),
    );
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > answerBytesMax) throw new Error('the answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Reads what the page sent; whatever it is not as it must be is no answer. */
function answerIn(body: Buffer): TribunalAnswer {
  const end = body.indexOf(10);
  const head = JSON.parse(body.toString('utf8', 0, end)) as { failed?: unknown; answers?: unknown };
  if (typeof head.failed === 'string') return { failed: head.failed };
  if (!Array.isArray(head.answers)) return { failed: 'what it said is no answer' };
  let at = end + 1;
  const answers = head.answers.map((one: unknown): UnitAnswer => {
    if (typeof one !== 'number') return { trap: String((one as { trap?: unknown } | null)?.trap) };
    return Uint8Array.from(body.subarray(at, (at += one)));
  });
  return at === body.length ? { answers } : { failed: 'the lengths do not add up to the bytes' };
}

/** A profile that asks nothing, fetches nothing and tells nobody. */
const firefoxPrefs = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.ipc.processPrelaunch.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
} as const;

/** How each kind is started without a window, with the folder as its profile. */
const argumentsOf: Readonly<Record<string, (url: string, folder: string) => string[]>> = {
  chromium: (url, folder) => [
    '--headless=new',
    ...(runsAsRoot() ? ['--no-sandbox'] : []),
    '--disable-background-networking',
    '--disable-breakpad',
    '--disable-component-update',
    '--disable-extensions',
    '--disable-gpu',
    '--disable-sync',
    '--no-default-browser-check',
    '--no-first-run',
    '--remote-debugging-pipe',
    `--user-data-dir=${folder}`,
    url,
  ],
  firefox: (url, folder) => {
    const prefs = Object.entries(firefoxPrefs).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(folder, 'user.js'), prefs.join(''));
    return ['--headless', '--no-remote', '--profile', folder, url];
  },
};

/** One question, one answer, and no life without the coordinator: browser and all. */
function keep([kind = '', program = '', folder = '']: readonly string[]): void {
  const end = (): void => {
    if (process.platform === 'win32') process.exit(1);
    process.kill(-process.pid, 'SIGKILL');
  };
  process.once('disconnect', end);
  const answer = (given: TribunalAnswer): void => void process.send?.(given);
  const ask = async (work: TribunalWork): Promise<void> => {
    const url = await serve(work, answer);
    const browser = spawn(program, argumentsOf[kind]?.(url, folder) ?? [], {
      // A browser that is spoken to through a pipe stays until it is told to go; nobody speaks to it.
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: folder },
    });
    browser.once('error', (error) => answer({ failed: String(error) }));
    browser.once('exit', (code, signal) => answer({ failed: `the browser ended (${signal ?? code})` }));
  };
  process.once('message', (work: TribunalWork) => {
    ask(work).catch((error: unknown) => answer({ failed: String(error) }));
  });
}

keep(process.argv.slice(2));
