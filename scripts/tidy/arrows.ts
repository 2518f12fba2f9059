/** Says which room may import from which, and which rooms are pure: the dependency rule of the house as a table. */
import type { FileFacts, ImportFact } from './facts.ts';

/** A breach of a house rule, for people. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly says: string;
}

/** How much of a room may be imported: everything, only types, or everything from the files named. */
type Access = 'all' | 'types' | { readonly values: readonly string[] };

interface Room {
  /** Room → what may come from it; besides, a room may import itself. */
  readonly from: Readonly<Record<string, Access>>;
  /** Packages whose values it may use; absent = any. Each with the files that may. */
  readonly packages?: Readonly<Record<string, RegExp>>;
  /** Files that may use Node's built-in modules; absent = none. */
  readonly node?: RegExp;
}

const everything = /^/;

/** What a worker and the page's side of it share: the interface, its digests, and how worker threads speak. */
const engineFiles = ['engine', 'digest', 'node-endpoint'].map((name) => `src/volunteer/${name}.ts`);

/**
 * The arrows. `workers` are started by the volunteer and imported by nobody but the factories that start them;
 * `cli` (src/cli.ts) is where actors are put together for a terminal.
 */
export const rooms: Readonly<Record<string, Room>> = {
  core: { from: {}, packages: { '@noble/hashes': /^src\/core\/merkle\.ts$/ } },
  kernels: { from: {}, packages: { bunny: /^src\/kernels\/path-trace\// } },
  wire: { from: { core: 'types' }, packages: { valibot: everything } },
  coordinator: { from: { core: 'all', kernels: 'all', wire: 'all' }, node: everything },
  requester: {
    from: { core: { values: ['src/core/merkle.ts'] }, kernels: 'all', wire: 'all' },
    node: /^src\/requester\/(cli|.*-node)\.ts$/,
  },
  volunteer: {
    from: { core: { values: ['src/core/merkle.ts', 'src/core/epoch.ts'] }, kernels: 'types', wire: 'all' },
    node: /^src\/volunteer\/(.*-node|node-.*)\.ts$/,
  },
  workers: {
    from: { kernels: 'all', volunteer: { values: engineFiles } },
    node: /\.node\.ts$/,
  },
  app: { from: { core: 'types', kernels: 'types', wire: 'types', volunteer: 'all' } },
  widget: { from: { core: 'types', kernels: 'types', wire: 'types', volunteer: 'all' } },
  cli: {
    from: { requester: 'all', volunteer: 'all', coordinator: 'all', wire: 'all', kernels: 'all' },
    node: everything,
  },
};

/** Which room a file belongs to; null for tests, benches and scripts, which may look everywhere. */
export function roomOf(path: string): string | null {
  if (path === 'src/cli.ts') return 'cli';
  if (path.startsWith('workers/')) return 'workers';
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** Every import that goes against the arrows. */
export function brokenArrows(files: readonly FileFacts[]): Finding[] {
  return files.flatMap((file) => {
    const name = roomOf(file.path);
    if (name === null) {
      const stray = file.path.startsWith('src/');
      return stray ? [{ path: file.path, line: 1, says: 'lies in src but in no room' }] : [];
    }
    const room = rooms[name];
    if (room === undefined) return [{ path: file.path, line: 1, says: `'${name}' is no room of the house` }];
    return file.imports.flatMap((found) => {
      const says = fault(name, room, file.path, found);
      return says === null ? [] : [{ path: file.path, line: found.line, says }];
    });
  });
}

function fault(name: string, room: Room, path: string, found: ImportFact): string | null {
  if (found.inside) return faultInside(name, room, found);
  if (found.target.startsWith('node:')) {
    return room.node?.test(path) === true ? null : `${name} may not use Node (${found.target})`;
  }
  if (found.typeOnly || room.packages === undefined) return null;
  const allowed = Object.entries(room.packages).some(
    ([owned, where]) => (found.target === owned || found.target.startsWith(`${owned}/`)) && where.test(path),
  );
  return allowed ? null : `${name} may not use the package ${found.target} here`;
}

function faultInside(name: string, room: Room, found: ImportFact): string | null {
  const other = roomOf(found.target);
  if (other === name || /\.(css|svg|wgsl|json)$/.test(found.target)) return null;
  if (other === null) return `${name} may not import ${found.target}`;
  const access = room.from[other];
  if (access === 'all') return null;
  if (access !== undefined && found.typeOnly) return null;
  if (typeof access === 'object' && access.values.includes(found.target)) return null;
  return access === undefined
    ? `${name} may not import from ${other} (${found.target})`
    : `${name} may import only types from ${other} (${found.target})`;
}

/** Rooms and files without clock, dice, waiting or world. */
export const isPure = (path: string): boolean =>
  /^src\/(core|kernels|wire|volunteer\/loop)\//.test(path) || path === 'src/volunteer/loop.ts';

/** Every word of the world in a pure file. */
export function worldInPureRooms(files: readonly FileFacts[]): Finding[] {
  return files
    .filter((file) => isPure(file.path))
    .flatMap((file) =>
      file.words.map(({ word, line }) => ({
        path: file.path,
        line,
        says: `'${word}' has no place in a pure room`,
      })),
    );
}

/** Import cycles, each once, from its alphabetically first file; types count too, a cycle of words is one as well. */
export function cycles(files: readonly FileFacts[]): string[][] {
  const known = new Set(files.map((file) => file.path));
  const next = new Map(
    files.map((file) => [
      file.path,
      [...new Set(file.imports.map((found) => found.target))].filter((target) => known.has(target)),
    ]),
  );
  const done = new Set<string>();
  const found = new Map<string, string[]>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const ring = trail.slice(at);
      found.set([...ring].sort().join(' '), ring);
      return;
    }
    if (done.has(path)) return;
    for (const target of next.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of [...known].sort()) visit(path, []);
  return [...found.values()];
}
