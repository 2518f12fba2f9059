/**
 * The best C we know for `mersenne-tf@1`, to measure the WebAssembly reference against: the same sieve,
 * and Montgomery squaring on two limbs of 64 bits with R = 2^96, several candidates side by side.
 *
 *   mersenne-tf hex  P KFROM KPERUNIT UNIT          the unit's output bytes in hexadecimal
 *   mersenne-tf time P KFROM KPERUNIT UNIT COUNT    nanoseconds of processor time for COUNT units, then the last output
 *
 * clang -O3 -march=native -o mersenne-tf mersenne-tf.c
 *
 * With -DVECTOR=16 (or 32, 64) the squarings use the reference's own method instead, on vectors of so many
 * bytes: what native code makes of the same idea, at WebAssembly's width and at wider ones.
 */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned __int128 u128;
typedef uint64_t u64;
typedef uint32_t u32;

#ifdef VECTOR
#define SIDE (2 * VECTOR) /* eight vectors side by side */
#define RADIX_BITS 84
#else
#define RADIX_BITS 96
#endif
#ifndef SIDE
#define SIDE 4 /* candidates side by side; the fastest of 1, 2, 3, 4, 6, 8 where we measured */
#endif
#ifndef SEGMENT
#define SEGMENT 65536
#endif
enum { PATTERN = 15015, PRIMES = 6541, FACTORS = 64 };

static u32 exponent, perUnit, class1;
static u64 kFrom, twoP;
static int primeCount;
static uint16_t primes[PRIMES], roots[2][PRIMES], steps[PRIMES];
static uint8_t isPrime[65536], pattern[2][PATTERN], sieve[SEGMENT + 64];
static u32 cursors[PRIMES], list[SEGMENT + SIDE];

static u64 kUnit;
static u128 qUnit;
static int startExponent, ladderBits, firstPower, byDivision;
static u32 candidates, factorCount, sum0, sum1;
static u64 factors[FACTORS];

static u32 inverse(u32 a, u32 r) {
  int32_t x = 1, y = 0, u = (int32_t)a, v = (int32_t)r;
  while (v) {
    int32_t quotient = u / v, next = u - quotient * v;
    u = v, v = next;
    next = x - quotient * y;
    x = y, y = next;
  }
  return (u32)(x < 0 ? x + (int32_t)r : x);
}

static void prepare(void) {
  twoP = 2ull * exponent;
  class1 = exponent * 3 & 3;
  memset(isPrime, 1, sizeof isPrime);
  for (u32 r = 3; r < 256; r += 2)
    if (isPrime[r]) for (u32 m = r * r; m < 65536; m += r) isPrime[m] = 0;
  for (u32 r = 0; r < 65536; r += 2) isPrime[r] = 0;
  isPrime[1] = 0;
  for (u32 r = 3; r < 65536; r += 2)
    if (isPrime[r] && r != exponent) primes[primeCount++] = (uint16_t)r;
  for (int i = 0; i < primeCount; i++) {
    u32 r = primes[i], root = r - inverse((u32)(twoP % r), r), quarter = inverse(4 % r, r), from = (u32)(kFrom % r);
    roots[0][i] = (uint16_t)((root + r - from) % r * quarter % r);
    roots[1][i] = (uint16_t)((root + 2 * r - from - class1 % r) % r * quarter % r);
    steps[i] = (uint16_t)((perUnit >> 2) % r);
    for (int c = 0; c < 2 && r <= 13; c++)
      for (u32 m = roots[c][i]; m < PATTERN; m += r) pattern[c][m] = 1;
  }
}

static int bitsOf(u128 n) {
  u64 high = (u64)(n >> 64);
  return high ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((u64)n | 1);
}

/* As in the reference, mostly with R = 2^96 for 2^84: 2^(96+d) squares to 2^(96+2d). */
static void openUnit(u32 unit) {
  kUnit = kFrom + (u64)unit * perUnit;
  qUnit = (u128)kUnit * twoP + 1;
  candidates = factorCount = sum0 = sum1 = 0;
  firstPower = kUnit ? bitsOf(qUnit) - 1 : 1;
  int rest = (int)exponent - RADIX_BITS;
  ladderBits = 0;
  if (rest < 8) {
    startExponent = (int)exponent;
    byDivision = 0;
  } else {
    int reach = firstPower + 50 - RADIX_BITS;
    byDivision = reach >= 7;
    int top = byDivision ? reach : 7;
    while (rest >> ladderBits > top) ladderBits++;
    startExponent = RADIX_BITS + (rest >> ladderBits);
  }
  if (startExponent < firstPower) firstPower = startExponent;
}

