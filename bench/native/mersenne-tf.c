/**
 * The best C we know for `mersenne-tf@1`, to measure the WebAssembly reference against: the same sieve,
 * and Montgomery squaring on two limbs of 64 bits with R = 2^96, several candidates side by side.
 *
 *   mersenne-tf hex  P KFROM KPERUNIT UNIT          the unit's output bytes in hexadecimal
 *   mersenne-tf time P KFROM KPERUNIT UNIT COUNT    nanoseconds for COUNT units, then the last output
 *
 * clang -O3 -march=native -o mersenne-tf mersenne-tf.c
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

/* As in the reference, with 96 for 84: 2^(96+d) squares to 2^(96+2d). */
static void openUnit(u32 unit) {
  kUnit = kFrom + (u64)unit * perUnit;
  qUnit = (u128)kUnit * twoP + 1;
  candidates = factorCount = sum0 = sum1 = 0;
  firstPower = kUnit ? bitsOf(qUnit) - 1 : 1;
  int rest = (int)exponent - 96;
  ladderBits = 0;
  if (rest < 8) {
    startExponent = (int)exponent;
    byDivision = 0;
  } else {
    int reach = firstPower + 50 - 96;
    byDivision = reach >= 7;
    int top = byDivision ? reach : 7;
    while (rest >> ladderBits > top) ladderBits++;
    startExponent = 96 + (rest >> ladderBits);
  }
  if (startExponent < firstPower) firstPower = startExponent;
}

static u128 startOf(u128 n) {
  if (byDivision) {
    u64 bits = (u64)(1023 + startExponent) << 52;
    double power;
    memcpy(&power, &bits, 8);
    u64 quotient = (u64)(power / ((double)(u64)n + (double)(u64)(n >> 64) * 0x1p64)) - 1;
    return -(quotient * n) & (((u128)1 << 96) - 1);
  }
  u128 x = (u128)1 << firstPower;
  for (int i = firstPower; i < startExponent; i++) {
    x <<= 1;
    if (x >= n) x -= n;
  }
  return x;
}

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
  u32 rest = exponent - 96;
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
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (u32 i = 0; i < count; i++) runUnit(unit + i);
  clock_gettime(CLOCK_MONOTONIC, &after);
  if (strcmp(argv[1], "time") == 0)
    printf("%lld\n", (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec);
  printOutput();
  return 0;
}
