// q = rope(Wq n), k_cache[.., position[0], ..] = rope(Wk n), v_cache[.., position[0], ..] = Wv n
// with n = rmsnorm(x)
// x, norm: [hidden] f32; weight: [(heads + 2 kv_heads) * head_dim, hidden] weights; position: [1] u32;
// cos, sin: [max_seq, head_dim / 2] f32; q: [heads, head_dim] f32;
// k_cache, v_cache: [kv_heads, max_seq, head_dim] f32. hidden is a multiple of the weights in 16 bytes.
// Where a pair's rows stand: see `rope`. From position max_seq on, q is NaN and the caches stay as they are.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using bf16 = __bf16;

using bf16x8 = __attribute__((ext_vector_type(8))) bf16;
using f32x8 = __attribute__((ext_vector_type(8))) float;

constexpr uint32_t PAIRS = 2;
constexpr uint32_t DEPTH = 2;
constexpr uint32_t WAVES = 4;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVES * WAVE;

// fmaf of each lane.
static __device__ __forceinline__ f32x8 fmaf(f32x8 a, f32x8 b, f32x8 c) {
    return f32x8{
        fmaf(a[0], b[0], c[0]),
        fmaf(a[1], b[1], c[1]),
        fmaf(a[2], b[2], c[2]),
        fmaf(a[3], b[3], c[3]),
        fmaf(a[4], b[4], c[4]),
        fmaf(a[5], b[5], c[5]),
        fmaf(a[6], b[6], c[6]),
        fmaf(a[7], b[7], c[7]),
    };
}

// Pairs of rows of all heads.
static __device__ __forceinline__ uint32_t pairs(
    uint32_t self_heads,
    uint32_t self_kv_heads,
    uint32_t self_head_dim,
    uint32_t self_max_seq,
    uint32_t self_pair_stride,
    uint32_t self_pair_distance
) {
    return (self_heads + 2 * self_kv_heads) * (self_head_dim / 2);
}

// The first row of a pair; the second is `pair_distance` further on. The last pair stands for those past it.
static __device__ __forceinline__ uint32_t row(
    uint32_t self_heads,
    uint32_t self_kv_heads,
    uint32_t self_head_dim,
    uint32_t self_max_seq,
    uint32_t self_pair_stride,
    uint32_t self_pair_distance,
    uint32_t pair
) {
    const uint32_t half = self_head_dim / 2;
    const uint32_t pair_1 = min(
        pair,
        pairs(
            self_heads,
            self_kv_heads,
            self_head_dim,
            self_max_seq,
            self_pair_stride,
            self_pair_distance
        ) -
            1
    );
    return (pair_1 / half) * self_head_dim + (pair_1 % half) * self_pair_stride;
}

// Where the rows of the pairs from `first` on begin.
static __device__ __forceinline__ void start_pairs(
    uint32_t (&starts)[2 * PAIRS],
    uint32_t shape_heads,
    uint32_t shape_kv_heads,
    uint32_t shape_head_dim,
    uint32_t shape_max_seq,
    uint32_t shape_pair_stride,
    uint32_t shape_pair_distance,
    uint32_t first,
    uint32_t columns
) {
    #pragma unroll
    for (uint32_t p = 0; p < 2 * PAIRS / 2; ++p) {
        starts[2 * p] = row(
            shape_heads,
            shape_kv_heads,
            shape_head_dim,
            shape_max_seq,
            shape_pair_stride,
            shape_pair_distance,
            first + p
        ) *
            columns;
        starts[2 * p + 1] = starts[2 * p] + shape_pair_distance * columns;
    }
}

// The cosines and sines by which RoPE rotates the pairs from `first` on at position `at`; NaN from position max_seq on.
static __device__ __forceinline__ void load_angles(
    const float* cos,
    const float* sin,
    float (&cosines)[PAIRS],
    float (&sines)[PAIRS],
    uint32_t first,
    uint32_t shape_heads,
    uint32_t shape_kv_heads,
    uint32_t shape_head_dim,
    uint32_t shape_max_seq,
    uint32_t shape_pair_stride,
    uint32_t shape_pair_distance,
    uint32_t at
) {
    const uint32_t half = shape_head_dim / 2;
    #pragma unroll
    for (uint32_t p = 0; p < PAIRS; ++p) {
        const uint32_t angle = at * half + (first + p) % half;
        cosines[p] = at < shape_max_seq ? cos[angle] : __builtin_nanf("");
        sines[p] = at < shape_max_seq ? sin[angle] : __builtin_nanf("");
    }
}