static u128 startOf(u128 n) {
  if (byDivision) {
    u64 bits = (u64)(1023 + startExponent) << 52;
    double power;
    memcpy(&power, &bits, 8);
    u64 quotient = (u64)(power / ((double)(u64)n + (double)(u64)(n >> 64) * 0x1p64)) - 1;
    return -(quotient * n) & (((u128)1 << RADIX_BITS) - 1);
  }
  u128 x = (u128)1 << firstPower;
  for (int i = firstPower; i < startExponent; i++) {
    x <<= 1;
    if (x >= n) x -= n;
  }
  return x;
}

static inline void keep(u64 k) {
  int at = factorCount < FACTORS ? (int)factorCount : FACTORS;
  factorCount++;
  if (at == FACTORS) {
    if (factors[at - 1] < k) return;
    at--;
  }
  for (; at > 0 && factors[at - 1] > k; at--) factors[at] = factors[at - 1];
  factors[at] = k;
}

static inline void account(u128 x, u64 k) {
  u32 w0 = (u32)x, w1 = (u32)(x >> 32), w2 = (u32)(x >> 64);
  u32 a = w0 + (u32)k * 0x9e3779b1u;
  a = (a ^ a >> 15) * 0x85ebca77u;
  a = (a ^ a >> 13) + w1;
  a *= 0xc2b2ae3du;
  a = (a ^ a >> 16) + w2;
  a *= 0x27d4eb2fu;
  a ^= a >> 15;
  u32 b = (a ^ w1) * 0x165667b1u + w0;
  b = (b ^ b >> 16) * 0x9e3779b1u;
  b ^= b >> 13;
  sum0 += a;
  sum1 += b;
  if (x == 1) keep(k);
}

#ifdef VECTOR
/* The reference's ladder (src/kernels/mersenne-tf/montgomery.as.ts) on vectors of VECTOR bytes. */
typedef u32 vec __attribute__((vector_size(VECTOR)));
typedef int16_t half __attribute__((vector_size(VECTOR)));
enum { LANES = VECTOR / 4 };

static inline vec dot(vec a, vec b) {
#if VECTOR == 16
  return (vec)_mm_madd_epi16((__m128i)a, (__m128i)b);
#elif VECTOR == 32
  return (vec)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
  return (vec)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#endif
}
static inline vec mixHalves(vec low, vec high) {
#if VECTOR == 16
  return (vec)_mm_blend_epi16((__m128i)low, (__m128i)high, 0xaa);
#elif VECTOR == 32
  return (vec)_mm256_blend_epi16((__m256i)low, (__m256i)high, 0xaa);
#else
  return (vec)_mm512_mask_mov_epi16((__m512i)low, 0xaaaaaaaa, (__m512i)high);
#endif
}
static inline vec swapped(vec x) { return x << 16 | x >> 16; }

struct Lanes {
  vec x[3], negInv, n[7], h[7];
};

static inline __attribute__((always_inline)) void squareLanes(struct Lanes *v, int twice, int wide) {
  vec x0 = v->x[0], x1 = v->x[1], x2 = v->x[2], d1 = x1 + x1, d2 = x2 + x2;
  vec low0 = x0 << 16, low1 = x1 << 16, high2 = x2 >> 16, y2 = swapped(d2);
  const vec mask = (vec){} + 0x3fff3fff;
  vec t[11];
  t[0] = dot(low0, low0);
  t[1] = dot(x0, x0 << 17) + (t[0] >> 14);
  vec m = mixHalves(t[0], t[1] << 16) & mask;
  t[2] = dot(x0, mixHalves(d1, x0)) + (t[1] >> 14);
  t[3] = dot(x0, swapped(d1));
  t[4] = dot(x0, mixHalves(d2, d1)) + dot(low1, low1);
  t[5] = dot(x0, y2) + dot(x1, x1 << 17);
  t[6] = dot(x1, mixHalves(d2, x1)) + dot(x0 >> 16, y2);
  t[7] = dot(x1, y2);
  t[8] = dot(x2, mixHalves(x2, d1));
  t[9] = dot(x2, x2 << 17);
  t[10] = dot(high2, high2);
  for (int i = 0; i < 7; i++) t[2 + i] += dot(m, v->h[i]);
  for (int round = wide ? 2 : 4; round <= 4; round += 2) {
    if (round == 4 && !wide) {
      t[3] += t[2] >> 14;
      m = mixHalves(t[2], t[3] << 16) & mask;
      t[4] += t[3] >> 14;
      for (int i = 0; i < 7; i++) t[4 + i] += dot(m, v->h[i]);
    }
    vec u = (t[round] + (t[round + 1] << 14)) * v->negInv;
    m = mixHalves(u, u << 2) & mask;
    for (int i = 0; i < 7; i++) t[round + i] += dot(m, v->n[i]);
    t[round + 1] += t[round] >> 14;
    t[round + 2] += t[round + 1] >> 14;
  }
  if (twice) {
    t[7] += t[7] + (t[6] >> 13);
    t[6] += t[6], t[8] += t[8], t[9] += t[9], t[10] += t[10];
  } else t[7] += t[6] >> 14;
  v->x[0] = mixHalves(t[6], t[7] << 16) & mask;
  t[8] += t[7] >> 14;
  t[9] += t[8] >> 14;
  v->x[1] = mixHalves(t[8], t[9] << 16) & mask;
  t[10] += t[9] >> 14;
  v->x[2] = mixHalves(t[10], t[10] >> 14 << 16) & mask;
}

