// y[h] = sum_s w[s, h] * partial[s, h] / sum_s w[s, h] * sums[s, h]
// with w[s, h] = exp(maxima[s, h] - max_s maxima[s, h])
// maxima, sums: [splits, heads] f32; partial: [splits, heads, head_dim] f32; y: [heads, head_dim] f32.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

constexpr uint32_t BLOCK = 64;

extern "C" __global__ void __launch_bounds__(BLOCK) attention_combine(
    const float* __restrict__ maxima,
    const float* __restrict__ sums,
    const float* __restrict__ partial,
    float* __restrict__ y,
    uint32_t heads,
    uint32_t head_dim,
    uint32_t splits
) {
    const uint32_t index = blockIdx.x * BLOCK + threadIdx.x;
    if (index < heads * head_dim) {
        const uint32_t head = index / head_dim;
        float largest = maxima[head];
        for (uint32_t s = 1; s < splits; ++s) {
            largest = fmaxf(largest, maxima[s * heads + head]);
        }
        float sum = 0.0f;
        float result = 0.0f;
        for (uint32_t s = 0; s < splits; ++s) {
            const float weight = expf(maxima[s * heads + head] - largest);
            sum = fmaf(sums[s * heads + head], weight, sum);
            result = fmaf(partial[s * heads * head_dim + index], weight, result);
        }
        y[index] = result / sum;
    }
}
