// y[t, h] = sum_j softmax_j(q[t, h] · k_cache[h', j] / sqrt(HD)) * v_cache[h', j] over j <= position[0] + t
// q: [tokens, q_stride] f32, head h at column h * HD; k_cache, v_cache: [kv_heads, max_seq, HD] f32, the new tokens
// included; position: [1] u32, the first new token's; y: [tokens, heads * HD] f32; h' = h / (heads / kv_heads).

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t HD = 128;
constexpr uint32_t BK = 16;
constexpr uint32_t WAVES = 4;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVES * WAVE;

// Loads rows of `width` elements from `start` on, as many as the tile has; those from `rows` on are zero.
static __device__ __forceinline__ void load_tile(
    const float* cache,
    float (&tile)[BK][HD + 4],
    uint32_t start,
    uint32_t rows,
    uint32_t width
) {
    for (uint32_t i = threadIdx.x * 4; i < BK * width; i += BLOCK * 4) {
        f32x4 part = {};
        if (i / width < rows) {
            part = *reinterpret_cast<const f32x4*>(&cache[start + i]);
        }
        *reinterpret_cast<f32x4*>(&tile[i / width][i % width]) = part;
    }
}

// Loads rows of `width` elements from `start` on, as many as the tile has; those from `rows` on are zero.
static __device__ __forceinline__ void load_tile_1(
    const float* cache,
    float (&tile)[BK][HD + 16],
    uint32_t start,
    uint32_t rows,
    uint32_t width
) {
    for (uint32_t i = threadIdx.x * 4; i < BK * width; i += BLOCK * 4) {
        f32x4 part = {};
        if (i / width < rows) {
            part = *reinterpret_cast<const f32x4*>(&cache[start + i]);
        }
        *reinterpret_cast<f32x4*>(&tile[i / width][i % width]) = part;
    }
}

// scores = queries * keysᵀ, as four sums side by side: short chains keep the matrix cores busy and the error small.
static __device__ __forceinline__ void multiply_keys(
    const float (&queries)[HD / 4],
    const float (&keys)[BK][HD + 4],
    f32x4 (&scores)[BK / 16]
) {
    #pragma unroll
    for (uint32_t n = 0; n < BK / 16; ++n) {
        f32x4 parts[4] = {};
        #pragma unroll
        for (uint32_t i = 0; i < HD / 4; ++i) {
            parts[i % 4] = __builtin_amdgcn_mfma_f32_16x16x4f32(
                queries[i],
                keys[n * 16 + threadIdx.x % 64 % 16][i * 4 + (threadIdx.x % 64) / 16],
                parts[i % 4], 0, 0, 0
            );
        }
        scores[n] = parts[0] + parts[1] + (parts[2] + parts[3]);
    }
}

// Lowers the scores of keys that are not visible in row `row` of those that the thread holds; gives the largest of the
// row and of `largest`. The first score is that of key `first`.
static __device__ __forceinline__ float mask_row(
    f32x4 (&scores)[BK / 16],
    uint32_t row,
    uint32_t first,
    uint32_t visible,
    float largest
) {
    float next = largest;
    #pragma unroll
    for (uint32_t n = 0; n < BK / 16; ++n) {
        #pragma unroll
        for (uint32_t column = 0; column < 1; ++column) {
            const uint32_t r = row;
            const uint32_t key = first + n * 16 + threadIdx.x % 64 % 16;
            scores[n][r] = key < visible ? scores[n][r] : -1e30f;
            next = fmaxf(next, scores[n][r]);
        }
    }
    const float next_before = next;
    const float max_value = fmaxf(next_before, __shfl_xor(next_before, 8));
    const float max_value_1 = fmaxf(max_value, __shfl_xor(max_value, 4));
    const float max_value_2 = fmaxf(max_value_1, __shfl_xor(max_value_1, 2));
    return fmaxf(max_value_2, __shfl_xor(max_value_2, 1));
}

// results += weights * values, for the 16 rows of weights from `row` on.
static __device__ __forceinline__ void add_values(
    const float (&weights)[WAVES * 16][BK + 4],
    const float (&values)[BK][HD + 16],
    f32x4 (&results)[HD / 16],
    uint32_t row
) {
    #pragma unroll
    for (uint32_t i = 0; i < BK / 4; ++i) {
        const float weight = weights[row + threadIdx.x % 64 % 16][i * 4 + (threadIdx.x % 64) / 16];
        #pragma unroll
        for (uint32_t n = 0; n < HD / 16; ++n) {
            results[n] = __builtin_amdgcn_mfma_f32_16x16x4f32(
                weight,
                values[i * 4 + (threadIdx.x % 64) / 16][n * 16 + threadIdx.x % 64 % 16],
                results[n], 0, 0, 0
            );
        }
    }
}