static u32 pairOf(u128 n, int digit) {
  u32 low = (u32)(n >> (28 * digit));
  return (low & 0x3fff) | (low << 2 & 0x3fff0000);
}
static void spread(vec *parts, int lane, u128 n) {
  u32 a = pairOf(n, 0), b = pairOf(n, 1), c = pairOf(n, 2);
  parts[0][lane] = a & 0xffff;
  parts[1][lane] = a >> 16 | a << 16;
  parts[2][lane] = (b & 0xffff) | (a & 0xffff0000);
  parts[3][lane] = b >> 16 | b << 16;
  parts[4][lane] = (c & 0xffff) | (b & 0xffff0000);
  parts[5][lane] = c >> 16 | c << 16;
  parts[6][lane] = c & 0xffff0000;
}

static void computeSide(const u32 *offsets, int count) {
  static struct Lanes v[SIDE / LANES];
  int wide = (u64)((qUnit + (u128)perUnit * twoP) >> 78) != 0;
  for (int j = 0; j < SIDE; j++) {
    struct Lanes *at = v + j / LANES;
    int lane = j % LANES;
    u128 n = qUnit + (u128)(twoP * offsets[j]), x = startOf(n);
    u32 y = (u32)n * 3 ^ 2;
    for (int i = 0; i < 3; i++) y *= 2 - (u32)n * y;
    u64 c = -y & 0xfffffff;
    at->negInv[lane] = -y;
    spread(at->n, lane, n);
    u64 low = c * ((u64)n & 0xfffffff) + 1;
    spread(at->h, lane, (n >> 28) * c + (low >> 28));
    for (int i = 0; i < 3; i++) at->x[i][lane] = pairOf(x, i);
  }
  u32 rest = exponent - RADIX_BITS;
  for (int bit = ladderBits - 1; bit >= 0; bit--) {
    int kind = (int)(rest >> bit & 1) + 2 * wide;
#define ALL(TWICE, WIDE) for (int j = 0; j < SIDE / LANES; j++) squareLanes(v + j, TWICE, WIDE)
    if (kind == 0) ALL(0, 0);
    else if (kind == 1) ALL(1, 0);
    else if (kind == 2) ALL(0, 1);
    else ALL(1, 1);
  }
  candidates += (u32)count;
  for (int j = 0; j < count; j++) {
    u128 n = qUnit + (u128)(twoP * offsets[j]), x = 0;
    for (int i = 0; i < 3; i++) {
      u32 part = v[j / LANES].x[i][j % LANES];
      x |= (u128)((part & 0x3fff) | (part >> 2 & 0xfffc000)) << (28 * i);
    }
    for (int i = 2; i >= 0; i--)
      if (x >= n << i) x -= n << i;
    account(x, kUnit + offsets[j]);
  }
}
#else
/* x²/2^96 mod n below 2n, for x < 4n < 2^82; inv = −1/n mod 2^64. */
static inline __attribute__((always_inline)) u128 square(u128 x, u64 n0, u64 n1, u64 inv) {
  u64 x0 = (u64)x, x1 = (u64)(x >> 64);
  u128 low = (u128)x0 * x0;
  u128 mid = (u128)x0 * (2 * x1) + (u64)(low >> 64);
  u64 t0 = (u64)low, t2 = x1 * x1 + (u64)(mid >> 64);
  u64 m = t0 * inv;
  u64 carry = (u64)((u128)m * n0 >> 64) + (t0 != 0);
  u128 a = (u128)m * n1 + carry + (u64)mid;
  t2 += (u64)(a >> 64);
  u64 t1 = (u64)a, m32 = (u32)(t1 * inv);
  u128 b = (u128)m32 * n0 + t1;
  return (b >> 32) + ((u128)(t2 + m32 * n1) << 32);
}

