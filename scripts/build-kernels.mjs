/**
 * Builds every kernel of the catalogue: `src/kernels/<name>/reference.as.ts` becomes
 * `build/kernels/<id>/reference.wasm`, `certificate.as.ts` (where there is one) `certificate.wasm`, `shader.wgsl` is
 * copied beside them, and all are checked against the digests in `src/kernels/lock.json`.
 *
 * node scripts/build-kernels.mjs [--only NAME] [--force] [--update-lock]
 *
 * - `build/kernels/manifest.json` lists each built kernel: `{ kernels: [{ id, wasm: { sha256, bytes }, wgsl: { … } | null, certificate: { … } | null }] }`.
 * - A published kernel is one named in the lock. Its bytes never change: a new meaning is a new version.
 *   `--update-lock` writes the digests of what was just built, which publishes it.
 * - `src/kernels/<name>/asc.json` may add compiler flags: `{ "flags": ["--initialMemory", "4", "--maximumMemory", "4"] }`.
 *
 * Runs on plain Node 20 and later; exit code 1 when a kernel could not be built or differs from the lock.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sourceDir = join(root, 'src/kernels');
const buildDir = join(root, 'build/kernels');
const lockFile = join(sourceDir, 'lock.json');
/** What the coordinator computes in WebAssembly itself: no kernel, in nobody's lock. */
const coordinatorModules = [
  { name: 'sha256x4', pages: 32 },
  { name: 'keccak', pages: 1 },
];

/** Flags every kernel gets: no runtime, no imports, fixed memory, no relaxed SIMD or threads. */
const commonFlags = [
  '--runtime',
  'stub',
  '--optimizeLevel',
  '3',
  '--shrinkLevel',
  '0',
  '--noAssert',
  '--converge',
  '--enable',
  'simd',
  '--disable',
  'gc,reference-types,threads,exception-handling,tail-calls,relaxed-simd',
  '--use',
  'abort=',
];
const defaultMemory = ['--initialMemory', '16', '--maximumMemory', '16'];
/** A certificate holds one input and one output; a coordinator has an instance for each job. */
const certificateFlags = [...commonFlags, '--initialMemory', '2', '--maximumMemory', '2'];

/** What the ABIs (src/kernels/kernel.ts) ask a module to export. */
const abiExports = ['memory', 'abi', 'input', 'prepare', 'run', 'output'];
const certificateExports = ['memory', 'abi', 'input', 'prepare', 'output', 'verify'];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const fileOr = (path, otherwise) => (existsSync(path) ? readFileSync(path) : otherwise);

/** Other sessions may build at the same time: a file appears whole or not at all. */
function writeWhole(path, bytes) {
  const draft = `${path}.${process.pid}.part`;
  writeFileSync(draft, bytes);
  renameSync(draft, path);
}

/** `index.ts` is the one place that says a kernel's id. */
function idOf(name) {
  const index = fileOr(join(sourceDir, name, 'index.ts'), '').toString();
  const found = new RegExp(`['"](${name}@[0-9]+)['"]`).exec(index);
  if (!found) throw new Error(`src/kernels/${name}/index.ts names no id '${name}@<version>'`);
  return found[1];
}

function flagsOf(name) {
  const own = JSON.parse(fileOr(join(sourceDir, name, 'asc.json'), '{}').toString()).flags ?? [];
  return [...commonFlags, ...(own.includes('--initialMemory') ? [] : defaultMemory), ...own];
}

/** One digest over all that the wasm depends on: sources, flags, compiler, this script. */
function stampOf(name, flags) {
  const hash = createHash('sha256');
  const dir = join(sourceDir, name);
  for (const file of readdirSync(dir)
    .filter((f) => f.endsWith('.as.ts'))
    .sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(dir, file)))
      .update('\0');
  }
  const asc = JSON.parse(readFileSync(join(root, 'node_modules/assemblyscript/package.json'), 'utf8'));
  return hash
    .update(flags.join('\0'))
    .update(asc.version)
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest('hex');
}

/** Compiles with the library form of asc, so that no shell or PATH is involved. */
async function compile(source, flags) {
  const ascEntry = join(root, 'node_modules/assemblyscript/dist/asc.js');
  const asc = await import(pathToFileURL(ascEntry).href);
  const files = new Map();
  const args = [source, '--baseDir', root, '--outFile', 'out.wasm', ...flags];
  const { error, stderr } = await asc.main(args, {
    writeFile: (file, contents) => void files.set(file, contents),
  });
  if (error) throw new Error(`asc: ${stderr.toString() || error.message}`);
  const said = stderr.toString().trim();
  if (said) console.warn(said);
  const wasm = files.get('out.wasm');
  if (!wasm) throw new Error('asc wrote no wasm');
  return Buffer.from(wasm);
}

/** Refuses a module that would not pass for a stranger's kernel. */
async function checkAbi(wasm, needed) {
  const module = new WebAssembly.Module(wasm);
  const imports = WebAssembly.Module.imports(module);
  if (imports.length > 0)
    throw new Error(
      `it imports ${imports.map((i) => `${i.module}.${i.name}`).join(', ')}; a kernel imports nothing`,
    );
  const exported = WebAssembly.Module.exports(module).map((e) => e.name);
  for (const need of needed) if (!exported.includes(need)) throw new Error(`it does not export '${need}'`);
  const { exports } = new WebAssembly.Instance(module);
  if (exports.abi() !== 1) throw new Error('abi() is not 1');
  let grew = true;
  try {
    exports.memory.grow(1);
  } catch {
    grew = false;
  }
  if (grew) throw new Error('its memory can grow; minimum and maximum must be equal');
}

