/**
 * Turns what the coordinator says of checks into its view: unknown until every field that the page reads has its shape.
 * With a measure of its own, so that the start page need not hand out the parts of its one.
 */
import { Unreadable } from '../decode.ts';
import type { ChecksView } from '../../wire/views.ts';

/** What a value should be: something that says so, a list of such, or an object of these; further fields are left alone. */
type Shape = ((value: unknown) => boolean) | readonly [Shape] | { readonly [field: string]: Shape };

function fits(shape: Shape, value: unknown): boolean {
  if (typeof shape === 'function') return shape(value);
  if (isList(shape)) return Array.isArray(value) && value.every((one) => fits(shape[0], one));
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shape).every(([field, inner]) => fits(inner, (value as Record<string, unknown>)[field]))
  );
}

const isList = (shape: Exclude<Shape, (value: unknown) => boolean>): shape is readonly [Shape] =>
  Array.isArray(shape);

const text = (value: unknown): boolean => typeof value === 'string';
const number = (value: unknown): boolean => Number.isFinite(value);
const flag = (value: unknown): boolean => typeof value === 'boolean';
const orNull =
  (shape: Shape) =>
  (value: unknown): boolean =>
    value === null || fits(shape, value);
const threeNumbers = (value: unknown): boolean => fits([number], value) && (value as unknown[]).length === 3;
const kind = (value: unknown): boolean =>
  typeof value === 'string' && ['none', 'certify', 'replicate', 'audit', 'adaptive'].includes(value);
/** Titles in further languages, or none. */
const texts = (value: unknown): boolean =>
  value === undefined ||
  (typeof value === 'object' && value !== null && fits([{ title: text }], Object.values(value)));
/** An object of numbers. */
const numbers = (fields: string): Record<string, Shape> =>
  Object.fromEntries(fields.split(' ').map((field) => [field, number]));

const policy: Shape = {
  kind,
  quorum: number,
  terms: orNull(numbers('windowUnits leaverUnits auditedMin anchors')),
  prices: [numbers('staySeconds times')],
  risks: [numbers('hostile share')],
};
const checks: Shape = {
  at: number,
  made: numbers('audits units mismatches secondCopies voidedChunks suspended banned'),
  auditsByPeople: number,
  sharedWithPeople: flag,
  anchored: flag,
  waiting: { audits: number, since: orNull(number) },
  paid: { ...numbers('workMicro secondMicro auditMicro recheckMicro'), redundancy: orNull(number) },
  chunks: numbers('provisional final'),
  identities: { tiers: threeNumbers, suspended: number, banned: number },
  live: {
    ...numbers('people networks exempt places needed'),
    tooFew: flag,
    largestShare: orNull(number),
    alarm: flag,
    providers: orNull({ ...numbers('known providers needed'), places: flag }),
  },
  jobs: [{ job: text, title: text, ...numbers('units chunks provisional final'), texts, policy }],
  offers: [policy],
  unitMicro: number,
  rules: {
    oneIn: threeNumbers,
    ...numbers('probationMicro tier1Micro suspendedMs faultMemoryMs leaverAfterMs anchorAfterMs'),
  },
};

/** Throws `Unreadable` when the answer is not what this version of the page understands. */
export function decodeChecks(value: unknown): ChecksView {
  if (!fits(checks, value)) throw new Unreadable('the answer has another shape');
  return value as ChecksView;
}
