/** Is path-trace@1 right? Furnaces and closed forms, purity, merging, refusals, vectors, prices. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KernelInputError } from '../../src/kernels/kernel.ts';
import { demoJob } from '../../src/kernels/path-trace/demo.ts';
import { film, srgb } from '../../src/kernels/path-trace/image.ts';
import { subdivide } from '../../src/kernels/path-trace/subdivide.ts';
import { TREE_LEVELS_MAX, buildTree } from '../../src/kernels/path-trace/tree.ts';
import {
  FIXED_ONE, OUTPUT_BYTES, decodeHead, decodeOutput, develop, emptyPicture, encodeInput, mergeTile, pathTrace, place,
} from '../../src/kernels/path-trace/index.ts'; // prettier-ignore
import type { Material, Scene, Vec3 } from '../../src/kernels/path-trace/index.ts';
import { vectorScenes } from '../../src/kernels/path-trace/vectors.ts';
import { freshExports, openReference, openScene, prepareCode } from './path-trace-reference.ts';

const furnace = vectorScenes['white furnace'] as Scene;
const cloth = vectorScenes['flat mesh on striped cloth'] as Scene;
const hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Mean radiance of each channel over all units of a scene. */
function meanOf(scene: Scene): Vec3 {
  const { input, run } = openScene(scene);
  const sums: [number, number, number] = [0, 0, 0];
  const units = pathTrace.units(input);
  for (let unit = 0; unit < units; unit++)
    decodeOutput(run(unit)).forEach((v, i) => (sums[(i % 3) as 0 | 1 | 2] += v));
  const by = 1 / (scene.width * scene.height * scene.samplesPerUnit * scene.batches * FIXED_ONE);
  return [sums[0] * by, sums[1] * by, sums[2] * by];
}

/** A ball that fills the picture, seen under a constant sky of radiance 1. */
function inFurnace(material: Material, more: Partial<Scene> = {}): Scene {
  const camera = { ...furnace.camera, height: 0.2 };
  return { ...furnace, camera, depthMax: 64, samplesPerUnit: 64, batches: 2, materials: [material], ...more };
}

describe('known answers', () => {
  it.each(pathTrace.vectors.map((vector) => [vector.name, vector] as const))(
    '%s',
    (_, { input, unit, digest }) => {
      expect(hex(openReference(input).run(unit))).toBe(digest);
    },
  );
});

describe('white furnace: under a constant sky nothing that absorbs nothing can be seen', () => {
  const mesh = { ...(vectorScenes['smooth glass mesh']?.mesh as NonNullable<Scene['mesh']>), smooth: false };
  const cases: [string, Scene][] = [
    ['diffuse', inFurnace({ kind: 'diffuse', colour: [1, 1, 1] })],
    ['mirror', inFurnace({ kind: 'mirror', colour: [1, 1, 1] })],
    ['glass', inFurnace({ kind: 'glass', absorption: [0, 0, 0], index: 1.5 })],
    [
      'flat glass mesh',
      inFurnace({ kind: 'glass', absorption: [0, 0, 0], index: 1.5 }, { spheres: [], mesh }),
    ],
    ['flat diffuse mesh', inFurnace({ kind: 'diffuse', colour: [1, 1, 1] }, { spheres: [], mesh })],
  ];
  it.each(cases)('%s, exactly', (_, scene) => {
    for (const channel of meanOf(scene)) expect(Math.abs(channel - 1)).toBeLessThan(2e-4);
  });

  it('white glaze, within the noise of its diffuse part', () => {
    for (const channel of meanOf(inFurnace({ kind: 'glaze', colour: [1, 1, 1], index: 1.5 }))) {
      expect(Math.abs(channel - 1)).toBeLessThan(0.005);
    }
  });

  it('a convex grey ball shows exactly its albedo', () => {
    const [r, g, b] = meanOf(inFurnace({ kind: 'diffuse', colour: [0.25, 0.5, 0.75] }));
    expect(Math.abs(r - 0.25)).toBeLessThan(1e-4);
    expect(Math.abs(g - 0.5)).toBeLessThan(1e-4);
    expect(Math.abs(b - 0.75)).toBeLessThan(1e-4);
  });

  it('a second ball darkens the first, a black one more', () => {
    const beside = (material: number): number =>
      meanOf({
        ...inFurnace({ kind: 'diffuse', colour: [0.5, 0.5, 0.5] }),
        materials: [
          { kind: 'diffuse', colour: [0.5, 0.5, 0.5] },
          { kind: 'diffuse', colour: [0, 0, 0] },
        ],
        spheres: [
          { centre: [0, 1, 0], radius: 1, material: 0 },
          { centre: [2.2, 1, 1.6], radius: 1.6, material },
        ],
      })[0];
    expect(beside(0)).toBeLessThan(0.499);
    expect(beside(1)).toBeLessThan(beside(0) - 0.001);
  });
});