/** One module, compiled where what it depends on has changed: its bytes, and whether they lay there already. */
async function buildModule(name, dir, { source, file, stampFile, flags, needed }, force) {
  const wasmFile = join(dir, file);
  const stamp = stampOf(name, flags);
  if (!force && existsSync(wasmFile) && fileOr(join(dir, stampFile), '').toString() === stamp)
    return { wasm: readFileSync(wasmFile), fresh: true };
  const wasm = await compile(`src/kernels/${name}/${source}`, flags);
  await checkAbi(wasm, needed);
  writeWhole(wasmFile, wasm);
  writeWhole(join(dir, stampFile), stamp);
  return { wasm, fresh: false };
}

async function buildOne(name, force) {
  const id = idOf(name);
  const dir = join(buildDir, id);
  mkdirSync(dir, { recursive: true });
  const reference = { source: 'reference.as.ts', file: 'reference.wasm', stampFile: 'stamp' };
  const { wasm, fresh } = await buildModule(
    name,
    dir,
    { ...reference, flags: flagsOf(name), needed: abiExports },
    force,
  );
  const certificate = await certificateOf(name, dir, force);
  const wgsl = fileOr(join(sourceDir, name, 'shader.wgsl'), null);
  if (wgsl && sha256(wgsl) !== sha256(fileOr(join(dir, 'shader.wgsl'), '')))
    writeWhole(join(dir, 'shader.wgsl'), wgsl);
  console.log(
    `${id}: wasm ${wasm.length} bytes${fresh ? ' (up to date)' : ''}${wgsl ? `, wgsl ${wgsl.length} bytes` : ''}${certificate ? `, certificate ${certificate.length} bytes` : ''}`,
  );
  const about = (bytes) => (bytes ? { sha256: sha256(bytes), bytes: bytes.length } : null);
  return { id, wasm: about(wasm), wgsl: about(wgsl), certificate: about(certificate) };
}

/** The bytes of a kernel's certificate; null where it has none. */
async function certificateOf(name, dir, force) {
  if (!existsSync(join(sourceDir, name, 'certificate.as.ts'))) return null;
  const parts = { source: 'certificate.as.ts', file: 'certificate.wasm', stampFile: 'certificate-stamp' };
  const { wasm } = await buildModule(
    name,
    dir,
    { ...parts, flags: certificateFlags, needed: certificateExports },
    force,
  );
  return wasm;
}

/** Sentences about published kernels whose bytes are no longer what was published. */
function differences(kernels, lock) {
  const out = [];
  for (const { id, wasm, wgsl, certificate } of kernels) {
    const locked = lock[id];
    if (!locked) {
      console.log(`${id}: not in src/kernels/lock.json yet, so not published`);
      continue;
    }
    for (const [what, now] of [
      ['wasm', wasm.sha256],
      ['wgsl', wgsl?.sha256 ?? null],
      ['certificate', certificate?.sha256 ?? null],
    ]) {
      // A lock from before there were certificates names none.
      if ((locked[what] ?? null) === now) continue;
      out.push(
        `${id}: the published ${what} was ${locked[what]}, this build gives ${now}. A published kernel is never edited: undo the change, or give it a new version.`,
      );
    }
  }
  return out;
}

async function main(args) {
  const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : null;
  const names = readdirSync(sourceDir, { withFileTypes: true })
    .filter((e) => e.isDirectory() && existsSync(join(sourceDir, e.name, 'reference.as.ts')))
    .map((e) => e.name)
    .sort();
  if (only && !names.includes(only)) throw new Error(`there is no src/kernels/${only}/reference.as.ts`);
  const built = [];
  const failures = [];
  for (const name of only ? [only] : names) {
    try {
      built.push(await buildOne(name, args.includes('--force')));
    } catch (error) {
      failures.push(`${name}: ${error.message}`);
    }
  }
  const lock = JSON.parse(fileOr(lockFile, '{}').toString());
  if (args.includes('--update-lock')) {
    for (const { id, wasm, wgsl, certificate } of built)
      lock[id] = {
        wasm: wasm.sha256,
        wgsl: wgsl?.sha256 ?? null,
        ...(certificate === null ? {} : { certificate: certificate.sha256 }),
      };
    const sorted = Object.fromEntries(Object.entries(lock).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeWhole(lockFile, `${JSON.stringify(sorted, null, 2)}\n`);
  } else failures.push(...differences(built, lock));

  mkdirSync(buildDir, { recursive: true });
  const manifestFile = join(buildDir, 'manifest.json');
  const kept = only
    ? JSON.parse(fileOr(manifestFile, '{"kernels":[]}').toString()).kernels.filter(
        (k) => !built.some((b) => b.id === k.id),
      )
    : [];
  const kernels = [...kept, ...built].sort((a, b) => (a.id < b.id ? -1 : 1));
  writeWhole(manifestFile, `${JSON.stringify({ kernels }, null, 2)}\n`);
  if (!only) {
    const dir = join(root, 'build/coordinator');
    mkdirSync(dir, { recursive: true });
    for (const { name, pages } of coordinatorModules) {
      const memory = ['--initialMemory', String(pages), '--maximumMemory', String(pages)];
      const wasm = await compile(`src/coordinator/${name}.as.ts`, [...commonFlags, ...memory]);
      writeWhole(join(dir, `${name}.wasm`), wasm);
    }
  }
  for (const failure of failures) console.error(failure);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
