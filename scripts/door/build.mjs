/** Builds kernels, the coordinator's program and the pages, each only when the bytes it is made from have changed. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { call, root, say, since } from './place.mjs';
import { nodeEnvironment } from './toolchain.mjs';

/** `build/kernels/`: each kernel's WebAssembly and shader, checked against the lock of published kernels. */
export async function buildKernels(node) {
  const inputs = [
    'src/kernels',
    'src/coordinator/sha256x4.as.ts',
    'src/coordinator/keccak.as.ts',
    'scripts/build-kernels.mjs',
    'package-lock.json',
  ];
  const outputs = [
    'build/kernels/manifest.json',
    'build/coordinator/sha256x4.wasm',
    'build/coordinator/keccak.wasm',
  ];
  await unlessFresh('kernels', inputs, outputs, async () => {
    await call(node, ['scripts/build-kernels.mjs'], { env: nodeEnvironment(node) });
  });
}

/** `dist/coordinator/`: the coordinator as it is started, in few files (decision 0011). */
export async function buildCoordinator(node) {
  const inputs = ['src', 'scripts/build-coordinator.mjs', 'scripts/door/few-files.mjs', 'package-lock.json'];
  const outputs = ['dist/coordinator/main.mjs', 'dist/coordinator/log-thread-writer.mjs'];
  await unlessFresh('coordinator', inputs, outputs, async () => {
    await call(node, ['scripts/build-coordinator.mjs'], { env: nodeEnvironment(node) });
  });
}

/** `dist/web/`: the pages, built aside and then moved into place so that a running coordinator never sees half. */
export async function buildPages(node) {
  const pages = readdirSync(root).filter((name) => name.endsWith('.html'));
  const inputs = [
    'src',
    'workers',
    'public',
    ...pages,
    'vite.config.ts',
    'scripts/door/ahead.mjs',
    'scripts/door/embed.mjs',
    'package-lock.json',
  ];
  await unlessFresh('pages', inputs, ['dist/web/index.html'], async () => {
    const draft = join('dist', `.web-${process.pid}`);
    await call(node, ['node_modules/vite/bin/vite.js', 'build', '--outDir', draft, '--emptyOutDir'], {
      env: nodeEnvironment(node),
    });
    const old = join(root, 'dist', `.old-${process.pid}`);
    const place = join(root, 'dist', 'web');
    if (existsSync(place)) renameSync(place, old);
    renameSync(join(root, draft), place);
    rmSync(old, { recursive: true, force: true });
  });
}

/** Runs `build` when the digest over `inputs` differs from the one remembered, or when one of `outputs` is gone. */
async function unlessFresh(what, inputs, outputs, build) {
  const stamp = join(root, 'build', `${what}.stamp`);
  const digest = digestOf(inputs);
  const remembered = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (remembered === digest && outputs.every((output) => existsSync(join(root, output)))) return;
  const startMs = Date.now();
  await build();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
  say(`${what} ${what.endsWith('s') ? 'are' : 'is'} built (${since(startMs)})`);
}

/** SHA-256 over names and bytes of every file below the given paths, in a fixed order. */
function digestOf(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesBelow)) {
    const bytes = readFileSync(join(root, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  const place = join(root, path);
  if (!existsSync(place)) return [];
  if (statSync(place).isFile()) return [path];
  const entries = readdirSync(place, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const inner = `${path}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(inner) : [inner];
  });
}
