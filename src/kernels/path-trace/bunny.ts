/** The Stanford bunny (scanned by G. Turk and M. Levoy, 1994), smoothed once and set upon the floor. */
import bunny from 'bunny';

import { subdivide } from './subdivide.ts';
import type { Mesh } from './tree.ts';

/**
 * The bunny, turned by the angle whose cosine and sine are given, `height` units tall, its feet on y = 0 around (x, z).
 */
export function bunnyMesh(
  height: number,
  x: number,
  z: number,
  [cosine, sine]: readonly [number, number],
): Mesh {
  const fine = subdivide({ positions: bunny.positions, triangles: bunny.cells });
  const ys = fine.positions.map((p) => p[1]);
  const low = Math.min(...ys);
  const scale = height / (Math.max(...ys) - low);
  const positions = fine.positions.map(([px, py, pz]): [number, number, number] => [
    x + scale * (px * cosine + pz * sine),
    (py - low) * scale,
    z + scale * (pz * cosine - px * sine),
  ]);
  return { positions, triangles: fine.triangles };
}
