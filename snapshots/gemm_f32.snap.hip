// c[i, j] = sum_k a[i, k] * b[j, k]
// a: [m, k] f32; b: [n, k] f32; c: [m, n] f32.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f32x2 = __attribute__((ext_vector_type(2))) float;
using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t BM = 64;
constexpr uint32_t BN = 64;
constexpr uint32_t BK = 16;
constexpr uint32_t WM = 32;
constexpr uint32_t WN = 32;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = (BM / WM) * (BN / WN) * WAVE;

// Four columns of a row in f32, from `column` on. Past the last row or column it is the last again, so that no load waits for
// a condition: nobody stores such rows' results, and `store_next` replaces such columns.
static __device__ __forceinline__ f32x4 load_part(
    const float* matrix,
    uint32_t row,
    uint32_t rows,
    uint32_t column,
    uint32_t columns
) {
    const uint32_t start = min(row, rows - 1) * columns;
    f32x4 part = {};
    if (columns % 4 == 0) {
        part = *reinterpret_cast<const f32x4*>(&matrix[start + min(column, columns - 4)]);
    } else {
        #pragma unroll
        for (uint32_t j = 0; j < 4; ++j) {
            part[j] = matrix[start + min(column + j, columns - 1)];
        }
    }
    return part;
}

// The parts of the tile at column `base` that this thread carries, four columns each: rows of A from `row` on, then
// rows of B from `column` on. `WHOLE`: if all rows lie within A and B, and rows are whole numbers of parts.
static __device__ __forceinline__ void load_next(
    const float* a,
    const float* b,
    f32x4 (&next)[(BM + BN) * BK / 4 / BLOCK],
    uint32_t row,
    uint32_t column,
    uint32_t m,
    uint32_t n,
    uint32_t base,
    uint32_t k,
    uint32_t tile_rows,
    uint32_t tile_columns
) {
    const uint32_t a_parts = tile_rows * tile_columns / 4 / BLOCK;
    #pragma unroll
    for (uint32_t i = 0; i < a_parts; ++i) {
        const uint32_t slot = (i * BLOCK + threadIdx.x) * 4;
        next[i] = load_part(a, row + slot / tile_columns, m, base + slot % tile_columns, k);
    }
    #pragma unroll
    for (uint32_t i = a_parts; i < (BM + BN) * BK / 4 / BLOCK; ++i) {
        const uint32_t slot = ((i - a_parts) * BLOCK + threadIdx.x) * 4;
        next[i] = load_part(b, column + slot / tile_columns, n, base + slot % tile_columns, k);
    }
}

// Writes this thread's parts to the tile. Columns past the `left` ones that are left become padding: -0 in rows of A,
// +0 in rows of B, whose product leaves every sum as it is.
static __device__ __forceinline__ void store_next(
    const f32x4 (&next)[(BM + BN) * BK / 4 / BLOCK],
    float (&tile)[1][BM + BN][BK + 2],
    uint32_t left,
    uint32_t tile_rows,
    uint32_t tile_columns
) {
    #pragma unroll
    for (uint32_t i = 0; i < (BM + BN) * BK / 4 / BLOCK; ++i) {
        const uint32_t slot = (i * BLOCK + threadIdx.x) * 4;
        const uint32_t row = slot / tile_columns;
        const uint32_t column = slot % tile_columns;
        f32x4 part = next[i];
        if (left < tile_columns) {
            #pragma unroll
            for (uint32_t j = 0; j < 4; ++j) {
                part[j] = column + j < left ? part[j] : row < tile_rows ? -0.0f : 0.0f;
            }
        }
        *reinterpret_cast<f32x2*>(&tile[0][row][column]) = f32x2{part[0], part[1]};
        *reinterpret_cast<f32x2*>(&tile[0][row][column + 2]) = f32x2{part[2], part[3]};
    }
}

// Adds the products of a stage's rows from `a_row` and from `b_row` on to a wave's sums.
static __device__ __forceinline__ void add_products(
    const float (&tile)[1][BM + BN][BK + 2],
    f32x4 (&sums)[WM / 16][WN / 16],
    uint32_t stage,
    uint32_t a_row,
    uint32_t b_row,
    uint32_t tile_columns
) {
    #pragma unroll
    for (uint32_t step = 0; step < tile_columns; step += 4) {
        float a[WM / 16];
        float b[WN / 16];
        #pragma unroll
        for (uint32_t i = 0; i < WM / 16; ++i) {
            a[i] = tile[stage][a_row + i * 16 + threadIdx.x % 64 % 16][step +
                (threadIdx.x % 64) / 16];
        }
        #pragma unroll
        for (uint32_t j = 0; j < WN / 16; ++j) {
            b[j] = tile[stage][b_row + j * 16 + threadIdx.x % 64 % 16][step +
                (threadIdx.x % 64) / 16];
        }
        #pragma unroll
        for (uint32_t i = 0; i < WM / 16; ++i) {
            #pragma unroll
            for (uint32_t j = 0; j < WN / 16; ++j) {
                sums[i][j] = __builtin_amdgcn_mfma_f32_16x16x4f32(a[i], b[j], sums[i][j], 0, 0, 0);
            }
        }
    }
}

// Writes a wave's results to c from `row`, `column` on: what a thread holds side by side in one access, where rows of c
// are whole numbers of that.
static __device__ __forceinline__ void store_results(
    const f32x4 (&results)[WM / 16][WN / 16],
    float* c,
    uint32_t row,
    uint32_t column,
    uint32_t m,
    uint32_t n
) {
    #pragma unroll
    for (uint32_t i = 0; i < WM / 16; ++i) {
        #pragma unroll
        for (uint32_t j = 0; j < WN / 16; ++j) {
            const f32x4 result = results[i][j];
            #pragma unroll
            for (uint32_t r = 0; r < 4; ++r) {
                const uint32_t row_1 = row + i * 16 + (((threadIdx.x % 64) / 16) * 4 + r);
                const uint32_t column_1 = column + j * 16 + threadIdx.x % 64 % 16;
                if (row_1 < m && column_1 < n) {
                    c[row_1 * n + column_1] = result[r];
                }
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) gemm_f32(
    const float* __restrict__ a,
    const float* __restrict__ b,
    float* __restrict__ c,
    uint32_t m,
    uint32_t n,
    uint32_t k
) {
    const uint32_t wave_row = (threadIdx.x / 64 / (BN / WN)) * WM;
    const uint32_t wave_column = ((threadIdx.x / 64) % (BN / WN)) * WN;
    __shared__ alignas(8) float tile[1][BM + BN][BK + 2];
    const uint32_t row = blockIdx.y * BM;
    const uint32_t column = blockIdx.x * BN;
    f32x4 next[(BM + BN) * BK / 4 / BLOCK];
    f32x4 sums[WM / 16][WN / 16] = {};
    if (k > 0) {
        load_next(a, b, next, row, column, m, n, 0, k, BM, BK);
    }
    for (uint32_t base = 0; base < k; base += BK) {
        store_next(next, tile, k - base, BM, BK);
        __syncthreads();
        if (base + BK < k) {
            load_next(a, b, next, row, column, m, n, base + BK, k, BM, BK);
        }
        add_products(tile, sums, 0, wave_row, BM + wave_column, BK);
        __syncthreads();
    }
    store_results(sums, c, row + wave_row, column + wave_column, m, n);
}
