/**
 * The kernel path-trace@1 in C: the same algorithm, vector width and order of operations as reference.as.ts, so that
 * its bytes are equal and its time is what native code of 128-bit vectors needs. Only for comparison.
 *
 * clang -O3 -msse4.2 -ffp-contract=off -fno-math-errno path-trace.c -o path-trace -lm
 * path-trace INPUT OUTPUT FIRST STEP COUNT   computes units FIRST, FIRST + STEP, … and prints milliseconds
 */
#include <math.h>
#include <smmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FAR 1e30f
#define STRATIFIED 10u
#define INV_PI 0.31830987334251404f
#define ROULETTE_FROM 3u

enum { NOTHING, BACKDROP, LIGHT, SPHERE, MESH };
enum { DIFFUSE, MIRROR, GLASS, GLAZE };
enum { FLAG_BACKDROP = 1, FLAG_LIGHT = 2, FLAG_SMOOTH = 4 };

typedef struct { float x, y, z; } vec3;
typedef struct { __m128 x, y, z; } vec3x4;

/* A node holds six rows of bounds, then children: > 0 node + 1, < 0 −(block + 1), 0 none. */
typedef struct { float rows[6][4]; int32_t child[4]; } node_t;
typedef struct { __m128 p[3], u[3], v[3]; uint32_t first, count, pad[2]; } block_t;
typedef struct { __m128 c[3], radius; } balls_t;

static const uint8_t *head;
static const uint8_t *materials, *spheres, *stripes, *stripes_end, *vertices, *indices, *topology;
static float *positions, *normals;
static node_t *nodes;
static block_t *blocks;
static balls_t *balls;
static uint32_t ball_groups;