describe('closed forms', () => {
  /** A wide floor seen from above, one sample deep: direct light only. */
  const lit: Scene = {
    ...furnace,
    samplesPerUnit: 256,
    depthMax: 2,
    camera: { from: [0, 2, 0.001], to: [0, 0, 0], height: 0.001, lens: 0, focus: 2 },
    sky: { low: [0, 0, 0], high: [0, 0, 0] },
    spheres: [],
    backdrop: { material: 0, radius: 1, z: -50 },
    materials: [{ kind: 'diffuse', colour: [0.8, 0.8, 0.8] }],
  };

  /** Radiance of the floor point below a square lamp's centre: a/π·E·(view factor of a parallel square, four quarters). */
  function below(side: number, height: number, albedo: number, radiance: number): number {
    const x = side / 2 / height;
    const root = Math.sqrt(1 + x * x);
    const quarter = (2 * (x / root) * Math.atan(x / root)) / (2 * Math.PI);
    return albedo * radiance * 4 * quarter;
  }

  it.each([
    [1, 3],
    [4, 1.5],
    [0.2, 2.5],
  ])('a floor under a square lamp of side %f at height %f', (side, height) => {
    // prettier-ignore
    const lamp = { corner: [-side / 2, height, -side / 2], u: [side, 0, 0], v: [0, 0, side], radiance: [3, 3, 3] } as const;
    // The camera stands lower than the lamp; u × v points down.
    const camera = { ...lit.camera, from: [0, 1, 0.001] as Vec3, focus: 1 };
    const [seen] = meanOf({ ...lit, camera, lamp });
    const expected = below(side, height, 0.8, 3);
    expect(Math.abs(seen / expected - 1)).toBeLessThan(0.005);
  });

  it('a lamp shines on one side only', () => {
    const lamp = { corner: [-1, 3, -1], u: [0, 0, 2], v: [2, 0, 0], radiance: [3, 3, 3] } as const;
    // What is left has gone round by the far wall.
    expect(meanOf({ ...lit, lamp })[0]).toBeLessThan(1e-4);
  });

  it('what stands between lamp and floor throws its shadow, a ball as well as a mesh', () => {
    const lamp = { corner: [-0.2, 6, -0.2], u: [0.4, 0, 0], v: [0, 0, 0.4], radiance: [9, 9, 9] } as const;
    // One bounce: the lamp is only asked, never met by chance.
    const floor: Scene = {
      ...lit,
      lamp,
      depthMax: 1,
      camera: { ...lit.camera, from: [0, 0.5, 0.001], focus: 0.5 },
    };
    const ball = { centre: [0, 2, 0], radius: 1, material: 0 } as const;
    const mesh = {
      ...(cloth.mesh as NonNullable<Scene['mesh']>),
      positions: cloth.mesh?.positions.map(([x, y, z]) => [x, y + 1, z] as const) ?? [],
    };
    expect(meanOf(floor)[0]).toBeGreaterThan(0.005);
    expect(meanOf({ ...floor, spheres: [ball] })[0]).toBe(0);
    expect(meanOf({ ...floor, mesh })[0]).toBe(0);
    // Behind the lamp nothing is in the way.
    expect(meanOf({ ...floor, spheres: [{ ...ball, centre: [0, 7.5, 0] }] })[0]).toBe(meanOf(floor)[0]);
  });

  it('the lamp itself is as bright as it says, clamped at 16', () => {
    const lamp = { corner: [-1, 0.5, -1], u: [0, 0, 2], v: [2, 0, 0], radiance: [3, 15, 99] } as const;
    const [r, g, b] = meanOf({ ...lit, lamp });
    expect([r, g, b].map((v) => Math.round(v * 1000) / 1000)).toEqual([3, 15, 16]);
  });

  it('glass absorbs by the law of Beer and Lambert along the diameter', () => {
    // Straight through the middle: two passages of 1 − F(0°) = 0.96 each, light that is reflected inside comes later.
    const scene = inFurnace(
      { kind: 'glass', absorption: [0, 0.25, 1], index: 1.5 },
      {
        camera: { ...furnace.camera, height: 0.0001 },
        sky: { low: [1, 1, 1], high: [1, 1, 1] },
      },
    );
    const [r, g, b] = meanOf(scene);
    const through = (sigma: number): number => {
      const t = Math.exp(-2 * sigma);
      return 0.04 + (0.96 * 0.96 * t) / (1 - 0.04 * t);
    };
    expect(Math.abs(r - 1)).toBeLessThan(1e-3);
    expect(Math.abs(g / through(0.25) - 1)).toBeLessThan(0.01);
    expect(Math.abs(b / through(1) - 1)).toBeLessThan(0.03);
  });
});

