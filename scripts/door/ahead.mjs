/**
 * Writes into the built pages what they fetch ahead: every file of the page itself at once and, where work was left
 * running, the volunteer with its worker beside it, which goes on before the page is even there. On a slow line
 * that saves a round trip for each file that would only be named by the one before.
 */
import { resolve } from 'node:path';
import { root } from './place.mjs';

/** The volunteer's module; what it exports as `goOn` is called. */
const volunteer = 'src/app/volunteer.ts';
/** The program of the volunteer's worker; and files that this asks for by itself, of the kernel that a fresh coordinator begins with. */
const workerFile = /^assets\/compute\.worker-[\w-]+\.js$/;
const workersFiles = /^assets\/(mersenne-tf|kernel)-[\w-]+\.js$/;

/**
 * The script for those who come back to what they left running; for nobody else is anything more loaded. What it opens
 * meanwhile, the list of jobs, a socket with what that has said so far, and a worker that has nothing to do yet, lies in `talkaAhead`: the
 * page itself may come to ask for the volunteer before `goOn` is called here. Its digest is in the page's content policy (`src/coordinator/http-static.ts`).
 */
export function scriptFor(program, beside, worker, alongside) {
  const lines = [
    `const kept = JSON.parse(localStorage.getItem('talka.consent') ?? 'null');`,
    `if (kept?.running === true) {`,
    `for (const href of ${JSON.stringify(beside)})`,
    `document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }));`,
    `const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');`,
    `const heard = [];`,
    `socket.onmessage = ({ data }) => heard.push(data);`,
    `const jobs = fetch('/api/jobs');`,
    `jobs.catch(() => {});`,
    `const ahead = { socket, heard, jobs };`,
    `globalThis.talkaAhead = ahead;`,
    // A browser opens six connections at once: what is longest on its way, and what most waits for, goes first.
    `import(${JSON.stringify(program)}).then((volunteer) => volunteer.goOn())`,
    `.catch(() => { socket.close(); ahead.worker?.terminate(); });`,
    // A thread begins while this one reads the program. One that cannot is nobody's: another is made.
    `ahead.worker = new Worker(${JSON.stringify(worker)}, { type: 'module', name: 'talka wasm' });`,
    `ahead.worker.onerror = () => delete ahead.worker;`,
    `for (const file of ${JSON.stringify(alongside)}) fetch(file).catch(() => {});`,
    `}`,
  ];
  return `<script>try { ${lines.join(' ')} } catch {}</script>`;
}

/**
 * Groups of modules that lie in one file each, since on a slow line every further file costs a round trip: all that a
 * program cannot begin without, and apart from it what several of them share, so that none waits for another. What the
 * `readers`, pages that need a small part of a program, have of it lies apart as well, so that they load no more of it.
 */
export function together(programs, readers) {
  const reached = new Map();
  const reachOf = (file, context) => {
    const known = reached.get(file);
    if (known !== undefined) return known;
    const found = new Set();
    const waiting = [resolve(root, file)];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      waiting.push(...(context.getModuleInfo(id)?.importedIds ?? []));
    }
    reached.set(file, found);
    return found;
  };
  const files = Object.values(programs).map((file) => resolve(root, file));
  const name = (id, context) => {
    // A program's own module is its first file; style sheets go their own way.
    if (files.includes(id) || id.endsWith('.css')) return null;
    const wanted = Object.keys(programs).filter((program) => reachOf(programs[program], context).has(id));
    if (wanted.length !== 1) return wanted.length > 1 ? 'shared' : null;
    const isRead = wanted[0] === 'volunteer' && readers.some((file) => reachOf(file, context).has(id));
    return isRead ? 'read' : wanted[0];
  };
  return [{ name }];
}

/** A plugin for Vite. */
export function fetchedAhead() {
  return {
    name: 'talka:fetched-ahead',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {}, chunk }) {
        const files = Object.values(bundle);
        const own = staticImportsOf(bundle, chunk);
        const links = own.map((file) => `<link rel="modulepreload" crossorigin href="/${file}">`);
        const program = files.find((file) => file.facadeModuleId?.endsWith(volunteer));
        if (program !== undefined && !program.exports.includes('goOn'))
          throw new Error(`${volunteer} no longer exports goOn`);
        const script =
          program === undefined || !chunk.dynamicImports.includes(program.fileName)
            ? ''
            : scriptFor(
                `/${program.fileName}`,
                staticImportsOf(bundle, program)
                  .filter((file) => !own.includes(file))
                  .map((file) => `/${file}`),
                named(files, workerFile)[0],
                named(files, workersFiles),
              );
        return html.replace('</title>', `</title>\n    ${[script, ...links].join('\n    ')}`);
      },
    },
  };
}

/** Addresses of the built files with such a name. */
function named(files, pattern) {
  return files.filter(({ fileName }) => pattern.test(fileName)).map(({ fileName }) => `/${fileName}`);
}

/** Every file that a chunk cannot begin without, its own not among them. */
function staticImportsOf(bundle, chunk) {
  const found = new Set();
  const waiting = [...chunk.imports];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    waiting.push(...(bundle[name]?.imports ?? []));
  }
  return [...found];
}
