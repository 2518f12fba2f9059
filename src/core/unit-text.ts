/**
 * Lists of unit numbers as text, in the order in which they were added: two letters for a unit and not eight bytes, so that the draws of
 * thousands of people fit into memory, and a snapshot holds them as they are. Each number stands as its distance from the
 * one before it (zigzag, base 32, the lowest digit first; a letter of the upper half says that another follows), from 0 for the first.
 */

/** A list; '' is the empty one. */
export type UnitText = string;

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const digits = new Uint8Array(128);
for (let i = 0; i < letters.length; i++) digits[letters.charCodeAt(i)] = i;

/** The numbers of a list, in its order; the first `most` of them. */
export function unitsIn(text: UnitText, most = Number.POSITIVE_INFINITY): number[] {
  const units: number[] = [];
  let [last, value, scale] = [0, 0, 1];
  for (let i = 0; i < text.length && units.length < most; i++) {
    const digit = digits[text.charCodeAt(i)] as number;
    value += (digit % 32) * scale;
    scale *= 32;
    if (digit >= 32) continue;
    last += value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    units.push(last);
    [value, scale] = [0, 1];
  }
  return units;
}

/** The list with these behind its own: whole numbers from 0 to 2^51 (a job has no more than 2^43 units). */
export function withUnits(text: UnitText, units: readonly number[]): UnitText {
  if (units.length === 0) return text;
  let last = unitsIn(text).at(-1) ?? 0;
  // Letters that are added to a text one by one are kept one by one, in fifty times the memory, until somebody reads it.
  const codes: number[] = [];
  for (let i = 0; i < units.length; i++) {
    const unit = units[i] as number;
    let value = unit >= last ? 2 * (unit - last) : 2 * (last - unit) - 1;
    for (; value >= 32; value = Math.floor(value / 32)) codes.push(letters.charCodeAt(32 + (value % 32)));
    codes.push(letters.charCodeAt(value));
    last = unit;
  }
  return text + textOf(codes);
}

/** In pieces: a call takes only so many arguments. */
function textOf(codes: readonly number[]): string {
  if (codes.length <= 4_096) return String.fromCharCode(...codes);
  let text = '';
  for (let at = 0; at < codes.length; at += 4_096)
    text += String.fromCharCode(...codes.slice(at, at + 4_096));
  return text;
}

/** A list of just these. */
export function unitText(units: readonly number[]): UnitText {
  return withUnits('', units);
}
