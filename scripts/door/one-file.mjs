/**
 * Puts programs and everything that they import into one file each: whoever starts one reads one file and not a hundred.
 * Nothing else about them changes, and each module goes on believing that it lies where its source lies.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './place.mjs';

/**
 * Writes each of `sources` into `folder`, under its own name with `.mjs` at its end, so that Node need not look for what kind it is. Where one of them starts another in a
 * thread, it starts what is written here.
 */
export async function inOneFile(folder, sources) {
  const files = new Map(
    sources.map((source) => [
      resolve(root, source),
      join(resolve(root, folder), `${basename(source, '.ts')}.mjs`),
    ]),
  );
  for (const [input, file] of files) {
    const bundle = await rolldown({
      input,
      platform: 'node',
      plugins: [keepingPlaces(dirname(file), files), askingNode],
    });
    const { output } = await bundle.generate({ file, format: 'esm', codeSplitting: false });
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, inAscii(output[0].code));
    await bundle.close();
  }
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
      .replaceAll(
        /^import \{ (.+) \} from "((?:node:)?[a-z/_0-9]+)";$/gm,
        (_, names, module) =>
          `const { ${names.replaceAll(' as ', ': ')} } = process.getBuiltinModule("${module}");`,
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
    if (answer === undefined) throw new Error(`${id}: ${question} has no answer in one file`);
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
