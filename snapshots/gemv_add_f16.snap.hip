// y[r] = sum_c w[r, c] * x[c] + residual[r]
// w: [n, k] weights; x: [k] f32; residual, y: [n] f32.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f16 = _Float16;

using f16x8 = __attribute__((ext_vector_type(8))) f16;
using f32x8 = __attribute__((ext_vector_type(8))) float;

constexpr uint32_t ROWS = 2;
constexpr uint32_t DEPTH = 4;
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

// terms[r] = residual[first + r]; the last row stands for those past it.
static __device__ __forceinline__ void load_rows(
    const float* residual,
    float (&terms)[ROWS],
    uint32_t first,
    uint32_t n
) {
    #pragma unroll
    for (uint32_t r = 0; r < ROWS; ++r) {
        terms[r] = residual[min(first + r, n - 1)];
    }
}

// Loads this lane's columns of every row into the stage, the last ones again where there are no more.
static __device__ __forceinline__ void load_stage(
    const f16* w,
    const uint32_t (&starts)[ROWS],
    f16x8 (&stage)[DEPTH][ROWS],
    uint32_t base,
    uint32_t columns
) {
    #pragma unroll
    for (uint32_t d = 0; d < DEPTH; ++d) {
        const uint32_t column = min(base + (d * WAVE + threadIdx.x % 64) * 8, columns - 8);
        #pragma unroll
        for (uint32_t r = 0; r < ROWS; ++r) {
            stage[d][r] = *reinterpret_cast<const f16x8*>(&w[starts[r] + column]);
        }
    }
}

// The same numbers in f32.
static __device__ __forceinline__ f32x8 widen_f16x8(f16x8 weights) {
    f32x8 wide = {};
    #pragma unroll
    for (uint32_t j = 0; j < 8; ++j) {
        wide[j] = float(weights[j]);
    }
    return wide;
}

// sums[r] += load d of row r times the values of its columns.
static __device__ __forceinline__ void add_load(
    const f16x8 (&stage)[DEPTH][ROWS],
    uint32_t d,
    f32x8 values,
    f32x8 (&sums)[ROWS]
) {
    #pragma unroll
    for (uint32_t r = 0; r < ROWS; ++r) {
        sums[r] = fmaf(widen_f16x8(stage[d][r]), values, sums[r]);
    }
}

// As add_row_products for the rows from `first` on, of which `n` exist, with any number of columns. A row past the
// last stands for the last one. Rows that are no multiple of a load long are read weight by weight.
static __device__ __forceinline__ void multiply_rows(
    const f16* w,
    const float* x,
    uint32_t (&starts)[ROWS],
    f16x8 (&stage)[DEPTH][ROWS],
    f32x8 (&sums)[ROWS],
    uint32_t first,
    uint32_t n,
    uint32_t k
) {
    #pragma unroll
    for (uint32_t r = 0; r < ROWS; ++r) {
        starts[r] = min(first + r, n - 1) * k;
    }
    if (k % 8 == 0) {
        for (uint32_t base = 0; base < k; base += DEPTH * WAVE * 8) {
            load_stage(w, starts, stage, base, k);
            #pragma unroll
            for (uint32_t d = 0; d < DEPTH; ++d) {
                const uint32_t t0 = base + (d * WAVE + threadIdx.x % 64) * 8;
                const f32x8 near = *reinterpret_cast<const f32x8*>(&x[min(t0, k - 8)]);
                const f32x8 values = t0 < k ? near : f32x8(0.0f);
                add_load(stage, d, values, sums);
            }
        }
    } else {
        for (uint32_t column = threadIdx.x % 64; column < k; column += WAVE) {
            const float value = x[column];
            #pragma unroll
            for (uint32_t r = 0; r < ROWS; ++r) {
                sums[r][0] = fmaf(float(w[starts[r] + column]), value, sums[r][0]);
            }
        }
    }
}

// The sum of eight, as a tree.
static __device__ __forceinline__ float lanes_sum_of_8(f32x8 v) {
    return v[0] + v[1] + (v[2] + v[3]) + (v[4] + v[5] + (v[6] + v[7]));
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
static __device__ __forceinline__ void wave_sums(const f32x8 (&sums)[ROWS], float (&values)[ROWS]) {
    #pragma unroll
    for (uint32_t r = 0; r < ROWS; ++r) {
        values[r] = wave_sum(lanes_sum_of_8(sums[r]));
    }
}

// y[r] = values[r - first] + terms[r - first] for the rows from `first` on, of which `n` exist.
static __device__ __forceinline__ void store_rows(
    const float (&values)[ROWS],
    const float (&terms)[ROWS],
    float* y,
    uint32_t first,
    uint32_t n
) {
    #pragma unroll
    for (uint32_t r = 0; r < ROWS; ++r) {
        const uint32_t row = first + r;
        if (row < n) {
            y[row] = values[r] + terms[r];
        }
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) gemv_add_f16(
    const f16* __restrict__ w,
    const float* __restrict__ x,
    const float* __restrict__ residual,
    float* __restrict__ y,
    uint32_t n,
    uint32_t k
) {
    uint32_t starts[ROWS];
    float values[ROWS];
    float terms[ROWS];
    const uint32_t count = (n + ROWS - 1) / ROWS;
    f16x8 stage[DEPTH][ROWS];
    for (uint32_t group = blockIdx.x * WAVES + threadIdx.x / 64;
        group < count;
        group += gridDim.x * WAVES) {
        f32x8 sums[ROWS] = {};
        load_rows(residual, terms, group * ROWS, n);
        multiply_rows(w, x, starts, stage, sums, group * ROWS, n, k);
        wave_sums(sums, values);
        if (threadIdx.x % 64 == 0) {
            store_rows(values, terms, y, group * ROWS, n);
        }
    }
}
