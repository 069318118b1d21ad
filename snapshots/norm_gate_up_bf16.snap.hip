// y[r] = silu(g[r]) * u[r] with g = gate · rmsnorm(x), u = up · rmsnorm(x)
// x, norm: [hidden] f32; gate_up: [2 * intermediate, hidden] weights, the rows of gate, then those of up;
// y: [intermediate] f32; hidden is a multiple of the weights in 16 bytes.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using bf16 = __bf16;

using bf16x8 = __attribute__((ext_vector_type(8))) bf16;
using f32x8 = __attribute__((ext_vector_type(8))) float;

constexpr uint32_t ROWS = 2;
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

// Where the rows of a group begin: those of gate, then those of up. The last row stands for those past it.
static __device__ __forceinline__ void start_rows(
    uint32_t (&starts)[2 * ROWS],
    uint32_t group,
    uint32_t intermediate,
    uint32_t columns
) {
    constexpr uint32_t rows = 2 * ROWS / 2;
    #pragma unroll
    for (uint32_t r = 0; r < 2 * ROWS; ++r) {
        starts[r] = ((r / rows) * intermediate + min(group * rows + r % rows, intermediate - 1)) *
            columns;
    }
}

// Loads this lane's columns of every row into the stage, the last ones again where there are no more.
static __device__ __forceinline__ void load_stage(
    const bf16* w,
    const uint32_t (&starts)[2 * ROWS],
    bf16x8 (&stage)[DEPTH][2 * ROWS],
    uint32_t base,
    uint32_t columns
) {
    #pragma unroll
    for (uint32_t d = 0; d < DEPTH; ++d) {
        const uint32_t column = min(base + (d * WAVE + threadIdx.x % 64) * 8, columns - 8);
        #pragma unroll
        for (uint32_t r = 0; r < 2 * ROWS; ++r) {
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
    const bf16x8 (&stage)[DEPTH][2 * ROWS],
    uint32_t d,
    f32x8 values,
    f32x8 (&sums)[2 * ROWS]
) {
    #pragma unroll
    for (uint32_t r = 0; r < 2 * ROWS; ++r) {
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
    const uint32_t (&starts)[2 * ROWS],
    bf16x8 (&stage)[DEPTH][2 * ROWS],
    f32x8 (&sums)[2 * ROWS],
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
    const f32x8 (&sums)[2 * ROWS],
    float (&values)[2 * ROWS]
) {
    #pragma unroll
    for (uint32_t r = 0; r < 2 * ROWS; ++r) {
        values[r] = wave_sum(lanes_sum_of_8(sums[r]));
    }
}

// y[r] = silu(g[r]) * u[r] for the rows from `first` on, of which `rows` exist: values times scale, those of gate before
// those of up.
static __device__ __forceinline__ void store_activated(
    const float (&values)[2 * ROWS],
    float scale,
    float* y,
    uint32_t first,
    uint32_t rows
) {
    #pragma unroll
    for (uint32_t r = 0; r < 2 * ROWS / 2; ++r) {
        const float gate = values[r] * scale;
        const float up = values[2 * ROWS / 2 + r] * scale;
        const uint32_t row = first + r;
        if (row < rows) {
            y[row] = gate / (1.0f + expf(-gate)) * up;
        }
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) norm_gate_up_bf16(
    const float* __restrict__ x,
    const float* __restrict__ norm,
    const bf16* __restrict__ gate_up,
    float* __restrict__ y,
    uint32_t hidden,
    uint32_t intermediate,
    float eps
) {
    uint32_t starts[2 * ROWS];
    float values[2 * ROWS];
    const uint32_t count = (intermediate + ROWS - 1) / ROWS;
    const uint32_t first = blockIdx.x * WAVES + threadIdx.x / 64;
    bf16x8 stage[DEPTH][2 * ROWS];
    for (uint32_t group = first; group < count; group += gridDim.x * WAVES) {
        start_rows(starts, group, intermediate, hidden);
        f32x8 sums[2 * ROWS] = {};
        const float squares = add_normed_row_products(gate_up, x, norm, starts, stage, sums, hidden);
        const float scale = rsqrtf(wave_sum(squares) / float(hidden) + eps);
        wave_sums(sums, values);
        if (threadIdx.x % 64 == 0) {
            store_activated(values, scale, y, group * ROWS, intermediate);
        }
    }
}
