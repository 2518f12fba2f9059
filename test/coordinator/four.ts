/** The built module that hashes four messages side by side; fails where there is none, as nothing would be tested then. */
import { fourAtOnce } from '../../src/coordinator/sha256x4.ts';
import type { FourAtOnce } from '../../src/coordinator/sha256x4.ts';

export function built(): FourAtOnce {
  const four = fourAtOnce();
  if (four === null) throw new Error('build the kernels first');
  return four;
}
