/** A kernel that disagrees with itself, for the tests of what follows from that. */
import asc from 'assemblyscript/asc';

/** A kernel whose answer is how often it was asked, against the rule that a unit leaves nothing to the next. */
export const counting = `
  let asked: i32 = 0;
  export function abi(): i32 { return 1; }
  export function input(_length: i32): i32 { return 1024; }
  export function prepare(): i32 { return 0; }
  export function run(_unit: i64): i32 { store<i32>(2048, ++asked); return 4; }
  export function output(): i32 { return 2048; }`;

/** A kernel that is written here, as WebAssembly. */
export async function compiledOf(source: string): Promise<Uint8Array> {
  let binary: Uint8Array | null = null;
  const flags = ['--runtime', 'stub', '--initialMemory', '1', '--maximumMemory', '1'];
  const { error } = await asc.main(['it.ts', '--outFile', 'it.wasm', ...flags], {
    readFile: (name) => (name === 'it.ts' ? source : null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
  });
  if (error !== null || binary === null)
    throw new Error(`the test kernel does not compile: ${error?.message}`);
  return binary;
}
