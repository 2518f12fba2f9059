/** The house rules about words, openings, lengths and links. */
import { posix } from 'node:path';
import type { Finding } from './arrows.ts';
import type { FileFacts } from './facts.ts';

/** Words that mean two things, or nothing; see the naming law in CONTRIBUTING.md. */
const banned = ['client', 'manager', 'util'];

/** The single words of a name: `HTTPClientPool` → http, client, pool. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.toLowerCase());
}

function bannedIn(name: string): string | undefined {
  return wordsOf(name).find((word) => banned.some((bad) => word === bad || word === `${bad}s`));
}

/** Banned words in paths and in exported names. */
export function bannedNames(files: readonly FileFacts[]): Finding[] {
  return files.flatMap((file) => {
    const inPath = bannedIn(file.path);
    const names = file.exports.filter(({ name }) => bannedIn(name) !== undefined);
    return [
      ...(inPath === undefined ? [] : [{ path: file.path, line: 1, says: `the path says '${inPath}'` }]),
      ...names.map(({ name, line }) => ({
        path: file.path,
        line,
        says: `the exported name '${name}' is banned`,
      })),
    ];
  });
}

/** Files that do not open with a sentence: a doc comment of at least four words, closed like a sentence. */
export function withoutOpening(files: readonly FileFacts[]): Finding[] {
  return files
    .filter(({ opening }) => !/^\S+(\s+\S+){3,}?[\s\S]*[.:!?]/.test(opening))
    .map(({ path }) => ({ path, line: 1, says: 'opens without a sentence saying what it is for' }));
}

/** Lengths over the limits, as they are today; new ones fail, old ones may only shrink. */
export interface Ratchet {
  readonly files: Readonly<Record<string, number>>;
  /** Keys are `path#name`. */
  readonly functions: Readonly<Record<string, number>>;
}

const fileLinesMax = 400;
const functionLinesMax = 60;

/** What is over the limits now. */
export function overLong(files: readonly FileFacts[]): Ratchet {
  const long = files.filter((file) => file.lines > fileLinesMax);
  const functions: Record<string, number> = {};
  for (const file of files) {
    // A contract suite is one function full of tests; its tests are what has to be short.
    if (file.path.startsWith('test/contract/')) continue;
    for (const { name, lines } of file.functions) {
      const key = `${file.path}#${name}`;
      if (lines > functionLinesMax) functions[key] = Math.max(lines, functions[key] ?? 0);
    }
  }
  return { files: Object.fromEntries(long.map((file) => [file.path, file.lines])), functions };
}

/** What has become long, or longer, since the ratchet was set. */
export function grown(now: Ratchet, ratchet: Ratchet): string[] {
  return [
    ...grownIn(now.files, ratchet.files, fileLinesMax),
    ...grownIn(now.functions, ratchet.functions, functionLinesMax),
  ];
}

function grownIn(
  now: Readonly<Record<string, number>>,
  was: Readonly<Record<string, number>>,
  max: number,
): string[] {
  return Object.entries(now)
    .filter(([name, lines]) => lines > (was[name] ?? max))
    .map(([name, lines]) => `${name} has ${lines} lines (at most ${was[name] ?? max})`);
}

/** The ratchet after a turn: what is still long, never more than before unless it is new and `accept` is given. */
export function turned(now: Ratchet, was: Ratchet, accept: boolean): Ratchet {
  const turn = (
    today: Readonly<Record<string, number>>,
    before: Readonly<Record<string, number>>,
  ): Record<string, number> =>
    Object.fromEntries(
      Object.entries(today)
        .filter(([name]) => accept || before[name] !== undefined)
        .map(([name, lines]): [string, number] => [
          name,
          accept ? lines : Math.min(lines, before[name] ?? lines),
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return { files: turn(now.files, was.files), functions: turn(now.functions, was.functions) };
}

/** Links of a Markdown file that lead to files which are not there. `exists` is given paths from the root. */
export function deadLinks(path: string, text: string, exists: (path: string) => boolean): Finding[] {
  const prose = text
    .replace(/```[\s\S]*?```/g, (block) => block.replace(/[^\n]/g, ' '))
    .replace(/`[^`\n]*`/g, '');
  const found: Finding[] = [];
  for (const match of prose.matchAll(/!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)) {
    const link = match[1] ?? match[2] ?? '';
    const [file = ''] = link.split('#');
    if (file === '' || /^[a-z][a-z0-9+.-]*:/i.test(file)) continue;
    const target = file.startsWith('/') ? file.slice(1) : posix.join(posix.dirname(path), decodeURI(file));
    if (exists(target.replace(/\/$/, ''))) continue;
    const line = prose.slice(0, match.index).split('\n').length;
    found.push({ path, line, says: `the link to ${link} leads nowhere` });
  }
  return found;
}

/** The lock of published kernels: id → digests. */
export type KernelLock = Readonly<
  Record<string, { readonly wasm: string; readonly wgsl: string | null; readonly certificate?: string }>
>;
/** What a build made, as `build/kernels/manifest.json` tells it. */
export interface KernelManifest {
  readonly kernels: readonly {
    readonly id: string;
    readonly wasm: { readonly sha256: string };
    readonly wgsl: { readonly sha256: string } | null;
    readonly certificate?: { readonly sha256: string } | null;
  }[];
}

/** Kernels whose built bytes are not those that were published, and kernels built or locked alone. */
export function editedKernels(lock: KernelLock, manifest: KernelManifest): string[] {
  const built = new Map(manifest.kernels.map((kernel) => [kernel.id, kernel]));
  const changed = Object.entries(lock).flatMap(([id, { wasm, wgsl, certificate }]) => {
    const kernel = built.get(id);
    if (kernel === undefined) return [`${id} is in the lock but was not built`];
    const same =
      kernel.wasm.sha256 === wasm &&
      (kernel.wgsl?.sha256 ?? null) === wgsl &&
      kernel.certificate?.sha256 === certificate;
    return same ? [] : [`the bytes of ${id} are not those that were published`];
  });
  const unlocked = [...built.keys()].filter((id) => lock[id] === undefined);
  return [...changed, ...unlocked.map((id) => `${id} was built but is not in the lock`)];
}
