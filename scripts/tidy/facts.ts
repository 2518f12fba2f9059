/** Reads one source file and says what the house rules want to know of it: imports, names, lengths, words. */
import { posix } from 'node:path';
import { parseSync } from 'vite';

/** One import: static, dynamic, re-export or `import('…')` in a type. */
export interface ImportFact {
  /** A path from the root (`src/core/chunk.ts`), or a package or built-in (`node:fs`, `valibot`). */
  readonly target: string;
  readonly inside: boolean;
  /** Only types come through it; nothing of it is there at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A function that has a name, with the lines it covers. */
export interface FunctionFact {
  readonly name: string;
  readonly lines: number;
  readonly line: number;
}

/** A word of the world (`Date`, `fetch`, `await`, `Math.random`) used in the file. */
export interface WordFact {
  readonly word: string;
  readonly line: number;
}

/** All that the rules need to know of a file. */
export interface FileFacts {
  readonly path: string;
  readonly lines: number;
  /** The comment the file opens with, without its stars; empty when it opens with something else. */
  readonly opening: string;
  readonly imports: readonly ImportFact[];
  readonly exports: readonly { readonly name: string; readonly line: number }[];
  readonly functions: readonly FunctionFact[];
  readonly words: readonly WordFact[];
}

/** A syntax tree node as the parser gives it; only what is asked for below is relied upon. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** AssemblyScript is not TypeScript: only its opening and its length are read. */
const isTypeScript = (path: string): boolean => !path.endsWith('.as.ts');

/** Reads one file, given its path from the root. Throws when it does not parse. */
export function readFacts(path: string, text: string): FileFacts {
  const bare = text.startsWith('#!') ? text.slice(text.indexOf('\n') + 1) : text;
  const opening =
    /^\s*\/\*\*([\s\S]*?)\*\//
      .exec(bare)?.[1]
      ?.replace(/^[ \t]*\*+/gm, '')
      .trim() ?? '';
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  const base = { path, lines, opening };
  if (!isTypeScript(path)) return { ...base, imports: [], exports: [], functions: [], words: [] };
  const parsed = parseSync(path, text);
  const fault = parsed.errors[0];
  if (fault !== undefined) throw new Error(`${path} does not parse: ${fault.message}`);
  const lineAt = lineFinder(text);
  const seen = gather(parsed.program, lineAt);
  return {
    ...base,
    imports: seen.imports.map((found) => resolved(path, found)),
    exports: parsed.module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ exportName, start }) =>
        exportName.name === null ? [] : [{ name: exportName.name, line: lineAt(start) }],
      ),
    ),
    functions: seen.functions,
    words: seen.words,
  };
}

interface RawImport {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

function resolved(from: string, { specifier, typeOnly, line }: RawImport): ImportFact {
  const [plain = ''] = specifier.split('?');
  const inside = plain.startsWith('.') || plain.startsWith('/');
  const target = plain.startsWith('/') ? plain.slice(1) : posix.join(posix.dirname(from), plain);
  return { target: inside ? target : plain, inside, typeOnly, line };
}

interface Gathered {
  readonly imports: RawImport[];
  readonly functions: FunctionFact[];
  readonly words: WordFact[];
}

/** Walks the whole tree once. */
function gather(program: unknown, lineAt: (offset: number) => number): Gathered {
  const out: Gathered = { imports: [], functions: [], words: [] };
  walk(program, null, '', (node, parent, key) => {
    const line = lineAt(node.start);
    const imported = importOf(node);
    if (imported !== null) out.imports.push({ ...imported, line });
    const name = functionName(node, parent);
    if (name !== null) out.functions.push({ name, line, lines: lineAt(node.end) - line + 1 });
    const word = worldWord(node, parent, key);
    if (word !== null) out.words.push({ word, line });
  });
  return out;
}

type Visit = (node: Node, parent: Node | null, key: string) => void;

function walk(value: unknown, parent: Node | null, key: string, visit: Visit): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, parent, key, visit);
    return;
  }
  if (!isNode(value)) return;
  visit(value, parent, key);
  for (const [inner, child] of Object.entries(value)) {
    if (typeof child === 'object' && child !== null) walk(child, value, inner, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function importOf(node: Node): Omit<RawImport, 'line'> | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      const specifier = textOf(node['source']);
      return specifier === null ? null : { specifier, typeOnly: bringsOnlyTypes(node) };
    }
    case 'ImportExpression':
      return withSpecifier(textOf(node['source']), false);
    case 'TSImportType':
      return withSpecifier(textOf(node['source']) ?? textOf(node['argument']), true);
    default:
      return null;
  }
}