static void computeSide(const u32 *offsets, int count) {
  u128 x[SIDE];
  u64 n0[SIDE], n1[SIDE], inv[SIDE];
  for (int j = 0; j < SIDE; j++) {
    u128 n = qUnit + (u128)(twoP * offsets[j]);
    n0[j] = (u64)n, n1[j] = (u64)(n >> 64);
    u64 y = n0[j] * 3 ^ 2;
    for (int i = 0; i < 4; i++) y *= 2 - n0[j] * y;
    inv[j] = -y;
    x[j] = startOf(n);
  }
  u32 rest = exponent - RADIX_BITS;
  for (int bit = ladderBits - 1; bit >= 0; bit--) {
    u32 twice = rest >> bit & 1;
#pragma clang loop unroll(full)
    for (int j = 0; j < SIDE; j++) x[j] = square(x[j], n0[j], n1[j], inv[j]) << twice;
  }
  candidates += (u32)count;
  for (int j = 0; j < count; j++) {
    u128 n = (u128)n1[j] << 64 | n0[j];
    if (x[j] >= 2 * n) x[j] -= 2 * n;
    if (x[j] >= n) x[j] -= n;
    account(x[j], kUnit + offsets[j]);
  }
}
#endif

static void sieveUnit(u32 unit) {
  int listed = 0;
  u32 indices = perUnit >> 2;
  for (int c = 0; c < 2; c++) {
    for (int i = 0; i < primeCount; i++) {
      u32 r = primes[i], gone = unit % r * steps[i] % r;
      cursors[i] = roots[c][i] >= gone ? roots[c][i] - gone : roots[c][i] + r - gone;
    }
    u32 phase = (u32)((u64)unit * indices % PATTERN), offset = c ? class1 : 0;
    for (u32 from = 0; from < indices; from += SEGMENT) {
      u32 length = indices - from < SEGMENT ? indices - from : SEGMENT;
      for (u32 done = 0; done < length;) {
        u32 piece = length - done < PATTERN - phase ? length - done : PATTERN - phase;
        memcpy(sieve + done, pattern[c] + phase, piece);
        done += piece;
        phase = (phase + piece) % PATTERN;
      }
      for (int i = 0; i < primeCount; i++) {
        u32 r = primes[i], at = cursors[i];
        if (r <= 13) continue;
        for (; at < length; at += r) sieve[at] = 1;
        cursors[i] = at - length;
      }
      if (from == 0 && qUnit < 65536)
        for (u32 i = 0; i < length; i++) {
          u64 q = (u64)qUnit + twoP * (4 * i + offset);
          if (q >= 65536) break;
          if (isPrime[q]) sieve[i] = 0;
          if (q == 1) sieve[i] = 1;
        }
      memset(sieve + length, 1, 64);
      for (u32 i = 0; i < length; i += 16) {
        u32 left = (u32)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(sieve + i)), _mm_setzero_si128()));
        for (; left; left &= left - 1) list[listed++] = 4 * (from + i + (u32)__builtin_ctz(left)) + offset;
      }
      int at = 0;
      for (; listed - at >= SIDE; at += SIDE) computeSide(list + at, SIDE);
      memmove(list, list + at, sizeof(u32) * (size_t)(listed - at));
      listed -= at;
    }
  }
  if (listed) {
    for (int i = listed; i < SIDE; i++) list[i] = list[0];
    computeSide(list, listed);
  }
}

static void runUnit(u32 unit) {
  openUnit(unit);
  sieveUnit(unit);
}

static void printOutput(void) {
  u32 head[4] = {factorCount, candidates, sum0, sum1};
  const uint8_t *bytes = (const uint8_t *)head;
  for (int i = 0; i < 16; i++) printf("%02x", bytes[i]);
  bytes = (const uint8_t *)factors;
  for (u32 i = 0; i < 8 * (factorCount < FACTORS ? factorCount : FACTORS); i++) printf("%02x", bytes[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  exponent = (u32)strtoul(argv[2], 0, 10);
  kFrom = strtoull(argv[3], 0, 10);
  perUnit = (u32)strtoul(argv[4], 0, 10);
  u32 unit = (u32)strtoul(argv[5], 0, 10), count = argc > 6 ? (u32)strtoul(argv[6], 0, 10) : 1;
  prepare();
  struct timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  for (u32 i = 0; i < count; i++) runUnit(unit + i);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  if (strcmp(argv[1], "time") == 0)
    printf("%lld\n", (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec);
  printOutput();
  return 0;
}
