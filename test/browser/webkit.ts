/** Drives WebKitGTK through plain WebDriver calls: a page that can be opened, asked, photographed and closed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One WebKit window. Closing it ends the browser, its driver and its screen. */
export interface WebKit {
  /** Opens an address and waits until the page has loaded. */
  goto(url: string): Promise<void>;
  /**
   * Runs the body of an async function in the page and gives back what it returns (JSON values only);
   * throws what it throws. `args` are its `arguments`.
   */
  evaluate(body: string, ...args: readonly unknown[]): Promise<unknown>;
  /** A PNG of the viewport. */
  screenshot(): Promise<Buffer>;
  /** Presses the mouse at a place of the viewport, whichever frame lies there. */
  press(x: number, y: number): Promise<void>;
  /** The windows that are open. */
  windows(): Promise<readonly string[]>;
  /** Which of them is spoken to from now on. */
  turnTo(window: string): Promise<void>;
  close(): Promise<void>;
}

/** Longest wait for the driver, and for one script in the page. */
const startMaxMs = 20_000;
const scriptMaxMs = 110_000;

/** Starts Xvfb, the driver and one session. */
export async function openWebKit(programs: { driver: string; xvfb: string }): Promise<WebKit> {
  const screen = await openScreen(programs.xvfb);
  const port = await freePort();
  const driver = spawn(programs.driver, [`--port=${port}`, '--host=127.0.0.1'], {
    env: { ...process.env, DISPLAY: screen.display, GDK_BACKEND: 'x11', LIBGL_ALWAYS_SOFTWARE: '1' },
    stdio: 'ignore',
  });
  const endAll = (): void => {
    driver.kill();
    screen.process.kill();
  };
  try {
    return await openSession(`http://127.0.0.1:${port}`, endAll);
  } catch (fault) {
    endAll();
    throw fault;
  }
}

async function openSession(base: string, endAll: () => void): Promise<WebKit> {
  await untilReady(base);
  const capabilities = { alwaysMatch: { timeouts: { script: scriptMaxMs } } };
  const opened = await call('POST', `${base}/session`, { capabilities });
  const session = `${base}/session/${field(opened, 'sessionId')}`;
  return {
    goto: async (url) => void (await call('POST', `${session}/url`, { url })),
    evaluate: async (body, ...args) => {
      const answer = await call('POST', `${session}/execute/async`, { script: wrapped(body), args });
      if (typeof answer !== 'object' || answer === null) throw new Error('WebKit gave no answer');
      if ('fault' in answer) throw new Error(String(answer.fault));
      return 'value' in answer ? answer.value : undefined;
    },
    press: async (x, y) => {
      const to = { type: 'pointerMove', duration: 0, x: Math.round(x), y: Math.round(y), origin: 'viewport' };
      const press = [to, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }];
      const mouse = { type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions: press };
      await call('POST', `${session}/actions`, { actions: [mouse] });
    },
    windows: async () => (await call('GET', `${session}/window/handles`)) as string[],
    turnTo: async (handle) => void (await call('POST', `${session}/window`, { handle })),
    screenshot: async () => Buffer.from(String(await call('GET', `${session}/screenshot`)), 'base64'),
    close: async () => {
      await call('DELETE', session).catch(() => undefined);
      endAll();
    },
  };
}

/** WebDriver hands an async script its callback as the last argument. */
function wrapped(body: string): string {
  return `
    const args = [...arguments], done = args.pop();
    (async function () { ${body} }).apply(null, args)
      .then((value) => done({ value }), (fault) => done({ fault: fault + '\\n' + ((fault && fault.stack) || '') }));`;
}

async function untilReady(base: string): Promise<void> {
  const giveUpAt = Date.now() + startMaxMs;
  while (Date.now() < giveUpAt) {
    const status = await call('GET', `${base}/status`).catch(() => null);
    if (status !== null) return;
    await sleep(100);
  }
  throw new Error(`WebKitWebDriver did not answer within ${startMaxMs} ms`);
}

/** One WebDriver command; gives back its `value`, throws its error message. */
async function call(method: string, url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer: unknown = await response.json();
  const value = typeof answer === 'object' && answer !== null && 'value' in answer ? answer.value : null;
  if (!response.ok)
    throw new Error(`WebDriver ${method} ${new URL(url).pathname}: ${field(value, 'message')}`);
  return value;
}

function field(value: unknown, name: string): string {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'string' ? found : JSON.stringify(value);
}

/** Starts Xvfb on whichever display number is free; it tells the number through a pipe. */
async function openScreen(xvfb: string): Promise<{ display: string; process: ChildProcess }> {
  const screen = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const numbers = screen.stdio[3];
  if (numbers === null || numbers === undefined) throw new Error('Xvfb got no pipe to answer through');
  const number = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Xvfb did not start')), startMaxMs);
    numbers.once('data', (bytes: Buffer) => {
      clearTimeout(timer);
      resolve(bytes.toString().trim());
    });
    screen.once('exit', () => reject(new Error('Xvfb ended at once')));
  });
  return { display: `:${number}`, process: screen };
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('no free port'));
      });
    });
  });
}
