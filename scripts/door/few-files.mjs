/**
 * Puts programs and everything that they import into few files: whoever starts one reads what the start needs and not a hundred modules.
 * Nothing else about them changes, and each module goes on believing that it lies where its source lies.
 */
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './place.mjs';

/** A program that runs still may ask for what it imports late: files of former builds stay for so long. */
const keptMs = 86_400_000;

/**
 * Writes each of `sources` into `folder`, under its own name with `.mjs` at its end, so that Node need not look for what kind it is. Where one of them starts another in a
 * thread, it starts what is written here. What it imports late lies in files of their own beside it; but what `soon` holds, modules that it imports as soon as it
 * runs, in one with all that they need.
 *
 * @param {string} folder
 * @param {readonly string[]} sources
 * @param {{ soon?: readonly string[] }} [stages]
 */
export async function inFewFiles(folder, sources, { soon = [] } = {}) {
  const place = resolve(root, folder);
  const files = new Map(
    sources.map((source) => [resolve(root, source), join(place, `${basename(source, '.ts')}.mjs`)]),
  );
  const early = new Set(soon.map((source) => resolve(root, source)));
  const written = new Set();
  for (const [input, file] of files) {
    const stages = new Stages(input, early);
    const bundle = await rolldown({
      input,
      platform: 'node',
      plugins: [keepingPlaces(place, files), askingNode, stages.plugin],
    });
    const { output } = await bundle.generate({
      dir: place,
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: `${basename(file, '.mjs')}-[name]-[hash].mjs`,
      codeSplitting: { groups: [{ name: (id) => stages.of(id), debugName: 'stages' }] },
    });
    await mkdir(place, { recursive: true });
    // The first comes last: whoever starts it meanwhile finds all that it asks for.
    for (const { fileName, code } of output.toReversed()) {
      written.add(fileName);
      await writeFile(join(place, fileName), inAscii(code));
    }
    await bundle.close();
  }
  await sweep(place, written);
}

/** Deletes what no program asks for any more. */
async function sweep(place, written) {
  for (const name of await readdir(place)) {
    if (written.has(name) || !name.endsWith('.mjs')) continue;
    const file = join(place, name);
    if ((await stat(file)).mtimeMs < Date.now() - keptMs) await rm(file);
  }
}

/**
 * When a program needs its modules: its `first` file holds what it imports at once, `next` what it imports as soon as it runs; others
 * lie where they are asked for. The program itself may wait for what it imports, which nothing of that may import in turn.
 */
class Stages {
  #program;
  #early;
  #stages = new Map();

  constructor(program, early) {
    this.#program = program;
    this.#early = early;
  }

  get plugin() {
    const sort = (infoOf) => this.#sort(infoOf);
    return {
      name: 'talka:stages',
      buildEnd() {
        sort((id) => this.getModuleInfo(id));
      },
    };
  }

  of(id) {
    return this.#stages.get(id) ?? null;
  }

  #sort(infoOf) {
    const early = infoOf(this.#program).dynamicallyImportedIds.filter((id) => this.#early.has(id));
    if (early.length === 0) return;
    const follow = (ids, stage) => {
      for (const id of ids) {
        const info = infoOf(id);
        if (this.#stages.has(id) || info === null || info.isExternal) continue;
        this.#stages.set(id, stage);
        follow(info.importedIds, stage);
      }
    };
    this.#stages.set(this.#program, null);
    follow(infoOf(this.#program).importedIds, 'first');
    follow(early, 'next');
  }
}

/** What no start needs of Node: its functions ask for it when they are called. */
const lateModules = ['node:http', 'node:fs/promises', 'node:child_process'];

/** The names of an `import { … }`, as variables; functions of `lateModules` load them when they are called first. */
function asked(names, module) {
  const parts = names.split(', ').map((name) => name.split(' as '));
  const here = process.getBuiltinModule(module);
  const isLate = ([name]) =>
    lateModules.includes(module) && /^[a-z]/.test(name) && typeof here[name] === 'function';
  const from = `process.getBuiltinModule("${module}")`;
  const late = parts
    .filter(isLate)
    .map(([name, as = name]) => `const ${as} = (...given) => ${from}.${name}(...given);`);
  const now = parts.filter((part) => !isLate(part)).map((part) => part.join(': '));
  return [...(now.length > 0 ? [`const { ${now.join(', ')} } = ${from};`] : []), ...late].join('\n');
}

/**
 * Node's own modules are asked for by name. An `import` of one looks at everything that it has, and with that loads what
 * a coordinator never uses: `node:http` alone, for its `WebSocket`, 20 ms of each start.
 */
const askingNode = {
  name: 'talka:asking-node',
  // Nobody imports it but what is loaded late itself; asked for at the top of the file it would be loaded at each start.
  resolveId: {
    filter: { id: /^node:http2$/ },
    handler: (id) => ({ id: `\0${id}`, moduleSideEffects: false }),
  },
  load: {
    filter: { id: /^\0node:http2$/ },
    handler: (id) =>
      Object.keys(process.getBuiltinModule(id.slice(1)))
        .map((name) => `export const ${name} = process.getBuiltinModule('${id.slice(1)}').${name};`)
        .join('\n'),
  },
  renderChunk: (code) =>
    code
      .replaceAll(
        /^import ([\w$]+) from "((?:node:)?[a-z/_0-9]+)";$/gm,
        // Its own name is all that it goes by, so it is taken from where it always is.
        (_, name, module) => `const ${name} = globalThis.process.getBuiltinModule("${module}");`,
      )
      .replaceAll(/^import \{ (.+) \} from "((?:node:)?[a-z/_0-9]+)";$/gm, (_, names, module) =>
        asked(names, module),
      ),
};

/** Letters beyond ASCII are written by their numbers: with one of them V8 keeps all of the text in twice as many bytes. */
const inAscii = (code) =>
  code.replaceAll(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** What a module asks about its place is answered as if it still lay there; only what it starts may lie here. */
function keepingPlaces(folder, files) {
  const from = (path) => JSON.stringify(`./${relative(folder, path).split(sep).join('/')}`);
  const answers = {
    url: (id) => `new URL(${from(id)}, import.meta.url).href`,
    dirname: (id) => `process.getBuiltinModule('node:path').join(import.meta.dirname, ${from(dirname(id))})`,
  };
  const answerTo = (question, path, property, id) => {
    const built = path === undefined ? undefined : files.get(join(dirname(id), path));
    if (built !== undefined) return `new URL(${from(built)}, import.meta.url)`;
    if (path !== undefined) return `new URL('${path}', ${answers.url(id)})`;
    const answer = answers[property];
    if (answer === undefined) throw new Error(`${id}: ${question} has no answer in few files`);
    return answer(id);
  };
  return {
    name: 'talka:keeping-places',
    transform: {
      // What the bundler puts in of its own has no place.
      filter: { id: { exclude: /^\0/ }, code: 'import.meta.' },
      handler: (code, id) =>
        code.replaceAll(
          /\bnew URL\('([^']+)', import\.meta\.url\)|\bimport\.meta\.(\w+)/g,
          (question, path, property) => answerTo(question, path, property, id),
        ),
    },
  };
}
