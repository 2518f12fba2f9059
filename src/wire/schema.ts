/** Turns what came over a boundary (`unknown`) into a typed value, or into a refusal that names the place of the fault. */
import * as v from 'valibot';

/** A message that could not be understood: where, and why. Never an exception. */
export interface Malformed {
  readonly malformed: string;
}

/** Whether decoding failed. */
export function isMalformed(value: object): value is Malformed {
  return 'malformed' in value;
}

/** Checks a value against a schema: own keys only, unknown keys refused, first fault reported with its path. */
export function check<T extends object>(schema: v.GenericSchema<unknown, T>, value: unknown): T | Malformed {
  const result = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  return { malformed: `${v.getDotPath(issue) ?? 'message'}: ${issue.message}`.slice(0, 200) };
}

/** Parses JSON text of at most `bytesMax` UTF-16 code units and checks it. Depth is bounded by the schema itself. */
export function parse<T extends object>(
  schema: v.GenericSchema<unknown, T>,
  text: string,
  bytesMax: number,
): T | Malformed {
  if (text.length > bytesMax) return { malformed: `message: longer than ${bytesMax} characters` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { malformed: 'message: not JSON' };
  }
  return check(schema, value);
}

/** The same for a frame that holds one word or a list of words. */
export function parseAll<T extends object>(
  schema: v.GenericSchema<unknown, T>,
  text: string,
  bytesMax: number,
): T[] | Malformed {
  if (!text.startsWith('[')) {
    const word = parse(schema, text, bytesMax);
    return isMalformed(word) ? word : [word];
  }
  return parse(v.array(schema), text, bytesMax);
}
