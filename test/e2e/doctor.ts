/** How a page's program is patched so that it lies, as whoever wanted to would do it. */

/**
 * What a liar puts in front of the program in the worker: it passes every test with the reference's answers, and bends those of the
 * one job whose input is given. `bend`: an expression over the real exports (`real`), the unit's number (`unit`), the answer's
 * bytes (`output`, a view of them) and what was computed before (`seen`); it gives the length of the answer.
 */
export function doctored(input: Uint8Array, bend: string): string {
  return `
    const Honest = WebAssembly.Instance;
    const target = ${JSON.stringify([...input].join())};
    const plainBytes = 16;
    WebAssembly.Instance = function (module, imports) {
      const real = new Honest(module, imports).exports;
      const seen = { length: 0, bytes: null };
      let at = 0;
      let length = 0;
      let lies = false;
      const outputOf = (size) => new Uint8Array(real.memory.buffer, real.output(), size);
      return {
        exports: {
          ...real,
          input: (bytes) => (at = real.input((length = bytes))),
          prepare: () => {
            lies = new Uint8Array(real.memory.buffer, at, length).join() === target;
            return real.prepare();
          },
          run: (unit) => {
            if (!lies) return real.run(unit);
            ${bend}
          },
        },
      };
    };
  `;
}

/** Where an answer of trial factoring has a byte of its checksum. */
export const checksumAt = 8;