// Loads this lane's columns of every row into the stage, the last ones again where there are no more.
static __device__ __forceinline__ void load_stage(
    const bf16* w,
    const uint32_t (&starts)[2 * PAIRS],
    bf16x8 (&stage)[DEPTH][2 * PAIRS],
    uint32_t base,
    uint32_t columns
) {
    #pragma unroll
    for (uint32_t d = 0; d < DEPTH; ++d) {
        const uint32_t column = min(base + (d * WAVE + threadIdx.x % 64) * 8, columns - 8);
        #pragma unroll
        for (uint32_t r = 0; r < 2 * PAIRS; ++r) {
            stage[d][r] = *reinterpret_cast<const bf16x8*>(&w[starts[r] + column]);
        }
    }
}

// The same numbers in f32.
static __device__ __forceinline__ f32x8 widen_bf16x8(bf16x8 weights) {
    f32x8 wide = {};
    #pragma unroll
    for (uint32_t j = 0; j < 8; ++j) {
        wide[j] = float(weights[j]);
    }
    return wide;
}

// sums[r] += load d of row r times the values of its columns.
static __device__ __forceinline__ void add_load(
    const bf16x8 (&stage)[DEPTH][2 * PAIRS],
    uint32_t d,
    f32x8 values,
    f32x8 (&sums)[2 * PAIRS]
) {
    #pragma unroll
    for (uint32_t r = 0; r < 2 * PAIRS; ++r) {
        sums[r] = fmaf(widen_bf16x8(stage[d][r]), values, sums[r]);
    }
}

// The sum of eight, as a tree.
static __device__ __forceinline__ float lanes_sum_of_8(f32x8 v) {
    return v[0] + v[1] + (v[2] + v[3]) + (v[4] + v[5] + (v[6] + v[7]));
}

// add_row_products with x[c] * norm[c] for x[c]; gives the sum of x[c]^2 over the columns of this lane.
static __device__ __forceinline__ float add_normed_row_products(
    const bf16* w,
    const float* x,
    const float* norm,
    const uint32_t (&starts)[2 * PAIRS],
    bf16x8 (&stage)[DEPTH][2 * PAIRS],
    f32x8 (&sums)[2 * PAIRS],
    uint32_t columns
) {
    f32x8 squares = {};
    for (uint32_t base = 0; base < columns; base += DEPTH * WAVE * 8) {
        load_stage(w, starts, stage, base, columns);
        #pragma unroll
        for (uint32_t d = 0; d < DEPTH; ++d) {
            const uint32_t column = base + (d * WAVE + threadIdx.x % 64) * 8;
            const uint32_t near = min(column, columns - 8);
            const f32x8 x_value = *reinterpret_cast<const f32x8*>(&x[near]);
            const f32x8 values = column < columns ? x_value : f32x8(0.0f);
            const f32x8 scaled = values * *reinterpret_cast<const f32x8*>(&norm[near]);
            squares = fmaf(values, values, squares);
            add_load(stage, d, scaled, sums);
        }
    }
    return lanes_sum_of_8(squares);
}

// The sum of `value` over the lanes of the wave.
static __device__ __forceinline__ float wave_sum(float value) {
    float sum = value;
    uint32_t offset = WAVE / 2;
    while (offset > 0) {
        const float other = __shfl_xor(sum, offset);
        sum += other;
        offset /= 2;
    }
    return sum;
}

// values[r] = the sum of sums[r] over the wave.
static __device__ __forceinline__ void wave_sums(
    const f32x8 (&sums)[2 * PAIRS],
    float (&values)[2 * PAIRS]
) {
    #pragma unroll
    for (uint32_t r = 0; r < 2 * PAIRS; ++r) {
        values[r] = wave_sum(lanes_sum_of_8(sums[r]));
    }
}

// to[slot] = a, to[slot + distance] = b
static __device__ __forceinline__ void store_pair(
    float* to,
    uint32_t slot,
    uint32_t distance,
    float a,
    float b
) {
    to[slot] = a;
    to[slot + distance] = b;
}

