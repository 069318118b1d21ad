// y[r] = sum_c w[r, c] * a[c] + residual[r]
// with a[h] = sum_s v[s, h] * partial[s, h] / sum_s v[s, h] * sums[s, h]
// and v[s, h] = exp(maxima[s, h] - max_s maxima[s, h])
// w: [n, heads * head_dim] weights; maxima, sums: [splits, heads] f32;
// partial: [splits, heads, head_dim] f32; residual, y: [n] f32; head_dim is a multiple of 8.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using bf16 = __bf16;

using bf16x8 = __attribute__((ext_vector_type(8))) bf16;
using f32x4 = __attribute__((ext_vector_type(4))) float;
using f32x8 = __attribute__((ext_vector_type(8))) float;

extern __shared__ __align__(16) unsigned char shared_memory[];

constexpr uint32_t ROWS = 2;
constexpr uint32_t DEPTH = 4;
constexpr uint32_t WAVES = 4;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVES * WAVE;

// fmaf of each lane.
static __device__ __forceinline__ f32x4 fmaf(f32x4 a, f32x4 b, f32x4 c) {
    return f32x4{
        fmaf(a[0], b[0], c[0]),
        fmaf(a[1], b[1], c[1]),
        fmaf(a[2], b[2], c[2]),
        fmaf(a[3], b[3], c[3]),
    };
}

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

// Columns that a wave's loads of a row cover, `chunk` each.
static __device__ __forceinline__ uint32_t whole_loads(uint32_t columns, uint32_t chunk) {
    return ((columns + chunk - 1) / chunk) * chunk;
}

// Where a staged vector has the four columns from `column` on; `lanes` columns are a lane's.
static __device__ __forceinline__ uint32_t staged_place(uint32_t column, uint32_t lanes) {
    const uint32_t chunk = WAVE * lanes;
    return (column / chunk) * chunk +
        ((column % lanes) / 4) * (WAVE * 4) +
        ((column % chunk) / lanes) * 4;
}

// Stages what the splits of `attention_decode` leave, joined: see there for the shapes. Zeros past the last column;
// `head_dim` is a multiple of 4. The block sees it after the next barrier.
static __device__ __forceinline__ void stage_joined(
    const float* maxima,
    const float* sums,
    const float* partial,
    float* to,
    uint32_t heads,
    uint32_t head_dim,
    uint32_t splits,
    uint32_t lanes
) {
    const uint32_t columns = heads * head_dim;
    #pragma unroll 2
    for (uint32_t column = threadIdx.x * 4;
        column < whole_loads(columns, WAVE * lanes);
        column += BLOCK * 4) {
        const uint32_t near = min(column, columns - 4);
        const uint32_t head = near / head_dim;
        float largest = -1e30f;
        float sum = 0.0f;
        f32x4 joined = {};
        for (uint32_t base = 0; base < splits; base += 4) {
            float highs[4];
            float shares[4];
            f32x4 rows[4];
            #pragma unroll
            for (uint32_t i = 0; i < 4; ++i) {
                const uint32_t split = min(base + i, splits - 1);
                highs[i] = maxima[split * heads + head];
                shares[i] = sums[split * heads + head];
                rows[i] = *reinterpret_cast<const f32x4*>(&partial[split * columns + near]);
            }
            float highest = largest;
            #pragma unroll
            for (uint32_t i = 0; i < 4; ++i) {
                highest = fmaxf(highest, highs[i]);
            }
            const float shrink = expf(largest - highest);
            largest = highest;
            sum *= shrink;
            joined *= shrink;
            #pragma unroll
            for (uint32_t i = 0; i < 4; ++i) {
                const float weight = base + i < splits ? expf(highs[i] - largest) : 0.0f;
                sum = fmaf(shares[i], weight, sum);
                joined = fmaf(rows[i], f32x4(weight), joined);
            }
        }
        *reinterpret_cast<f32x4*>(&to[staged_place(column, lanes)]) = column < columns
            ? joined / sum
            : f32x4(0.0f);
    }
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
    const bf16* w,
    const uint32_t (&starts)[ROWS],
    bf16x8 (&stage)[DEPTH][ROWS],
    uint32_t base,
    uint32_t columns
) {
    #pragma unroll
    for (uint32_t d = 0; d < DEPTH; ++d) {
        const uint32_t column = min(base + (d * WAVE + threadIdx.x % 64) * 8, columns - 8);
        #pragma unroll
        for (uint32_t r = 0; r < ROWS; ++r) {
            stage[d][r] = *reinterpret_cast<const bf16x8*>(&w[starts[r] + column]);
        }
    }
}

