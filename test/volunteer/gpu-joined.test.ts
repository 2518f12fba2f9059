/** The second form of a shader: which shaders have one, and what stands in it. That it computes the same, the engine's contract shows. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/kernels/catalogue.ts';
import { joinedShader } from '../../workers/gpu-joined.ts';

const program = { entryPoint: 'main', paramBytes: 32 };
const declared = '@group(0) @binding(0) var<uniform> params: Params;';

describe('several units to a dispatch', () => {
  for (const kernel of catalogue.values()) {
    const gpu = kernel.gpu;
    it.skipIf(gpu === undefined)(`${kernel.id} takes them, on the lines that it has`, () => {
      if (gpu === undefined) return;
      const folder = kernel.id.split('@')[0];
      const wgsl = readFileSync(new URL(`../../src/kernels/${folder}/shader.wgsl`, import.meta.url), 'utf8');
      const joined = joinedShader(wgsl, gpu);
      expect(joined).not.toBeNull();
      expect(joined?.split('\n')).toHaveLength(wgsl.split('\n').length);
      expect(joined).toContain(`@size(${gpu.paramBytes})`);
    });
  }

  it('asks for the number of the workgroup where the shader does not', () => {
    const joined = joinedShader(
      `${declared}\nfn main(@builtin(global_invocation_id) id: vec3u) { use(params); }`,
      program,
    );
    expect(joined).toContain('var<private> params: Params;');
    expect(joined).toContain(
      'fn main(@builtin(workgroup_id) joined_group: vec3<u32>, @builtin(global_invocation_id) id: vec3u) { params = joined_params[joined_group.z].own;',
    );
    expect(joinedShader(`${declared} fn main() {}`, program)).toContain('joined_group: vec3<u32>, ) {');
  });

  it('takes the one that is there, under its name', () => {
    const joined = joinedShader(`${declared} fn main(@builtin(workgroup_id) mine: vec3u) {}`, program);
    expect(joined).toContain('{ params = joined_params[mine.z].own;');
    expect(joined).not.toContain('joined_group');
  });

  it.each([
    ['params are declared otherwise', '@binding(0) @group(0) var<uniform> params: Params; fn main() {}'],
    [
      'params lie in an array already',
      '@group(0) @binding(0) var<uniform> p: array<Params, 2>; fn main() {}',
    ],
    ['there are two of them', `${declared} ${declared} fn main() {}`],
    ['the entry point is another', `${declared} fn other() {}`],
    ['its names are taken', `${declared} var<private> joined_params: u32; fn main() {}`],
  ])('leaves a shader alone where %s', (_, wgsl) => {
    expect(joinedShader(wgsl, program)).toBeNull();
  });
});
