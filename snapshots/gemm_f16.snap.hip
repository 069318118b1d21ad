// c[i, j] = sum_k a[i, k] * b[j, k]
// a: [m, k] f16; b: [n, k] f16; c: [m, n] f32.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f16 = _Float16;

using f16x4 = __attribute__((ext_vector_type(4))) f16;
using f16x8 = __attribute__((ext_vector_type(8))) f16;
using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t BM = 64;
constexpr uint32_t BN = 64;
constexpr uint32_t BK = 32;
constexpr uint32_t WM = 32;
constexpr uint32_t WN = 32;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = (BM / WM) * (BN / WN) * WAVE;

// A part of a row, from `column` on. Past the last row or column it is the last again, so that no load waits for a
// condition: nobody stores such rows' results, and `store_next` replaces such columns.
static __device__ __forceinline__ f16x8 load_part(
    const f16* matrix,
    uint32_t row,
    uint32_t rows,
    uint32_t column,
    uint32_t columns
) {
    const uint32_t start = min(row, rows - 1) * columns;
    f16x8 part = {};
    if (columns % 8 == 0) {
        part = *reinterpret_cast<const f16x8*>(&matrix[start + min(column, columns - 8)]);
    } else {
        #pragma unroll
        for (uint32_t j = 0; j < 8; ++j) {
            part[j] = matrix[start + min(column + j, columns - 1)];
        }
    }
    return part;
}

// The parts of the tile at column `base` that this thread carries: rows of A from `row` on, then rows of B from
// `column` on.
static __device__ __forceinline__ void load_next(
    const f16* a,
    const f16* b,
    f16x8 (&next)[(BM + BN) * BK / 8 / BLOCK],
    uint32_t row,
    uint32_t column,
    uint32_t m,
    uint32_t n,
    uint32_t base,
    uint32_t k,
    uint32_t tile_rows,
    uint32_t tile_columns
) {
    const uint32_t a_parts = tile_rows * tile_columns / 8 / BLOCK;
    #pragma unroll
    for (uint32_t i = 0; i < a_parts; ++i) {
        const uint32_t slot = (i * BLOCK + threadIdx.x) * 8;
        next[i] = load_part(a, row + slot / tile_columns, m, base + slot % tile_columns, k);
    }
    #pragma unroll
    for (uint32_t i = a_parts; i < (BM + BN) * BK / 8 / BLOCK; ++i) {
        const uint32_t slot = ((i - a_parts) * BLOCK + threadIdx.x) * 8;
        next[i] = load_part(b, column + slot / tile_columns, n, base + slot % tile_columns, k);
    }
}

// Writes this thread's parts to the tile, with zeros for columns past the `left` ones that are left.
static __device__ __forceinline__ void store_next(
    const f16x8 (&next)[(BM + BN) * BK / 8 / BLOCK],
    f16 (&tile)[1][BM + BN][BK + 8],
    uint32_t left,
    uint32_t tile_columns
) {
    #pragma unroll
    for (uint32_t i = 0; i < (BM + BN) * BK / 8 / BLOCK; ++i) {
        const uint32_t slot = (i * BLOCK + threadIdx.x) * 8;
        const uint32_t row = slot / tile_columns;
        const uint32_t column = slot % tile_columns;
        f16x8 part = next[i];
        if (left < tile_columns) {
            #pragma unroll
            for (uint32_t j = 0; j < 8; ++j) {
                part[j] = column + j < left ? part[j] : f16(0.0f);
            }
        }
        *reinterpret_cast<f16x8*>(&tile[0][row][column]) = part;
    }
}

// Adds the products of a stage's rows from `a_row` and from `b_row` on to a wave's sums.
static __device__ __forceinline__ void add_products(
    const f16 (&tile)[1][BM + BN][BK + 8],
    f32x4 (&sums)[WM / 16][WN / 16],
    uint32_t stage,
    uint32_t a_row,
    uint32_t b_row,
    uint32_t tile_columns
) {
    #pragma unroll
    for (uint32_t step = 0; step < tile_columns; step += 16) {
        f16x4 a[WM / 16];
        f16x4 b[WN / 16];
        #pragma unroll
        for (uint32_t i = 0; i < WM / 16; ++i) {
            a[i] = *reinterpret_cast<const f16x4*>(&tile[stage][a_row +
                i * 16 +
                threadIdx.x % 64 % 16][step + ((threadIdx.x % 64) / 16) * 4]);
        }
        #pragma unroll
        for (uint32_t j = 0; j < WN / 16; ++j) {
            b[j] = *reinterpret_cast<const f16x4*>(&tile[stage][b_row +
                j * 16 +
                threadIdx.x % 64 % 16][step + ((threadIdx.x % 64) / 16) * 4]);
        }
        #pragma unroll
        for (uint32_t i = 0; i < WM / 16; ++i) {
            #pragma unroll
            for (uint32_t j = 0; j < WN / 16; ++j) {
                sums[i][j] = __builtin_amdgcn_mfma_f32_16x16x16f16(a[i], b[j], sums[i][j], 0, 0, 0);
            }
        }
    }
}

// sums += A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on; a wave's are those of the tile
// from `a_row` and `b_row` on.
static __device__ __forceinline__ void multiply(
    const f16* a,
    const f16* b,
    f16 (&tile)[1][BM + BN][BK + 8],
    f16x8 (&next)[(BM + BN) * BK / 8 / BLOCK],
    f32x4 (&sums)[WM / 16][WN / 16],
    uint32_t row,
    uint32_t column,
    uint32_t a_row,
    uint32_t b_row,
    uint32_t m,
    uint32_t n,
    uint32_t k,
    uint32_t tile_rows,
    uint32_t tile_columns
) {
    if (k > 0) {
        load_next(a, b, next, row, column, m, n, 0, k, tile_rows, tile_columns);
    }
    for (uint32_t base = 0; base < k; base += tile_columns) {
        store_next(next, tile, k - base, tile_columns);
        __syncthreads();
        if (base + tile_columns < k) {
            load_next(
                a,
                b,
                next,
                row,
                column,
                m,
                n,
                base + tile_columns,
                k,
                tile_rows,
                tile_columns
            );
        }
        add_products(tile, sums, 0, a_row, b_row, tile_columns);
        __syncthreads();
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

extern "C" __global__ void __launch_bounds__(BLOCK) gemm_f16(
    const f16* __restrict__ a,
    const f16* __restrict__ b,
    float* __restrict__ c,
    uint32_t m,
    uint32_t n,
    uint32_t k
) {
    const uint32_t wave_row = (threadIdx.x / 64 / (BN / WN)) * WM;
    const uint32_t wave_column = ((threadIdx.x / 64) % (BN / WN)) * WN;
    __shared__ alignas(16) f16 tile[1][BM + BN][BK + 8];
    const uint32_t row = blockIdx.y * BM;
    const uint32_t column = blockIdx.x * BN;
    f16x8 next[(BM + BN) * BK / 8 / BLOCK];
    f32x4 sums[WM / 16][WN / 16] = {};
    multiply(a, b, tile, next, sums, row, column, wave_row, BM + wave_column, m, n, k, BM, BK);
    store_results(sums, c, row + wave_row, column + wave_column, m, n);
}
