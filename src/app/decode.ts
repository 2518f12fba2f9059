/** Turns the coordinator's JSON into views: unknown until every field that a page reads has the shape it should have. */
import type { AccountView, JobView, PulseView, StatusView } from '../wire/views.ts';

/** Thrown when an answer is not what this version of the page understands. */
export class Unreadable extends Error {
  override name = 'Unreadable';
}

export type Check = (value: unknown) => boolean;

export const text: Check = (value) => typeof value === 'string';
export const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const flag: Check = (value) => typeof value === 'boolean';
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
/** An object with these fields; further ones are left alone, so that a newer coordinator stays readable. */
export const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([key, check]) => check((value as Record<string, unknown>)[key]));
export const all = (check: Check, names: string): Record<string, Check> =>
  Object.fromEntries(names.split(' ').map((name) => [name, check]));

/** An object whose every value passes, or nothing at all. */
const mapOrNone =
  (check: Check): Check =>
  (value) =>
    value === undefined || (typeof value === 'object' && value !== null && Object.values(value).every(check));

const live = record(all(number, 'people devices cores gpus rateMilli'));
const job = record({
  ...all(text, 'job kernel wasm input agreement title cause requester policy state'),
  ...all(
    number,
    'units unitsPerChunk unitCostMicro quorum submittedAt chunks free leased committed accepted final',
  ),
  ...all(number, 'settledByPeople settledWithAnchor disputes priceMicro paidMicro'),
  texts: mapOrNone(record(all(text, 'title cause'))),
  demonstration: flag,
  endedAt: orNull(number),
  etaMs: orNull(number),
  result: record(all(flag, 'picture report preview')),
});
const jobs = list(job);
const pulse = record({ at: number, live, storeFault: orNull(text), jobs });
const status = record({
  ...all(text, 'name version coordinator'),
  settings: record({ loopbackExempt: flag }),
  live,
  head: record({ size: number }),
  witnesses: record({ count: number }),
  storeFault: orNull(text),
  kernels: list(record({ id: text, wasmBytes: number })),
});
const account = record({
  ...all(number, 'pendingMicro vestedMicro chunks units firstAt'),
  account: text,
  name: orNull(text),
  rank: orNull(number),
});

/** What was checked, still without a type: each function below claims the one its check has just made sure of. */
export function checked(check: Check, value: unknown): unknown {
  if (!check(value)) throw new Unreadable('the answer has another shape');
  return value;
}

export const decodePulse = (value: unknown): PulseView => checked(pulse, value) as PulseView;
export const decodeStatus = (value: unknown): StatusView => checked(status, value) as StatusView;
export const decodeAccount = (value: unknown): AccountView => checked(account, value) as AccountView;

/** The list of jobs, which comes under `jobs`. */
export function decodeJobs(value: unknown): readonly JobView[] {
  const found = typeof value === 'object' && value !== null && 'jobs' in value ? value.jobs : null;
  return checked(jobs, found) as readonly JobView[];
}
