/** Refines a closed triangle mesh with Loop's rules (C. Loop 1987, weights of J. Warren): four triangles from each. */
import type { Mesh } from './tree.ts';

type Point = readonly [number, number, number];

/** One step of subdivision. The surface must be closed: each edge belongs to two triangles. */
export function subdivide(mesh: Mesh): Mesh {
  const edges = new Map<number, { at: number; ends: [number, number]; opposite: number[] }>();
  const count = mesh.positions.length;
  const neighbours = mesh.positions.map(() => new Set<number>());
  const edge = (a: number, b: number, c: number): number => {
    const key = Math.min(a, b) * count + Math.max(a, b);
    const found = edges.get(key) ?? {
      at: count + edges.size,
      ends: [a, b] as [number, number],
      opposite: [],
    };
    edges.set(key, found);
    found.opposite.push(c);
    neighbours[a]?.add(b);
    neighbours[b]?.add(a);
    return found.at;
  };
  const triangles = mesh.triangles.flatMap(([a, b, c]): [number, number, number][] => {
    const [ab, bc, ca] = [edge(a, b, c), edge(b, c, a), edge(c, a, b)];
    return [[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]; // prettier-ignore
  });
  const at = (i: number): Point => mesh.positions[i] ?? [0, 0, 0];
  const old = neighbours.map((around, i): [number, number, number] => {
    const weight = around.size === 3 ? 3 / 16 : 3 / (8 * around.size);
    const mean = weighted([
      [1 - weight * around.size, at(i)],
      ...[...around].map((j): [number, Point] => [weight, at(j)]),
    ]);
    return mean;
  });
  const fresh = [...edges.values()].map(({ ends, opposite }) =>
    weighted([
      ...ends.map((j): [number, Point] => [3 / 8, at(j)]),
      ...opposite.map((j): [number, Point] => [1 / 8, at(j)]),
    ]),
  );
  return { positions: [...old, ...fresh], triangles };
}

function weighted(terms: readonly (readonly [number, Point])[]): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  for (const [weight, point] of terms) {
    sum[0] += weight * point[0];
    sum[1] += weight * point[1];
    sum[2] += weight * point[2];
  }
  return sum;
}