/** How far the ray through a pixel's middle passes from (0, 1, 0). */
function missOf(camera: Scene['camera'], width: number, height: number, x: number, y: number): number {
  const [fx, fy, fz] = camera.to.map((v, i) => v - (camera.from[i] ?? 0)) as [number, number, number];
  const length = Math.hypot(fx, fy, fz);
  const flat = Math.hypot(fx, fz);
  const right = [-fz / flat, 0, fx / flat] as const;
  const up = [(-fx * fy) / (flat * length), flat / length, (-fz * fy) / (flat * length)] as const;
  const sx = ((x + 0.5) / width - 0.5) * camera.height * (width / height);
  const sy = (0.5 - (y + 0.5) / height) * camera.height;
  const ray = [0, 1, 2].map(
    (i) => ([fx, fy, fz][i] ?? 0) / length + (right[i] ?? 0) * sx + (up[i] ?? 0) * sy,
  );
  const size = Math.hypot(...ray);
  const away = [0, 1, 0].map((v, i) => v - (camera.from[i] ?? 0));
  const along = away.reduce((sum, v, i) => sum + (v * (ray[i] ?? 0)) / size, 0);
  return Math.sqrt(Math.max(0, away.reduce((sum, v) => sum + v * v, 0) - along * along));
}

describe('units', () => {
  it('are pure: another order, another instance, the same bytes', () => {
    const { run } = openScene(cloth);
    const order = [5, 0, 15, 5, 3, 0];
    const once = order.map((unit) => hex(run(unit)));
    const again = openScene(cloth);
    expect(
      order
        .toReversed()
        .map((unit) => hex(again.run(unit)))
        .toReversed(),
    ).toEqual(once);
  });

  it('cover every tile once in each batch, and a run of them is spread over the picture', () => {
    const head = decodeHead(demoJob('seed'));
    const tiles = (head.width / 8) * (head.height / 8);
    const seen = Array.from({ length: tiles }, (_, k) => place(head, k + 2 * tiles));
    expect(new Set(seen.map(({ left, top }) => `${left},${top}`)).size).toBe(tiles);
    expect(seen.every(({ batch }) => batch === 2)).toBe(true);
    const tenth = seen.slice(0, tiles / 10);
    const quarters = new Set(
      tenth.map(({ left, top }) => `${left < head.width / 2},${top < head.height / 2}`),
    );
    expect(quarters.size).toBe(4);
  });

  it('put each tile where the module computes it: a black ball stands where geometry says', () => {
    const [width, height] = [64, 40];
    const camera = { from: [0, 1, 4], to: [0.3, 1.1, 0], height: 0.7, lens: 0, focus: 4 } as const;
    const black = {
      ...inFurnace({ kind: 'diffuse', colour: [0, 0, 0] }),
      width,
      height,
      camera,
      samplesPerUnit: 4,
      batches: 1,
    };
    const { input, run } = openScene(black);
    const picture = emptyPicture(input);
    for (let unit = 0; unit < pathTrace.units(input); unit++) mergeTile(picture, unit, run(unit));
    let inside = 0;
    for (let pixel = 0; pixel < width * height; pixel++) {
      const miss = missOf(camera, width, height, pixel % width, Math.floor(pixel / width));
      const light = (picture.sums[pixel * 3] ?? NaN) / (4 * FIXED_ONE);
      if (miss < 0.85) inside++;
      if (miss < 0.85) expect(light).toBe(0);
      if (miss > 1.15) expect(light).toBe(1);
    }
    expect(inside).toBeGreaterThan(100);
  });

  it('merge in any order to the same picture, bit for bit', () => {
    const { input, run } = openScene(cloth);
    const tiles = Array.from({ length: pathTrace.units(input) }, (_, unit) => run(unit));
    const forward = emptyPicture(input);
    tiles.forEach((tile, unit) => mergeTile(forward, unit, tile));
    const backward = emptyPicture(input);
    tiles.toReversed().forEach((tile, i) => mergeTile(backward, tiles.length - 1 - i, tile));
    expect(backward.sums).toEqual(forward.sums);
    expect(develop(backward, { exposure: 1 })).toEqual(develop(forward, { exposure: 1 }));
  });

  it('of a job that has no such unit, or before prepare, are refused by a code', () => {
    const exports = freshExports();
    expect(exports.abi()).toBe(1);
    expect(exports.run(0n)).toBe(-1);
    const input = encodeInput(furnace);
    expect(prepareCode(exports, input)).toBe(0);
    expect(exports.run(BigInt(pathTrace.units(input)))).toBe(-2);
    expect(exports.run(-1n)).toBe(-2);
    expect(exports.run(0n)).toBe(OUTPUT_BYTES);
  });
});

