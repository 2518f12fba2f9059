/** Types of the npm package `bunny`: the Stanford bunny as plain arrays. */
declare module 'bunny' {
  const mesh: { readonly positions: [number, number, number][]; readonly cells: [number, number, number][] };
  export default mesh;
}
