/**
 * Puts programs and everything that they import into one file each: whoever starts one reads one file and not a hundred.
 * Nothing else about them changes, and each module goes on believing that it lies where its source lies.
 */
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './place.mjs';

/**
 * Writes each of `sources` into `folder`, under its own name with `.js` at its end. Where one of them starts another in a
 * thread, it starts what is written here.
 */
export async function inOneFile(folder, sources) {
  const files = new Map(
    sources.map((source) => [
      resolve(root, source),
      join(resolve(root, folder), `${basename(source, '.ts')}.js`),
    ]),
  );
  for (const [input, file] of files) {
    const bundle = await rolldown({
      input,
      platform: 'node',
      plugins: [keepingPlaces(dirname(file), files)],
    });
    await bundle.write({ file, format: 'esm', codeSplitting: false });
    await bundle.close();
  }
}

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