// Rotates the pairs from `first` on, scale times the values, and stores them, those of keys and values at position `at`.
static __device__ __forceinline__ void store_pairs(
    const float (&values)[2 * PAIRS],
    const float (&cosines)[PAIRS],
    const float (&sines)[PAIRS],
    uint32_t first,
    float scale,
    uint32_t shape_heads,
    uint32_t shape_kv_heads,
    uint32_t shape_head_dim,
    uint32_t shape_max_seq,
    uint32_t shape_pair_stride,
    uint32_t shape_pair_distance,
    uint32_t at,
    float* q,
    float* k_cache,
    float* v_cache
) {
    const uint32_t half = shape_head_dim / 2;
    const uint32_t distance = shape_pair_distance;
    #pragma unroll
    for (uint32_t p = 0; p < PAIRS; ++p) {
        const float a = values[2 * p] * scale;
        const float b = values[2 * p + 1] * scale;
        const uint32_t pair = first + p;
        if (
            pair <
                pairs(
                    shape_heads,
                    shape_kv_heads,
                    shape_head_dim,
                    shape_max_seq,
                    shape_pair_stride,
                    shape_pair_distance
                )
        ) {
            const uint32_t head = pair / half;
            const uint32_t element = (pair % half) * shape_pair_stride;
            const float turned_a = a * cosines[p] - b * sines[p];
            const float turned_b = b * cosines[p] + a * sines[p];
            if (head < shape_heads) {
                store_pair(q, head * shape_head_dim + element, distance, turned_a, turned_b);
            } else if (at < shape_max_seq) {
                const uint32_t cached = (head - shape_heads) % shape_kv_heads;
                const uint32_t slot = (cached * shape_max_seq + at) * shape_head_dim + element;
                if (head < shape_heads + shape_kv_heads) {
                    store_pair(k_cache, slot, distance, turned_a, turned_b);
                } else {
                    store_pair(v_cache, slot, distance, a, b);
                }
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) norm_qkv_bf16(
    const float* __restrict__ x,
    const float* __restrict__ norm,
    const bf16* __restrict__ weight,
    const float* __restrict__ cos,
    const float* __restrict__ sin,
    const volatile uint32_t* __restrict__ position,
    float* __restrict__ q,
    float* __restrict__ k_cache,
    float* __restrict__ v_cache,
    uint32_t hidden,
    uint32_t heads,
    uint32_t kv_heads,
    uint32_t head_dim,
    uint32_t max_seq,
    uint32_t pair_stride,
    uint32_t pair_distance,
    float eps
) {
    const uint32_t shape_heads = heads;
    const uint32_t shape_kv_heads = kv_heads;
    const uint32_t shape_head_dim = head_dim;
    const uint32_t shape_max_seq = max_seq;
    const uint32_t shape_pair_stride = pair_stride;
    const uint32_t shape_pair_distance = pair_distance;
    const uint32_t count = (pairs(
        shape_heads,
        shape_kv_heads,
        shape_head_dim,
        shape_max_seq,
        shape_pair_stride,
        shape_pair_distance
    ) +
        PAIRS -
        1) /
        PAIRS;
    const uint32_t first = blockIdx.x * WAVES + threadIdx.x / 64;
    uint32_t starts[2 * PAIRS];
    float values[2 * PAIRS];
    float cosines[PAIRS];
    float sines[PAIRS];
    const uint32_t at = position[0];
    bf16x8 stage[DEPTH][2 * PAIRS];
    for (uint32_t group = first; group < count; group += gridDim.x * WAVES) {
        start_pairs(
            starts,
            shape_heads,
            shape_kv_heads,
            shape_head_dim,
            shape_max_seq,
            shape_pair_stride,
            shape_pair_distance,
            group * PAIRS,
            hidden
        );
        f32x8 sums[2 * PAIRS] = {};
        load_angles(
            cos,
            sin,
            cosines,
            sines,
            group * PAIRS,
            shape_heads,
            shape_kv_heads,
            shape_head_dim,
            shape_max_seq,
            shape_pair_stride,
            shape_pair_distance,
            at
        );
        const float squares = add_normed_row_products(weight, x, norm, starts, stage, sums, hidden);
        const float scale = rsqrtf(wave_sum(squares) / float(hidden) + eps);
        wave_sums(sums, values);
        if (threadIdx.x % 64 == 0) {
            store_pairs(
                values,
                cosines,
                sines,
                group * PAIRS,
                scale,
                shape_heads,
                shape_kv_heads,
                shape_head_dim,
                shape_max_seq,
                shape_pair_stride,
                shape_pair_distance,
                at,
                q,
                k_cache,
                v_cache
            );
        }
    }
}