// This lane's columns of a staged vector, of those from `base` on that the wave's next load covers.
static __device__ __forceinline__ f32x8 staged(const float* x, uint32_t base) {
    f32x8 values = {};
    #pragma unroll
    for (uint32_t part = 0; part < 8u / 4; ++part) {
        const f32x4 quad = *reinterpret_cast<const f32x4*>(&x[base +
            part * (WAVE * 4) +
            (threadIdx.x % 64) * 4]);
        #pragma unroll
        for (uint32_t j = 0; j < 4; ++j) {
            values[part * 4 + j] = quad[j];
        }
    }
    return values;
}

// As [`staged`] for the columns from `column` on of this lane; zeros past the last staged column, `columns` of them.
static __device__ __forceinline__ f32x8 staged_from(
    const float* x,
    uint32_t column,
    uint32_t columns
) {
    const uint32_t last = whole_loads(columns, WAVE * 8) - WAVE * 8;
    const uint32_t base = column - (threadIdx.x % 64) * 8;
    const f32x8 staged_result = staged(x, min(base, last));
    return base <= last ? staged_result : f32x8(0.0f);
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
    const bf16x8 (&stage)[DEPTH][ROWS],
    uint32_t d,
    f32x8 values,
    f32x8 (&sums)[ROWS]
) {
    #pragma unroll
    for (uint32_t r = 0; r < ROWS; ++r) {
        sums[r] = fmaf(widen_bf16x8(stage[d][r]), values, sums[r]);
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

extern "C" __global__ void __launch_bounds__(BLOCK) attention_output_bf16(
    const bf16* __restrict__ w,
    const float* __restrict__ maxima,
    const float* __restrict__ sums,
    const float* __restrict__ partial,
    const float* __restrict__ residual,
    float* __restrict__ y,
    uint32_t n,
    uint32_t heads,
    uint32_t head_dim,
    uint32_t splits
) {
    const uint32_t columns = heads * head_dim;
    const uint32_t count = (n + ROWS - 1) / ROWS;
    uint32_t starts[ROWS];
    float values[ROWS];
    float terms[ROWS];
    float* const staged_1 = reinterpret_cast<float*>(&shared_memory[0]);
    bf16x8 stage[DEPTH][ROWS];
    stage_joined(maxima, sums, partial, staged_1, heads, head_dim, splits, 8);
    __syncthreads();
    for (uint32_t group = blockIdx.x * WAVES + threadIdx.x / 64;
        group < count;
        group += gridDim.x * WAVES) {
        #pragma unroll
        for (uint32_t r = 0; r < ROWS; ++r) {
            starts[r] = min(group * ROWS + r, n - 1) * columns;
        }
        f32x8 products[ROWS] = {};
        load_rows(residual, terms, group * ROWS, n);
        for (uint32_t base = 0; base < columns; base += DEPTH * WAVE * 8) {
            load_stage(w, starts, stage, base, columns);
            #pragma unroll
            for (uint32_t d = 0; d < DEPTH; ++d) {
                const f32x8 values_1 = staged_from(
                    staged_1,
                    base + (d * WAVE + threadIdx.x % 64) * 8,
                    columns
                );
                add_load(stage, d, values_1, products);
            }
        }
        wave_sums(products, values);
        if (threadIdx.x % 64 == 0) {
            store_rows(values, terms, y, group * ROWS, n);
        }
    }
}