// Divides a wave's results by the sums of its weights and writes them to rows of `y` from `tile` on.
static __device__ __forceinline__ void store_results(
    const f32x4 (&results)[HD / 16],
    const float (&sums)[4],
    float* y,
    uint32_t tile,
    uint32_t tokens,
    uint32_t y_stride,
    uint32_t column
) {
    #pragma unroll
    for (uint32_t i = 0; i < 4; ++i) {
        const float sums_value = sums[i];
        const float t0 = sums_value + __shfl_xor(sums_value, 8);
        const float t1 = t0 + __shfl_xor(t0, 4);
        const float t2 = t1 + __shfl_xor(t1, 2);
        const float sum = t2 + __shfl_xor(t2, 1);
        const uint32_t token = tile + (((threadIdx.x % 64) / 16) * 4 + i);
        if (token < tokens) {
            #pragma unroll
            for (uint32_t n = 0; n < HD / 16; ++n) {
                #pragma unroll
                for (uint32_t j = 0; j < 1; ++j) {
                    const uint32_t r = i;
                    y[token * y_stride + column + n * 16 + threadIdx.x % 64 % 16] = results[n][r] /
                        sum;
                }
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) attention_prefill(
    const float* __restrict__ q,
    const float* __restrict__ k_cache,
    const float* __restrict__ v_cache,
    const volatile uint32_t* __restrict__ position,
    float* __restrict__ y,
    uint32_t tokens,
    uint32_t heads,
    uint32_t kv_heads,
    uint32_t max_seq,
    uint32_t q_stride
) {
    __shared__ alignas(16) float keys[BK][HD + 4];
    __shared__ alignas(16) float values[BK][HD + 16];
    __shared__ float weights[WAVES * 16][BK + 4];
    const uint32_t head = blockIdx.y;
    const uint32_t cache = (head / (heads / kv_heads)) * max_seq * HD;
    const uint32_t first = blockIdx.x * WAVES * 16;
    const uint32_t tile = first + (threadIdx.x / 64) * 16;
    const uint32_t past = position[0];
    float queries[HD / 4];
    #pragma unroll
    for (uint32_t i = 0; i < HD / 4; ++i) {
        const uint32_t token = min(tile + threadIdx.x % 64 % 16, tokens - 1);
        queries[i] = q[token * q_stride + head * HD + i * 4 + (threadIdx.x % 64) / 16] /
            sqrtf(float(HD));
    }
    f32x4 results[HD / 16] = {};
    float largest[4];
    #pragma unroll
    for (uint32_t i = 0; i < 4; ++i) {
        largest[i] = -1e30f;
    }
    float sums[4] = {};
    const uint32_t end = min(past + min(first + WAVES * 16, tokens), max_seq);
    for (uint32_t base = 0; base < end; base += BK) {
        __syncthreads();
        load_tile(k_cache, keys, cache + base * HD, end - base, HD);
        load_tile_1(v_cache, values, cache + base * HD, end - base, HD);
        __syncthreads();
        f32x4 scores[BK / 16];
        multiply_keys(queries, keys, scores);
        #pragma unroll
        for (uint32_t r = 0; r < 4; ++r) {
            const uint32_t row = ((threadIdx.x % 64) / 16) * 4 + r;
            const uint32_t visible = min(past + tile + row + 1, end);
            const float next = mask_row(scores, r, base, visible, largest[r]);
            const float shrink = expf(largest[r] - next);
            largest[r] = next;
            sums[r] *= shrink;
            #pragma unroll
            for (uint32_t n = 0; n < BK / 16; ++n) {
                const float weight = scores[n][r] > -1e30f ? expf(scores[n][r] - next) : 0.0f;
                sums[r] += weight;
                weights[(threadIdx.x / 64) * 16 + row][n * 16 + threadIdx.x % 64 % 16] = weight;
            }
            #pragma unroll
            for (uint32_t n = 0; n < HD / 16; ++n) {
                results[n][r] *= shrink;
            }
        }
        __syncthreads();
        add_values(weights, values, results, (threadIdx.x / 64) * 16);
    }
    store_results(results, sums, y, tile, tokens, heads * HD, head * HD);
}