static inline uint32_t u32_at(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static inline float f32_at(const uint8_t *p) { float v; memcpy(&v, p, 4); return v; }
static inline uint32_t head_u(int word) { return u32_at(head + word * 4); }
static inline float head_f(int word) { return f32_at(head + word * 4); }

/* ---- random numbers: sampler.as.ts ---- */

static uint32_t key, sample_index, sample_reversed;
static float u0, u1;

static inline uint32_t mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

static inline uint32_t scramble(uint32_t v, uint32_t seed) {
  uint32_t x = v + seed;
  x ^= x * 0x6c50b47cu;
  x ^= x * 0xb82f1e52u;
  x ^= x * 0xc7afe638u;
  x ^= x * 0x8d22f6e6u;
  return x;
}

static inline uint32_t pascal(uint32_t x) {
  x ^= (x & 0xaaaaaaaau) >> 1;
  x ^= (x & 0xccccccccu) >> 2;
  x ^= (x & 0xf0f0f0f0u) >> 4;
  x ^= (x & 0xff00ff00u) >> 8;
  x ^= (x & 0xffff0000u) >> 16;
  return x;
}

static inline uint32_t reverse(uint32_t x) {
#ifdef __clang__
  return __builtin_bitreverse32(x);
#else
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  return __builtin_bswap32(x);
#endif
}
static inline float unit_float(uint32_t x) { return (float)(int32_t)(x >> 8) * 5.9604644775390625e-8f; }

static void choose(uint32_t seed, uint32_t pixel, uint32_t sample) {
  key = mix(mix(pixel + 0x9e3779b9u) ^ seed);
  sample_index = sample;
  sample_reversed = reverse(sample);
}

static void pair(uint32_t dim) {
  uint32_t k = mix(key + dim * 0x9e3779b9u);
  if (dim < STRATIFIED) {
    uint32_t shuffled = reverse(scramble(sample_reversed, k));
    u0 = unit_float(reverse(scramble(shuffled, mix(k ^ 0x68bc21ebu))));
    u1 = unit_float(reverse(scramble(pascal(shuffled), mix(k ^ 0x02e5be93u))));
  } else {
    uint32_t a = mix(k ^ mix(sample_index));
    u0 = unit_float(a);
    u1 = unit_float(mix(a + 0x9e3779b9u));
  }
}

/* ---- the scene: scene.as.ts (for inputs already checked) ---- */

static inline uint32_t corner(uint32_t triangle, int which) {
  uint16_t v;
  memcpy(&v, indices + triangle * 6 + which * 2, 2);
  return v * 3u;
}

static void build_vertices(void) {
  uint32_t count = head_u(11);
  positions = calloc(count * 3, 4);
  normals = calloc(count * 3, 4);
  float scale = head_f(51);
  for (uint32_t i = 0; i < count * 3; i++) {
    uint16_t grid;
    memcpy(&grid, vertices + i * 2, 2);
    positions[i] = head_f(48 + i % 3) + (float)grid * scale;
  }
  for (uint32_t t = 0; t < head_u(12); t++) {
    const float *a = positions + corner(t, 0), *b = positions + corner(t, 1), *c = positions + corner(t, 2);
    float ux = b[0] - a[0], uy = b[1] - a[1], uz = b[2] - a[2];
    float vx = c[0] - a[0], vy = c[1] - a[1], vz = c[2] - a[2];
    float n[3] = {uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx};
    for (int k = 0; k < 3; k++) for (int i = 0; i < 3; i++) normals[corner(t, k) + i] += n[i];
  }
  for (uint32_t i = 0; i < count; i++) {
    float *n = normals + i * 3;
    float square = n[0] * n[0] + n[1] * n[1] + n[2] * n[2];
    float by = square > 1e-30f ? 1 / sqrtf(square) : 0;
    for (int k = 0; k < 3; k++) n[k] *= by;
  }
}

static void build_block(block_t *block, uint32_t first, uint32_t count) {
  for (uint32_t lane = 0; lane < 4; lane++) {
    int real = lane < count;
    uint32_t t = first + (real ? lane : 0);
    for (int axis = 0; axis < 3; axis++) {
      float a = positions[corner(t, 0) + axis];
      ((float *)&block->p[axis])[lane] = a;
      ((float *)&block->u[axis])[lane] = real ? positions[corner(t, 1) + axis] - a : 0;
      ((float *)&block->v[axis])[lane] = real ? positions[corner(t, 2) + axis] - a : 0;
    }
  }
  block->first = first;
  block->count = count;
}

static void refit(node_t *node) {
  for (int c = 0; c < 4; c++) for (int axis = 0; axis < 3; axis++) {
    float low = FAR, high = -FAR;
    int32_t child = node->child[c];
    if (child > 0) {
      for (int i = 0; i < 4; i++) {
        low = fminf(low, nodes[child - 1].rows[axis][i]);
        high = fmaxf(high, nodes[child - 1].rows[axis + 3][i]);
      }
    } else if (child < 0) {
      block_t *block = blocks + (-child - 1);
      for (uint32_t i = 0; i < block->count * 3; i++) {
        float v = positions[corner(block->first + i / 3, i % 3) + axis];
        low = fminf(low, v);
        high = fmaxf(high, v);
      }
    }
    node->rows[axis][c] = low;
    node->rows[axis + 3][c] = high;
  }
}

static void build_tree(void) {
  uint32_t count = head_u(13), leaves = 0, next = 1, triangle = 0;
  for (uint32_t i = 0; i < count * 4; i++) leaves += topology[i] >= 1 && topology[i] <= 4;
  nodes = aligned_alloc(64, ((count * sizeof(node_t)) + 63) & ~63ul);
  blocks = aligned_alloc(64, ((leaves * sizeof(block_t)) + 63) & ~63ul);
  leaves = 0;
  for (uint32_t i = 0; i < count * 4; i++) {
    uint32_t kind = topology[i];
    int32_t *child = &nodes[i / 4].child[i % 4];
    if (kind == 5) *child = (int32_t)next++ + 1;
    else if (kind > 0) {
      build_block(blocks + leaves, triangle, kind);
      *child = -(int32_t)++leaves;
      triangle += kind;
    } else *child = 0;
  }
  for (uint32_t i = count; i > 0; i--) refit(nodes + i - 1);
}

static void build_balls(void) {
  uint32_t count = head_u(9);
  ball_groups = (count + 3) / 4;
  balls = aligned_alloc(64, ball_groups * sizeof(balls_t) + 64);
  for (uint32_t i = 0; i < ball_groups * 4; i++) {
    balls_t *to = balls + i / 4;
    for (int k = 0; k < 3; k++) ((float *)&to->c[k])[i % 4] = i < count ? f32_at(spheres + i * 20 + k * 4) : FAR;
    ((float *)&to->radius)[i % 4] = i < count ? f32_at(spheres + i * 20 + 12) : 0;
  }
}

/* ---- what a ray meets: trace.as.ts ---- */

static int hit_kind;
static float hit_t, hit_u, hit_v;
static uint32_t hit_index, hit_material;
static vec3 surface, shading, lamp;
static float lamp_area;

static inline float dot(vec3 a, vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static inline vec3 scaled(vec3 a, float by) { return (vec3){a.x * by, a.y * by, a.z * by}; }
static inline vec3 head_3(int word) { return (vec3){head_f(word), head_f(word + 1), head_f(word + 2)}; }
static inline vec3 cross(vec3 u, vec3 v) {
  return (vec3){u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x};
}
static inline vec3 normalised(vec3 a) { return scaled(a, 1 / sqrtf(dot(a, a))); }

#define SPLAT _mm_set1_ps
#define ADD _mm_add_ps
#define SUB _mm_sub_ps
#define MUL _mm_mul_ps
/* pmax(a, b) = a < b ? b : a and pmin(a, b) = b < a ? b : a */
#define PMAX(a, b) _mm_max_ps(b, a)
#define PMIN(a, b) _mm_min_ps(b, a)

static inline __m128 dot4(vec3x4 a, vec3x4 b) { return ADD(ADD(MUL(a.x, b.x), MUL(a.y, b.y)), MUL(a.z, b.z)); }
static inline vec3x4 cross4(vec3x4 a, vec3x4 b) {
  return (vec3x4){SUB(MUL(a.y, b.z), MUL(a.z, b.y)), SUB(MUL(a.z, b.x), MUL(a.x, b.z)), SUB(MUL(a.x, b.y), MUL(a.y, b.x))};
}
static inline vec3x4 splat4(vec3 a) { return (vec3x4){SPLAT(a.x), SPLAT(a.y), SPLAT(a.z)}; }

static void keep_backdrop(float t, uint32_t part) {
  if (t > 0 && t < hit_t) {
    hit_t = t;
    hit_kind = BACKDROP;
    hit_index = part;
  }
}

static void meet_backdrop(vec3 o, vec3 d) {
  if (!(d.y < 0) && !(d.z < 0)) return;
  float radius = head_f(52), z = head_f(53);
  float ground = d.y < 0 ? -o.y / d.y : FAR;
  float wall = d.z < 0 ? (z - radius - o.z) / d.z : FAR;
  if (d.y < 0 && o.z + ground * d.z >= z) keep_backdrop(ground, 0);
  else if (d.z < 0 && o.y + wall * d.y >= radius) keep_backdrop(wall, 1);
  else {
    float cy = radius - o.y, cz = z - o.z;
    float a = d.y * d.y + d.z * d.z;
    float b = cy * d.y + cz * d.z;
    float side = cy * d.z - cz * d.y;
    float square = a * radius * radius - side * side;
    if (square >= 0 && a > 0) keep_backdrop((b + sqrtf(square)) / a, 2);
  }
}

static void meet_light(vec3 o, vec3 d) {
  float facing = dot(d, lamp);
  if (facing == 0) return;
  vec3 q = {head_f(36) - o.x, head_f(37) - o.y, head_f(38) - o.z};
  float t = dot(q, lamp) / facing;
  if (!(t > 0 && t < hit_t)) return;
  vec3 p = {d.x * t - q.x, d.y * t - q.y, d.z * t - q.z};
  float a = dot(cross(p, head_3(42)), lamp);
  float b = dot(cross(head_3(39), p), lamp);
  if (a >= 0 && a <= lamp_area && b >= 0 && b <= lamp_area) {
    hit_t = t;
    hit_kind = LIGHT;
  }
}

static void meet_balls(vec3 o, vec3 d) {
  __m128 zero = SPLAT(0);
  vec3x4 dd = splat4(d);
  for (uint32_t g = 0; g < ball_groups; g++) {
    balls_t *at = balls + g;
    vec3x4 c = {SUB(at->c[0], SPLAT(o.x)), SUB(at->c[1], SPLAT(o.y)), SUB(at->c[2], SPLAT(o.z))};
    __m128 b = dot4(c, dd);
    vec3x4 e = {SUB(c.x, MUL(b, dd.x)), SUB(c.y, MUL(b, dd.y)), SUB(c.z, MUL(b, dd.z))};
    __m128 square = SUB(MUL(at->radius, at->radius), dot4(e, e));
    __m128 real = _mm_cmpgt_ps(square, zero);
    if (_mm_movemask_ps(real) == 0) continue;
    __m128 half = _mm_sqrt_ps(PMAX(square, zero));
    __m128 near = SUB(b, half);
    __m128 t = _mm_blendv_ps(ADD(b, half), near, _mm_cmpgt_ps(near, zero));
    __m128 inside = _mm_and_ps(_mm_cmpgt_ps(t, zero), _mm_cmplt_ps(t, SPLAT(hit_t)));
    uint32_t mask = (uint32_t)_mm_movemask_ps(_mm_and_ps(real, inside));
    if (mask == 0) continue;
    float lanes[4];
    _mm_storeu_ps(lanes, t);
    do {
      uint32_t lane = (uint32_t)__builtin_ctz(mask);
      if (lanes[lane] < hit_t) {
        hit_t = lanes[lane];
        hit_kind = SPHERE;
        hit_index = g * 4 + lane;
      }
      mask &= mask - 1;
    } while (mask != 0);
  }
}

static inline float inverse(float d) { return 1 / (fabsf(d) < 1e-9f ? copysignf(1e-9f, d) : d); }

static inline int meet_block(const block_t *block, vec3 o, vec3 d) {
  __m128 zero = SPLAT(0);
  vec3x4 r = splat4(d);
  vec3x4 u = {block->u[0], block->u[1], block->u[2]}, v = {block->v[0], block->v[1], block->v[2]};
  vec3x4 p = cross4(r, v);
  __m128 by = _mm_div_ps(SPLAT(1), dot4(u, p));
  vec3x4 t = {SUB(SPLAT(o.x), block->p[0]), SUB(SPLAT(o.y), block->p[1]), SUB(SPLAT(o.z), block->p[2])};
  __m128 a = MUL(dot4(t, p), by);
  vec3x4 q = cross4(t, u);
  __m128 b = MUL(dot4(r, q), by);
  __m128 far = MUL(dot4(v, q), by);
  __m128 within = _mm_and_ps(_mm_and_ps(_mm_cmpge_ps(a, zero), _mm_cmpge_ps(b, zero)), _mm_cmple_ps(ADD(a, b), SPLAT(1)));
  __m128 ahead = _mm_and_ps(_mm_cmpgt_ps(far, zero), _mm_cmplt_ps(far, SPLAT(hit_t)));
  uint32_t mask = (uint32_t)_mm_movemask_ps(_mm_and_ps(within, ahead));
  if (mask == 0) return 0;
  float ts[4], us[4], vs[4];
  _mm_storeu_ps(ts, far);
  _mm_storeu_ps(us, a);
  _mm_storeu_ps(vs, b);
  do {
    uint32_t lane = (uint32_t)__builtin_ctz(mask);
    if (ts[lane] < hit_t) {
      hit_t = ts[lane];
      hit_u = us[lane];
      hit_v = vs[lane];
      hit_index = block->first + lane;
    }
    mask &= mask - 1;
  } while (mask != 0);
  hit_kind = MESH;
  return 1;
}

static void meet_mesh(vec3 o, vec3 d, int any) {
  float fx = inverse(d.x), fy = inverse(d.y), fz = inverse(d.z);
  int nx = fx < 0 ? 3 : 0, ny = fy < 0 ? 4 : 1, nz = fz < 0 ? 5 : 2;
  struct { int32_t node; float t; } stack[128];
  int sp = 0;
  int32_t current = 1;
  for (;;) {
    if (current < 0) {
      if (meet_block(blocks + (-current - 1), o, d) && any) return;
    } else {
      const node_t *at = nodes + current - 1;
      __m128 x0 = MUL(SUB(_mm_load_ps(at->rows[nx]), SPLAT(o.x)), SPLAT(fx));
      __m128 y0 = MUL(SUB(_mm_load_ps(at->rows[ny]), SPLAT(o.y)), SPLAT(fy));
      __m128 z0 = MUL(SUB(_mm_load_ps(at->rows[nz]), SPLAT(o.z)), SPLAT(fz));
      __m128 x1 = MUL(SUB(_mm_load_ps(at->rows[3 - nx]), SPLAT(o.x)), SPLAT(fx));
      __m128 y1 = MUL(SUB(_mm_load_ps(at->rows[5 - ny]), SPLAT(o.y)), SPLAT(fy));
      __m128 z1 = MUL(SUB(_mm_load_ps(at->rows[7 - nz]), SPLAT(o.z)), SPLAT(fz));
      __m128 enter = PMAX(PMAX(x0, y0), PMAX(z0, SPLAT(0)));
      __m128 leave = PMIN(PMIN(x1, y1), PMIN(z1, SPLAT(hit_t)));
      uint32_t mask = (uint32_t)_mm_movemask_ps(_mm_cmple_ps(enter, leave));
      if (mask != 0) {
        float lanes[4];
        _mm_storeu_ps(lanes, enter);
        int lane = __builtin_ctz(mask);
        current = at->child[lane];
        float distance = lanes[lane];
        mask &= mask - 1;
        while (mask != 0) {
          lane = __builtin_ctz(mask);
          int32_t other = at->child[lane];
          float further = lanes[lane];
          if (further < distance) {
            stack[sp].node = current;
            stack[sp++].t = distance;
            current = other;
            distance = further;
          } else {
            stack[sp].node = other;
            stack[sp++].t = further;
          }
          mask &= mask - 1;
        }
        continue;
      }
    }
    do {
      if (sp == 0) return;
      sp--;
    } while (!(stack[sp].t < hit_t));
    current = stack[sp].node;
  }
}

static void closest(vec3 o, vec3 d) {
  hit_kind = NOTHING;
  hit_t = FAR;
  uint32_t flags = head_u(7);
  if (flags & FLAG_BACKDROP) meet_backdrop(o, d);
  if (flags & FLAG_LIGHT) meet_light(o, d);
  if (ball_groups) meet_balls(o, d);
  if (nodes) meet_mesh(o, d, 0);
}

static int blocked(vec3 o, vec3 d, float limit) {
  hit_kind = NOTHING;
  hit_t = limit;
  if (ball_groups) {
    meet_balls(o, d);
    if (hit_kind != NOTHING) return 1;
  }
  if (nodes) meet_mesh(o, d, 1);
  return hit_kind != NOTHING;
}

static void describe(vec3 p) {
  if (hit_kind == BACKDROP) {
    hit_material = head_u(15);
    surface = (vec3){0, 1, 0};
    if (hit_index == 1) surface = (vec3){0, 0, 1};
    if (hit_index == 2) {
      float ny = head_f(52) - p.y, nz = head_f(53) - p.z;
      float by = 1 / sqrtf(ny * ny + nz * nz);
      surface = (vec3){0, ny * by, nz * by};
    }
    shading = surface;
  } else if (hit_kind == SPHERE) {
    const uint8_t *at = spheres + hit_index * 20;
    hit_material = u32_at(at + 16);
    surface = shading = normalised((vec3){p.x - f32_at(at), p.y - f32_at(at + 4), p.z - f32_at(at + 8)});
  } else {
    hit_material = head_u(14);
    uint32_t ia = corner(hit_index, 0), ib = corner(hit_index, 1), ic = corner(hit_index, 2);
    const float *a = positions + ia, *b = positions + ib, *c = positions + ic;
    surface = shading = normalised(cross((vec3){b[0] - a[0], b[1] - a[1], b[2] - a[2]}, (vec3){c[0] - a[0], c[1] - a[1], c[2] - a[2]}));
    if (!(head_u(7) & FLAG_SMOOTH)) return;
    a = normals + ia, b = normals + ib, c = normals + ic;
    float w = 1 - hit_u - hit_v;
    vec3 n = {
      a[0] * w + b[0] * hit_u + c[0] * hit_v, a[1] * w + b[1] * hit_u + c[1] * hit_v, a[2] * w + b[2] * hit_u + c[2] * hit_v,
    };
    if (dot(n, n) > 1e-12f) shading = normalised(n);
  }
}

/* ---- one path: shade.as.ts ---- */

static vec3 ray_o, ray_d, carry, radiance;
static float density, disc_x, disc_y;

static inline float tent(float u) { return u < 0.5f ? sqrtf(u + u) - 1 : 1 - sqrtf(2 - (u + u)); }
static inline float sine(float x) {
  float s = x * x;
  return x * (1 + s * (-0.1666666716337204f + s * (0.008333333767950535f + s * -0.00019841270113829523f)));
}
static inline float cosine(float x) {
  float s = x * x;
  return 1 + s * (-0.5f + s * (0.0416666679084301f + s * (-0.0013888889225199819f + s * 0.000024801587642286904f)));
}

static void disc(float u, float v) {
  float a = u + u - 1, b = v + v - 1;
  if (fabsf(a) > fabsf(b)) {
    float angle = 0.7853981852531433f * (b / a);
    disc_x = a * cosine(angle);
    disc_y = a * sine(angle);
  } else if (b != 0) {
    float angle = 0.7853981852531433f * (a / b);
    disc_x = b * sine(angle);
    disc_y = b * cosine(angle);
  } else disc_x = disc_y = 0;
}

static float fade(float x) {
  float y = x * 1.4426950216293335f;
  if (!(y < 120)) return 0;
  int32_t whole = (int32_t)y;
  float f = (y - (float)whole) * -0.6931471824645996f;
  float p = 1 + f * (1 + f * (0.5f + f * (0.1666666716337204f + f * (0.0416666679084301f
    + f * (0.008333333767950535f + f * 0.0013888889225199819f)))));
  uint32_t bits = (uint32_t)(127 - whole) << 23;
  float power;
  memcpy(&power, &bits, 4);
  return p * power;
}

static void aim(uint32_t px, uint32_t py) {
  pair(0);
  float x = ((float)(int32_t)px + 0.5f + tent(u0)) * (2 / (float)(int32_t)head_u(1)) - 1;
  float y = 1 - ((float)(int32_t)py + 0.5f + tent(u1)) * (2 / (float)(int32_t)head_u(2));
  float focus = head_f(29), lens = head_f(28);
  vec3 right = head_3(19), up = head_3(22), forward = head_3(25);
  vec3 v = {
    (forward.x + right.x * x + up.x * y) * focus, (forward.y + right.y * x + up.y * y) * focus,
    (forward.z + right.z * x + up.z * y) * focus,
  };
  ray_o = head_3(16);
  if (lens > 0) {
    pair(1);
    disc(u0, u1);
    float by = 1 / sqrtf(dot(right, right)), cy = 1 / sqrtf(dot(up, up));
    float a = disc_x * lens * by, b = disc_y * lens * cy;
    vec3 l = {right.x * a + up.x * b, right.y * a + up.y * b, right.z * a + up.z * b};
    ray_o = (vec3){ray_o.x + l.x, ray_o.y + l.y, ray_o.z + l.z};
    v = (vec3){v.x - l.x, v.y - l.y, v.z - l.z};
  }
  ray_d = normalised(v);
}

static void add_sky(void) {
  float high = 0.5f + 0.5f * ray_d.y, low = 1 - high;
  radiance.x += carry.x * (head_f(30) * low + head_f(33) * high);
  radiance.y += carry.y * (head_f(31) * low + head_f(34) * high);
  radiance.z += carry.z * (head_f(32) * low + head_f(35) * high);
}

static void add_lamp(void) {
  float facing = -dot(ray_d, lamp);
  if (!(facing > 0)) return;
  float weight = 1;
  if (density >= 0) weight = density / (density + hit_t * hit_t / (facing * lamp_area));
  radiance.x += carry.x * head_f(45) * weight;
  radiance.y += carry.y * head_f(46) * weight;
  radiance.z += carry.z * head_f(47) * weight;
}

static void paint(const uint8_t *material, float x) {
  float r = f32_at(material + 8), g = f32_at(material + 12), b = f32_at(material + 16);
  if (u32_at(material + 4)) {
    for (const uint8_t *at = stripes; at < stripes_end; at += 20) {
      if (x >= f32_at(at) && x < f32_at(at + 4)) r = f32_at(at + 8), g = f32_at(at + 12), b = f32_at(at + 16);
    }
    float thread = head_f(55);
    if (thread > 0) {
      float place = x / thread, whole = floorf(place);
      float across = (place - whole) * 2 - 1;
      float spun = (float)(int32_t)(mix((uint32_t)(int32_t)whole) >> 24) * 0.00390625f;
      float shade = (1 - 0.1f * spun) * (1 - 0.16f * across * across);
      r *= shade, g *= shade, b *= shade;
    }
  }
  carry = (vec3){carry.x * r, carry.y * g, carry.z * b};
}

static inline float fresnel(float toward, float eta) {
  float square = 1 - eta * eta * (1 - toward * toward);
  if (!(square > 0)) return 1;
  float through = sqrtf(square);
  float s = (eta * toward - through) / (eta * toward + through);
  float p = (toward - eta * through) / (toward + eta * through);
  return 0.5f * (s * s + p * p);
}

static inline void leave(vec3 p, vec3 n) {
  float e = head_f(54);
  ray_o = (vec3){p.x + n.x * e, p.y + n.y * e, p.z + n.z * e};
}

static int mirrored(float toward, vec3 p, vec3 n, vec3 m) {
  density = -1;
  leave(p, n);
  float twice = toward + toward;
  vec3 r = {ray_d.x + m.x * twice, ray_d.y + m.y * twice, ray_d.z + m.z * twice};
  if (!(dot(r, n) > 0)) {
    float up = dot(ray_d, n) * -2;
    r = (vec3){ray_d.x + n.x * up, ray_d.y + n.y * up, ray_d.z + n.z * up};
  }
  ray_d = normalised(r);
  return 1;
}

static int refracted(const uint8_t *material, uint32_t dim, int front, float toward, vec3 p, vec3 n, vec3 m) {
  if (!front) {
    carry.x *= fade(f32_at(material + 20) * hit_t);
    carry.y *= fade(f32_at(material + 24) * hit_t);
    carry.z *= fade(f32_at(material + 28) * hit_t);
  }
  float index = f32_at(material + 32);
  float eta = front ? 1 / index : index;
  float share = fresnel(toward, eta);
  pair(dim + 2);
  if (u0 < share) return mirrored(toward, p, n, m);
  float square = 1 - eta * eta * (1 - toward * toward);
  float along = eta * toward - sqrtf(square > 0 ? square : 0);
  vec3 r = {ray_d.x * eta + m.x * along, ray_d.y * eta + m.y * along, ray_d.z * eta + m.z * along};
  paint(material, p.x);
  density = -1;
  leave(p, scaled(n, -1));
  float rise = dot(r, n);
  if (!(rise < 0)) r = (vec3){r.x - n.x * 2 * rise, r.y - n.y * 2 * rise, r.z - n.z * 2 * rise};
  ray_d = normalised(r);
  return 1;
}

static void ask_lamp(uint32_t dim, float inverse_eta, vec3 n, vec3 m) {
  pair(dim + 1);
  vec3 q = {
    head_f(36) + head_f(39) * u0 + head_f(42) * u1 - ray_o.x, head_f(37) + head_f(40) * u0 + head_f(43) * u1 - ray_o.y,
    head_f(38) + head_f(41) * u0 + head_f(44) * u1 - ray_o.z,
  };
  float square = dot(q, q);
  if (!(square > 1e-12f)) return;
  float distance = sqrtf(square);
  vec3 l = scaled(q, 1 / distance);
  float fall = dot(l, m), facing = -dot(l, lamp);
  if (!(fall > 0 && facing > 0 && dot(l, n) > 0)) return;
  float own = fall * INV_PI;
  float gain = own / (square / (facing * lamp_area) + own);
  if (inverse_eta > 0) gain *= 1 - fresnel(fall, inverse_eta);
  if (blocked(ray_o, l, distance * 0.9999f)) return;
  radiance.x += carry.x * gain * head_f(45);
  radiance.y += carry.y * gain * head_f(46);
  radiance.z += carry.z * gain * head_f(47);
}

static int diffuse(uint32_t dim, float inverse_eta, vec3 p, vec3 n, vec3 m) {
  leave(p, n);
  if (head_u(7) & FLAG_LIGHT) ask_lamp(dim, inverse_eta, n, m);
  pair(dim);
  disc(u0, u1);
  float square = 1 - disc_x * disc_x - disc_y * disc_y;
  float height = sqrtf(square > 0 ? square : 0);
  float sign = copysignf(1, m.z), a = -1 / (sign + m.z), b = m.x * m.y * a;
  vec3 r = {
    (1 + sign * m.x * m.x * a) * disc_x + b * disc_y + m.x * height,
    sign * b * disc_x + (sign + m.y * m.y * a) * disc_y + m.y * height, -sign * m.x * disc_x - m.y * disc_y + m.z * height,
  };
  if (!(dot(r, n) > 0)) return 0;
  if (inverse_eta > 0) carry = scaled(carry, 1 - fresnel(height, inverse_eta));
  density = height * INV_PI;
  ray_d = normalised(r);
  return 1;
}

static int scatter(uint32_t depth) {
  vec3 p = {ray_o.x + ray_d.x * hit_t, ray_o.y + ray_d.y * hit_t, ray_o.z + ray_d.z * hit_t};
  describe(p);
  const uint8_t *material = materials + hit_material * 48;
  uint32_t kind = u32_at(material), dim = 2 + depth * 3;
  int front = dot(ray_d, surface) < 0;
  float side = front ? 1 : -1;
  vec3 n = scaled(surface, side), m = scaled(shading, side);
  if (!(dot(ray_d, m) < -1e-4f)) m = n;
  float toward = -dot(ray_d, m);
  if (kind == GLASS) return refracted(material, dim, front, toward, p, n, m);
  if (kind == MIRROR) {
    paint(material, p.x);
    return mirrored(toward, p, n, m);
  }
  float inverse_eta = 0;
  if (kind == GLAZE) {
    inverse_eta = 1 / f32_at(material + 32);
    pair(dim + 2);
    if (u0 < fresnel(toward, inverse_eta)) return mirrored(toward, p, n, m);
  }
  paint(material, p.x);
  if (kind == GLAZE) {
    float inner = f32_at(material + 36), square = inverse_eta * inverse_eta;
    carry.x *= square / (1 - f32_at(material + 8) * inner);
    carry.y *= square / (1 - f32_at(material + 12) * inner);
    carry.z *= square / (1 - f32_at(material + 16) * inner);
  }
  return diffuse(dim, inverse_eta, p, n, m);
}

static int survives(uint32_t depth) {
  float strongest = carry.x > carry.y ? carry.x : carry.y;
  if (carry.z > strongest) strongest = carry.z;
  if (!(strongest < 0.95f)) return 1;
  if (strongest <= 0) return 0;
  pair(4 + depth * 3);
  if (!(u1 < strongest)) return 0;
  carry = scaled(carry, 1 / strongest);
  return 1;
}

static void follow(uint32_t pixel, uint32_t px, uint32_t py, uint32_t sample) {
  choose(head_u(5), pixel, sample);
  aim(px, py);
  radiance = (vec3){0, 0, 0};
  carry = (vec3){1, 1, 1};
  density = -1;
  uint32_t depth_max = head_u(6);
  for (uint32_t depth = 0; depth < depth_max; depth++) {
    closest(ray_o, ray_d);
    if (hit_kind == NOTHING) return add_sky();
    if (hit_kind == LIGHT) return add_lamp();
    if (!scatter(depth)) return;
    if (depth >= ROULETTE_FROM && !survives(depth)) return;
  }
}

/* ---- units: reference.as.ts ---- */

static uint64_t common(uint64_t a, uint64_t b) { return b == 0 ? a : common(b, a % b); }
static inline uint32_t fixed(float v) { return v > 0 ? (uint32_t)(int32_t)((v < 16 ? v : 16) * 8192 + 0.5f) : 0; }

static void run(uint64_t unit, uint32_t *out) {
  uint32_t width = head_u(1), wide = width / 8, samples = head_u(3);
  uint64_t tiles = (uint64_t)wide * (head_u(2) / 8), stride = tiles * 618 / 1000;
  if (stride == 0) stride = 1;
  while (common(stride, tiles) != 1) stride++;
  uint32_t batch = (uint32_t)(unit / tiles), tile = (uint32_t)(unit % tiles * stride % tiles);
  for (uint32_t i = 0; i < 64; i++) {
    uint32_t px = tile % wide * 8 + i % 8, py = tile / wide * 8 + i / 8;
    uint32_t r = 0, g = 0, b = 0;
    for (uint32_t s = 0; s < samples; s++) {
      follow(py * width + px, px, py, batch * samples + s);
      r += fixed(radiance.x), g += fixed(radiance.y), b += fixed(radiance.z);
    }
    out[i * 3] = r, out[i * 3 + 1] = g, out[i * 3 + 2] = b;
  }
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void prepare(uint8_t *input) {
  head = input;
  materials = head + 256;
  spheres = materials + head_u(8) * 48;
  stripes = spheres + head_u(9) * 20;
  vertices = stripes_end = stripes + head_u(10) * 20;
  indices = vertices + ((head_u(11) * 6 + 3) & ~3u);
  topology = indices + ((head_u(12) * 6 + 3) & ~3u);
  build_balls();
  if (head_u(13)) {
    build_vertices();
    build_tree();
  }
  vec3 n = cross(head_3(39), head_3(42));
  lamp_area = sqrtf(dot(n, n));
  lamp = scaled(n, lamp_area > 0 ? 1 / lamp_area : 0);
}

int main(int argc, char **argv) {
  if (argc != 6) return fprintf(stderr, "path-trace INPUT OUTPUT FIRST STEP COUNT\n"), 2;
  static uint8_t input[2 << 20];
  FILE *in = fopen(argv[1], "rb"), *to = fopen(argv[2], "wb");
  if (!in || !to) return perror("path-trace"), 1;
  if (fread(input, 1, sizeof input, in) < 256) return 1;
  uint64_t first = strtoull(argv[3], 0, 10), step = strtoull(argv[4], 0, 10), count = strtoull(argv[5], 0, 10);
  prepare(input);
  double start = now_ms(), spent = 0;
  for (uint64_t i = 0; i < count; i++) {
    uint32_t out[192];
    start = now_ms();
    run(first + i * step, out);
    spent += now_ms() - start;
    fwrite(out, 1, sizeof out, to);
  }
  printf("%.4f\n", spent);
  return fclose(to);
}