describe('inputs', () => {
  it('that are damaged are refused alike by the codec and the module', () => {
    const good = encodeInput(cloth);
    expect(() => pathTrace.checkInput(good)).not.toThrow();
    let refused = 0;
    for (let at = 0; at < good.length; at++) {
      for (const value of [0xff, 0x7f, 0]) {
        const bad = good.slice();
        if (bad[at] === value) continue;
        bad[at] = value;
        let says = 'ready';
        try {
          pathTrace.checkInput(bad);
        } catch (fault) {
          expect(fault).toBeInstanceOf(KernelInputError);
          says = 'refused';
          refused++;
        }
        const code = prepareCode(freshExports(), bad);
        expect([at, value, code === 0 ? 'ready' : 'refused']).toEqual([at, value, says]);
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('that are cut short or too long are refused', () => {
    const good = encodeInput(furnace);
    for (const bad of [
      good.slice(0, -1),
      Uint8Array.of(...good, 0),
      new Uint8Array(0),
      new Uint8Array(1000),
    ]) {
      expect(() => pathTrace.checkInput(bad)).toThrow(KernelInputError);
      expect(prepareCode(freshExports(), bad)).not.toBe(0);
    }
    expect(freshExports().input(0x7fffffff)).toBe(0);
  });

  it('hold the whole bunny in less than 150 kB, and cost what the picture is meant to cost', () => {
    const demo = demoJob('demo');
    expect(demo.length).toBeLessThan(150_000);
    expect(decodeHead(demo).triangles).toBe(14696);
    const credits = (input: Uint8Array): number =>
      (pathTrace.units(input) * pathTrace.unitCostMicro(input)) / 1e6;
    expect(credits(demo)).toBeGreaterThan(20);
    expect(credits(demo)).toBeLessThan(60);
    expect(credits(demoJob('seed')) / 3600).toBeGreaterThan(1.5);
    expect(pathTrace.unitCostMicro(demo)).toBeLessThan(25_000);
  });

  it.each(['demo', 'seed'] as const)('send at most a kibibyte for 20 ms of work: %s', (size) => {
    const input = demoJob(size);
    const bytes = pathTrace.outputBytesMax(input);
    expect((bytes * 20_000) / pathTrace.unitCostMicro(input)).toBeLessThan(1024);
  });
});

describe('outputs', () => {
  it('are checked for length and range', () => {
    const { input, run } = openScene(furnace);
    const output = run(0);
    expect(pathTrace.checkOutput(input, 0, output)).toBeNull();
    expect(pathTrace.checkOutput(input, 0, output.slice(4))).toContain('768');
    const loud = output.slice();
    loud[3] = 0xff;
    expect(pathTrace.checkOutput(input, 0, loud)).toContain('larger');
  });
});

describe('the tree', () => {
  const levelsOf = (shape: Uint8Array): number => {
    const depths = [1];
    shape.forEach((kind, i) => kind === 5 && depths.push((depths[i >> 2] ?? 0) + 1));
    return Math.max(...depths);
  };

  it('holds each triangle once and stays flat enough for the stacks, also where all boxes are the same', () => {
    const same = { positions: [[0, 0, 0], [1, 0, 0], [0, 1, 0]] as const, triangles: Array.from({ length: 3000 }, () => [0, 1, 2] as const) }; // prettier-ignore
    const tree = buildTree(same);
    expect(tree.order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 3000 }, (_, i) => i));
    expect(levelsOf(tree.shape)).toBeLessThanOrEqual(TREE_LEVELS_MAX);
  });

  it('changes nothing: a mesh in another order of triangles gives the same picture', () => {
    const mesh = cloth.mesh as NonNullable<Scene['mesh']>;
    const turned = { ...mesh, triangles: mesh.triangles.toReversed() };
    expect(hex(openScene({ ...cloth, mesh: turned }).run(2))).toBe(hex(openScene(cloth).run(2)));
  });

  it('stands on a surface that subdivision keeps closed', () => {
    const fine = subdivide(cloth.mesh as NonNullable<Scene['mesh']>);
    const edges = new Map<string, number>();
    for (const [a, b, c] of fine.triangles) {
      for (const [from, to] of [[a, b], [b, c], [c, a]]) edges.set(`${from} ${to}`, (edges.get(`${from} ${to}`) ?? 0) + 1); // prettier-ignore
    }
    expect(
      [...edges.entries()].every(([edge, n]) => n === 1 && edges.has(edge.split(' ').toReversed().join(' '))),
    ).toBe(true);
  });
});

describe('developing', () => {
  it('follows the sRGB curve without pow', () => {
    for (let i = 0; i <= 1000; i++) {
      const x = i / 1000;
      const exact = x <= 0.0031308 ? 12.92 * x : 1.055 * Math.pow(x, 1 / 2.4) - 0.055;
      expect(Math.abs(srgb(x) - exact)).toBeLessThan(1e-9);
    }
  });

  it('never turns brighter light darker', () => {
    for (let x = 0; x < 20; x += 0.01) expect(film(x + 0.01)).toBeGreaterThanOrEqual(film(x));
    expect(film(0)).toBe(0);
    expect(film(1000)).toBe(1);
  });
});
