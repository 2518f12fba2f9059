/**
 * Known answers of `mersenne-tf@1`, from M11 = 23 · 89 to a factor of 79 bits. Each digest was computed
 * by PARI/GP alone (`scripts/vectors-mersenne.gp`); the tests recompute them where `gp` is installed.
 */
import type { KernelVector } from '../kernel.ts';
import { encodeInput } from './input.ts';

function known(
  name: string,
  exponent: number,
  kFrom: bigint,
  kPerUnit: number,
  unit: number,
  digest: string,
): KernelVector {
  return {
    name,
    unit,
    digest,
    // When it is wanted: a coordinator loads this file at each start, and computes none of them.
    get input() {
      return encodeInput({ exponent, kFrom, kPerUnit, units: unit + 1 });
    },
  };
}

export const vectors: readonly KernelVector[] = [
  known('M11 = 23 · 89', 11, 0n, 256, 0, '503c6c9579a8e044adfe03f2c55d44b136d1213279f72104372c39ed826c65e9'),
  known(
    'M29 = 233 · 1103 · 2089',
    29,
    0n,
    256,
    0,
    '258e53d67127f809a647f18ed9e25989e7273d7e41103935acfada522121715a',
  ),
  known(
    'M3 = 7, and every small prime',
    3,
    0n,
    256,
    0,
    'a94f12041cf8006047b622967839d83e25aa8d7dc0d560db36ccdb2d3433fb49',
  ),
  known(
    'M83: 167, an exponent too small for a ladder',
    83,
    0n,
    256,
    0,
    '5bac917ccc9f6b9d8eeb0c179a9e785a0ca19d7d957d05f29d6a8d9dbb1f97e7',
  ),
  known(
    'M97: 11447, a ladder of doublings',
    97,
    0n,
    256,
    0,
    'e2222b89087823f788f9591a36920a1a20ff6c5c69aeccb6afbb883db766d9c7',
  ),
  known(
    'M67: 193707721 (27 bits)',
    67,
    0n,
    512,
    2823,
    '0608f2c04ff4449528d0e7da925d9628c27bc3b2524d3d7369a2c051c18f330f',
  ),
  known(
    'M60000253: 1835752740724751 (50 bits)',
    60000253,
    0n,
    256,
    59757,
    '53df96273921be4b65e8ad337ecfeb92a908cd11648b229435c77947010a296f',
  ),
  known(
    'M60002531: 3844583590670240417 (61 bits)',
    60002531,
    0n,
    256,
    125143926,
    'e51e5f48be0ee4a15a467ade84920f362fc2401c6ef0e7969a81f96c998db0c9',
  ),
  known(
    'M332198467: 8604892794012093487 (62 bits)',
    332198467,
    12951433624n,
    256,
    0,
    '656002769245b5963a871df7dc1d6c63abc7e44f2837622a566c72967769be59',
  ),
  known(
    'M332195111: 34711329450314035823 (64 bits)',
    332195111,
    52245300000n,
    512,
    185,
    '502ebe7f2b3ecc91231d9ff8f46b6833e3609c9232670baee5638fe9fc57ba26',
  ),
  known(
    'M60000049: 630004667994632017847 (69 bits)',
    60000049,
    5250034600000n,
    256,
    48,
    '5380a0a38370a8c6fef4bd465f565280f5d44cb7d8b210888a3658a38129855d',
  ),
  known(
    'M332196173: 10023476489863131153799 (73 bits)',
    332196173,
    15086682000000n,
    256,
    2601,
    '5fd08e9bd9d0e7585238c6d305a176959ff88c9bb9a219d1b23147f4fa39142d',
  ),
  known(
    'M53113309: 144566016021914953546103 (76 bits)',
    53113309,
    1360920819500000n,
    256,
    23,
    'bdcae9228c3c0effeb9e515f1ffe506cf62823153617f085443242c93c7157bc',
  ),
  known(
    'M53111563: 764364214786342218468463 (79 bits)',
    53111563,
    7195836194700000n,
    256,
    50,
    '7ada908ece73b93812d54a5ad1884b66c74d7a5dc54ed6cdb106c042f31852f7',
  ),
  known(
    'M2147483647: nothing just below 2^80',
    2147483647,
    281474976710144n,
    256,
    1,
    'd25a0cd972d84d43dda24cb120e9691c7ab5bccafd492f56ab99c05a9f29e6ad',
  ),
  known(
    'M332193149: 377447611643870659897 (68 bits), a block of 2^19',
    332193149,
    568114000000n,
    524288,
    1,
    '7b926fc28849dbb298a30000fd3c2b6d51431802338e36d0dc31fcc2320023a1',
  ),
  known(
    'M163: 150287 · 704161 · 27669118297 (71 bits), a composite divisor with k near 2^63',
    163,
    8981959723591085312n,
    256,
    1,
    '8b9d57ca64713fc8e8996aacae88f60a21c0718d885376a8e8ca4e0a6cef74e1',
  ),
  known(
    'M65521: nothing up to k = 2^63 - 1, just below 2^80',
    65521,
    9223372036854775296n,
    256,
    1,
    '2f762be5b417ec4abe4fdc0b9781665d947f2179e7f88c7af12589ba071f8cf7',
  ),
];