function withSpecifier(specifier: string | null, typeOnly: boolean): Omit<RawImport, 'line'> | null {
  return specifier === null ? null : { specifier, typeOnly };
}

function bringsOnlyTypes(node: Node): boolean {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true;
  const specifiers = Array.isArray(node['specifiers']) ? node['specifiers'] : [];
  return specifiers.length > 0 && specifiers.every((one: unknown) => isNode(one) && kindOf(one) === 'type');
}

function kindOf(specifier: Node): unknown {
  return specifier['importKind'] ?? specifier['exportKind'];
}

function textOf(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === 'TSLiteralType') return textOf(node['literal']);
  return typeof node['value'] === 'string' ? node['value'] : null;
}

/** The name of a function, method or function held by a name; null for anything else, callbacks included. */
function functionName(node: Node, parent: Node | null): string | null {
  if (node.type === 'FunctionDeclaration') return nameOf(node['id']) ?? 'default';
  if (node.type !== 'ArrowFunctionExpression' && node.type !== 'FunctionExpression') return null;
  if (parent === null) return null;
  if (parent.type === 'VariableDeclarator') return nameOf(parent['id']);
  const holds = ['MethodDefinition', 'PropertyDefinition', 'Property'];
  return holds.includes(parent.type) && parent['value'] === node ? nameOf(parent['key']) : null;
}

function nameOf(node: unknown): string | null {
  return isNode(node) && typeof node['name'] === 'string' ? node['name'] : null;
}

/** Globals through which a clock, dice, the network, storage or time comes in. */
const worldGlobals = new Set([
  'Date', 'Promise', 'queueMicrotask', 'setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame',
  'fetch', 'WebSocket', 'Worker', 'performance', 'crypto', 'process', 'window', 'document', 'navigator',
  'localStorage', 'indexedDB', 'console', 'globalThis', 'self', 'Atomics', 'SharedArrayBuffer', 'Temporal',
]); // prettier-ignore

/** `Math` members whose bits are the same in every engine; the others (and `random`) are words of the world. */
const exactMath = new Set([
  'abs', 'ceil', 'clz32', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc',
  'E', 'LN2', 'LN10', 'LOG2E', 'LOG10E', 'PI', 'SQRT1_2', 'SQRT2',
]); // prettier-ignore

function worldWord(node: Node, parent: Node | null, key: string): string | null {
  if (node.type === 'AwaitExpression') return 'await';
  if (node['async'] === true && 'body' in node) return 'async';
  if (node.type === 'BinaryExpression' && node['operator'] === '**' && !isExactPower(node)) return '**';
  if (node.type === 'MemberExpression' && nameOf(node['object']) === 'Math') {
    const property = nameOf(node['property']) ?? textOf(node['property']);
    return property !== null && exactMath.has(property) ? null : `Math.${property ?? '[…]'}`;
  }
  if (node.type !== 'Identifier') return null;
  const name = nameOf(node);
  return name !== null && worldGlobals.has(name) && !isOnlyALabel(parent, key) ? name : null;
}

/** Powers of big integers are exact, and those of two are exact floats; any other may differ between engines. */
function isExactPower({ left, right }: Node): boolean {
  const isTwo = isNode(left) && left['value'] === 2;
  return isTwo || [left, right].some((side) => isNode(side) && typeof side['bigint'] === 'string');
}

/** `x.process` and `{ process: 1 }` name a property, not the global. */
function isOnlyALabel(parent: Node | null, key: string): boolean {
  if (parent === null || parent['computed'] === true) return false;
  if (key === 'property') return parent.type === 'MemberExpression';
  return key === 'key' || key === 'label' || key === 'imported' || key === 'exported';
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
