/** Starts a coordinator with the cheap kernels for a test, with a job in it when asked, and calls its HTTP as a function. */
import { startCoordinator } from '../../src/coordinator/coordinator.ts';
import type { CoordinatorOptions, RunningCoordinator } from '../../src/coordinator/coordinator.ts';
import type { JobView } from '../../src/wire/views.ts';
import { cheapInput, cheapShelf } from './cheap.ts';

export interface Started extends RunningCoordinator {
  /** Calls the Request → Response function, as its own page would. */
  call(path: string, init?: RequestInit): Promise<Response>;
  operator(path: string, body: unknown): Promise<Response>;
  operatorGet(path: string): Promise<Response>;
  /** Funds and submits a job of so many units. */
  job(over?: {
    kernel?: string;
    units?: number;
    unitsPerChunk?: number;
    quorum?: number;
    demonstration?: boolean;
  }): Promise<JobView>;
}

let tokens = new Map<string, string>();

export async function started(options: CoordinatorOptions = {}): Promise<Started> {
  const running = await startCoordinator({
    dataDir: null,
    seed: 'none',
    anchorShare: 0,
    webDir: null,
    graceMs: 10,
    shelf: cheapShelf,
    onFatal: (error) => {
      throw error;
    },
    ...options,
  });
  const where = options.dataDir ?? '';
  if (running.operatorToken !== null) tokens = new Map(tokens).set(where, running.operatorToken);
  const token = tokens.get(where) ?? '';
  const call = async (path: string, init: RequestInit = {}): Promise<Response> =>
    running.fetch(new Request(`${running.url}${path}`, init));
  const operator = (path: string, body: unknown): Promise<Response> =>
    call(`/api/operator${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
    });
  const operatorGet = (path: string): Promise<Response> =>
    call(`/api/operator${path}`, { headers: { authorization: `Bearer ${token}` } });
  const job: Started['job'] = async ({
    kernel = 'cheap@1',
    units = 32,
    unitsPerChunk = 8,
    quorum = 2,
    demonstration = true,
  } = {}) => {
    const input = cheapInput(units);
    const { digest } = (await (await operator('/blobs', input)).json()) as { digest: string };
    await operator('/fund', { account: 'operator', amountMicro: units * quorum * 10_000 });
    const answer = await operator('/jobs', {
      kernel,
      input: digest,
      title: 'a test',
      cause: 'tests',
      unitsPerChunk,
      quorum,
      demonstration,
    });
    if (answer.status !== 201) throw new Error(await answer.text());
    return (await answer.json()) as JobView;
  };
  return { ...running, call, operator, operatorGet, job };
}
