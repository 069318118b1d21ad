// y[t, c] = x[t, c] * w[c] / sqrt(mean_c(x[t, c]^2) + eps)
// x: [tokens, hidden] f32; y: [tokens, hidden] activations; w: [hidden] f32.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

constexpr uint32_t BLOCK = 256;
constexpr uint32_t WAVE = 64;

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
    float sum = 0.0f;
    for (uint32_t column = threadIdx.x; column < hidden; column += BLOCK) {
        const float value = x[row + column];
        sum = fmaf(value, value, sum);
    }
    const float scale = rsqrtf(block_sum(sum) / float(hidden) + eps);
    for (uint32_t column = threadIdx.x; column < hidden; column += BLOCK) {
        y[row + column] = x[row + column] * scale * w[column];
    }
}
