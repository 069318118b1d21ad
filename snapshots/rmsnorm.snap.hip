// y[t, c] = x[t, c] * w[c] / sqrt(mean_c(x[t, c]^2) + eps)
// x: [tokens, hidden] f32; y: [tokens, hidden] activations; w: [hidden] f32.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t WAVES = 4;
constexpr uint32_t PARTS = 4;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVES * WAVE;

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

// The sum of `value` over the threads of the block.
static __device__ __forceinline__ float block_sum(float value) {
    __shared__ float partial[BLOCK / WAVE];
    const float of_wave = wave_sum(value);
    __syncthreads();
    if (threadIdx.x % 64 == 0) {
        partial[threadIdx.x / 64] = of_wave;
    }
    __syncthreads();
    float sum = partial[0];
    #pragma unroll
    for (uint32_t wave = 1; wave < BLOCK / WAVE; ++wave) {
        const float other = partial[wave];
        sum += other;
    }
    return sum;
}

extern "C" __global__ void __launch_bounds__(BLOCK) rmsnorm(
    const float* __restrict__ x,
    const float* __restrict__ w,
    float* __restrict__ y,
    uint32_t hidden,
    float eps
) {
    const uint32_t row = blockIdx.x * hidden;
    const uint32_t first = threadIdx.x * 4;
    float sum = 0.0f;
    if (hidden % 4 == 0 && hidden <= 4 * PARTS * BLOCK) {
        f32x4 parts[PARTS] = {};
        #pragma unroll
        for (uint32_t p = 0; p < PARTS; ++p) {
            if (first + p * 4 * BLOCK < hidden) {
                parts[p] = *reinterpret_cast<const f32x4*>(&x[row + first + p * 4 * BLOCK]);
            }
        }
        #pragma unroll
        for (uint32_t p = 0; p < PARTS; ++p) {
            #pragma unroll
            for (uint32_t l = 0; l < 4; ++l) {
                sum = fmaf(parts[p][l], parts[p][l], sum);
            }
        }
        const float scale = rsqrtf(block_sum(sum) / float(hidden) + eps);
        #pragma unroll
        for (uint32_t p = 0; p < PARTS; ++p) {
            const uint32_t column = first + p * 4 * BLOCK;
            if (column < hidden) {
                const f32x4 scaled = parts[p] * scale * *reinterpret_cast<const f32x4*>(&w[column]);
                *reinterpret_cast<f32x4*>(&y[row + column]) = scaled;
            }
        }
    } else {
        for (uint32_t column = threadIdx.x; column < hidden; column += BLOCK) {
            const float value = x[row + column];
            sum = fmaf(value, value, sum);
        }
        const float scale = rsqrtf(block_sum(sum) / float(hidden) + eps);
        for (uint32_t column = threadIdx.x; column < hidden; column += BLOCK) {
            y[row + column] = x[row + column] * scale * w[column];
        }
    }
}
