/**
 * Makes a second form of a published shader: one dispatch of it computes several units, as the z of a workgroup's number
 * says. A card with a hundred multiprocessors is idle for the most part while it computes one unit, and WebGPU has it
 * finish one dispatch before the next when both write to the same buffer.
 *
 * The bytes that were published stay as they are, and so does what they mean: every workgroup computes what it would have
 * computed, with the params of its own unit in place of the only ones there were.
 */

import type { GpuProgram } from '../src/kernels/kernel.ts';

/** Units to a dispatch at most: with 64 workgroups each enough for any card, and few bytes of params. */
export const joinedMax = 64;

/** What must stand where params are declared. */
const declaration = /@group\(0\)\s*@binding\(0\)\s*var<uniform>\s+(\w+)\s*:\s*(\w+)\s*;/g;
const whichGroup = /@builtin\(\s*workgroup_id\s*\)\s*(\w+)\s*:/;

/**
 * The shader for up to `joinedMax` units in a dispatch, or null where it is not written in the one way that allows it. No line is
 * added, so that a compiler's words still point right.
 */
export function joinedShader(
  wgsl: string,
  { entryPoint, paramBytes }: Pick<GpuProgram, 'entryPoint' | 'paramBytes'>,
): string | null {
  const entry = new RegExp(`\\bfn\\s+${entryPoint}\\s*\\(([^{}]*?)\\)\\s*\\{`, 'g');
  const [declared, ...others] = wgsl.matchAll(declaration);
  const [head, ...heads] = wgsl.matchAll(entry);
  if (declared === undefined || head === undefined || others.length + heads.length > 0) return null;
  if (/\bjoined_/.test(wgsl)) return null;
  const [whole, name = '', type = ''] = declared;
  const [opening, parts = ''] = head;
  // A private copy and not the array itself: emulations look a changing index up anew at each use.
  const several =
    `struct joined_one { @align(16) @size(${paramBytes}) own: ${type} } ` +
    `@group(0) @binding(0) var<uniform> joined_params: array<joined_one, ${joinedMax}>; ` +
    `var<private> ${name}: ${type};`;
  const group = whichGroup.exec(parts)?.[1];
  const asked =
    group === undefined
      ? opening.replace(`${entryPoint}(`, `${entryPoint}(@builtin(workgroup_id) joined_group: vec3<u32>, `)
      : opening;
  return wgsl
    .replace(whole, () => several)
    .replace(opening, () => `${asked} ${name} = joined_params[${group ?? 'joined_group'}.z].own;`);
}
